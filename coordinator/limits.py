"""Let at most as many runs of a flow happen at a time as its `limits` say, whoever runs them.

Stands before the dispatcher, so it counts the same in one process and in a fleet.  A run counts for its flow and for
every flow that it may call, from its beginning to its end; it begins when all of them have room, and not before others
that came earlier.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Protocol

from coordinator.called import called_plans
from flows.errors import Busy, HeadraceError
from flows.plan import Plan
from flows.runs import Dispatcher, EventSink, PlanSource, RunError, RunRequest, RunResult, ignore_event

RETRY_AFTER_SECONDS: Final = 1.0

Limits = Mapping[str, int]
"""Names of flows, and how many runs of each there may be."""


class Places(Protocol):
    """Where runs are counted that several coordinators make."""

    def held(self, limits: Limits, seconds: float) -> AbstractAsyncContextManager[None]:
        """Hold a place of each flow while the block runs; wait for it at most so long.

        Raises TimeoutError, and HeadraceError when nobody can count.
        """
        ...


class LimitedDispatcher:
    """Implements `flows.runs.Dispatcher` on top of another one; at most `max_waiting` runs wait for their turn.

    With `places`, a run whose turn has come here also waits for a place among the runs of other coordinators.
    """

    def __init__(self, inner: Dispatcher, plans: PlanSource, max_waiting: int, places: Places | None = None) -> None:
        self._places = places
        self._inner = inner
        self._plans = plans
        self._max_waiting = max_waiting
        self._running: Counter[str] = Counter()
        self._waiting: dict[asyncio.Future[None], Limits] = {}  # in the order in which they came
        self._is_closing = False

    @property
    def waiting(self) -> int:
        """How many runs wait for their turn."""
        return len(self._waiting)

    def run(self, request: RunRequest, emit: EventSink = ignore_event) -> Coroutine[Any, Any, RunResult]:
        """Run a flow to its end, when it is its turn."""
        plan = self._plans.by_digest(request.digest)
        if plan is None or (plan.concurrency is None and not plan.calls):
            return self._inner.run(request, emit)
        limits = limits_of(plan, self._plans)
        return self._run_in_turn(request, emit, limits) if limits else self._inner.run(request, emit)

    async def close(self, grace: float = 0.0) -> None:
        """Send those who wait away, and close what runs the others."""
        self._is_closing = True
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)
        await self._inner.close(grace)

    async def _run_in_turn(self, request: RunRequest, emit: EventSink, limits: Limits) -> RunResult:
        if refused := await self._enter(request, limits):
            return refused
        try:
            if self._places is None:
                return await self._inner.run(request, emit)
            return await self._run_in_place(request, emit, limits, self._places)
        finally:
            self._leave(limits)

    async def _run_in_place(self, request: RunRequest, emit: EventSink, limits: Limits, places: Places) -> RunResult:
        result: RunResult | None = None
        try:
            async with places.held(limits, request.deadline - time.time()):
                result = await self._inner.run(request, emit)
        except TimeoutError:
            return result or _too_late(request)
        except HeadraceError as error:
            return result or RunResult(error=RunError(code=error.code, message=str(error), retryable=True))
        return result

    async def _enter(self, request: RunRequest, limits: Limits) -> RunResult | None:
        """Wait for the turn of a run; return why there will be none.  Raises Busy."""
        if self._has_room(limits) and not any(limits.keys() & others.keys() for others in self._waiting.values()):
            self._running.update(limits.keys())
            return None
        if len(self._waiting) >= self._max_waiting:
            raise Busy(
                f"As many runs of {request.flow!r} as may be are under way, and too many wait. Try again in a moment.",
                retry_after=RETRY_AFTER_SECONDS,
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = limits
        try:
            async with asyncio.timeout(max(0.0, request.deadline - time.time())):
                await turn
        except (TimeoutError, asyncio.CancelledError) as gone:
            if turn not in self._waiting:
                self._leave(limits)  # its turn had just come, and nobody will take it
            if not isinstance(gone, TimeoutError):
                raise
            return _too_late(request)
        finally:
            self._waiting.pop(turn, None)
        if self._is_closing:
            message = "Headrace is stopping and takes no more calls. Try again shortly."
            return RunResult(error=RunError(code="stopping", message=message, retryable=True))
        return None

    def _leave(self, limits: Limits) -> None:
        self._running.subtract(limits.keys())
        self._running += Counter()  # forgets the names that are at nought
        blocked: set[str] = set()
        for turn, wanted in list(self._waiting.items()):
            if turn.done():
                continue
            if blocked.isdisjoint(wanted) and self._has_room(wanted):
                self._running.update(wanted.keys())
                del self._waiting[turn]
                turn.set_result(None)
            else:
                blocked.update(wanted)

    def _has_room(self, limits: Limits) -> bool:
        return all(self._running[name] < limit for name, limit in limits.items())


def _too_late(request: RunRequest) -> RunResult:
    message = f"As many runs of {request.flow!r} as may be were under way, until its time was over."
    return RunResult(error=RunError(code="timeout", message=message, retryable=True))


def limits_of(plan: Plan, plans: PlanSource) -> Limits:
    """Return the limits under which a run of a plan falls."""
    found = {each.name: each.concurrency for each in called_plans(plan, plans).values()}
    found[plan.name] = plan.concurrency
    return {name: limit for name, limit in found.items() if limit is not None}
