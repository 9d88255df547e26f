"""Turn a tool call, from wherever it comes, into a run and a record of it.

MCP, REST and the CLI all call tools through `CallService`, so the same call has the same result, the same limits and
the same history.  The path of a call does no I/O of its own: what is known about the tool is in memory, and the record
is handed to a recorder that must not block.
"""

import itertools
import logging
import secrets
import time
from asyncio import CancelledError
from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import UNSET, Struct

from coordinator.access.principal import Principal
from coordinator.toolset import Tool
from flows.errors import Busy
from flows.plan import Plan
from flows.runs import Caller, Dispatcher, EventSink, RunError, RunRequest, RunResult, ignore_event

log = logging.getLogger(__name__)

Source = Literal["mcp", "api", "cli", "schedule", "webhook"]


class FinishedRun(Struct, frozen=True, kw_only=True):
    """What history keeps of a call.  `started` is in seconds since the epoch; `args` are as the caller sent them."""

    run_id: str
    flow: str
    digest: str
    tool: str
    caller: str
    token_id: str
    address: str
    client: str
    source: Source
    started: float
    args: Mapping[str, Any]
    result: RunResult


Recorder = Callable[[FinishedRun], None]
"""Takes the record of a finished run.  Must not block and must not raise; may drop records."""


def forget(_run: FinishedRun) -> None:
    """The recorder of those who keep no history."""


class CallOptions(Struct, frozen=True, kw_only=True):
    """The limits of calls.

    `timeout_seconds` caps what a flow or a caller asks for.  `is_crowded` says whether calls wait for a worker: then
    even a flow that awaits nothing takes its time.
    """

    timeout_seconds: float = 300.0
    max_concurrent: int = 1000
    retry_after_seconds: float = 1.0
    is_crowded: Callable[[], bool] = lambda: False


class CallService:
    """Checks arguments, runs the tool within the limits, records the outcome."""

    def __init__(self, dispatcher: Dispatcher, recorder: Recorder = forget, options: CallOptions | None = None) -> None:
        self._dispatcher = dispatcher
        self._recorder = recorder
        self._options = options or CallOptions()
        self._running = 0
        self._new_run_id = run_ids()

    @property
    def running(self) -> int:
        """How many calls are under way."""
        return self._running

    def may_wait(self, tool: Tool) -> bool:
        """Whether a call of this tool may give other work a turn before it returns."""
        plan = tool.plan
        return plan.waits or plan.concurrency is not None or self._options.is_crowded()

    async def call(
        self,
        principal: Principal,
        tool: Tool,
        args: Mapping[str, Any],
        *,
        emit: EventSink = ignore_event,
        timeout: float | None = None,  # noqa: ASYNC109  a limit of the run, which the dispatcher keeps
        source: Source = "mcp",
        traceparent: str = "",
    ) -> RunResult:
        """Run the tool.  Arguments that do not fit are a result with the error `invalid_arguments`.

        Raises Busy when the limit of concurrent calls is reached (such a call leaves no record), and CancelledError
        when the awaiting task is cancelled (such a run is recorded as cancelled).
        """
        started = time.time()
        plan = tool.plan
        run_id = self._new_run_id(started)
        rejections = tool.arguments.rejections(args)
        if rejections:
            result = _failed("invalid_arguments", "\n".join(rejections))
        else:
            request = RunRequest(
                run_id=run_id,
                flow=plan.name,
                digest=plan.digest,
                args=tool.arguments.complete(args),
                deadline=started + self._limit(plan, timeout),
                caller=principal.caller,
                traceparent=traceparent,
            )
            self._enter()
            try:
                result = await self._dispatcher.run(request, emit)
            except CancelledError:
                cancelled = _failed("cancelled", "The call was cancelled.", time.time() - started)
                self._record(run_id, principal.caller, plan, args, source, started, cancelled)
                raise
            finally:
                self._running -= 1
            if plan.input.returns_validator is not None:
                result = _checked(plan, run_id, result)
        self._record(run_id, principal.caller, plan, args, source, started, result)
        return result

    async def run(
        self, caller: Caller, plan: Plan, args: Mapping[str, Any], *, run_id: str, key: str, source: Source
    ) -> RunResult:
        """Run a flow for nobody who waits: a try of a durable run.  `args` fit it already.

        Raises Busy and CancelledError as `call` does.
        """
        started = time.time()
        request = RunRequest(
            run_id=run_id,
            flow=plan.name,
            digest=plan.digest,
            args=plan.input.arguments.complete(args),
            deadline=started + self._limit(plan, None),
            key=key,
            caller=caller,
        )
        self._enter()
        try:
            result = await self._dispatcher.run(request)
        except CancelledError:
            cancelled = _failed("cancelled", "The run was cancelled.", time.time() - started)
            self._record(run_id, caller, plan, args, source, started, cancelled)
            raise
        finally:
            self._running -= 1
        self._record(run_id, caller, plan, args, source, started, result)
        return result

    def _enter(self) -> None:
        if self._running >= self._options.max_concurrent:
            raise Busy(
                "The server runs as many calls as it may. Try again in a moment.",
                retry_after=self._options.retry_after_seconds,
            )
        self._running += 1

    def _limit(self, plan: Plan, timeout: float | None) -> float:
        limit = min(plan.timeout, self._options.timeout_seconds)
        return limit if timeout is None else min(limit, timeout)

    def _record(
        self,
        run_id: str,
        caller: Caller,
        plan: Plan,
        args: Mapping[str, Any],
        source: Source,
        started: float,
        result: RunResult,
    ) -> None:
        self._recorder(
            FinishedRun(
                run_id=run_id,
                flow=plan.name,
                digest=plan.digest,
                tool=plan.name,
                caller=caller.name,
                token_id=caller.token_id,
                address=caller.address,
                client=caller.client,
                source=source,
                started=started,
                args=args,
                result=result,
            )
        )


def run_ids() -> Callable[[float], str]:
    """Return a maker of run ids: unique, and in the order of their start time."""
    # A random number per run would cost a system call on the path of every call.
    instance = secrets.token_hex(4)
    numbers = itertools.count(0x10000000)  # so that all have the same width

    def make(now: float) -> str:
        # `hex` is several times as fast as a format with a width.
        return f"{hex(int(now * 1000))[2:]}-{instance}-{hex(next(numbers))[2:]}"

    return make


def _failed(code: str, message: str, seconds: float = 0.0) -> RunResult:
    return RunResult(error=RunError(code=code, message=message), duration=int(seconds * 1_000_000))


def _checked(plan: Plan, run_id: str, result: RunResult) -> RunResult:
    """Hold the flow to the result that it declares; a client would refuse a result that breaks the promise."""
    reply = result.reply
    validator = plan.input.returns_validator
    if reply is None or reply.is_error or validator is None:
        return result
    if reply.value is UNSET:
        reason = "it is content only, without a value"
    else:
        found = next(iter(validator.iter_errors(reply.value)), None)
        if found is None:
            return result
        reason = found.message
    log.error("run %s: the result of flow %s does not fit its `returns`: %s", run_id, plan.name, reason)
    error = RunError(
        code="bad_output",
        message=f"The tool worked, but its result does not fit what it declares: {reason[:300]}.",
    )
    return RunResult(error=error, steps=result.steps, duration=result.duration)
