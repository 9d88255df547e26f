"""Run one plan: order, conditions, loops, retries, timeouts, handlers, and a record of each step.

Reads a Plan and a RunRequest, returns a RunResult; raises only `asyncio.CancelledError`.
A run that cannot wait (`Plan.waits`) never touches the event loop: its coroutines end in one go.
"""

import asyncio
import logging
import random
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from flows.content import Reply
from flows.errors import HeadraceError, RunTimeout, StepError
from flows.plan import Block, Plan, PlanStep
from flows.runs import MOCKED_FAILURE, EventSink, PlanSource, RunError, RunRequest, RunResult, StepOutcome, StepRecord
from flows.sdk import NetworkPolicy
from flows.secrets import SecretText
from workers.connections import Connections
from workers.context import Context
from workers.resources import PooledResources

logger = logging.getLogger("headrace.runner")

MAX_LOOP_ITEMS = 10_000
MAX_STEP_RECORDS = 1_000
"""What history keeps of one run; steps beyond it run, but leave no record."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What all runs of one worker share."""

    plans: PlanSource
    resources: PooledResources
    connections: Connections
    network: NetworkPolicy


async def run_plan(plan: Plan, request: RunRequest, worker: Worker, emit: EventSink) -> RunResult:
    """Run a plan to its end."""
    run = Run(worker, request, emit)
    started = time.perf_counter_ns()
    run.started = started
    reply: Reply | None = None
    error: RunError | None = None
    try:
        if plan.waits:
            async with asyncio.timeout(run.remaining(plan.timeout)):
                reply = await run.execute(plan, request.args, "")
        else:
            reply = await run.execute(plan, request.args, "")
    except TimeoutError:
        error = RunError(code=RunTimeout.code, message=_timeout_sentence(plan, run), step=run.current)
    except HeadraceError as failure:
        error = _run_error(failure, run.current)
    duration = (time.perf_counter_ns() - started) // 1000
    return RunResult(reply=reply, error=error, steps=tuple(run.records), duration=duration)


def run_at_once(run: Coroutine[Any, Any, RunResult]) -> RunResult:
    """Return the result of a run that cannot wait, without a task."""
    try:
        run.send(None)
    except StopIteration as end:
        result: RunResult = end.value
        return result
    run.close()
    raise RuntimeError("a run that cannot wait did")


