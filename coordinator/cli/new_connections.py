"""Read what the command line says of connections that an install makes.  Secrets never stand on the line itself."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import typer

from coordinator.cli.connections import read_secret
from flows.errors import InputRejected

Made = Annotated[
    list[str] | None,
    typer.Option(
        "--new-connection",
        help="Make a connection for the pack's own: `pack's name=its name`; a name alone calls it like the install.",
    ),
]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        help="A secret of a new connection: `pack's name.secret` asks for it (or reads a line of a pipe), "
        "`...=@FILE` reads a file, `...=env:VARIABLE` a variable.",
    ),
]


def new_connections(
    made: Iterable[str] | None, settings: Iterable[str] | None, secrets: Iterable[str] | None
) -> tuple[dict[str, Any], list[str]]:
    """Return what REST takes as `new_connections`, and those settings that are variables of the pack."""
    found: dict[str, Any] = {}
    for text in made or ():
        own, _, name = text.partition("=")
        found[own] = {"name": name, "settings": {}, "secrets": {}}
    variables = []
    for text in settings or ():
        own, dot, rest = text.partition("=")[0].partition(".")
        if not dot:
            variables.append(text)
            continue
        name, value = parse_setting(text.removeprefix(f"{own}."))
        _of(found, own, f"--set {own}.{rest}")["settings"][name] = value
    for text in secrets or ():
        own, dot, _ = text.partition("=")[0].partition(".")
        if not dot:
            raise InputRejected(f"{own!r} names no secret.", fix="Write --secret CONNECTION.SECRET.")
        _of(found, own, f"--secret {own}.NAME")
        name, value = read_secret(text.removeprefix(f"{own}."))
        found[own]["secrets"][name] = value
    return found, variables


def parse_setting(text: str) -> tuple[str, Any]:
    """Read `name=text` or `name:=json`.  Raises InputRejected."""
    name, equals, value = text.partition("=")
    if not equals or not name.removesuffix(":"):
        raise InputRejected(f"{text!r} sets no variable.", fix="Write name=text, or name:=json.")
    if not name.endswith(":"):
        return name, value
    try:
        return name.removesuffix(":"), msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise InputRejected(f"What stands after {name}= is not JSON: {error}.") from error


def _of(found: dict[str, Any], own: str, said: str) -> dict[str, Any]:
    if own not in found:
        raise InputRejected(
            f"`{said}` is about a new connection, and none is made for {own!r}.",
            fix=f"Add --new-connection {own}=NAME. One that is there is changed by `headrace connection set`.",
        )
    chosen: dict[str, Any] = found[own]
    return chosen
