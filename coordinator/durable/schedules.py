"""Make runs when their time comes: each time once, however many coordinators share the database.

Idle this sleeps until the next time there is.  Then it claims the schedule with a conditional UPDATE that counts up a
number and ends by itself, puts the runs into the queue under keys that name their times, and notes how far it came.
Who was too slow writes nothing, because the number is another's; and runs that are put twice count once.
"""

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from coordinator.durable.queue import DurableRun
from coordinator.durable.runner import DurableRunner
from coordinator.durable.schedule_store import CLAIM_SECONDS, Progress, ScheduleStore
from coordinator.logs import get_logger
from flows.errors import Busy, NotFound
from flows.inputs._times import NextTime
from flows.inputs.schedule import MAX_MISSED, ScheduleInput
from flows.plan import Plan
from flows.problems import did_you_mean
from flows.runs import Caller

LONGEST_SLEEP_SECONDS: Final = 60.0
"""The clock may be set, or the machine sleep: then the next time comes sooner than was computed."""
LATE_SECONDS: Final = 30.0
"""A time that is later than this was missed."""
TROUBLE_SECONDS: Final = 1.0
FIRED_AT_A_TIME: Final = 8
CALLER: Final = Caller(name="schedule")

log = get_logger(__name__)


@dataclass(slots=True)
class Schedule:
    """A schedule that is served, and how far it has come; `starts` is when there is work next, None for never."""

    flow: str
    config: ScheduleInput
    times: NextTime
    progress: Progress | None = None
    starts: datetime | None = None

    @property
    def name_of_times(self) -> str:
        """Names what the times come from."""
        parts = f"{self.config.cron!r} {self.config.every!r} {self.config.time_zone}"
        return hashlib.sha256(parts.encode()).hexdigest()[:32]

    def came_to(self, progress: Progress) -> None:
        """Note how far it has come, and when there is work next."""
        self.progress = progress
        due = self.times(progress.settled_at)
        self.starts = None if due is None else self.config.start_of(self.flow, due)


@dataclass(frozen=True, slots=True)
class Work:
    """What a schedule has to do now: the times to run for, and the last one that is settled by that."""

    due: tuple[datetime, ...]
    settles: datetime


