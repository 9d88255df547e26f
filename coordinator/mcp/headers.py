"""Read the HTTP headers that mean something to MCP: Accept, and those that repeat a part of the body.

Source: MCP transports; for `Mcp-Method`, `Mcp-Name` and `Mcp-Param-*` revision 2026-07-28.
"""

import base64
import binascii
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from coordinator.toolset import HeaderParam

BLANK = b" \t"
NAMED_BY = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""Which param the header `Mcp-Name` repeats, by method."""
SENTINEL_START, SENTINEL_END = b"=?base64?", b"?="


class Accept(NamedTuple):
    """What kinds of answer the client reads."""

    json: bool
    sse: bool


ANYTHING = Accept(True, True)


@lru_cache(maxsize=256)
def read_accept(value: bytes | None) -> Accept:
    """Read an Accept header leniently: absent and wildcards mean both kinds."""
    if not value or not value.strip(BLANK):
        return ANYTHING
    json = sse = False
    for part in value.lower().split(b","):
        kind, *parameters = (piece.strip(BLANK) for piece in part.split(b";"))
        if any(parameter.replace(b" ", b"") in REFUSING for parameter in parameters):
            continue
        json = json or kind in (b"application/json", b"application/*", b"*/*")
        sse = sse or kind in (b"text/event-stream", b"text/*", b"application/*", b"*/*")
    return Accept(json, sse)


REFUSING = (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")


def is_json(content_type: bytes | None) -> bool:
    """Whether a Content-Type is application/json, whatever its parameters."""
    return (content_type or b"").partition(b";")[0].strip(BLANK).lower() == b"application/json"


def mirror_problem(headers: Mapping[bytes, bytes], version: str, method: str, params: Mapping[str, Any]) -> str | None:
    """Say which header is missing or differs from what the body says, if one does."""
    sent_version = headers.get(b"mcp-protocol-version")
    if sent_version is None:
        return "The header MCP-Protocol-Version is missing."
    if sent_version.strip(BLANK) != version.encode():
        return "The header MCP-Protocol-Version differs from the protocol version in _meta."
    sent_method = headers.get(b"mcp-method")
    if sent_method is None:
        return "The header Mcp-Method is missing."
    if sent_method.strip(BLANK) != method.encode():
        return "The header Mcp-Method differs from the method of the request."
    key = NAMED_BY.get(method)
    name = params.get(key) if key is not None else None
    if not isinstance(name, str):
        return None
    sent_name = headers.get(b"mcp-name")
    if sent_name is None:
        return "The header Mcp-Name is missing."
    if plain_value(sent_name) != name:
        return f"The header Mcp-Name differs from params.{key}."
    return None


def param_problem(
    declared: tuple[HeaderParam, ...], args: Mapping[str, Any], headers: Mapping[bytes, bytes]
) -> str | None:
    """Say which `Mcp-Param-*` header does not agree with the arguments, if one does not."""
    for param in declared:
        sent = headers.get(param.header)
        value = _value_at(args, param.path)
        name = ".".join(param.path)
        shown = param.header.decode().title()
        if value is None:
            if sent is not None:
                return f"The header {shown} is there, but not the argument {name}."
        elif sent is None:
            return f"The header {shown} is missing; it repeats the argument {name}."
        elif not _agrees(plain_value(sent), value):
            return f"The header {shown} differs from the argument {name}."
    return None


def plain_value(sent: bytes) -> str | None:
    """Return the text that a header value stands for, or None when it cannot be read."""
    sent = sent.strip(BLANK)
    if len(sent) >= 11 and sent.startswith(SENTINEL_START) and sent.endswith(SENTINEL_END):
        try:
            return base64.b64decode(sent[len(SENTINEL_START) : -len(SENTINEL_END)], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
    return sent.decode() if sent.isascii() else None


def _value_at(args: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = args
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def _agrees(sent: str | None, value: Any) -> bool:
    if sent is None:
        return False
    if isinstance(value, bool):
        return sent == ("true" if value else "false")
    if isinstance(value, str):
        return sent == value
    if not isinstance(value, int | float):
        return True  # the argument has a type that the schema does not allow: its validation will say so
    try:
        return bool(_NUMBER.decode(sent) == value)
    except msgspec.DecodeError:
        return False


_NUMBER = msgspec.json.Decoder(int | float)
