"""Answer `tools/call`: on the spot where the flow cannot wait, else as a task that its client can follow and cancel."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Coroutine
from typing import Any, NamedTuple

from msgspec import Struct

from coordinator.access.principal import Principal
from coordinator.calls import CallService
from coordinator.mcp.exchange import (
    Exchange,
    busy_error,
    failure_message,
    internal_error,
    send_error,
    send_message,
)
from coordinator.mcp.ladder import Headers, HttpError, Route
from coordinator.mcp.methods import Methods
from coordinator.mcp.notifications import Notifier
from coordinator.mcp.render import call_answer
from coordinator.mcp.running import Follower, RunningCall, RunningCalls, call_key
from coordinator.mcp.stream import ResponseStream
from coordinator.mcp.subscriptions import ToolChanges
from coordinator.toolset import Tool
from flows.errors import Busy
from flows.events import Event, ToolsChanged
from flows.runs import EventSink, RunError, RunResult, ignore_event

log = logging.getLogger(__name__)

TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
STOPPING = "The server is stopping. Try again shortly."
CUT_OFF = RunResult(
    error=RunError(code="stopping", message="The server stopped before the call ended.", retryable=True)
)


class CallLimits(Struct, frozen=True, kw_only=True):
    """The bounds of answers to calls: bytes and seconds."""

    max_result_bytes: int
    call_timeout: float
    sse_after_seconds: float
    keepalive_seconds: float


class Call(NamedTuple):
    """A call that is in order."""

    route: Route
    principal: Principal
    tool: Tool
    args: dict[str, Any]


class ToolCalls:
    """Runs tools for MCP clients."""

    def __init__(self, limits: CallLimits, calls: CallService, methods: Methods, changes: ToolChanges) -> None:
        self._limits = limits
        self._calls = calls
        self._methods = methods
        self._changes = changes
        self._running = RunningCalls()
        self._is_closing = False

    def __len__(self) -> int:
        return len(self._running)

    async def close(self, grace: float) -> None:
        """Refuse new calls, give those under way `grace` seconds, then cut them off with a last word."""
        self._is_closing = True
        await self._running.close(grace)

    def cancel(self, route: Route, principal: Principal) -> None:
        """Obey `notifications/cancelled` of a legacy client."""
        request_id = route.params.get("requestId")
        if isinstance(request_id, int | str) and not isinstance(request_id, bool):
            self._running.cancel(call_key(principal, request_id))

    def answer(self, exchange: Exchange, route: Route) -> Awaitable[None]:
        """Run a tool and send its result."""
        call = self._prepare(route, exchange.principal, exchange.headers)
        if isinstance(call, HttpError):
            return send_error(exchange.send, call, route.accept)
        if self._calls.may_wait(call.tool):
            return self._answer_followed(exchange, call)
        return self._answer_at_once(exchange, call)

    async def answer_member(self, route: Route, principal: Principal, headers: Headers) -> bytes | None:
        """Return the answer to a call inside a batch; None when its client cancelled it."""
        call = self._prepare(route, principal, headers)
        if isinstance(call, HttpError):
            return failure_message(call)
        running = self._start(call, ignore_event)
        try:
            await asyncio.wait([running.task])
        finally:
            running.task.cancel()
        outcome = self._outcome(call, running)
        return failure_message(outcome) if isinstance(outcome, HttpError) else outcome

    def _prepare(self, route: Route, principal: Principal, headers: Headers) -> Call | HttpError:
        if self._is_closing:
            return busy_error(route, Busy(STOPPING))
        found = self._methods.find_call(route, principal, headers)
        return found if isinstance(found, HttpError) else Call(route, principal, *found)

    async def _answer_at_once(self, exchange: Exchange, call: Call) -> None:
        events: list[Event] = []
        try:
            result = await self._run(call, events.append)
        except Busy as busy:
            await send_error(exchange.send, busy_error(call.route, busy), call.route.accept)
            return
        answer = self._encode(call, result)
        if not events:
            await send_message(exchange.send, call.route.accept, answer)
            return
        notifier = Notifier(call.route, call.tool.name)
        for event in events:
            self._hear(event, notifier)
        stream = ResponseStream(exchange.send, call.route.accept)
        await stream.finish(answer, notifier.ready(everything=True))

    async def _answer_followed(self, exchange: Exchange, call: Call) -> None:
        route = call.route
        stream = ResponseStream(exchange.send, route.accept)
        notifier = Notifier(route, call.tool.name)
        follower = Follower(stream, notifier, self._limits.sse_after_seconds, self._limits.keepalive_seconds)

        def hear(event: Event) -> None:
            self._hear(event, notifier)
            follower.wake()

        running = self._start(call, hear)
        await follower.follow(running, route, exchange.receive)
        if running.reason == "gone":
            return
        outcome = self._outcome(call, running)
        if outcome is None:
            await stream.abandon()
        elif isinstance(outcome, bytes):
            await stream.finish(outcome, notifier.ready(everything=True))
        elif stream.is_open or outcome.status == 200:
            await stream.finish(failure_message(outcome))
        else:
            await send_error(exchange.send, outcome)

    def _start(self, call: Call, emit: EventSink) -> RunningCall:
        task = asyncio.get_running_loop().create_task(self._run(call, emit))
        return self._running.add(call_key(call.principal, call.route.id), task)

    def _run(self, call: Call, emit: EventSink) -> Coroutine[Any, Any, RunResult]:
        return self._calls.call(
            call.principal,
            call.tool,
            call.args,
            emit=emit,
            timeout=self._limits.call_timeout,
            traceparent=traceparent_of(call.route),
        )

    def _outcome(self, call: Call, running: RunningCall) -> bytes | HttpError | None:
        """Return the answer to a call that has ended; None when its client cancelled it and expects none."""
        if running.task.cancelled():
            return None if running.reason == "client" else self._encode(call, CUT_OFF)
        error = running.task.exception()
        if error is None:
            return self._encode(call, running.task.result())
        if isinstance(error, Busy):
            return busy_error(call.route, error)
        log.error("the call of %s failed", call.tool.name, exc_info=error)
        return internal_error(call.route)

    def _encode(self, call: Call, result: RunResult) -> bytes:
        return call_answer(call.route, call.tool, result, self._methods.server_meta, self._limits.max_result_bytes)

    def _hear(self, event: Event, notifier: Notifier) -> None:
        if isinstance(event, ToolsChanged):
            self._changes.publish()
        else:
            notifier.take(event)


def traceparent_of(route: Route) -> str:
    """Return the trace context of a request; what is no valid one is ignored.  Source: W3C Trace Context."""
    meta = route.params.get("_meta")
    given = meta.get("traceparent") if isinstance(meta, dict) else None
    return given if isinstance(given, str) and TRACEPARENT.fullmatch(given) else ""
