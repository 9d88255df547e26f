"""Run flows for coordinators that are elsewhere, over NATS.

A worker takes a call if it has a free slot, says so, runs it, and says how it ended.  It keeps nothing but caches:
plans by digest, connections in memory, pools of clients.  Once a second it says how it is.
"""

import asyncio
import itertools
import logging
import os
import platform
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from flows.bus.link import Link
from flows.connections import FixedConnections
from flows.definition import FlowDefinition
from flows.errors import HeadraceError, RunTimeout
from flows.events import Event
from flows.plan import Plan
from flows.runs import RunError, RunRequest, RunResult
from flows.sdk import NetworkPolicy
from flows.wire import (
    NEWS,
    REPORT_SECONDS,
    VERSION,
    Accepted,
    Call,
    Cancel,
    Changed,
    Done,
    Inquire,
    Missing,
    Refused,
    Report,
    Said,
    coordinator_subject,
    news,
    report_subject,
    to_worker,
    worker_subject,
)
from workers.connections import OF_A_CONNECTION, Connections
from workers.fleet_connections import CallConnections, FleetConnections
from workers.fleet_plans import PlanCache, RunPlans
from workers.fleet_questions import CallKey, Questions
from workers.resources import PooledResources
from workers.runner import Worker, run_at_once, run_plan

CLOSE_SECONDS: Final = 5.0
CALLS_IN_ONE_GO: Final = 16
"""After so many, answers are sent, other messages are taken, and runs that waited go on."""
BEHIND_SECONDS: Final = 0.05
"""When it is looked again whether large answers are sent."""
MAX_REMEMBERED: Final = 1000
MAX_REMEMBERED_BYTES: Final = 64 * 1024
"""Which of the last answers are kept, in number and size, for coordinators that NATS lost them for."""

NO_CONNECTIONS: Final = Connections(FixedConnections())

log = logging.getLogger("headrace.worker")


class Identity(Struct, frozen=True, kw_only=True):
    """Who a worker is.  `worker` is its id; both that and its name are parts of subjects.

    `release` is the version of its Headrace.
    """

    worker: str
    name: str
    release: str


