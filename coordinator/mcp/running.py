"""Keep track of the calls under way, so that a client, a disconnect or the end of the server can cancel them.

Without sessions a cancellation names only the id of a request.  Ids count from 0 in every client, so a call is found by
the caller, the client program and the id together; where two calls share all three, neither is cancelled.
"""

import asyncio
import time
from typing import Literal

from msgspec import UnsetType

from coordinator.access.principal import Principal
from coordinator.mcp.envelope import RequestId
from coordinator.mcp.ladder import Route
from coordinator.mcp.notifications import Notifier
from coordinator.mcp.stream import Receive, ResponseStream, until_disconnect
from flows.runs import RunResult

CallKey = tuple[str, str, type, RequestId | UnsetType]
Reason = Literal["client", "gone", "shutdown"]
CANCEL_SECONDS = 5.0
"""How long cancelled calls may take to stop when the server ends."""


class RunningCall:
    """One call that runs as a task.  `reason` says who cancelled it, if somebody did."""

    def __init__(self, key: CallKey, task: asyncio.Task[RunResult]) -> None:
        self.key = key
        self.task = task
        self.reason: Reason | None = None

    def cancel(self, reason: Reason) -> None:
        """Stop the work."""
        if not self.task.done():
            self.reason = self.reason or reason
            self.task.cancel()


class RunningCalls:
    """All calls under way."""

    def __init__(self) -> None:
        self._calls: dict[CallKey, list[RunningCall]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._calls.values()))

    def add(self, key: CallKey, task: asyncio.Task[RunResult]) -> RunningCall:
        """Remember a call until its task ends."""
        call = RunningCall(key, task)
        self._calls.setdefault(key, []).append(call)
        task.add_done_callback(lambda _: self._remove(call))
        return call

    def cancel(self, key: CallKey) -> bool:
        """Cancel the one call of that key, as its client asks.  False when there is none, or more than one."""
        calls = self._calls.get(key, ())
        if len(calls) != 1:
            return False
        calls[0].cancel("client")
        return True

    async def close(self, grace: float) -> None:
        """Give the calls under way `grace` seconds, then cancel them."""
        tasks = self._tasks()
        if tasks and grace > 0:
            await asyncio.wait(tasks, timeout=grace)
        for calls in list(self._calls.values()):
            for call in calls:
                call.cancel("shutdown")
        tasks = self._tasks()
        if tasks:
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS)

    def _tasks(self) -> list[asyncio.Task[RunResult]]:
        return [call.task for calls in self._calls.values() for call in calls]

    def _remove(self, call: RunningCall) -> None:
        calls = self._calls[call.key]
        calls.remove(call)
        if not calls:
            del self._calls[call.key]


def call_key(principal: Principal, request_id: RequestId | UnsetType) -> CallKey:
    """Return under which key a call is found: `1` and `"1"` are different requests."""
    return principal.key, principal.caller.client, type(request_id), request_id


class Follower:
    """Keeps a client informed while its call runs: notifications, pings, and whether it is still there."""

    def __init__(
        self, stream: ResponseStream, notifier: Notifier, sse_after_seconds: float, keepalive_seconds: float
    ) -> None:
        self._stream = stream
        self._notifier = notifier
        self._sse_after = sse_after_seconds
        self._keepalive = keepalive_seconds
        self._has_changed = False
        self._waiter: asyncio.Future[None] | None = None

    def wake(self, _cause: object = None) -> None:
        """Look what there is to say; to be called when the notifier took an event."""
        self._has_changed = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def follow(self, call: RunningCall, route: Route, receive: Receive) -> None:
        """Return when the call has ended.  A modern client that goes away cancels its call."""
        call.task.add_done_callback(self.wake)
        watcher = asyncio.ensure_future(until_disconnect(receive)) if route.is_modern else None
        if watcher is not None:
            watcher.add_done_callback(lambda _: call.cancel("gone"))
        try:
            while not call.task.done():
                await self._wait()
                await self._speak(call)
        finally:
            if watcher is not None:
                watcher.cancel()
            if not call.task.done():
                call.task.cancel()
                await asyncio.wait([call.task])

    async def _wait(self) -> None:
        """Wait for a change, or until something is due without one."""
        if not self._has_changed:
            # A future and a timer: an event and a timeout would cost every call several times as much.
            loop, until = asyncio.get_running_loop(), self._silent_until()
            self._waiter = loop.create_future()
            timer = None if until is None else loop.call_later(max(until - time.monotonic(), 0), self.wake)
            try:
                await self._waiter
            finally:
                if timer is not None:
                    timer.cancel()
        self._has_changed = False

    def _silent_until(self) -> float | None:
        stream = self._stream
        if not stream.can_stream:
            return None
        until = stream.last_write + self._keepalive if stream.is_open else stream.started + self._sse_after
        due = self._notifier.due()
        return until if due is None else min(until, due)

    async def _speak(self, call: RunningCall) -> None:
        if call.task.done():
            return
        messages = self._notifier.ready()
        if messages:
            await self._stream.write(messages)
            return
        until = self._silent_until()
        if until is not None and until <= time.monotonic():
            await self._stream.ping()
