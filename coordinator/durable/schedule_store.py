"""How far each schedule has come: the table `schedules`.

A claim is a conditional UPDATE that counts `number` up and ends by itself; what is written later under an older number
changes nothing.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from coordinator.db.engine import Database
from coordinator.db.tables import schedules as table

CLAIM_SECONDS: Final = 30.0
NAMES_AT_A_TIME: Final = 500


class Progress(Struct, frozen=True, kw_only=True):
    """How far a schedule has come.  Times are in milliseconds since the epoch.

    All times up to `settled` need no more work; `fired` is the last one that was run for, by `run`.
    """

    settled: int
    fired: int | None
    run: str | None
    number: int
    claimed_until: int = 0

    @property
    def settled_at(self) -> datetime:
        """The last time that needs no more work."""
        return datetime.fromtimestamp(self.settled / 1000, UTC)

    @property
    def fired_at(self) -> datetime | None:
        """The last time that was run for."""
        return None if self.fired is None else datetime.fromtimestamp(self.fired / 1000, UTC)


class ScheduleStore:
    """The table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def adopt(self, flow: str, times: str, now: int) -> Progress:
        """Return how far a schedule has come; one that is new, or has other times than before, begins now."""
        row = await self._row(flow)
        if row is None:
            with suppress(IntegrityError):  # another coordinator was first
                async with self._database.write() as connection:
                    new = {"flow": flow, "times": times, "settled": now, "number": 0, "claimed_until": 0}
                    await connection.execute(insert(table).values(**new))
            row = await self._row(flow)
        elif row.times != times:
            changed = update(table).where(table.c.flow == flow, table.c.times == row.times)
            async with self._database.write() as connection:
                anew = {"times": times, "settled": now, "number": table.c.number + 1, "claimed_until": 0}
                await connection.execute(changed.values(**anew))
            row = await self._row(flow)
        if row is None:
            return Progress(settled=now, fired=None, run=None, number=0)  # forgotten meanwhile: the next look says so
        return _progress(row)

    async def claim(self, flow: str, number: int, now: int) -> bool:
        """Claim a schedule that is as far as `number` says, for a moment; the claim has the next number."""
        free = update(table).where(table.c.flow == flow, table.c.number == number, table.c.claimed_until <= now)
        values = {"number": number + 1, "claimed_until": now + int(CLAIM_SECONDS * 1000)}
        async with self._database.write() as connection:
            return bool((await connection.execute(free.values(**values))).rowcount)

    async def advance(self, flow: str, number: int, settled: int, fired: int | None, run: str | None) -> bool:
        """Note how far a schedule came under a claim, which ends; False when the claim is another's by now."""
        values = {"settled": settled, "fired": fired, "run": run, "claimed_until": 0}
        claimed = update(table).where(table.c.flow == flow, table.c.number == number)
        async with self._database.write() as connection:
            return bool((await connection.execute(claimed.values(**values))).rowcount)

    async def progress(self, flow: str) -> Progress | None:
        """Return how far a schedule has come; None when it is not known."""
        row = await self._row(flow)
        return None if row is None else _progress(row)

    async def forget(self, flows: Collection[str]) -> None:
        """Forget schedules: should they come back, they begin anew."""
        names = sorted(flows)
        for start in range(0, len(names), NAMES_AT_A_TIME):
            async with self._database.write() as connection:
                some = table.c.flow.in_(names[start : start + NAMES_AT_A_TIME])
                await connection.execute(delete(table).where(some))

    async def known(self) -> frozenset[str]:
        """Return the flows of all schedules that were ever adopted and not forgotten."""
        async with self._database.read() as connection:
            return frozenset((await connection.scalars(select(table.c.flow))).all())

    async def _row(self, flow: str) -> Any:
        async with self._database.read() as connection:
            return (await connection.execute(select(table).where(table.c.flow == flow))).one_or_none()


def _progress(row: Any) -> Progress:
    return Progress(
        settled=row.settled, fired=row.fired, run=row.run, number=row.number, claimed_until=row.claimed_until
    )
