"""`call`: call a tool, as an MCP client would."""

from typing import Annotated, Any

import msgspec
import typer

from coordinator.cli.client import ServerUrl, part, server
from coordinator.cli.console import AsJson, print_json, say
from flows.errors import InputRejected


def call(
    tool: Annotated[str, typer.Argument(help="The name of the tool.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="`name=text`, or `name:=json` for numbers, lists and the like.")
    ] = None,
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """Call a tool and print what it replies."""
    found = server(url)
    schema = found.get(f"/api/tools/{part(tool)}")["inputSchema"]
    declared = schema.get("properties", {})
    given = dict(_argument(text, declared) for text in arguments or ())
    answer = found.post(f"/api/tools/{part(tool)}/call", {"arguments": given})
    if as_json:
        print_json(answer)
    else:
        _show(answer)
        error = answer.get("error") or {}
        if error.get("code") == "invalid_arguments" and not error.get("step"):
            say(_takes(tool, schema))
    raise typer.Exit(1 if answer["is_error"] else 0)


def _argument(text: str, declared: dict[str, Any]) -> tuple[str, Any]:
    """Read `name=text` or `name:=json`; text for a parameter that is a number or the like is read as JSON, too."""
    name, equals, value = text.partition("=")
    is_json = name.endswith(":")
    name = name.removesuffix(":")
    if not equals or not name:
        raise InputRejected(f"{text!r} is no argument.", fix="Write name=text, or name:=json.")
    if is_json:
        try:
            return name, msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            message = f"What stands after {name}:= is not JSON: {error}."
            raise InputRejected(message, fix=f"For text write {name}={value}") from error
    return name, _typed(value, declared.get(name))


def _typed(value: str, schema: Any) -> Any:
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind in ("integer", "number", "boolean", "array", "object"):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value  # the server says what fits
    return value


def _takes(tool: str, schema: dict[str, Any]) -> str:
    """Say how a tool is called."""
    required = schema.get("required", ())
    known = [f"{name}=..." if name in required else f"[{name}=...]" for name in schema.get("properties", {})]
    return f"Call it so: headrace call {tool} {' '.join(known)}".rstrip()


def _show(answer: dict[str, Any]) -> None:
    if (error := answer.get("error")) is not None:
        where = f", step {error['step']}" if error.get("step") else ""
        say(f"{error['message']} [{error['code']}{where}]")
        return
    if "value" in answer:
        value = answer["value"]
        print(value) if isinstance(value, str) else print_json(value)
        return
    for block in answer.get("content", ()):
        print(block["text"]) if block.get("type") == "text" else print_json(block)