class Schedules:
    """The schedules that are served."""

    def __init__(
        self,
        store: ScheduleStore,
        runner: DurableRunner,
        new_run_id: Callable[[float], str],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._runner = runner
        self._new_run_id = new_run_id
        self._clock = clock
        self._served: dict[str, Schedule] = {}
        self._gone: set[str] = set()
        self._changed = asyncio.Event()
        self._firing = asyncio.Semaphore(FIRED_AT_A_TIME)

    @property
    def served(self) -> Mapping[str, Schedule]:
        """The schedules by flow."""
        return self._served

    def publish(self, plans: Iterable[Plan]) -> None:
        """Serve the schedules of these flows, and no others."""
        before, self._served = self._served, {}
        for plan in plans:
            if plan.enabled and plan.input.type.name == "schedule":
                known = before.get(plan.name)
                config = plan.input.config
                same = known is not None and known.config == config
                self._served[plan.name] = known if known and same else Schedule(plan.name, config, config.times())
        self._gone |= before.keys() - self._served.keys()
        if before or self._served:
            self._changed.set()

    async def run_now(self, flow: str) -> str:
        """Run a schedule's flow now, beside its times; return the id of the run.  Raises NotFound, Busy."""
        schedule = self._served.get(flow)
        if schedule is None:
            raise NotFound(
                f"The flow {flow[:128]!r} has no schedule that is served.{did_you_mean(flow, self._served)}",
                fix="`headrace schedule list` shows what there is.",
            )
        previous = schedule.progress.fired_at if schedule.progress else None
        run_id, _ = await self._runner.accept(self._run(schedule, self._now(), previous, key=""))
        return run_id

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator["Schedules"]:
        """Make the runs of all schedules until the block ends."""
        task = asyncio.create_task(self._always(), name="schedules")
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # -- one look --------------------------------------------------------------------------------------------------

    async def _always(self) -> None:
        is_first, is_failing = True, False
        while True:
            self._changed.clear()
            try:
                if is_first:
                    # What went while no coordinator was up is forgotten, as if somebody had seen it go.
                    self._gone |= await self._store.known()
                    is_first = False
                await self._forget_gone()
                seconds = await self._look()
                is_failing = False
            except Exception:
                if not is_failing:
                    log.exception("schedules cannot be followed for now")
                is_failing, seconds = True, TROUBLE_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()

    async def _forget_gone(self) -> None:
        gone = self._gone - self._served.keys()
        if gone:
            await self._store.forget(gone)
        self._gone -= gone | self._served.keys()

    async def _look(self) -> float | None:
        """Do what is due; return how many seconds nothing will be, None for as long as nothing changes."""
        for schedule in list(self._served.values()):
            if schedule.progress is None:
                schedule.came_to(await self._store.adopt(schedule.flow, schedule.name_of_times, self._milliseconds()))
        now = self._now()
        due = [each for each in self._served.values() if each.starts is not None and each.starts <= now]
        await asyncio.gather(*(self._fire_or_wait(schedule) for schedule in due))
        starts = [each.starts for each in self._served.values() if each.starts is not None]
        if not starts:
            return None
        return min(max(0.0, (min(starts) - self._now()).total_seconds()), LONGEST_SLEEP_SECONDS)

    async def _fire_or_wait(self, schedule: Schedule) -> None:
        """Run what is due.  What cannot be is not lost: its times stay unsettled, and the claim ends by itself."""
        async with self._firing:
            try:
                await self._fire(schedule)
            except Busy:
                log.warning("a scheduled run waits, because too many others do", flow=schedule.flow)
            except Exception:
                log.exception("a scheduled run cannot be accepted for now", flow=schedule.flow)
            else:
                return
            schedule.starts = self._now() + timedelta(seconds=CLAIM_SECONDS)

    async def _fire(self, schedule: Schedule) -> None:
        """Claim the schedule, put its runs, note how far it came."""
        before = schedule.progress
        if before is None or not await self._store.claim(schedule.flow, before.number, self._milliseconds()):
            await self._look_again(schedule)
            return
        progress = await self._put(schedule, before)
        advanced = await self._store.advance(
            schedule.flow, progress.number, progress.settled, progress.fired, progress.run
        )
        if advanced:
            schedule.came_to(progress)
        else:
            await self._look_again(schedule)

    async def _look_again(self, schedule: Schedule) -> None:
        """Read how far another coordinator came, or until when it is at it."""
        progress = await self._store.progress(schedule.flow)
        schedule.progress = None  # to be adopted again, unless it is found
        if progress is not None:
            schedule.came_to(progress)
            busy_until = datetime.fromtimestamp(progress.claimed_until / 1000, UTC)
            if schedule.starts is not None and schedule.starts < busy_until:
                # Most likely it is done in a moment; if it died, its claim ends.
                schedule.starts = min(busy_until, self._now() + timedelta(seconds=TROUBLE_SECONDS))

    async def _put(self, schedule: Schedule, before: Progress) -> Progress:
        work = work_of(schedule, before.settled_at, self._now())
        fired, run_id = before.fired_at, before.run
        for due in work.due:
            key = f"schedule {int(due.timestamp() * 1000)}"
            run_id, _ = await self._runner.accept(self._run(schedule, due, fired, key=key))
            fired = due
        return Progress(
            settled=int(work.settles.timestamp() * 1000),
            fired=None if fired is None else int(fired.timestamp() * 1000),
            run=run_id,
            number=before.number + 1,
        )

    def _run(self, schedule: Schedule, due: datetime, previous: datetime | None, *, key: str) -> DurableRun:
        now = self._clock()
        return DurableRun(
            id=self._new_run_id(now),
            flow=schedule.flow,
            source="schedule",
            args=schedule.config.arguments(due, previous),
            accepted=int(now * 1000),
            key=key,
            caller=CALLER,
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _milliseconds(self) -> int:
        return int(self._clock() * 1000)


def work_of(schedule: Schedule, settled: datetime, now: datetime) -> Work:
    """Decide for which of the times that came since `settled` to run, by the policy for missed times."""
    config = schedule.config
    within = timedelta(seconds=max(config.missed_within, LATE_SECONDS) + config.jitter)
    oldest = max(settled, now - within)
    passed = _passed(schedule, oldest, now)
    settles = passed[-1] if passed else oldest
    if config.missed == "all":
        due = passed
    elif config.missed == "once":
        due = passed[-1:]
    else:
        late = timedelta(seconds=LATE_SECONDS)
        due = [each for each in passed[-1:] if now - config.start_of(schedule.flow, each) <= late]
    return Work(tuple(due), settles)


def _passed(schedule: Schedule, oldest: datetime, now: datetime) -> list[datetime]:
    """Return the times that came since `oldest` and count: the latest one, or the latest of all that were missed."""
    most = MAX_MISSED if schedule.config.missed == "all" else 1
    # Triggers only look ahead, so look at the last minute first, and further back as long as that is not enough.
    window = timedelta(minutes=1)
    while True:
        since = max(oldest, now - window)
        found = deque(_between(schedule, since, now), maxlen=most)
        if len(found) == most or since == oldest:
            return list(found)
        window *= 8


def _between(schedule: Schedule, since: datetime, now: datetime) -> Iterator[datetime]:
    due = schedule.times(since)
    while due is not None and due <= now:
        if schedule.config.start_of(schedule.flow, due) > now:
            return  # later ones wait for it
        yield due
        due = schedule.times(due)
