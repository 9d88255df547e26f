"""Drive an ASGI application in process: whole requests, and streams whose client may go away."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

SECONDS = 5.0
"""How long a test waits for what should happen at once."""


@dataclass
class Answer:
    """A whole response."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    def events(self) -> list[Any]:
        return [event for event in map(parse_event, self.body.decode().split("\n\n")) if event is not None]


def parse_event(text: str) -> Any:
    """Return the message of an event, `"ping"` for a comment, None for nothing."""
    if not text:
        return None
    if text.startswith(":"):
        return "ping"
    kind, data = text.split("\n")
    assert kind == "event: message"
    assert data.startswith("data: ")
    return msgspec.json.decode(data.removeprefix("data: "))


class Talk:
    """One request and what comes back, piece by piece."""

    def __init__(self, app: Any, scope: dict[str, Any], chunks: list[bytes], is_complete: bool) -> None:
        self.scope = scope
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        for index, chunk in enumerate(chunks):
            more = index < len(chunks) - 1 or not is_complete
            self._incoming.put_nowait({"type": "http.request", "body": chunk, "more_body": more})
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._text = ""
        self._is_gone = False
        self._has_closed = False
        self.task = asyncio.ensure_future(app(scope, self._incoming.get, self._send))

    async def _send(self, message: dict[str, Any]) -> None:
        if self._is_gone:
            raise OSError("the client has gone")
        self._outgoing.put_nowait(dict(message))

    def disconnect(self) -> None:
        self._is_gone = True
        self._incoming.put_nowait({"type": "http.disconnect"})

    @property
    def has_started(self) -> bool:
        return not self._outgoing.empty()

    async def started(self) -> dict[str, str]:
        """Return the headers of a stream that opens."""
        message = await self._next()
        assert message["type"] == "http.response.start"
        assert message["status"] == 200
        return _headers(message)

    async def event(self) -> Any:
        """Return the next event of an open stream; None when it has closed."""
        while "\n\n" not in self._text:
            if self._has_closed:
                return None
            message = await self._next()
            self._text += message["body"].decode()
            self._has_closed = not message.get("more_body")
        text, _, self._text = self._text.partition("\n\n")
        return parse_event(text)

    async def answer(self) -> Answer:
        """Return the whole response, after the application has finished."""
        async with asyncio.timeout(SECONDS):
            await self.task
        start = self._outgoing.get_nowait()
        assert start["type"] == "http.response.start"
        body = b""
        while not self._outgoing.empty():
            message = self._outgoing.get_nowait()
            assert message["type"] == "http.response.body"
            body += message["body"]
        return Answer(start["status"], _headers(start), body)

    async def ended(self) -> None:
        """Wait until the application has finished."""
        async with asyncio.timeout(SECONDS):
            await self.task

    async def _next(self) -> dict[str, Any]:
        async with asyncio.timeout(SECONDS):
            return await self._outgoing.get()


def _headers(start: Mapping[str, Any]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in start["headers"]}


def open_request(
    app: Any,
    method: str = "POST",
    path: str = "/mcp",
    *,
    headers: Mapping[str, str] | list[tuple[str, str]] = (),  # type: ignore[assignment]
    body: bytes | list[bytes] = b"",
    query: str = "",
    address: str = "127.0.0.1",
    kind: str = "http",
    is_complete: bool = True,
) -> Talk:
    """Start a request."""
    pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
    if not any(name.lower() == "host" for name, _ in pairs):
        pairs.append(("host", "127.0.0.1:8080"))
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
        "client": (address, 50000),
        "server": ("127.0.0.1", 8080),
        "scheme": "http",
        "http_version": "1.1",
    }
    return Talk(app, scope, body if isinstance(body, list) else [body], is_complete)


async def request(app: Any, method: str = "POST", path: str = "/mcp", **options: Any) -> Answer:
    """Send a request and return the whole response."""
    return await open_request(app, method, path, **options).answer()
