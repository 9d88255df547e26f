"""`/api/events`: what changes while somebody watches, as server-sent events.  Source: HTML standard, 9.2."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, Final

from litestar import Request, get
from litestar.response import Stream

from coordinator.api.access import is_still_let_in
from coordinator.api.given import GivenServices
from coordinator.changes import Changes

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
BEGIN: Final = b"retry: 2000\n: these are topics; ask for what you show of them\n\n"
ALIVE: Final = b": alive\n\n"


@get("/events", operation_id="watchEvents", tags=["status"], media_type=MEDIA_TYPE)
async def watch_events(request: Request[Any, Any, Any], services: GivenServices) -> Stream:
    """Tell what changes, until the reader goes: events `runs`, `tools`, `flows` and `workers`, with `{}` as data.

    Changes that come fast become one event.
    """

    def is_allowed() -> bool:
        return is_still_let_in(request, services)

    services.changes.admit()
    return Stream(_events(services.changes, is_allowed), media_type=MEDIA_TYPE, headers=HEADERS)


async def _events(changes: Changes, is_allowed: Callable[[], bool]) -> AsyncIterator[bytes]:
    yield BEGIN
    async with aclosing(changes.watch(is_allowed)) as watching:
        async for topic in watching:
            yield ALIVE if topic is None else f"event: {topic}\ndata: {{}}\n\n".encode()