class Run:
    """The state of one run.  Called flows share it: their records and events belong to the same run."""

    __slots__ = ("current", "deadline", "depth", "emit", "mocks", "records", "request", "started", "worker")

    def __init__(self, worker: Worker, request: RunRequest, emit: EventSink) -> None:
        self.worker = worker
        self.request = request
        self.emit = emit
        self.records: list[StepRecord] = []
        self.mocks = request.mocks
        self.current = ""
        self.depth = 0
        self.started = 0
        # The deadline travels as wall-clock time; here it must not jump with the clock.
        self.deadline = time.monotonic() + (request.deadline - time.time())

    def remaining(self, at_most: float = float("inf")) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, min(at_most, self.deadline - time.monotonic()))

    async def execute(self, plan: Plan, args: Mapping[str, Any], prefix: str) -> Reply:
        """Run the steps and the output of a plan; `prefix` names the calling step in the records."""
        request = self.request
        caller = request.caller
        scope: dict[str, Any] = {
            "args": args,
            "vars": plan.vars,
            "caller": {"name": caller.name, "id": caller.token_id, "scopes": list(caller.scopes)},
            "run": {"id": request.run_id, "key": request.key or request.run_id, "flow": plan.name},
        }
        result = await self.block(plan, plan.body, scope, prefix)
        if plan.output is None:
            return Reply(value=result)
        self.current = "output"
        return plan.output.type.run(plan.output.config.at(scope))

    async def block(self, plan: Plan, block: Block, scope: dict[str, Any], prefix: str) -> Any:
        """Run steps in order, binding their results in `scope`; return the last one's."""
        result: Any = None
        for step in block.steps:
            result = await self._step(plan, step, scope, prefix)
            if step.binds:
                scope[step.id] = result
        return result

    async def _step(self, plan: Plan, step: PlanStep, scope: dict[str, Any], prefix: str) -> Any:
        self.current = name = prefix + step.id if prefix else step.id
        started = time.perf_counter_ns()
        context = Context(self, plan, step, scope, name)
        try:
            if step.when is not None and not context.evaluate(step.when):
                self._record(context, started, "skipped")
                return None
            if self.mocks is not None and (mock_name := _mock_name(plan, step, prefix)) in self.mocks:
                result = await self._mocked(context, self.mocks[mock_name], mock_name)
            elif step.is_plain:
                result = self._call(context)
                if step.type.is_async:
                    result = await result
            elif step.for_each is not None:
                result = await self._loop(context)
            else:
                result = await self._handled(context)
        except asyncio.CancelledError:
            self._record(context, started, "cancelled")
            raise
        except Exception as error:
            failure = _failure(context, error)
            self.current = name
            self._record(context, started, "failed", failure)
            if failure is error:
                raise
            raise failure from error
        self._record(context, started, "ok" if context.handled is None else "handled", context.handled, result)
        return result

    def _call(self, context: Context) -> Any:
        """Call the step's function with its configuration of this moment: its result, or the coroutine of it."""
        step = context.step
        config = step.config.at(context.scope)
        if self.request.trace:
            context.input = _plain(config)
        if self.mocks is not None and step.type.reaches_out and not self.request.live:
            raise _unmocked(context.name)
        return step.type.run(config, context)

    async def _loop(self, context: Context) -> list[Any]:
        """Run the step once per element, at most `concurrency` at a time; results keep the order of the elements."""
        step = context.step
        items = step.for_each(context.scope) if step.for_each is not None else ()
        if not isinstance(items, list):
            raise StepError(f"`for_each` takes a list; it got {_type_name(items)}.", code="bad_value")
        if len(items) > MAX_LOOP_ITEMS:
            raise StepError(f"`for_each` takes at most {MAX_LOOP_ITEMS:,} elements; it got {len(items):,}.")
        each = [context.inside({"item": item, "index": index}) for index, item in enumerate(items)]
        if step.concurrency == 1:
            results = [await self._handled(one) for one in each]
        else:
            results = await self._concurrently(each, step.concurrency)
        context.handled = next((one.handled for one in each if one.handled), None)
        context.attempts = max((one.attempts for one in each), default=1)
        return results

    async def _concurrently(self, each: list[Context], limit: int) -> list[Any]:
        queue = iter(enumerate(each))
        results: list[Any] = [None] * len(each)

        async def take() -> None:
            for index, one in queue:
                results[index] = await self._handled(one)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(limit, len(each))):
                    group.create_task(take())
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return results

    async def _handled(self, context: Context) -> Any:
        """Run the step; when it fails for good, go on as its `on_error` says."""
        try:
            return await self._attempts(context)
        except HeadraceError as failure:
            return await self._recovered(context, failure)

    async def _mocked(self, context: Context, mock: Any, name: str) -> Any:
        """Take the mock for what the step would have given; a mocked failure is handled like a real one."""
        if not isinstance(mock, Mapping) or mock.keys() != {MOCKED_FAILURE}:
            return mock
        return await self._recovered(context, _mocked_failure(mock[MOCKED_FAILURE], name))

    async def _recovered(self, context: Context, failure: HeadraceError) -> Any:
        """Return what `on_error` goes on with; without one, fail."""
        handler = context.step.on_error
        if handler is None:
            raise failure
        context.handled = failure
        error = {"code": failure.code, "message": failure.message, "step": context.name}
        inside: Any = handler.at({**context.scope, "error": error})
        if inside.steps is UNSET:
            return None if inside.value is UNSET else inside.value
        return await context.run_steps(inside.steps, {"error": error})

    async def _attempts(self, context: Context) -> Any:
        policy = context.step.retry
        if policy is None:
            return await self._once(context)
        delay = policy.delay
        while True:
            try:
                return await self._once(context)
            except StepError as failure:
                temporary = failure.code in policy.on if policy.on else failure.retryable
                if not temporary or context.attempts >= policy.attempts:
                    raise
                wait = failure.retry_after
                if wait is None:
                    wait = min(delay * random.uniform(0.8, 1.2), policy.max_delay)
                elif wait > policy.max_delay:
                    raise  # to come earlier than asked for makes it worse
                if wait >= self.remaining():
                    raise
            context.attempts += 1
            delay *= policy.factor
            await asyncio.sleep(wait)

    async def _once(self, context: Context) -> Any:
        """Try the step once, within its timeout; whatever it raises leaves here as a HeadraceError."""
        step = context.step
        try:
            if step.timeout is None or not step.type.is_async:
                result = self._call(context)
                return await result if step.type.is_async else result
            async with asyncio.timeout(step.timeout) as limit:
                return await self._call(context)
        except Exception as error:
            if isinstance(error, TimeoutError) and step.timeout is not None and limit.expired():
                message = f"The step {context.name!r} took longer than its timeout of {step.timeout:g} s."
                raise RunTimeout(message, retryable=True) from error
            failure = _failure(context, error)
            if failure is error:
                raise
            raise failure from error

    def _record(
        self,
        context: Context,
        started: int,
        outcome: StepOutcome,
        failure: HeadraceError | None = None,
        output: Any = UNSET,
    ) -> None:
        if len(self.records) >= MAX_STEP_RECORDS:
            return
        self.records.append(
            StepRecord(
                id=context.name,
                component=context.step.type.name,
                outcome=outcome,
                started=(started - self.started) // 1000,
                duration=(time.perf_counter_ns() - started) // 1000,
                attempts=context.attempts,
                error="" if failure is None else f"{failure.code}: {failure.message}",
                input=context.input,
                output=output if self.request.trace else UNSET,
            )
        )


