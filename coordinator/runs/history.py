"""Take records of finished calls without making them wait, and write them in batches.

    record -> queue -> encode -> rows -> insert

`record` only appends.  What does not fit is dropped and counted: history never slows a call.  When the database fails,
rows wait for it within the bound, and calls go on.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from coordinator.calls import FinishedRun
from coordinator.db.engine import Database
from coordinator.db.tables import runs as table
from coordinator.logs import get_logger
from coordinator.metrics import Metrics
from coordinator.runs.rows import COLUMNS, Outcome, RunRow, outcome_of, row_of
from coordinator.settings import HistoryPolicy, Settings

QUEUE_RUNS: Final = 4096
BATCH_ROWS: Final = 500
WAITING_BYTES: Final = 32 * 1024 * 1024
"""What may wait for the database: half a minute of a busy server with small values."""
ENCODED_AT_A_TIME: Final = 50
"""After so many rows the event loop gets a turn: less than a millisecond of work."""
INTERVAL_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 1.0
FLUSH_SECONDS: Final = 5.0

Observer = Callable[[FinishedRun, Outcome], None]
"""Told of every finished run, off the path of its call, whatever is kept of it.  Must not block and must not raise."""

log = get_logger(__name__)


def observe_nothing(_run: FinishedRun, _outcome: Outcome) -> None:
    """The observer of those who need none."""


class RunHistory:
    """The writing side of the history.  `running` starts it; `record` may be called at any time."""

    def __init__(
        self,
        database: Database,
        metrics: Metrics,
        settings: Callable[[], Settings],
        observe: Observer = observe_nothing,
        *,
        interval: float = INTERVAL_SECONDS,
        retry: float = RETRY_SECONDS,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._settings = settings
        self._observe = observe
        self._interval = interval
        self._retry = retry
        self._queue: deque[FinishedRun] = deque()
        self._rows: deque[RunRow] = deque()
        self._row_bytes = 0
        self._in_hand = 0
        self._dropped = 0
        self._settled = 0
        self._flushes: list[tuple[int, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()
        self._encoded = asyncio.Event()
        self._hurry = asyncio.Event()
        self._is_failing = False
        self._insert = _insert_sql(database)

    @property
    def waiting(self) -> int:
        """How many runs are not written yet."""
        return len(self._queue) + len(self._rows) + self._in_hand

    def record(self, run: FinishedRun) -> None:
        """Take the record of a run.  Never blocks, never raises."""
        queue = self._queue
        waiting = len(queue)
        if waiting >= QUEUE_RUNS:
            self._dropped += 1
            return
        queue.append(run)
        if waiting == 0:
            self._arrived.set()
        elif waiting == BATCH_ROWS:
            self._hurry.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["RunHistory"]:
        """Write what is recorded until the block ends, then what is left."""
        tasks = [
            asyncio.create_task(self._encode_always(), name="history encoder"),
            asyncio.create_task(self._insert_always(), name="history writer"),
        ]
        try:
            yield self
        finally:
            await self.flush()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._drop(self.waiting, "the database did not take them before the end")

    async def flush(self, seconds: float = FLUSH_SECONDS) -> bool:
        """Wait until all runs that were recorded so far are written; say whether they are."""
        if not self.waiting:
            return True
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._flushes.append((self._settled + self.waiting, done))
        self._hurry.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await done
        return not done.cancelled()

    # -- encode ----------------------------------------------------------------------------------------------------

    async def _encode_always(self) -> None:
        while True:
            await self._arrived.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._hurry.wait()
            self._hurry.clear()
            while self._queue:
                self._encode_some()
                await asyncio.sleep(0)
            self._arrived.clear()
            self._count_dropped()

    def _encode_some(self) -> None:
        settings = self._settings()
        policy, limit = settings.history, settings.history_max_value_bytes
        for _ in range(min(len(self._queue), ENCODED_AT_A_TIME)):
            run = self._queue.popleft()
            self._measure(run)
            if policy == "off":
                self._settle(1)
            elif self._row_bytes >= WAITING_BYTES:
                self._dropped += 1
                self._settle(1)
            else:
                self._keep(run, policy, limit)
        if self._rows:
            self._encoded.set()

    def _keep(self, run: FinishedRun, policy: HistoryPolicy, limit: int) -> None:
        try:
            row = row_of(run, policy, limit)
        except Exception:
            log.exception("a run cannot be encoded", run=run.run_id, flow=run.flow)
            self._dropped += 1
            self._settle(1)
            return
        self._row_bytes += len(row[-1])
        self._rows.append(row)

    def _measure(self, run: FinishedRun) -> None:
        outcome = outcome_of(run.result)
        self._metrics.call(run.tool, outcome, run.result.duration)
        self._observe(run, outcome)
        for step in run.result.steps:
            self._metrics.step(step.component, step.duration)

    def _count_dropped(self) -> None:
        if self._dropped:
            self._drop(self._dropped, "more runs arrived than could be written", settles=False)
            self._dropped = 0

    # -- insert ----------------------------------------------------------------------------------------------------

    async def _insert_always(self) -> None:
        while True:
            await self._encoded.wait()
            batch = [self._rows.popleft() for _ in range(min(len(self._rows), BATCH_ROWS))]
            self._in_hand = len(batch)
            if batch:
                await self._insert_surely(batch)
            if not self._rows:
                self._encoded.clear()

    async def _insert_surely(self, batch: list[RunRow]) -> None:
        """Insert, as often as it takes while the database is away; rows that it will never take are dropped."""
        while True:
            try:
                await self._insert_rows(batch)
            except DBAPIError as error:
                if _is_about_rows(error):
                    await self._insert_one_by_one(batch)
                else:
                    await self._wait_after(error)
                    continue
            except (SQLAlchemyError, OSError) as error:
                await self._wait_after(error)
                continue
            break
        if self._is_failing:
            log.info("history is written again")
        self._is_failing = False
        self._in_hand = 0
        self._row_bytes -= sum(len(row[-1]) for row in batch)
        self._settle(len(batch))

    async def _insert_rows(self, rows: Sequence[RunRow]) -> None:
        async with self._database.write() as connection:
            await connection.exec_driver_sql(self._insert, list(rows))

    async def _insert_one_by_one(self, batch: list[RunRow]) -> None:
        for row in batch:
            try:
                await self._insert_rows([row])
            except DBAPIError as error:
                if not _is_about_rows(error):
                    raise
                self._drop(1, "the database refused one", settles=False)

    async def _wait_after(self, error: Exception) -> None:
        if not self._is_failing:
            log.warning("history cannot be written for now", error=str(getattr(error, "orig", None) or error))
        self._is_failing = True
        await asyncio.sleep(self._retry)

    # -- account ---------------------------------------------------------------------------------------------------

    def _drop(self, runs: int, reason: str, *, settles: bool = True) -> None:
        if runs:
            self._metrics.dropped(runs)
            log.warning("runs are missing from the history", runs=runs, reason=reason)
        if settles:
            self._queue.clear()
            self._rows.clear()
            self._settle(runs)

    def _settle(self, runs: int) -> None:
        """Count runs that need no more work, and wake those who wait for it."""
        self._settled += runs
        if not self._flushes:
            return
        for target, done in self._flushes:
            if target <= self._settled and not done.done():
                done.set_result(None)
        self._flushes = [(target, done) for target, done in self._flushes if not done.done()]


def _insert_sql(database: Database) -> str:
    """Return the statement in the words of the driver, so that a batch goes to it as it is."""
    statement = insert(table).values(dict.fromkeys(COLUMNS))
    # A batch whose commit was answered too late is sent again.
    return f"{statement.compile(dialect=database.engine.dialect)} ON CONFLICT (id) DO NOTHING"


def _is_about_rows(error: DBAPIError) -> bool:
    """Whether the database is there but will not take these rows."""
    return type(error).__name__ in ("IntegrityError", "DataError", "ProgrammingError", "InterfaceError") and not (
        error.connection_invalidated
    )