class FleetWorker:
    """One worker.  It takes calls inside `running`."""

    def __init__(self, link: Link, identity: Identity, slots: int) -> None:
        self._link = link
        self._identity = identity
        self._slots = slots
        self._plans = PlanCache()
        self._questions = Questions(link, identity.worker)
        self._connections = FleetConnections(self._questions)
        self._resources = PooledResources()
        self._running: dict[CallKey, asyncio.Task[None]] = {}
        self._line: dict[CallKey, tuple[Call, Plan]] = {}  # calls that end in one go, in the order of their coming
        self._load: Counter[str] = Counter()
        self._answered: dict[CallKey, RunResult] = {}  # in the order of their end
        self._idle = asyncio.Event()
        self._idle.set()
        self._beside: set[asyncio.Task[None]] = set()
        self._state: Literal["ready", "draining", "gone"] = "ready"
        self._started = time.time()
        self._done = 0

    @property
    def running_calls(self) -> int:
        """How many calls are under way."""
        return len(self._running)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take calls until the block ends; what runs then is cut off.  `drain` comes before."""
        link, subject = self._link, worker_subject(self._identity.name, self._identity.worker)
        async with link.listening(subject, to_worker, self._take), link.listening(NEWS, news, self._hear):
            reporting = asyncio.create_task(self._report_for_ever(), name="say how the worker is")
            try:
                yield
            finally:
                reporting.cancel()
                with suppress(asyncio.CancelledError):
                    await reporting
                await self._close()

    async def drain(self, grace: float) -> None:
        """Take no more calls, and give those under way `grace` seconds."""
        self._state = "draining"
        self._report()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), grace)

    async def _close(self) -> None:
        self._state = "gone"
        for task in (*self._running.values(), *self._beside):
            task.cancel()
        ending = (*self._running.values(), *self._beside)
        if ending:
            await asyncio.wait(ending, timeout=CLOSE_SECONDS)
        await asyncio.sleep(0)  # the callbacks of the tasks send their last words
        self._report()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._link.sent(), CLOSE_SECONDS)
        await self._resources.close()

    # -- what is heard ---------------------------------------------------------------------------------------------

    def _take(self, message: Any, _subject: str) -> None:
        if type(message) is Call:
            self._begin(message)
        elif type(message) is Cancel:
            for number in message.numbers:
                if (task := self._running.get((message.coordinator, number))) is not None:
                    task.cancel()
        elif type(message) is Inquire:
            self._account(message)
        else:
            self._questions.answered(message)

    def _account(self, message: Inquire) -> None:
        """Say again how calls ended that the coordinator still waits for, and which of them are not known here."""
        missing = []
        for number in message.numbers:
            key = message.coordinator, number
            if (result := self._answered.get(key)) is not None:
                self._say_end(message.coordinator, number, result)
            elif key not in self._running and key not in self._line:
                missing.append(number)
        if missing:
            self._link.send(coordinator_subject(message.coordinator), Missing(tuple(missing)))

    def _hear(self, message: Any, _subject: str) -> None:
        if type(message) is Changed:
            task = asyncio.create_task(self._renew(message.coordinator))
            self._beside.add(task)
            task.add_done_callback(self._beside.discard)
        else:
            self._report()

    async def _renew(self, coordinator: str) -> None:
        await self._connections.of(coordinator).renew()
        for key in self._resources.open_keys():
            if key[0] in OF_A_CONNECTION and len(key) == 3 and not self._connections.holds(key[1], key[2]):
                await self._resources.discard(key)

    # -- calls -----------------------------------------------------------------------------------------------------

    def _begin(self, call: Call) -> None:
        reason = self._refusal(call)
        if reason is not None:
            self._link.send(coordinator_subject(call.coordinator), Refused(call.number, reason))
            return
        key = call.coordinator, call.number
        loop = asyncio.get_running_loop()
        self._idle.clear()
        plan = self._plans.by_digest(call.request.digest)
        if plan is not None and not plan.waits:
            # It ends in one go, so a task of its own would only cost.
            if not self._line:
                loop.call_soon(self._work_off)
            self._line[key] = call, plan
            return
        task = loop.create_task(self._run(call))
        self._running[key] = task
        self._load[call.coordinator] += 1
        task.add_done_callback(lambda ended: self._ended(call, ended))

    def _work_off(self) -> None:
        """Run what stands in the line, a few calls at a time; not while large answers wait to be sent."""
        loop = asyncio.get_running_loop()
        for key in list(itertools.islice(self._line, 0 if self._link.is_behind else CALLS_IN_ONE_GO)):
            call, plan = self._line.pop(key)
            try:
                result = run_at_once(self._run_plan(call, plan, {}))
            except Exception:
                result = _internal_error(call)
            self._answer(call, result)
        if not self._line:
            self._set_idle()
        elif self._link.is_behind:
            loop.call_later(BEHIND_SECONDS, self._work_off)
        else:
            loop.call_soon(self._work_off)

    def _refusal(self, call: Call) -> Literal["full", "stopping", "version"] | None:
        if call.version != VERSION:
            return "version"
        if self._state != "ready":
            return "stopping"
        return "full" if len(self._running) >= self._slots else None

    async def _run(self, call: Call) -> None:
        self._link.send(coordinator_subject(call.coordinator), Accepted(call.number, self._identity.worker))
        try:
            result = await self._result(call)
        except HeadraceError as error:
            result = _failed(error.code, str(error))
        except TimeoutError:
            result = _failed(RunTimeout.code, "The time of the run was over before the worker had all that it needs.")
        except Exception:
            result = _internal_error(call)
        if self._answer(call, result) > MAX_REMEMBERED_BYTES:
            await self._link.sent()

    async def _result(self, call: Call) -> RunResult:
        known = self._plans.by_digest(call.request.digest)
        if known is not None and not call.called and not call.connections:
            return await self._run_plan(call, known, {})

        async def fetch(digest: str) -> FlowDefinition | None:
            return await self._questions.plan((call.coordinator, call.number), digest)

        connections = self._connections.of(call.coordinator).lent(call.number)
        try:
            async with asyncio.timeout(call.seconds):
                plan = await self._plans.get(call.request.digest, fetch)
                called = {name: await self._plans.get(digest, fetch) for name, digest in call.called.items()}
                if call.connections:
                    await connections.bring(call.connections)
            return await self._run_plan(call, plan, called, connections)
        finally:
            connections.give_back()

    async def _run_plan(
        self, call: Call, plan: Plan, called: dict[str, Plan], connections: CallConnections | None = None
    ) -> RunResult:
        request: RunRequest = msgspec.structs.replace(call.request, deadline=time.time() + call.seconds)
        subject = coordinator_subject(call.coordinator)

        def say(event: Event) -> None:
            self._link.send(subject, Said(call.number, event))

        return await run_plan(plan, request, self._worker_for(call, called, connections), say)

    def _worker_for(self, call: Call, called: dict[str, Plan], lent: CallConnections | None) -> Worker:
        connections = NO_CONNECTIONS if lent is None else Connections(lent)
        network = NetworkPolicy(allow_loopback=call.allow_loopback, allow_private=call.allow_private)
        return Worker(RunPlans(self._plans, called), self._resources, connections, network)

    def _answer(self, call: Call, result: RunResult) -> int:
        """Say how a run ended; return the bytes of the answer."""
        self._done += 1
        size = self._say_end(call.coordinator, call.number, result)
        if size <= MAX_REMEMBERED_BYTES:
            self._answered[call.coordinator, call.number] = result
            if len(self._answered) > MAX_REMEMBERED:
                del self._answered[next(iter(self._answered))]
        return size

    def _say_end(self, coordinator: str, number: int, result: RunResult) -> int:
        subject = coordinator_subject(coordinator)
        try:
            return self._link.send(subject, Done(number, result))
        except Exception as error:
            return self._link.send(subject, Done(number, _unsendable(error)))

    def _ended(self, call: Call, task: "asyncio.Task[None]") -> None:
        del self._running[call.coordinator, call.number]
        self._load[call.coordinator] -= 1
        self._set_idle()
        if task.cancelled():
            result = _failed("cancelled", "The call was cancelled.")
            if self._state == "gone":
                result = _failed("stopping", "The worker was stopped before the run ended.", retryable=True)
            self._link.send(coordinator_subject(call.coordinator), Done(call.number, result))
        elif (error := task.exception()) is not None:
            log.error("the answer of run %s could not be sent: %s", call.request.run_id, error)

    def _set_idle(self) -> None:
        if not self._running and not self._line:
            self._idle.set()

    # -- reports ---------------------------------------------------------------------------------------------------

    async def _report_for_ever(self) -> None:
        while True:
            self._report()
            await asyncio.sleep(REPORT_SECONDS)

    def _report(self) -> None:
        if not self._link.is_up:
            return
        identity = self._identity
        self._link.send(
            report_subject(identity.name),
            Report(
                version=VERSION,
                worker=identity.worker,
                name=identity.name,
                host=platform.node(),
                pid=os.getpid(),
                release=identity.release,
                started=self._started,
                slots=self._slots,
                running={coordinator: count for coordinator, count in self._load.items() if count},
                plans=len(self._plans),
                done=self._done,
                state=self._state,
            ),
        )


def _unsendable(error: Exception) -> RunResult:
    """Say why a result cannot be sent; to be called where that is caught."""
    if isinstance(error, HeadraceError):
        return _failed(error.code, str(error))
    if isinstance(error, UnicodeEncodeError):
        return _failed("bad_value", "The result holds half of a character, which no client could read.")
    if isinstance(error, RecursionError):
        return _failed("too_deep", "The result is nested too deeply to be sent.")
    log.error("a result cannot be sent", exc_info=error)
    return INTERNAL


def _internal_error(call: Call) -> RunResult:
    """To be called where a mistake of ours is caught."""
    log.exception("the run %s of flow %s failed", call.request.run_id, call.request.flow)
    return INTERNAL


def _failed(code: str, message: str, *, retryable: bool = False) -> RunResult:
    return RunResult(error=RunError(code=code, message=message, retryable=retryable))


INTERNAL: Final = _failed("internal", "The worker failed in a way that it should not. Its log says more.")
