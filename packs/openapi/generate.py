"""Make the files of a pack of a description: the manifest, one flow for each operation, a README.

What cannot be made is noted with its reason; nothing of a description makes this fail.  Touches no I/O.
Raises SpecRefused when no pack can be made, or when it would have more flows than packs have.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from flows.compile import check_flow
from packs.loader import MAX_FLOWS
from packs.manifest import MAX_FLOW_NAME
from packs.openapi.flow import flow_of
from packs.openapi.naming import Names
from packs.openapi.notes import Note, Skip, SpecRefused
from packs.openapi.operations import Choice, Operation, operations_of
from packs.openapi.pages import manifest_text, readme_text
from packs.openapi.service import Auth, Service, read_service
from packs.openapi.spec import Spec
from packs.openapi.yaml_text import write_yaml

MAX_PACK_NAME: Final = 40
SHOWN_TAGS: Final = 15
SHOWN_REASONS: Final = 10
_NOISE: Final = re.compile(
    r"(?i)\b(rest|api|apis|openapi|open|official|spec|specification|s|the|public|v\d+(\.\d+)*|extension)\b"
)


class Options(Struct, frozen=True, kw_only=True):
    """How a pack is made."""

    name: Annotated[str, Meta(description="The pack's name; empty: made of the title.")] = ""
    fields: Annotated[tuple[str, ...], Meta(description="Fields of answers to keep; `*` keeps all.")] = ()
    auth: Annotated[Auth, Meta(description="How to sign in, when the description does not say.")] = ""


class Generated(Struct, frozen=True, kw_only=True):
    """A pack that was made: path inside it to text, and what should be known about it."""

    name: str
    files: dict[str, str]
    notes: list[Note]
    operations: int


def generate(spec: Spec, choice: Choice = Choice(), options: Options = Options()) -> Generated:  # noqa: B008  frozen
    """Make a pack of the chosen operations."""
    notes: list[Note] = []
    found = list(operations_of(spec, notes))
    if not found:
        raise SpecRefused(f"No operation of the description can be read.{_reasons(notes)}")
    chosen = [operation for operation in found if choice.takes(operation)]
    _check_choice(found, chosen)
    if choice != Choice():
        notes = []  # they are about operations that nobody can have meant
    name = options.name or pack_name(spec.title)
    service = read_service(spec, chosen, options.auth)
    notes = [*(Note(message=each) for each in service.notes), *notes]
    flows = make_flows(spec, chosen, service, name, options, notes)
    if not flows:
        raise SpecRefused(f"No flow can be made of what was chosen.{_reasons(notes)}")
    texts = {f"flows/{document['flow']}.yaml": write_yaml(document) for _, document in flows}
    files = {
        "pack.yaml": manifest_text(spec, service, name, flows),
        "README.md": readme_text(spec, service, name, flows, notes),
        **texts,
    }
    return Generated(name=name, files=files, notes=notes, operations=len(found))


def _reasons(notes: list[Note]) -> str:
    return "".join(f"\n{note}" for note in notes[:SHOWN_REASONS])


def make_flows(
    spec: Spec, chosen: Iterable[Operation], service: Service, name: str, options: Options, notes: list[Note]
) -> list[tuple[Operation, dict[str, Any]]]:
    """Make a flow of each operation that can be one; add to the notes why others cannot, and what got lost."""
    names = Names(MAX_FLOW_NAME)
    connection = connection_name(name) if service.needs_connection else ""
    made: list[tuple[Operation, dict[str, Any]]] = []
    for operation in chosen:
        try:
            flow_name = names.name(operation)
            flow = flow_of(operation, flow_name, spec, service, connection, options.fields)
            _check(flow.document)
        except Skip as reason:
            notes.append(Note(operation=operation.place, message=f"{reason}.", is_skipped=True))
            continue
        notes += [Note(operation=operation.place, message=note) for note in flow.notes]
        made.append((operation, flow.document))
    return made


def _check(document: Mapping[str, Any]) -> None:
    """Refuse what would not be a sound flow: whatever a description holds, no broken file is written."""
    errors = [problem for problem in check_flow(write_yaml(document)) if problem.severity == "error"]
    if errors:
        raise Skip(f"its flow would be wrong ({errors[0].message.rstrip('.')[:200]})")


def _check_choice(found: list[Operation], chosen: list[Operation]) -> None:
    tags = Counter(tag for operation in found for tag in operation.tags)
    known = ", ".join(f"{tag} ({count})" for tag, count in tags.most_common(SHOWN_TAGS))
    known = f" Its tags: {known}{', ...' if len(tags) > SHOWN_TAGS else '.'}" if tags else ""
    if not chosen:
        raise SpecRefused(f"None of the {len(found)} operations fits what was chosen.{known}")
    if len(chosen) > MAX_FLOWS:
        raise SpecRefused(
            f"{len(chosen)} operations were chosen, and a pack has at most {MAX_FLOWS} flows.",
            fix=f"Choose with --tag, --path or --operation.{known}",
        )


def pack_name(title: str) -> str:
    """Make the name of a pack of the title of an API."""
    bare = _NOISE.sub(" ", title.split("+")[0])
    words = [word for word in re.findall(r"[a-z0-9]+", (bare if bare.strip(" '-") else title).lower()) if word]
    name = "-".join(words)
    name = name if name[:1].isalpha() else f"api-{name}".rstrip("-")
    return name[:MAX_PACK_NAME].rstrip("-")


def connection_name(pack: str) -> str:
    """Return what the pack calls its connection."""
    return pack.replace("-", "_")
