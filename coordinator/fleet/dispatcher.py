"""Run flows on the workers of a fleet: choose one, send it the call, and see the call through whatever happens to it.

A call is sent to the worker with the most room, not to a queue group: NATS would choose at random, also workers that
are full or stopped in their tracks.  A call is sent elsewhere when nobody can have begun it: it was refused, or NATS
says that nobody was there.  When its worker is lost it is run again only if its flow says that this does no harm.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from msgspec import UNSET

from coordinator.called import called_plans
from coordinator.fleet.answers import Answers
from coordinator.fleet.attempts import Attempt, Attempts, FleetCounts, Lost, Outcome
from coordinator.fleet.line import Line, NoWorker
from coordinator.fleet.roster import Member, Roster, WorkerView
from coordinator.fleet.watch import Watch
from coordinator.logs import get_logger
from flows.bus.link import Link
from flows.connections import ConnectionSource
from flows.errors import HeadraceError
from flows.plan import Plan
from flows.runs import EventSink, PlanSource, RunError, RunRequest, RunResult, ignore_event
from flows.sdk import NetworkPolicy
from flows.wire import (
    NEWS,
    REPORTS,
    VERSION,
    Call,
    Cancel,
    Changed,
    Question,
    RollCall,
    coordinator_subject,
    report,
    to_coordinator,
)

MAX_TRIES: Final = 3
"""How many workers a run that may be repeated is given to, when one after the other is lost."""
CANCEL_SECONDS: Final = 2.0
"""How long a worker may take to say that it stopped."""

log = get_logger(__name__)


class FleetDispatcher:
    """Implements `flows.runs.Dispatcher` over NATS.  It works inside `running`."""

    def __init__(
        self,
        link: Link,
        coordinator: str,
        plans: PlanSource,
        connections: ConnectionSource,
        network: NetworkPolicy,
        *,
        max_waiting: int = 1000,
        expects_workers: bool = False,
    ) -> None:
        self._link = link
        self._coordinator = coordinator
        self._subject = coordinator_subject(coordinator)
        self._plans = plans
        self._network = network
        self._roster = Roster(coordinator)
        self._line = Line(self._roster, max_waiting, expects_workers=expects_workers)
        self.counts = FleetCounts()
        self._attempts = Attempts(self.counts)
        self._answers = Answers(link, plans, connections, self._attempts, self._roster, self.counts)
        self.watch = Watch(link, coordinator, self._roster, self._line, self._attempts, self.counts)
        self._is_closing = False
        connections.subscribe(self._connections_changed)

    @property
    def waiting(self) -> int:
        """How many calls wait for a worker."""
        return len(self._line)

    def workers(self) -> list[WorkerView]:
        """Return all workers."""
        return self._roster.views(time.monotonic())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen to workers until the block ends."""
        link = self._link
        async with (
            link.listening(f"{self._subject}.>", to_coordinator, _nothing),
            link.listening(self._subject, to_coordinator, self._take),
            link.listening(REPORTS, report, self.watch.hear),
        ):
            watching = asyncio.create_task(self.watch.for_ever(), name="watch the workers")
            link.send(NEWS, RollCall(self._coordinator))
            try:
                yield
            finally:
                await self.close()
                watching.cancel()
                with suppress(asyncio.CancelledError):
                    await watching
                await self._answers.close()

    async def close(self, grace: float = 0.0) -> None:
        """Take no more runs, give running ones `grace` seconds, then cancel them."""
        self._is_closing = True
        self._line.send_away()
        if len(self._attempts) and grace > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._attempts.idle.wait(), grace)
        for _, attempt in self._attempts:
            self._cancel(attempt)
            attempt.end(_failed("stopping", "Headrace was stopped before the run ended.", retryable=True))
        await self._attempts.idle.wait()

    async def run(self, request: RunRequest, emit: EventSink = ignore_event) -> RunResult:
        """Run a flow to its end."""
        plan = self._plans.by_digest(request.digest)
        if plan is None and not self._is_closing:
            message = f"The version {request.digest[:12]} of the flow {request.flow!r} is not known here."
            return _failed("unknown_version", message)
        losses = 0
        while plan is not None and (seconds := request.deadline - time.time()) > 0:
            member = await self._member(seconds)
            if isinstance(member, RunResult):
                return member
            outcome = await self._attempt(member, plan, request, emit)
            if isinstance(outcome, RunResult):
                return outcome
            if isinstance(outcome, Lost):
                losses += 1
                if losses == MAX_TRIES or not may_repeat(plan):
                    self.counts.unknown += 1
                    return _unknown(request, outcome)
                self.counts.repeated += 1
                log.warning("a run is given to another worker", run_id=request.run_id, flow=plan.name, why=outcome.why)
        return STOPPING if self._is_closing else _failed("timeout", "The deadline had passed before the run began.")

    async def _member(self, seconds: float) -> Member | RunResult:
        """Take a slot of a worker; or return why there will be none.  Raises Busy."""
        if self._is_closing:
            return STOPPING
        if not self._link.is_up:
            return NO_NATS
        member = self._line.take_now()
        if member is not None:
            return member
        try:
            return await self._line.take(seconds)
        except NoWorker:
            return STOPPING if self._is_closing else NO_WORKER
        except TimeoutError:
            return _failed("timeout", "No worker was free until the time of the call was over.", retryable=True)

    async def _attempt(self, member: Member, plan: Plan, request: RunRequest, emit: EventSink) -> Outcome:
        try:
            return await self._give(Attempt(member, self._call(plan, request), emit))
        finally:
            self._line.give_back(member)

    async def _give(self, attempt: Attempt) -> Outcome:
        call = attempt.call
        self._attempts.add(attempt)
        try:
            self._link.send(attempt.member.subject, call, reply=f"{self._subject}.{call.number}")
            return await attempt.future
        except asyncio.CancelledError:
            last_word = attempt.expect_last_word()
            self._cancel(attempt)
            await asyncio.wait([last_word], timeout=CANCEL_SECONDS)
            raise
        except RecursionError:
            return _failed("too_deep", "The call cannot be sent to a worker: its arguments are nested too deeply.")
        except (HeadraceError, UnicodeEncodeError) as error:
            return _failed(getattr(error, "code", "bad_value"), f"The call cannot be sent to a worker. {error}")
        finally:
            self._attempts.remove(attempt)

    def _call(self, plan: Plan, request: RunRequest) -> Call:
        called: Mapping[str, Plan] = called_plans(plan, self._plans) if plan.calls else {}
        names = {name for each in (plan, *called.values()) if each.connections for name in each.installed_connections}
        return Call(
            VERSION,
            self._coordinator,
            secrets.randbits(64),
            request.deadline - time.time(),
            request,
            {name: each.digest for name, each in called.items()},
            {name: self._answers.version(name) for name in names},
            self._network.allow_loopback,
            self._network.allow_private,
        )

    def _cancel(self, attempt: Attempt) -> None:
        """Tell the worker to stop; one that cannot be told has stopped, or will be told that it is lost."""
        self._link.send(attempt.member.subject, Cancel(self._coordinator, (attempt.call.number,)))

    def _take(self, message: Any, _subject: str) -> None:
        if isinstance(message, Question):
            self._answers.answer(message)
        else:
            self._attempts.take(message)

    def _connections_changed(self) -> None:
        if not self._is_closing:
            self._link.send(NEWS, Changed(self._coordinator))


