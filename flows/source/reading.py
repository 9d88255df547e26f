"""Turn the text of a file into a Source and the problems it has as YAML."""

from flows.problems import Problem
from flows.source.builder import build
from flows.source.document import Source
from flows.source.scalars import kind_of
from flows.source.text import decode


def read_source(text: str | bytes, file: str = "") -> tuple[Source | None, list[Problem]]:
    """Read one YAML document, and find all that is wrong with it as YAML.

    The source is None when the text cannot be understood at all.  With lesser errors, such as a key given twice, it
    is there, so that what else is wrong can be found at the same time; such a value must not be used.
    """
    plain, problems = decode(text, file)
    return (None, problems) if plain is None else build(plain, file)


def read_mapping(text: str | bytes, file: str = "") -> tuple[Source | None, list[Problem]]:
    """Read one YAML document that must be a mapping; the source is None when it is something else."""
    source, problems = read_source(text, file)
    if source is None or isinstance(source.value, dict):
        return source, problems
    is_empty = source.value is None
    message = "The file is empty." if is_empty else f"The file holds {kind_of(source.value)}, not a mapping."
    return None, [*problems, source.problem("yaml.not-a-mapping", f"{message} Start with `key: value`.", ())]
