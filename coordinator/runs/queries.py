"""Read the history: lists by filter, page after page, and one run in full.

Pages are found by the id of the last run seen, which is in the order of time, so the thousandth page costs what the
first one does and new runs shift nothing.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct
from sqlalchemy import Select, func, or_, select, union_all

from coordinator.calls import run_ids
from coordinator.db.engine import Database
from coordinator.db.tables import runs as table
from coordinator.runs.history import RunHistory
from coordinator.runs.rows import Outcome, RunRecord, RunSummary, record_of, summary_of
from flows.errors import NotFound

MAX_PAGE: Final = 500
CALLERS_OF_RUNS: Final = 1000
MAX_CALLERS: Final = 20
FRESH_SECONDS: Final = 1.0
"""How long a reader waits for runs that are not written yet."""

EARLIEST_MILLISECONDS: Final = 1 << 40
"""November 2004: from here to 2527 the times in ids have the same width."""

_id_at = run_ids()
_SEARCHED: Final = ("tool", "message", "code", "caller", "client")
_LISTED: Final = [table.c[name] for name in RunSummary.__struct_fields__]


class RunFilter(Struct, frozen=True, kw_only=True):
    """Which runs are wanted; what is not given does not matter.  Times are in milliseconds since the epoch."""

    tool: Annotated[str | None, Meta(description="The tool that was called.")] = None
    outcome: Annotated[Outcome | Literal["not_ok"] | None, Meta(description="How the run ended.")] = None
    caller: Annotated[str | None, Meta(description="The label of the token.")] = None
    token_id: Annotated[str | None, Meta(description="The id of the token.")] = None
    source: Annotated[str | None, Meta(description="Where the call came from: mcp, api, cli.")] = None
    text: Annotated[
        str | None, Meta(description="Text that the tool, the caller, the client or the error holds; or the id.")
    ] = None
    since: Annotated[int | None, Meta(description="Started at this time or later.")] = None
    until: Annotated[int | None, Meta(description="Started before this time.")] = None


class RunPage(Struct, frozen=True, kw_only=True):
    """Some runs, the newest first.  `next` leads to the following page; None on the last one."""

    runs: list[RunSummary]
    next: str | None


class CallerOut(Struct, frozen=True, kw_only=True):
    """Who called a tool lately."""

    caller: Annotated[str, Meta(description="The label of the token, or the name of the account.")]
    client: Annotated[str, Meta(description="The program that called, as it calls itself.")]
    source: Annotated[str, Meta(description="Where the calls came from: mcp, api, cli.")]
    calls: Annotated[int, Meta(description="How many of the last thousand calls are theirs.")]
    errors: Annotated[int, Meta(description="How many of those did not end well.")]
    last: Annotated[int, Meta(description="When the last one began, in milliseconds since the epoch.")]


class RunReader:
    """The reading side of the history."""

    def __init__(self, database: Database, history: RunHistory) -> None:
        self._database = database
        self._history = history

    async def page(self, wanted: RunFilter, *, limit: int = 50, after: str | None = None) -> RunPage:
        """Return the runs that fit, the newest first.  `after` is the `next` of the page before."""
        limit = max(1, min(limit, MAX_PAGE))
        statement = (
            _filtered(select(*_LISTED), wanted, is_sqlite=self._database.is_sqlite)
            .order_by(table.c.id.desc())
            .limit(limit + 1)
        )
        if after is not None:
            statement = statement.where(table.c.id < after)
        await self._history.flush(FRESH_SECONDS)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        runs = [summary_of(row) for row in rows[:limit]]
        return RunPage(runs=runs, next=runs[-1].id if len(rows) > limit else None)

    async def callers(self, tool: str) -> list[CallerOut]:
        """Return who called a tool lately, the last one first."""
        who = ("caller", "client", "source")
        newest = select(*(table.c[name] for name in (*who, "outcome", "started"))).where(table.c.tool == tool)
        some = newest.order_by(table.c.id.desc()).limit(CALLERS_OF_RUNS).subquery()
        errors = func.count().filter(some.c.outcome != "ok")
        last = func.max(some.c.started)
        wanted = select(*(some.c[name] for name in who), func.count().label("calls"), errors.label("errors"))
        statement = wanted.add_columns(last.label("last")).group_by(*(some.c[name] for name in who))
        await self._history.flush(FRESH_SECONDS)
        async with self._database.read() as connection:
            rows = await connection.execute(statement.order_by(last.desc()).limit(MAX_CALLERS))
            return [CallerOut(**row._mapping) for row in rows]

    async def newest(self, tools: Sequence[str]) -> dict[str, RunSummary]:
        """Return the last run of each of these tools that has one; at most `MAX_PAGE` tools."""
        if not tools:
            return {}
        # One look into the index for each: grouping would walk through all runs of a tool.
        each = [
            select(select(*_LISTED).where(table.c.tool == tool).order_by(table.c.id.desc()).limit(1).subquery())
            for tool in tools[:MAX_PAGE]
        ]
        await self._history.flush(FRESH_SECONDS)
        async with self._database.read() as connection:
            rows = (await connection.execute(union_all(*each))).all()
        return {row.tool: summary_of(row) for row in rows}

    async def get(self, run_id: str) -> RunRecord:
        """Return one run in full.  Raises NotFound."""
        await self._history.flush(FRESH_SECONDS)
        async with self._database.read() as connection:
            row = (await connection.execute(select(table).where(table.c.id == run_id))).one_or_none()
        if row is None:
            raise NotFound(f"There is no run {run_id!r}.", fix="It may be older than the history is kept.")
        return record_of(row)


def first_id_at(milliseconds: int) -> str:
    """Return what sorts just before all ids of runs that started at this time or later."""
    # Whoever makes the ids knows how the time stands at their start.
    earliest = max(milliseconds, EARLIEST_MILLISECONDS)
    return _id_at((earliest + 0.5) / 1000).partition("-")[0]


def _filtered(statement: Select[Any], wanted: RunFilter, *, is_sqlite: bool = True) -> Select[Any]:
    for name in ("tool", "caller", "token_id", "source"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(table.c[name] == value)
    if wanted.outcome not in (None, "ok"):
        # Said in these words, so that the database sees that its index over the others will do.
        statement = statement.where(table.c.outcome != "ok")
    if wanted.outcome not in (None, "not_ok"):
        statement = statement.where(table.c.outcome == wanted.outcome)
    if wanted.text:
        # SQLite does not tell capitals apart by itself, and takes twice as long when it is asked not to.
        texts = [table.c[name] for name in _SEARCHED]
        found = [each.contains if is_sqlite else each.icontains for each in texts]
        statement = statement.where(
            or_(table.c.id == wanted.text, *(fits(wanted.text, autoescape=True) for fits in found))
        )
    if wanted.since is not None:
        statement = statement.where(table.c.id >= first_id_at(wanted.since))
    if wanted.until is not None:
        statement = statement.where(table.c.id < first_id_at(wanted.until))
    return statement
