"""Answer one request: as JSON, or as a stream of server-sent events once there is something to say before the end.

Source: MCP transports, Streamable HTTP; HTML standard, server-sent events.
"""

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from typing import Any

from coordinator.mcp.headers import Accept

AsgiMessage = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

STREAM_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
JSON_TYPE = (b"content-type", b"application/json")
PING = b": ping\n\n"


async def send_body(send: Send, status: int, body: bytes, headers: Headers = ()) -> None:
    """Send a whole response; a body is JSON."""
    length = (b"content-length", b"%d" % len(body))
    head = [length, JSON_TYPE, *headers] if body else [length, *headers]
    try:
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})
    except OSError:  # what ASGI servers raise when the client has gone
        return


async def until_disconnect(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def frame(message: bytes) -> bytes:
    """Return the event that carries one message; the JSON of a message has no line breaks."""
    return b"event: message\ndata: " + message + b"\n\n"


class ResponseStream:
    """The response to one request, which may become a stream.

    Sending to a client that has gone does nothing: the transport notices that on its own time.
    """

    def __init__(self, send: Send, accept: Accept) -> None:
        self._send = send
        self._accept = accept
        self.is_open = False
        """Whether it has become a stream."""
        self.started = time.monotonic()
        self.last_write = self.started

    @property
    def can_stream(self) -> bool:
        """Whether the client reads streams."""
        return self._accept.sse

    async def open(self) -> None:
        """Become a stream, if it is none yet."""
        if not self.is_open:
            self.is_open = True
            self.last_write = time.monotonic()
            await self._try_send({"type": "http.response.start", "status": 200, "headers": [*STREAM_HEADERS]})

    async def write(self, messages: Iterable[bytes]) -> None:
        """Send messages that come before the end."""
        await self._write(b"".join(map(frame, messages)))

    async def ping(self) -> None:
        """Send a comment, so that nothing between us and the client takes the silence for the end."""
        await self._write(PING)

    async def finish(
        self, message: bytes, before: Iterable[bytes] = (), *, status: int = 200, headers: Headers = ()
    ) -> None:
        """Send the last message, after those that were still waiting, and close."""
        waiting = list(before) if self.can_stream else []
        if not self.is_open and not waiting and (self._accept.json or status != 200):
            await send_body(self._send, status, message, headers)
            return
        await self.open()
        body = b"".join(map(frame, [*waiting, message]))
        await self._try_send({"type": "http.response.body", "body": body})

    async def abandon(self) -> None:
        """Close without an answer, as for a request that its client has cancelled."""
        if self.can_stream:
            await self.open()
            await self._try_send({"type": "http.response.body", "body": b""})
        else:
            await send_body(self._send, 202, b"")

    async def _write(self, data: bytes) -> None:
        await self.open()
        self.last_write = time.monotonic()
        await self._try_send({"type": "http.response.body", "body": data, "more_body": True})

    async def _try_send(self, message: AsgiMessage) -> None:
        with suppress(OSError):
            await self._send(message)