def _failure(context: Context, error: Exception) -> HeadraceError:
    """Return the error that a caller may see; a mistake of ours is logged with its cause, and hidden."""
    if isinstance(error, HeadraceError):
        return error
    if isinstance(error, RecursionError):
        return StepError("The flow is nested too deeply to be run.", code="too_deep")
    logger.error("step %s of flow %s failed", context.name, context.plan.name, exc_info=error)
    message = f"The step {context.name!r} failed in a way that it should not. The worker's log says more."
    return StepError(message, code="internal")


def _mock_name(plan: Plan, step: PlanStep, prefix: str) -> str:
    """Name a step for mocks: its id, or `flow.id` inside a called flow."""
    return f"{plan.name}.{step.id}" if prefix else step.id


def _mocked_failure(failure: Mapping[str, Any], name: str) -> StepError:
    return StepError(
        failure.get("message") or f"The mocked step {name!r} failed.",
        code=failure.get("code", StepError.code),
        retryable=failure.get("retryable", False),
    )


def _unmocked(name: str) -> StepError:
    message = f"The step {name!r} would reach outside, and has no mock."
    return StepError(message, code="unmocked", fix="Give it one under `mock`, or set `live: true`.")


def _timeout_sentence(plan: Plan, run: Run) -> str:
    if run.remaining() > 0:
        return f"The run took longer than the flow's timeout of {plan.timeout:g} s, at step {run.current!r}."
    return f"The run took longer than the caller waits, at step {run.current!r}."


def _run_error(failure: HeadraceError, step: str) -> RunError:
    retryable, retry_after = False, None
    if isinstance(failure, StepError):
        retryable, retry_after = failure.retryable, failure.retry_after
    return RunError(code=failure.code, message=str(failure), step=step, retryable=retryable, retry_after=retry_after)


def _type_name(value: Any) -> str:
    names = {dict: "a mapping", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _plain(config: Any) -> Any:
    """Turn a configuration into plain data for a trace; compiled parts have no picture, secrets are `***`."""
    return msgspec.to_builtins(config, enc_hook=_picture)


def _picture(part: Any) -> str:
    return str(part) if isinstance(part, SecretText) else f"<{type(part).__name__.lower()}>"
