"""Run a flow text that is not published, with a trace of every step: the "try" of the editor and of REST.

A trial leaves no record in the history.  Its plan is known to the dispatcher for as long as the trial runs.
"""

import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from coordinator.access.principal import Principal
from coordinator.runs.keep import kept
from flows.errors import Busy
from flows.plan import Plan
from flows.runs import Dispatcher, PlanSource, RunError, RunRequest, RunResult, StepOutcome, StepRecord
from flows.testing import TestReport, run_test

MAX_TRIALS: Final = 16
SHOWN_BYTES: Final = 64 * 1024
"""How much of each value a trace shows."""


class TrialPlans:
    """Implements `flows.runs.PlanSource`: what is published, and the plans that are being tried."""

    def __init__(self, published: PlanSource) -> None:
        self._published = published
        self._tried: dict[str, Plan] = {}
        self._count: Counter[str] = Counter()

    def by_digest(self, digest: str) -> Plan | None:
        """Return the plan of that version."""
        return self._published.by_digest(digest) or self._tried.get(digest)

    def by_name(self, name: str) -> Plan | None:
        """Return the published plan of that name."""
        return self._published.by_name(name)

    def add(self, plan: Plan) -> None:
        """Know a plan until it is removed as often as it was added."""
        self._tried[plan.digest] = plan
        self._count[plan.digest] += 1

    def remove(self, plan: Plan) -> None:
        """Forget a plan when nobody tries it any more."""
        self._count[plan.digest] -= 1
        if not self._count[plan.digest]:
            del self._count[plan.digest], self._tried[plan.digest]


class TrialStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of a trial.  Times are in microseconds; `started` counts from the start of the run."""

    id: Annotated[str, Meta(description="The step, with the steps that called its flow.")]
    component: Annotated[str, Meta(description="Its component.")]
    outcome: Annotated[StepOutcome, Meta(description="How it ended.")]
    started: Annotated[int, Meta(description="Microseconds after the start of the run.")]
    duration: Annotated[int, Meta(description="Microseconds.")]
    attempts: Annotated[int, Meta(description="How often it was tried.")] = 1
    error: Annotated[str, Meta(description="Why it failed.")] = ""
    input: Annotated[Any, Meta(description="Its configuration, rendered; without secrets, cut if long.")] = UNSET
    output: Annotated[Any, Meta(description="Its result; without secrets, cut if long.")] = UNSET


class TrialOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a trial went."""

    duration: Annotated[int, Meta(description="Microseconds.")]
    is_error: Annotated[bool, Meta(description="Whether the tool would say that it failed.")]
    value: Annotated[Any, Meta(description="What the flow replied.")] = UNSET
    content: Annotated[list[Any] | UnsetType, Meta(description="The MCP content blocks that it replied.")] = UNSET
    error: Annotated[RunError | None, Meta(description="Why it failed.")] = None
    steps: Annotated[list[TrialStep], Meta(description="What each step did, in order.")] = []


class Trials:
    """Runs trials, not more than `MAX_TRIALS` at a time."""

    def __init__(self, dispatcher: Dispatcher, plans: TrialPlans, call_timeout: float) -> None:
        self._dispatcher = dispatcher
        self._plans = plans
        self._call_timeout = call_timeout
        self._running = 0

    async def run(
        self,
        principal: Principal,
        plan: Plan,
        args: Mapping[str, Any],
        *,
        mocks: Mapping[str, Any] | None = None,
        live: bool = True,
    ) -> TrialOut:
        """Run a plan.  Without mocks, or `live`, steps reach outside.  Raises Busy."""
        rejections = plan.input.arguments.rejections(args)
        if rejections:
            error = RunError(code="invalid_arguments", message="\n".join(rejections))
            return TrialOut(duration=0, is_error=True, error=error)
        request = RunRequest(
            run_id=f"try-{secrets.token_hex(8)}",
            flow=plan.name,
            digest=plan.digest,
            args=plan.input.arguments.complete(args),
            deadline=time.time() + min(plan.timeout, self._call_timeout),
            caller=principal.caller,
            trace=True,
            mocks=mocks,
            live=live,
        )
        with self._known(plan):
            return _trial_out(await self._dispatcher.run(request))

    async def test(self, plan: Plan, *, live: bool = True) -> list[TestReport]:
        """Run the tests of a plan, one after the other; `live` as in `run_test`.  Raises Busy."""
        with self._known(plan):
            return [await run_test(plan, test, self._dispatcher, live=live) for test in plan.tests]

    @contextmanager
    def _known(self, plan: Plan) -> Iterator[None]:
        """Let the dispatcher find a plan.  Raises Busy."""
        if self._running >= MAX_TRIALS:
            raise Busy("As many flows as may be are tried already. Try again in a moment.")
        self._running += 1
        self._plans.add(plan)
        try:
            yield
        finally:
            self._plans.remove(plan)
            self._running -= 1


def _trial_out(result: RunResult) -> TrialOut:
    reply = result.reply
    return TrialOut(
        duration=result.duration,
        is_error=reply is None or reply.is_error,
        value=UNSET if reply is None or reply.value is UNSET else Raw(kept(reply.value, SHOWN_BYTES)),
        content=UNSET if reply is None or reply.content is UNSET else msgspec.to_builtins(reply.content),
        error=result.error,
        steps=[_step_out(step) for step in result.steps],
    )


def _step_out(step: StepRecord) -> TrialStep:
    values = msgspec.structs.asdict(step)
    for name in ("input", "output"):
        if values[name] is not UNSET:
            values[name] = Raw(kept(values[name], SHOWN_BYTES))
    return TrialStep(**values)
