"""Keep durable runs in the database: implements `coordinator.durable.queue.RunQueue`.

A commit is on disk before anybody is told: SQLite syncs each one (`coordinator.db.engine`), PostgreSQL is asked to.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.db.engine import Database
from coordinator.db.tables import durable_runs as table
from coordinator.durable.queue import (
    KEY_SECONDS,
    LEASE_SECONDS,
    Accepted,
    Claim,
    DeadLetter,
    DeadLetterPage,
    DurableRun,
    QueueCounts,
)
from coordinator.logs import get_logger
from flows.errors import Busy, NotFound
from flows.runs import RunError

LOOK_SECONDS: Final = LEASE_SECONDS
"""How often runs are looked for that another coordinator accepted and cannot run any more."""
MAX_DEAD: Final = 10_000
RETRY_AFTER_SECONDS: Final = 10.0
WAITING, HELD, DONE, DEAD = "waiting", "held", "done", "dead"
_OPEN: Final = table.c.state.in_((WAITING, HELD))
_SYNC: Final = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"

log = get_logger(__name__)


class DatabaseQueue:
    """The table of durable runs.  `max_waiting` bounds how many wait."""

    def __init__(
        self,
        database: Database,
        max_waiting: Callable[[], int] = lambda: 10_000,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._max_waiting = max_waiting
        self._clock = clock
        self._arrived = asyncio.Event()

    # -- accept ----------------------------------------------------------------------------------------------------

    async def put(self, run: DurableRun, *, hold: bool = False) -> Accepted:
        """Store a run."""
        key = _digest(run.key) if run.key else None
        try:
            accepted = await self._insert(run, key, hold)
        except IntegrityError:
            if key is None:
                raise
            accepted = await self._insert(run, key, hold)  # another coordinator was first: now it is found
        if accepted.is_new and not hold:
            self._arrived.set()
        return accepted

    async def _insert(self, run: DurableRun, key: str | None, hold: bool) -> Accepted:
        async with self._database.write() as connection:
            await self._sync(connection)
            if key is not None:
                same = select(table.c.id).where(table.c.flow == run.flow, table.c.key == key)
                if (earlier := await connection.scalar(same)) is not None:
                    return Accepted(id=earlier, is_new=False)
            await self._refuse_too_many(connection)
            await connection.execute(
                insert(table).values(
                    id=run.id,
                    flow=run.flow,
                    key=key,
                    state=HELD if hold else WAITING,
                    due=self._in(LEASE_SECONDS if hold else 0.0),
                    number=1 if hold else 0,
                    attempts=1 if hold else 0,
                    run=msgspec.json.encode(run).decode(),
                    error="",
                )
            )
        return Accepted(id=run.id, is_new=True, claim=Claim(run=run, number=1, attempts=1) if hold else None)

    async def _sync(self, connection: AsyncConnection) -> None:
        if not self._database.is_sqlite:
            await connection.execute(text(_SYNC))

    async def _refuse_too_many(self, connection: AsyncConnection) -> None:
        most = self._max_waiting()
        some = select(table.c.id).where(_OPEN).limit(most).subquery()
        if (await connection.scalar(select(func.count()).select_from(some)) or 0) >= most:
            raise Busy("As many runs wait as may. Try again later.", retry_after=RETRY_AFTER_SECONDS)

    # -- run -------------------------------------------------------------------------------------------------------

    async def take(self, limit: int) -> list[Claim]:
        """Take runs that are due, those that wait longest first."""
        due = (
            select(table.c.id, table.c.run, table.c.number, table.c.attempts)
            .where(_OPEN, table.c.due <= self._in(0))
            .order_by(table.c.due, table.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.write() as connection:
            rows = (await connection.execute(due)).all()
            if rows:
                taking = update(table).where(table.c.id.in_([row.id for row in rows]))
                await connection.execute(
                    taking.values(
                        state=HELD,
                        number=table.c.number + 1,
                        attempts=table.c.attempts + 1,
                        due=self._in(LEASE_SECONDS),
                    )
                )
        return [Claim(run=_run(row), number=row.number + 1, attempts=row.attempts + 1) for row in rows]

    async def wait(self) -> None:
        """Return when something may be due: it arrived here, its time came, or it is time to look."""
        self._arrived.clear()
        async with self._database.read() as connection:
            due = await connection.scalar(select(func.min(table.c.due)).where(_OPEN))
        seconds = LOOK_SECONDS if due is None else min(LOOK_SECONDS, due / 1000 - self._clock())
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._arrived.wait()

    async def extend(self, claims: Sequence[Claim]) -> None:
        """Hold runs for longer."""
        async with self._database.write() as connection:
            for claim in claims:
                await connection.execute(update(table).where(*_held(claim)).values(due=self._in(LEASE_SECONDS)))

    async def finish(self, claim: Claim) -> bool:
        """Note that a run is done."""
        async with self._database.write() as connection:
            return await self._settle(connection, claim.run.key != "", *_held(claim))

    async def retry(self, claim: Claim, seconds: float) -> bool:
        """Give a run back, to be tried again after a while."""
        return await self._change(claim, state=WAITING, due=self._in(seconds))

    async def release(self, claim: Claim, seconds: float = 0.0) -> bool:
        """Give a run back as if it had not been taken."""
        return await self._change(claim, state=WAITING, due=self._in(seconds), attempts=claim.attempts - 1)

    async def bury(self, claim: Claim, error: RunError) -> bool:
        """Set a run aside."""
        return await self._change(claim, state=DEAD, due=self._in(0), error=msgspec.json.encode(error).decode())

    async def _change(self, claim: Claim, **values: Any) -> bool:
        async with self._database.write() as connection:
            changed = await connection.execute(update(table).where(*_held(claim)).values(**values))
        return bool(changed.rowcount)

    async def _settle(self, connection: AsyncConnection, has_key: bool, *which: ColumnElement[bool]) -> bool:
        """Delete a run, or keep no more of it than its key."""
        if has_key:
            end = update(table).where(*which).values(state=DONE, run="", error="", due=self._in(KEY_SECONDS))
            return bool((await connection.execute(end)).rowcount)
        return bool((await connection.execute(delete(table).where(*which))).rowcount)

    # -- dead letters ----------------------------------------------------------------------------------------------

    async def dead_letters(
        self, flow: str | None = None, *, limit: int = 50, after: str | None = None
    ) -> DeadLetterPage:
        """Return runs that were set aside, the newest first."""
        statement = select(table).where(table.c.state == DEAD).order_by(table.c.id.desc()).limit(limit + 1)
        if flow is not None:
            statement = statement.where(table.c.flow == flow)
        if after is not None:
            statement = statement.where(table.c.id < after)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        letters = [_letter(row) for row in rows[:limit]]
        return DeadLetterPage(letters=letters, next=letters[-1].run.id if len(rows) > limit else None)

    async def dead_letter(self, run_id: str) -> DeadLetter:
        """Return one of them."""
        statement = select(table).where(table.c.id == run_id, table.c.state == DEAD)
        async with self._database.read() as connection:
            row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise _unknown(run_id)
        return _letter(row)

    async def add_dead(self, letter: DeadLetter) -> bool:
        """Set a run aside that another queue kept; False when that was done already."""
        row = {
            "id": letter.run.id,
            "flow": letter.run.flow,
            "key": None,
            "state": DEAD,
            "due": letter.died,
            "number": letter.number,
            "attempts": letter.attempts,
            "run": msgspec.json.encode(letter.run).decode(),
            "error": msgspec.json.encode(letter.error).decode(),
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(table).values(**row))
        except IntegrityError:
            return False
        return True

    async def rerun(self, run_id: str) -> None:
        """Let a run that was set aside wait again."""
        again = update(table).where(table.c.id == run_id, table.c.state == DEAD)
        async with self._database.write() as connection:
            changed = await connection.execute(again.values(state=WAITING, due=self._in(0), attempts=0, error=""))
        if not changed.rowcount:
            raise _unknown(run_id)
        self._arrived.set()

    async def drop(self, run_id: str) -> None:
        """Forget a run that was set aside."""
        which = (table.c.id == run_id, table.c.state == DEAD)
        async with self._database.write() as connection:
            key = await connection.scalar(select(table.c.key).where(*which))
            if not await self._settle(connection, key is not None, *which):
                raise _unknown(run_id)

    async def counts(self) -> QueueCounts:
        """Count the runs."""
        statement = select(table.c.state, func.count()).where(table.c.state != DONE).group_by(table.c.state)
        async with self._database.read() as connection:
            found: dict[str, int] = dict((await connection.execute(statement)).all())
        return QueueCounts(waiting=found.get(WAITING, 0) + found.get(HELD, 0), dead=found.get(DEAD, 0))

    async def tidy(self) -> None:
        """Forget old keys, and the oldest of too many dead letters."""
        dead = select(table.c.id).where(table.c.state == DEAD).order_by(table.c.id.desc())
        async with self._database.write() as connection:
            await connection.execute(delete(table).where(table.c.state == DONE, table.c.due <= self._in(0)))
            newest_too_many = await connection.scalar(dead.offset(MAX_DEAD).limit(1))
            if newest_too_many is not None:
                old = delete(table).where(table.c.state == DEAD, table.c.id <= newest_too_many)
                log.warning("old dead letters dropped", runs=(await connection.execute(old)).rowcount)

    def _in(self, seconds: float) -> int:
        return int((self._clock() + seconds) * 1000)


def _held(claim: Claim) -> tuple[ColumnElement[bool], ...]:
    return table.c.id == claim.run.id, table.c.number == claim.number, table.c.state == HELD


def _run(row: Any) -> DurableRun:
    return msgspec.json.decode(row.run, type=DurableRun)


def _letter(row: Any) -> DeadLetter:
    error = msgspec.json.decode(row.error, type=RunError)
    return DeadLetter(run=_run(row), error=error, number=row.number, attempts=row.attempts, died=row.due)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _unknown(run_id: str) -> NotFound:
    return NotFound(f"There is no dead letter {run_id[:64]!r}.", fix="It may have been run again, or dropped.")
