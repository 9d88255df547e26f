"""`pack from-openapi`: make a pack of an API description."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from coordinator.cli.console import plural, print_table, say
from flows.errors import Conflict, InputRejected, NotFound

if TYPE_CHECKING:
    from packs.openapi import Choice, Generated, Operation, Spec

SHOWN_NOTES = 40


def from_openapi(
    spec: Annotated[Path, typer.Argument(help="The description: OpenAPI 3.0 or 3.1 (JSON, YAML), Google Discovery.")],
    out: Annotated[Path | None, typer.Option(help="The folder to make; else named after the pack, here.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only operations with this tag; may be repeated.")] = None,
    path: Annotated[list[str] | None, typer.Option(help="Only paths like this one, such as '/repos/*'.")] = None,
    operation: Annotated[list[str] | None, typer.Option(help="The operation with this id; may be repeated.")] = None,
    name: Annotated[str, typer.Option(help="The pack's name; else made of the API's title.")] = "",
    fields: Annotated[
        str, typer.Option(help="Fields of answers to keep, such as 'id,user.login'; '*' keeps whole answers.")
    ] = "",
    auth: Annotated[str, typer.Option(help="How to sign in, whatever is described: bearer, basic or none.")] = "",
    interactive: Annotated[bool, typer.Option("--interactive", help="Choose the operations one by one.")] = False,
    list_only: Annotated[bool, typer.Option("--list", help="Only list the operations that are chosen.")] = False,
) -> None:
    """Make a pack of readable flows of an API description: one tool for each operation that is chosen."""
    from packs.openapi import Choice, Options, generate, read_spec

    options = Options(name=_pack_name(name), fields=_fields(fields), auth=_auth(auth))
    described = read_spec(_content(spec))
    choice = Choice(tuple(tag or ()), tuple(path or ()), tuple(operation or ()))
    if list_only:
        print_table(("id", "operation", "tags"), map(_row, _chosen(described, choice)))
        return
    if interactive:
        choice = _asked(_chosen(described, choice))
    made = generate(described, choice, options)
    folder = out or Path(made.name)
    _write(folder, made)
    _say_what_is_lost(made)
    say(f"Now read them, then try `headrace pack check {folder}` and `headrace test {folder}`.")


def _content(path: Path) -> bytes:
    from packs.openapi.reading import MAX_JSON_BYTES

    if not path.is_file():
        fix = "Download it first." if "://" in str(path) or ":/" in str(path) else ""
        raise NotFound(f"There is no file {str(path)!r}.", fix=fix)
    with path.open("rb") as file:
        return file.read(MAX_JSON_BYTES + 1)


def _pack_name(name: str) -> str:
    from packs.manifest import PACK_NAME

    if name and (not re.fullmatch(PACK_NAME, name) or len(name) > 40):
        fix = "Use small letters, digits and -, at most 40, for example my-shop."
        raise InputRejected(f"{name!r} is no name for a pack.", fix=fix)
    return name


def _fields(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name != "*" and not re.fullmatch(r"[\w-]+(\.[\w-]+)*", name):
            raise InputRejected(f"{name!r} is no field.", fix="Write names or paths such as user.login, with commas.")
    return names


def _auth(text: str) -> Any:
    from packs.openapi.service import Auth

    if text not in get_args(Auth):
        raise InputRejected(f"{text!r} is no way to sign in.", fix="Say bearer, basic or none.")
    return text


def _chosen(described: "Spec", choice: "Choice") -> list["Operation"]:
    from packs.openapi.operations import operations_of

    return [operation for operation in operations_of(described, []) if choice.takes(operation)]


def _row(operation: "Operation") -> tuple[str, str, str]:
    return operation.id or "-", operation.place, ", ".join(operation.tags)


# -- asking --------------------------------------------------------------------------------------------------------


def _asked(found: list["Operation"]) -> "Choice":
    """Let a person choose: show the operations, narrow them down by words, take those with the given numbers."""
    from packs.openapi import Choice

    shown = found
    while True:
        for number, operation in enumerate(shown, 1):
            say(f"{number:4} {operation.place}  {operation.raw.get('summary') or operation.id}")
        answer = typer.prompt("Numbers (1,4-6), a word to narrow them down, `all`, or `back`", err=True).strip()
        if answer == "back":
            shown = found
        elif answer == "all" or re.fullmatch(r"[\d,\s-]+", answer):
            picked = shown if answer == "all" else [shown[index] for index in _indexes(answer, len(shown))]
            if picked:
                return Choice(places=tuple(operation.place for operation in picked))
        else:
            word = answer.lower()
            shown = [each for each in shown if word in f"{each.id} {each.place} {' '.join(each.tags)}".lower()] or shown


def _indexes(answer: str, count: int) -> list[int]:
    found: list[int] = []
    for part in answer.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and (not last or last.isdecimal()):
            found += range(int(first) - 1, min(int(last or first), count))
    return [index for index in dict.fromkeys(found) if 0 <= index < count]


# -- writing -------------------------------------------------------------------------------------------------------


def _write(folder: Path, made: "Generated") -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(f"There is {str(folder)!r} already.", fix="Choose another folder with --out.")
    for file, text in made.files.items():
        place = folder / file
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        print(place)


def _say_what_is_lost(made: "Generated") -> None:
    for note in made.notes[:SHOWN_NOTES]:
        say(str(note))
    if len(made.notes) > SHOWN_NOTES:
        say(f"... and {len(made.notes) - SHOWN_NOTES} more; the README names the first ones.")
    flows = sum(file.startswith("flows/") for file in made.files)
    skipped = sum(note.is_skipped for note in made.notes)
    left = f", {plural(skipped, 'operation')} skipped" if skipped else ""
    say(f"{plural(flows, 'flow')} of {plural(made.operations, 'operation')}{left}.")
