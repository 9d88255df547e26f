"""Findings about a flow: what is wrong, where, and what to do about it.

Every code is declared in `PROBLEM_CODES`, so that each one has its entry in the reference.  Touches no I/O.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

from msgspec import Struct

KNOWN_NAMES_SHOWN = 10
WORD_CHARACTERS_COMPARED = 64
NAMES_COMPARED = 5_000
_SUGGESTION = re.compile(r"Did you mean '([^']+)'\?")

PROBLEM_CODES: dict[str, str] = {
    "flow.broken-file": "A flow made Headrace itself fail; this is a mistake in Headrace.",
    "flow.duplicate-id": "Two steps of a flow have the same id.",
    "flow.duplicate-name": "Two flows have the same name.",
    "flow.expression": "An expression cannot be compiled.",
    "flow.expression-in-key": "A mapping key holds an expression.",
    "flow.expression-not-allowed": "A field that is fixed at load holds an expression.",
    "flow.missing-key": "A key that must be there is not.",
    "flow.no-description": "A tool has no description for models to decide by.",
    "flow.not-an-expression": "A condition is not one expression.",
    "flow.not-published": "A changed set of flows could not be made into tools; the one before stays.",
    "flow.open-webhook": "A webhook takes requests from anybody: it checks neither a signature nor a token.",
    "flow.outside-directory": "A link leads out of the flow directory, or to a directory; it is not followed.",
    "flow.portability": "Some clients or model APIs refuse this part of a tool's schema.",
    "flow.reserved-name": "A step's id is a word of the language.",
    "flow.schema": "A JSON Schema, or a param in the short form, cannot be used.",
    "flow.secret": "A secret stands in a field that does not take secrets, or not alone.",
    "flow.test": "A flow test contradicts the flow, or says nothing.",
    "flow.too-many-files": "The flow directory holds more files, or is deeper, than is looked at.",
    "flow.two-components": "A step names more than one component.",
    "flow.unknown-connection": "A flow names a connection that is not there, or that lacks what it needs (a warning).",
    "flow.unknown-flow": "A step calls a flow that does not exist.",
    "flow.unknown-input": "There is no such input.",
    "flow.unknown-key": "There is no such field.",
    "flow.unknown-name": "An expression uses a name that is not known at its place.",
    "flow.unknown-output": "There is no such output.",
    "flow.unknown-step": "There is no such step.",
    "flow.unreadable": "A flow file, or the flow directory, cannot be read; what was known of it stays.",
    "flow.unsafe-place": "A value would land where it could change more than a value may.",
    "flow.unsigned-query": "A webhook takes GET requests, whose query its signature does not cover (a warning).",
    "flow.webhook-taken": "Two webhooks have the same path and method.",
    "flow.wrong-type": "A value has another shape than the field takes.",
    "flow.wrong-value": "A value does not fit the field.",
    "pack.annotations": "A tool of a pack does not say whether it changes anything (a warning).",
    "pack.connection": "A connection of a pack is declared in a way that does not fit its kind.",
    "pack.file": "A file of a pack has a name or a content that packs do not have.",
    "pack.group": "A group of a pack names a tool that is not there, or leaves one out.",
    "pack.headrace-version": "The pack needs a newer Headrace.",
    "pack.no-flows": "A pack has no flows.",
    "pack.no-tests": "A flow of a pack has no test (a warning).",
    "pack.undescribed": "Something that people or models choose by has no description (a warning).",
    "pack.unknown-connection": "A flow of a pack uses a connection that the manifest does not declare.",
    "pack.unused": "The manifest declares what no flow uses (a warning).",
    "pack.variable": "A variable of a pack cannot be used, or gets a value that does not fit.",
    "yaml.alias": "An alias names an anchor that does not stand before it, or that it is itself inside of.",
    "yaml.control-character": "The text holds a character that YAML does not allow, such as NUL.",
    "yaml.document-count": "A file holds one YAML document, not several.",
    "yaml.duplicate-key": "A mapping names the same key twice.",
    "yaml.encoding": "The file is not UTF-8 text.",
    "yaml.key": "A mapping key is not text.",
    "yaml.leading-zero": "A number is written with leading zeros, which it does not keep (a warning).",
    "yaml.merge-key": "The merge key `<<` is not part of YAML 1.2.",
    "yaml.not-a-mapping": "The file does not hold a mapping of keys to values.",
    "yaml.number": "A number has no equivalent in JSON, or more digits than a number may have.",
    "yaml.syntax": "The text is not valid YAML.",
    "yaml.tag": "A value has a tag that is not part of the YAML core schema, or that does not fit the value.",
    "yaml.too-deep": "Lists and mappings are nested too deeply.",
    "yaml.too-large": "The file is larger than a flow may be.",
    "yaml.too-many-nodes": "The file holds more values than it may; an alias counts as all it stands for.",
    "yaml.too-many-problems": "The file has more problems than are shown at once.",
}
"""What each code means, in one sentence.  The reference page is made from this table."""


class Problem(Struct, frozen=True, kw_only=True):
    """A finding about a flow.  `message` says what and how to fix it; lines and columns count from 1.

    `end_line` and `end_column` bound the text an editor underlines, None when only the start is known.

    Raises: ValueError for a code that `PROBLEM_CODES` does not declare.
    """

    code: str
    message: str
    line: int = 1
    column: int = 1
    file: str = ""
    severity: Literal["error", "warning"] = "error"
    end_line: int | None = None
    end_column: int | None = None

    def __post_init__(self) -> None:
        if self.code not in PROBLEM_CODES:
            raise ValueError(f"{self.code!r} is not in PROBLEM_CODES; declare it there with its meaning")

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.file else f"{self.line}:{self.column}"
        level = "warning: " if self.severity == "warning" else ""
        return f"{place}: {level}{self.message}   [{self.code}]"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known name that `word` was most likely meant to be; None when nothing is near."""
    # Comparing is quadratic in the length, and `word` can be anything that a file or a caller sends.
    if not word or len(word) > WORD_CHARACTERS_COMPARED:
        return None
    names: dict[str, str] = {}
    for name in known:
        if len(names) >= NAMES_COMPARED:
            break
        if name and name != word and len(name) <= WORD_CHARACTERS_COMPARED:
            names.setdefault(_folded(name), name)
    near = get_close_matches(_folded(word), names, n=1, cutoff=0.6)
    return names[near[0]] if near else None


def _folded(name: str) -> str:
    return name.casefold().replace("-", "_")


def suggestion_in(message: str) -> str | None:
    """Return the name that a message of `did_you_mean` offers."""
    found = _SUGGESTION.search(message)
    return None if found is None else found[1]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """End a message with " Did you mean 'http'?", or else with " Known: a, b, c.", or with nothing at all."""
    names = list(dict.fromkeys(known))
    near = nearest(word, names)
    if near is not None:
        return f" Did you mean {near!r}?"
    if not names:
        return ""
    more = ", ..." if len(names) > KNOWN_NAMES_SHOWN else "."
    return f" Known: {', '.join(sorted(names)[:KNOWN_NAMES_SHOWN])}{more}"
