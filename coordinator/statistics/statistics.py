"""Count calls in spans of time, in memory; add them to the database every few seconds, read back what others added.

    count -> fresh cells -> sync -> table, known cells -> views = known + fresh

All tools together are counted by the minute and the quarter of an hour, each tool by five minutes, the hour and six
hours; each for as long as somebody may ask.  So a view adds up some hundred cells, whatever the history holds.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, delete, insert, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.calls import FinishedRun
from coordinator.db.engine import Database, hold
from coordinator.db.tables import call_counts as table
from coordinator.db.tables import runs
from coordinator.logs import get_logger
from coordinator.runs.rows import Outcome
from coordinator.statistics.cell import Cell, total, unpacked

TOPIC: Final = "statistics"
ALL_TOOLS: Final = ""
STALE_SECONDS: Final = 5.0
"""A view that is older than this asks the database what other coordinators counted."""
HOUR: Final = 3600
WEEK: Final = 7 * 24 * HOUR

KEPT_SECONDS: Final[Mapping[int, int]] = {
    60: 2 * HOUR,
    300: 2 * HOUR,
    900: WEEK + HOUR,
    HOUR: 25 * HOUR,
    6 * HOUR: WEEK + 6 * HOUR,
}
"""By the width of a cell, in seconds: for how long such cells are kept."""
WIDTHS_OF_ALL: Final = (60, 900)
WIDTHS_OF_ONE: Final = (300, HOUR, 6 * HOUR)

Range = Literal["1h", "24h", "7d"]
Key = tuple[int, int, str]
"""Width, start in seconds since the epoch, tool."""

log = get_logger(__name__)


class Span(Struct, frozen=True, kw_only=True):
    """What a range means: its length, the width of its points, and of which cells they are made."""

    seconds: int
    point: int
    of_all: int
    of_one: int


SPANS: Final[Mapping[Range, Span]] = {
    "1h": Span(seconds=HOUR, point=60, of_all=60, of_one=300),
    "24h": Span(seconds=24 * HOUR, point=900, of_all=900, of_one=HOUR),
    "7d": Span(seconds=WEEK, point=HOUR, of_all=900, of_one=6 * HOUR),
}


class Statistics:
    """The statistics.  `count` may be called at any time and never waits; views are as fresh as the last `sync`."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._known: dict[int, dict[int, dict[str, Cell]]] = {width: {} for width in KEPT_SECONDS}
        self._fresh: dict[tuple[int, str], Cell] = {}  # by minute since the epoch and tool
        self._sums: dict[Range, tuple[float, Mapping[str, Cell]]] = {}
        self._synced = 0.0
        self._syncing = asyncio.Lock()
        self._upsert = _upsert_sql(database)
        self.counted = 0
        """How many calls were counted since the start."""
        self.has_mcp_calls = False
        """Whether an MCP client ever called a tool here."""

    def count(self, run: FinishedRun, outcome: Outcome) -> None:
        """Count a finished run: in one cell only, because this comes with every call."""
        at = int(run.started * 1000)
        key = at // 60_000, run.tool
        cell = self._fresh.get(key)
        if cell is None:
            cell = self._fresh[key] = Cell()
        cell.count(run.result.duration, at, outcome != "ok")
        self.counted += 1
        if run.source == "mcp":
            self.has_mcp_calls = True

    def points(self, wanted: Range, tool: str = ALL_TOOLS) -> list[tuple[int, Cell]]:
        """Return the cells of a range in order, one for each point, with their starts in seconds."""
        span, point = SPANS[wanted], self.point_seconds(wanted, tool)
        width = span.of_all if tool == ALL_TOOLS else span.of_one
        first, last = self._limits(span.seconds, point)
        found = {start: Cell() for start in range(first, last + 1, point)}
        for start, cells in self._cells(width, first):
            if tool in cells and start - start % point in found:
                found[start - start % point].add(cells[tool])
        return sorted(found.items())

    def point_seconds(self, wanted: Range, tool: str = ALL_TOOLS) -> int:
        """Return how wide the points of a range are."""
        span = SPANS[wanted]
        return span.point if tool == ALL_TOOLS else max(span.point, span.of_one)

    async def by_tool(self, wanted: Range) -> Mapping[str, Cell]:
        """Return the calls of each tool in a range, of those that were called; as old as `STALE_SECONDS` at most."""
        at, found = self._sums.get(wanted, (0.0, {}))
        if self._clock() - at >= STALE_SECONDS:
            found = await self._sum_by_tool(SPANS[wanted])
            self._sums[wanted] = self._clock(), found
        return found

    async def fresh_view(self) -> None:
        """Take in what other coordinators counted, unless that was done just now."""
        if self._clock() - self._synced >= STALE_SECONDS:
            await self._sync()

    async def sync(self) -> None:
        """Add what was counted to the table.  Costs nothing while nothing is called."""
        if self._fresh:
            await self._sync()

    async def close(self) -> None:
        """Add what is left, if the database is there."""
        try:
            await self.sync()
        except (SQLAlchemyError, OSError) as error:
            log.warning("the last calls are not counted", error=str(getattr(error, "orig", None) or error))

    async def forget_old(self) -> None:
        """Delete what nobody asks for any more."""
        now = int(self._clock())
        async with self._database.write() as connection:
            for width, seconds in KEPT_SECONDS.items():
                await connection.execute(
                    delete(table).where(table.c.width == width, table.c.start < now - seconds - width)
                )
        for width, seconds in KEPT_SECONDS.items():
            for start in [start for start in self._known[width] if start < now - seconds - width]:
                del self._known[width][start]

    async def _sync(self) -> None:
        async with self._syncing:
            if not self._synced:
                await self._load()
            taken, self._fresh = self._fresh, {}
            fresh = _spread(taken)
            try:
                async with self._database.write() as connection:
                    await hold(connection, TOPIC)
                    await self._read(connection, self._what_may_have_changed(fresh))
                    await self._add(connection, fresh)
            except BaseException:
                for key, cell in taken.items():
                    self._fresh.setdefault(key, Cell()).add(cell)
                raise
            for (width, start, tool), cell in fresh.items():
                self._known[width].setdefault(start, {}).setdefault(tool, Cell()).add(cell)
            self._synced = self._clock()

    async def _sum_by_tool(self, span: Span) -> dict[str, Cell]:
        first, _ = self._limits(span.seconds, span.of_one)
        found: dict[str, Cell] = {}
        for _, cells in list(self._cells(span.of_one, first)):
            for tool, cell in list(cells.items()):
                found.setdefault(tool, Cell()).add(cell)
            # With a thousand tools this is some milliseconds; calls get their turn in between.
            await asyncio.sleep(0)
        return found

    async def _load(self) -> None:
        async with self._database.read() as connection:
            is_mcp = select(runs.c.id).where(runs.c.source == "mcp").limit(1)
            self.has_mcp_calls = self.has_mcp_calls or await connection.scalar(is_mcp) is not None
            spans = (await connection.execute(select(table.c.width, table.c.start).distinct())).all()
            for width, start in spans:
                # One at a time, so that calls get their turn in between.
                await self._read(connection, (table.c.width == width) & (table.c.start == start))

    def _what_may_have_changed(self, fresh: Iterable[Key]) -> ColumnElement[bool]:
        """Return the condition for the cells that others may have counted in, or that we are about to add to."""
        since = min(int(self._clock()), int(self._synced))
        first = {width: since - width for width in KEPT_SECONDS}
        for width, start, _ in fresh:
            first[width] = min(first[width], start)
        return or_(*((table.c.width == width) & (table.c.start >= start - width) for width, start in first.items()))

    async def _read(self, connection: AsyncConnection, wanted: ColumnElement[bool]) -> None:
        for row in await connection.execute(select(table).where(wanted)):
            cell = Cell(row.calls, row.errors, row.last_call, unpacked(row.classes))
            self._known[row.width].setdefault(row.start, {})[row.tool] = cell

    async def _add(self, connection: AsyncConnection, fresh: Mapping[Key, Cell]) -> None:
        rows = []
        for (width, start, tool), cell in fresh.items():
            whole = total((self._known[width].get(start, {}).get(tool, Cell()), cell))
            rows.append((width, start, tool, whole.calls, whole.errors, whole.last, whole.packed()))
        if rows:
            await connection.exec_driver_sql(self._upsert, rows)

    def _limits(self, seconds: int, point: int) -> tuple[int, int]:
        now = int(self._clock())
        last = now - now % point
        return last - seconds + point, last

    def _cells(self, width: int, first: int) -> Iterator[tuple[int, Mapping[str, Cell]]]:
        yield from ((start, cells) for start, cells in self._known[width].items() if start >= first)
        fresh: dict[int, dict[str, Cell]] = {}
        for (of_width, start, tool), cell in _spread(self._fresh).items():
            if of_width == width and start >= first:
                fresh.setdefault(start, {})[tool] = cell
        yield from fresh.items()


def _spread(minutes: Mapping[tuple[int, str], Cell]) -> dict[Key, Cell]:
    """Add up the cells of single minutes and tools into those that are kept."""
    found: dict[Key, Cell] = {}
    for (minute, tool), cell in minutes.items():
        seconds = minute * 60
        for name, widths in ((ALL_TOOLS, WIDTHS_OF_ALL), (tool, WIDTHS_OF_ONE)):
            for width in widths:
                found.setdefault((width, seconds - seconds % width, name), Cell()).add(cell)
    return found


def _upsert_sql(database: Database) -> str:
    """Return the statement in the words of the driver, so that a batch goes to it as it is."""
    statement = insert(table).values(dict.fromkeys(table.c.keys())).compile(dialect=database.engine.dialect)
    changed = ", ".join(f"{name} = excluded.{name}" for name in ("calls", "errors", "last_call", "classes"))
    return f"{statement} ON CONFLICT (width, start, tool) DO UPDATE SET {changed}"
