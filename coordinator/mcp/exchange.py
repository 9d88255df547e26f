"""One HTTP request on its way to an answer: what was read of it, and how answers are sent."""

import asyncio
from collections.abc import Awaitable

from coordinator.access.presented import Scope, folded_headers
from coordinator.access.principal import Principal
from coordinator.mcp.envelope import Failure, RpcError, encode
from coordinator.mcp.headers import ANYTHING, Accept
from coordinator.mcp.ladder import BODY_TOO_LARGE, Headers, HttpError, Route
from coordinator.mcp.protocol import BUSY, INTERNAL_ERROR
from coordinator.mcp.stream import Receive, ResponseStream, Send, send_body
from flows.errors import Busy

BODY_SECONDS = 30.0
"""How long a client may take to send a body that does not come in one piece."""
BODY_TOO_SLOW = HttpError(status=408)


class Exchange:
    """A request whose caller is known.  `token` is kept for what outlives the check: subscriptions."""

    __slots__ = ("address", "client", "headers", "principal", "receive", "send", "token")

    principal: Principal

    def __init__(self, scope: Scope, receive: Receive, send: Send, token: str | None) -> None:
        self.headers: Headers = folded_headers(scope)
        self.receive = receive
        self.send = send
        self.token = token
        peer = scope.get("client")
        self.address: str = peer[0] if peer else ""
        self.client = self.headers.get(b"user-agent", b"").decode("latin-1")[:200]


async def read_body(receive: Receive, limit: int) -> bytes | HttpError | None:
    """Read the body of a request: an HttpError when it is too large or too slow, None when the client went away."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        return await _read_rest(receive, body, limit)
    return body if len(body) <= limit else BODY_TOO_LARGE


async def _read_rest(receive: Receive, start: bytes, limit: int) -> bytes | HttpError | None:
    chunks = [start]
    size = len(start)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while size <= limit:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                chunks.append(message.get("body", b""))
                size += len(chunks[-1])
                if not message.get("more_body"):
                    return b"".join(chunks) if size <= limit else BODY_TOO_LARGE
    except TimeoutError:
        return BODY_TOO_SLOW
    return BODY_TOO_LARGE


def send_message(send: Send, accept: Accept, message: bytes) -> Awaitable[None]:
    """Send one message as the only answer."""
    if accept.json:
        return send_body(send, 200, message)
    return ResponseStream(send, accept).finish(message)


def send_error(send: Send, refusal: HttpError, accept: Accept = ANYTHING) -> Awaitable[None]:
    """Send a refusal; only one that is no HTTP error may have to go as a stream."""
    message = failure_message(refusal)
    if refusal.status == 200:
        return send_message(send, accept, message)
    return send_body(send, refusal.status, message, refusal.headers)


def failure_message(refusal: HttpError) -> bytes:
    """Encode the JSON-RPC error of a refusal; empty when it has none."""
    return b"" if refusal.error is None else encode(Failure(id=refusal.id, error=refusal.error))


def internal_error(route: Route) -> HttpError:
    """Word a bug of the server, whose details belong into the log."""
    error = RpcError(INTERNAL_ERROR, "The server failed to answer. Its log has the details.")
    return HttpError(status=200, error=error, id=route.id)


def busy_error(route: Route, busy: Busy) -> HttpError:
    """Word a lack of capacity.  Legacy clients take an HTTP error for a broken transport."""
    error = RpcError(BUSY, busy.message, {"retryAfter": busy.retry_after})
    if not route.is_modern:
        return HttpError(status=200, error=error, id=route.id)
    seconds = b"%d" % max(1, round(busy.retry_after))
    return HttpError(status=429, error=error, id=route.id, headers=((b"retry-after", seconds),))
