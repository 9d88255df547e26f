"""Build the MCP requests of the load in both eras, and read their answers."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

Era = Literal["2025-11-25", "2026-07-28"]
LEGACY: Era = "2025-11-25"
MODERN: Era = "2026-07-28"
ERAS: tuple[Era, ...] = (LEGACY, MODERN)

TOKEN = "hr_benchmark_0123456789"
"""What the peers let in; ours makes its own."""

_META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "benchmark", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


class Request(Struct, frozen=True):
    """One or more bodies that are sent with the same headers."""

    headers: dict[str, str]
    bodies: tuple[bytes, ...]


class WrongAnswer(Exception):
    """A server did not give the answer that the row is about."""


def call(tool: str, args: dict[str, Any], era: Era, *, progress: bool = False) -> Request:
    """Build a `tools/call`."""
    return calls(tool, [args], era, progress=progress)


def calls(tool: str, many: list[dict[str, Any]], era: Era, *, progress: bool = False) -> Request:
    """Build calls of one tool with several sets of arguments."""
    meta = {"progressToken": "p"} if progress else {}
    bodies = [_body("tools/call", {"name": tool, "arguments": args}, era, meta) for args in many]
    return Request(_headers("tools/call", era, {"Mcp-Name": tool}), tuple(bodies))


def listing(era: Era) -> Request:
    """Build a `tools/list`."""
    return Request(_headers("tools/list", era, {}), (_body("tools/list", {}, era, {}),))


def with_token(request: Request, token: str) -> Request:
    """Add a bearer token."""
    return Request({**request.headers, "Authorization": f"Bearer {token}"}, request.bodies)


def result_of(status: int, body: bytes) -> dict[str, Any]:
    """Return the result in an answer; the last message of a stream.  Raises WrongAnswer."""
    if status != 200:
        raise WrongAnswer(f"status {status}: {body[:300]!r}")
    lines = [line[5:] for line in body.splitlines() if line.startswith(b"data:")] or [body]
    try:
        message = msgspec.json.decode(lines[-1])
    except msgspec.DecodeError as error:
        raise WrongAnswer(f"no JSON: {body[:300]!r}") from error
    result = message.get("result")
    if not isinstance(result, dict):
        raise WrongAnswer(f"no result: {body[:300]!r}")
    return result


def text_of(result: dict[str, Any]) -> str:
    """Return the text of a tool's result.  Raises WrongAnswer for the result of a tool that failed."""
    blocks = [block.get("text", "") for block in result.get("content", [])]
    if result.get("isError") or not blocks:
        raise WrongAnswer(f"the tool failed: {result}")
    return str(blocks[0])


def _headers(method: str, era: Era, modern: dict[str, str]) -> dict[str, str]:
    common = {
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": era,
    }
    return {**common, "Mcp-Method": method, **modern} if era == MODERN else common


def _body(method: str, params: dict[str, Any], era: Era, meta: dict[str, Any]) -> bytes:
    said = {**_META, **meta} if era == MODERN else meta
    if said:
        params = {**params, "_meta": said}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
