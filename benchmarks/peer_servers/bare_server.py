"""The least that an ASGI application can do: one constant answer.  The floor under everything that runs on uvicorn."""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

RESULT = {"content": [{"type": "text", "text": os.environ["BENCH_TEXT"]}]}
BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "result": RESULT}).encode()
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


async def app(_scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Read the request, whatever it is, and answer it."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})