def may_repeat(plan: Plan) -> bool:
    """Whether a run that may have happened can be run again: it only computes, or its author says so."""
    annotations = getattr(plan.input.config, "annotations", None)
    says = (getattr(annotations, name, UNSET) for name in ("readOnly", "idempotent"))
    return not plan.waits or any(each is True for each in says)


def _nothing(_message: Any, _subject: str) -> None:
    """Below our subject only NATS itself speaks, to say that nobody was there."""


def _failed(code: str, message: str, *, retryable: bool = False, retry_after: float | None = None) -> RunResult:
    return RunResult(error=RunError(code=code, message=message, retryable=retryable, retry_after=retry_after))


def _unknown(request: RunRequest, lost: Lost) -> RunResult:
    message = (
        f"Nobody knows whether the run {request.run_id} was done: {lost.why}. Look at what it would have changed "
        "before you call again."
    )
    return _failed("outcome_unknown", message)


STOPPING: Final = _failed(
    "stopping", "Headrace is stopping and takes no more calls. Try again shortly.", retryable=True
)
NO_WORKER: Final = _failed(
    "no_worker",
    "No worker is there to run the call. Start one with `headrace worker`, or wait until it is back.",
    retryable=True,
    retry_after=1.0,
)
NO_NATS: Final = _failed(
    "nats_unavailable",
    "NATS, over which workers are reached, is away. Calls go on by themselves when it is back.",
    retryable=True,
    retry_after=1.0,
)
