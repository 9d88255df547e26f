"""Tell clients that listen when the tools change.  Source: MCP 2026-07-28, `subscriptions/listen`."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from coordinator.mcp.envelope import Answer, Notification, RequestId, encode
from coordinator.mcp.protocol import META_SUBSCRIPTION_ID
from coordinator.mcp.stream import Receive, ResponseStream, until_disconnect


class ToolChanges:
    """Says that the list of tools changed, to whoever subscribed.

    A subscriber's event is a queue of length one: changes that come faster than they are read become one.
    """

    def __init__(self) -> None:
        self._subscribers: set[asyncio.Event] = set()

    def publish(self) -> None:
        """Wake all subscribers.  To be called in the event loop."""
        for subscriber in self._subscribers:
            subscriber.set()

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Event]:
        """Give an event that is set at each change; the reader clears it."""
        event = asyncio.Event()
        self._subscribers.add(event)
        try:
            yield event
        finally:
            self._subscribers.discard(event)


class SubscriptionLimits(Struct, frozen=True, kw_only=True):
    """How many streams may be open, in all and for one caller."""

    total: int = 1024
    per_caller: int = 32
    keepalive_seconds: float = 12.0


class Subscriptions:
    """The open streams."""

    def __init__(self, changes: ToolChanges, limits: SubscriptionLimits) -> None:
        self._changes = changes
        self._limits = limits
        self._open: Counter[str] = Counter()
        self._wakers: set[Callable[[], None]] = set()
        self._is_closing = False

    def __len__(self) -> int:
        return self._open.total()

    def has_room(self, caller: str) -> bool:
        """Whether the caller may open one more stream."""
        return not self._is_closing and len(self) < self._limits.total and self._open[caller] < self._limits.per_caller

    async def serve(
        self,
        request_id: RequestId,
        wanted: dict[str, Any],
        caller: str,
        is_allowed: Callable[[], bool],
        stream: ResponseStream,
        receive: Receive,
    ) -> None:
        """Keep a stream until the client goes, its token ends or the server stops."""
        honoured = {"toolsListChanged": True} if wanted.get("toolsListChanged") is True else {}
        meta = {META_SUBSCRIPTION_ID: request_id}
        watcher = asyncio.ensure_future(until_disconnect(receive))
        self._open[caller] += 1
        try:
            with self._changes.subscribe() as changed:
                await stream.write([_acknowledgement(honoured, meta)])
                self._wakers.add(changed.set)
                watcher.add_done_callback(lambda _: changed.set())
                try:
                    await self._tell_changes(changed, bool(honoured), meta, watcher, is_allowed, stream)
                finally:
                    self._wakers.discard(changed.set)
            if not watcher.done():
                await stream.finish(encode(Answer(id=request_id, result=_ended(meta))))
        finally:
            watcher.cancel()
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]

    def close(self) -> None:
        """Make every stream say its last message; new ones are refused."""
        self._is_closing = True
        for wake in self._wakers:
            wake()

    async def _tell_changes(
        self,
        changed: asyncio.Event,
        wants_tools: bool,
        meta: dict[str, Any],
        watcher: asyncio.Future[None],
        is_allowed: Callable[[], bool],
        stream: ResponseStream,
    ) -> None:
        message = _tools_changed(meta)
        while not self._is_closing and not watcher.done() and is_allowed():
            try:
                async with asyncio.timeout(self._limits.keepalive_seconds):
                    await changed.wait()
            except TimeoutError:
                await stream.ping()
                continue
            changed.clear()
            if wants_tools and not self._is_closing and not watcher.done() and is_allowed():
                await stream.write([message])


def _acknowledgement(honoured: dict[str, bool], meta: dict[str, Any]) -> bytes:
    method = "notifications/subscriptions/acknowledged"
    return encode(Notification(method=method, params={"notifications": honoured, "_meta": meta}))


def _tools_changed(meta: dict[str, Any]) -> bytes:
    return encode(Notification(method="notifications/tools/list_changed", params={"_meta": meta}))


def _ended(meta: dict[str, Any]) -> dict[str, Any]:
    return {"resultType": "complete", "_meta": meta}
