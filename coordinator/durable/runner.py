"""Run what the queue holds: so many at a time as may be, until told to stop.

Idle it waits for the queue, which wakes it.  What the runner cannot end it gives back, and what a killed process held
is taken again when its lease ends.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from coordinator.calls import CallService
from coordinator.catalog import CatalogEntry
from coordinator.durable.outcomes import BUSY_SECONDS, Again, Back, Dead, Done, Outcome, outcome, ready
from coordinator.durable.queue import LEASE_SECONDS, Claim, DurableRun, RunQueue
from coordinator.logs import get_logger
from flows.errors import Busy
from flows.runs import RunError, RunResult

TROUBLE_SECONDS: Final = 1.0
"""How long to wait when the queue itself fails, for example because the database is away."""
FINISH_SECONDS: Final = 5.0

log = get_logger(__name__)


class DurableRunner:
    """Takes runs and makes them.  `entry_of` finds flows, `most` says how many run at a time."""

    def __init__(
        self,
        queue: RunQueue,
        calls: CallService,
        entry_of: Callable[[str], CatalogEntry | None],
        most: Callable[[], int],
    ) -> None:
        self.queue = queue
        self._calls = calls
        self._entry_of = entry_of
        self._most = most
        self._running: dict[str, Claim] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._is_stopping = False
        self._watched: dict[str, asyncio.Future[RunResult]] = {}

    @property
    def running(self) -> int:
        """How many runs are under way."""
        return len(self._tasks)

    async def accept(self, run: DurableRun) -> tuple[str, bool]:
        """Store a run, and begin it if there is room; return the id of the run that counts, and whether it is new.

        When this returns the run survives whatever happens to this process.  Raises Busy.
        """
        hold = not self._is_stopping and self.running < self._most()
        accepted = await self.queue.put(run, hold=hold)
        if accepted.claim is not None:
            self._begin(accepted.claim)
        return accepted.id, accepted.is_new

    @asynccontextmanager
    async def watching(self, run_id: str) -> AsyncIterator[Awaitable[RunResult]]:
        """Give what ends with the result of a run that this process ends, for as long as the block runs."""
        future: asyncio.Future[RunResult] = asyncio.get_running_loop().create_future()
        self._watched[run_id] = future
        try:
            yield future
        finally:
            del self._watched[run_id]
            future.cancel()

    # -- life ------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator["DurableRunner"]:
        """Run what is due until the block ends."""
        tasks = [
            asyncio.create_task(self._take_always(), name="durable runs"),
            asyncio.create_task(self._extend_always(), name="leases of durable runs"),
        ]
        try:
            yield self
        finally:
            self.stop()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=FINISH_SECONDS)
            for task in (*tasks, *self._tasks):
                task.cancel()
            await asyncio.gather(*tasks, *self._tasks, return_exceptions=True)

    def stop(self) -> None:
        """Take no more runs.  Those under way end with the dispatcher, and go back to the queue if they could not."""
        self._is_stopping = True
        self._changed.set()

    async def _take_always(self) -> None:
        is_failing = False
        while not self._is_stopping:
            try:
                await self._take()
            except Exception:
                if not is_failing:
                    log.exception("durable runs cannot be taken for now")
                is_failing = True
                await asyncio.sleep(TROUBLE_SECONDS)
            else:
                if is_failing:
                    log.info("durable runs are taken again")
                is_failing = False

    async def _take(self) -> None:
        self._changed.clear()
        room = self._most() - self.running
        claims = await self.queue.take(room) if room > 0 else []
        for claim in claims:
            self._begin(claim)
        if room <= 0:
            await self._changed.wait()
        elif len(claims) < room:
            await self._first_of(self.queue.wait(), self._changed.wait())

    async def _first_of(self, *waits: Awaitable[object]) -> None:
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
        for each in found:
            if isinstance(each, Exception):
                raise each

    async def _extend_always(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            if not self._running:
                continue
            try:
                await self.queue.extend(list(self._running.values()))
            except Exception:
                log.exception("the leases of durable runs cannot be extended for now")

    # -- one run ---------------------------------------------------------------------------------------------------

    def _begin(self, claim: Claim) -> None:
        self._running[claim.run.id] = claim
        task = asyncio.create_task(self._make(claim), name=f"durable run {claim.run_id}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed.set()

    async def _make(self, claim: Claim) -> None:
        try:
            follows, result = await self._tried(claim)
            if await self._settled(claim, follows):
                self._tell(claim, follows, result)
        finally:
            self._running.pop(claim.run.id, None)

    async def _tried(self, claim: Claim) -> tuple[Outcome, RunResult | None]:
        """Try the run, if it can be; return what follows, and its result if it has one."""
        run = claim.run
        try:
            found = ready(claim, self._entry_of(run.flow))
            if isinstance(found, Back | Dead):
                return found, None
            result = await self._calls.run(
                run.caller, found, run.args, run_id=claim.run_id, key=run.id, source=run.source
            )
            return outcome(claim, found, result), result
        except (Busy, asyncio.CancelledError):
            return Back(BUSY_SECONDS), None
        except Exception:
            log.exception("a durable run made Headrace itself fail", run=run.id, flow=run.flow)
            return Dead(
                RunError(code="internal", message="Headrace failed on this run. Its log has the details.")
            ), None

    async def _settled(self, claim: Claim, follows: Outcome) -> bool:
        """Write what follows, as often as it takes; False when the run was another's by then."""
        while True:
            try:
                return await self._settle(claim, follows)
            except Exception:
                log.exception("the end of a durable run cannot be written for now", run=claim.run.id)
            if self._is_stopping:
                return False
            await asyncio.sleep(TROUBLE_SECONDS)

    async def _settle(self, claim: Claim, follows: Outcome) -> bool:
        run = claim.run
        match follows:
            case Done():
                return await self.queue.finish(claim)
            case Again(seconds):
                log.info("durable run is tried again", run=run.id, flow=run.flow, seconds=seconds)
                return await self.queue.retry(claim, seconds)
            case Back(seconds):
                return await self.queue.release(claim, seconds)
            case Dead(error):
                log.warning("durable run set aside", run=run.id, flow=run.flow, code=error.code, error=error.message)
                return await self.queue.bury(claim, error)

    def _tell(self, claim: Claim, follows: Outcome, result: RunResult | None) -> None:
        """Tell whoever waits for the run how it ended."""
        watched = self._watched.get(claim.run.id)
        if watched is None or watched.done():
            return
        if isinstance(follows, Dead):
            watched.set_result(RunResult(error=follows.error))
        elif isinstance(follows, Done) and result is not None:
            watched.set_result(result)
