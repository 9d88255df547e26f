"""Reading the history: filters, pages, one run."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from coordinator.db import Database
from coordinator.metrics import Metrics
from coordinator.runs.history import RunHistory
from coordinator.runs.queries import RunFilter, RunReader
from coordinator.runs.retention import delete_old_runs
from coordinator.settings import Settings
from flows.errors import NotFound
from tests.coordinator.runs.support import NOW, failure, finished

DAY = 86_400


@pytest.fixture
async def history(database: Database) -> AsyncIterator[RunHistory]:
    writer = RunHistory(database, Metrics(), Settings, interval=0.01)
    async with writer.running():
        yield writer


async def test_a_run_is_there_as_soon_as_the_call_has_returned(database: Database, history: RunHistory) -> None:
    run = finished()
    history.record(run)

    assert (await RunReader(database, history).get(run.run_id)).summary.id == run.run_id


async def test_pages_follow_one_another_newest_first_although_new_runs_arrive(
    database: Database, history: RunHistory
) -> None:
    reader = RunReader(database, history)
    for number in range(25):
        history.record(finished(started=NOW + number, tool=f"t{number}"))

    seen: list[str] = []
    after = None
    for _ in range(3):
        page = await reader.page(RunFilter(), limit=10, after=after)
        seen += [run.tool for run in page.runs]
        after = page.next
        history.record(finished(started=NOW + 100, tool="new"))

    assert seen == [f"t{number}" for number in reversed(range(25))]
    assert after is None


@pytest.mark.parametrize(
    ("wanted", "tools"),
    [
        (RunFilter(), ["d", "c", "b", "a"]),
        (RunFilter(tool="b"), ["b"]),
        (RunFilter(outcome="failed"), ["c", "b"]),
        (RunFilter(outcome="ok"), ["d", "a"]),
        (RunFilter(outcome="not_ok"), ["c", "b"]),
        (RunFilter(text="PHONE"), ["d"]),
        (RunFilter(text="such place"), ["c", "b"]),
        (RunFilter(text="%"), []),
        (RunFilter(text="cursor/"), ["d", "c", "b", "a"]),
        (RunFilter(text="cursor_"), []),
        (RunFilter(caller="phone"), ["d"]),
        (RunFilter(token_id="PhOnEpHo"), ["d"]),
        (RunFilter(source="api"), ["c"]),
        (RunFilter(since=int((NOW + 1) * 1000)), ["d", "c", "b"]),
        (RunFilter(until=int((NOW + 1) * 1000)), ["a"]),
        (RunFilter(outcome="failed", since=int((NOW + 2) * 1000)), ["c"]),
        (RunFilter(tool="nope"), []),
    ],
    ids=lambda value: str(value) if isinstance(value, RunFilter) else "",
)
async def test_filters_find_what_fits(
    database: Database, history: RunHistory, wanted: RunFilter, tools: list[str]
) -> None:
    history.record(finished(started=NOW, tool="a"))
    history.record(finished(failure(), started=NOW + 1, tool="b"))
    history.record(finished(failure(), started=NOW + 2, tool="c", source="api"))
    history.record(finished(started=NOW + 3, tool="d", caller="phone", token_id="PhOnEpHo"))

    page = await RunReader(database, history).page(wanted)

    assert [run.tool for run in page.runs] == tools


async def test_a_run_that_is_not_there_says_why_that_may_be(database: Database, history: RunHistory) -> None:
    with pytest.raises(NotFound) as caught:
        await RunReader(database, history).get("0")

    assert str(caught.value) == "There is no run '0'. It may be older than the history is kept."


@pytest.mark.parametrize(
    "wanted",
    [RunFilter(tool="a"), RunFilter(outcome="failed"), RunFilter(caller="x"), RunFilter(since=int(NOW * 1000))],
)
async def test_lists_are_read_from_an_index_without_sorting(sqlite: Database, wanted: RunFilter) -> None:
    from coordinator.runs.queries import _LISTED, _filtered, select, table

    statement = _filtered(select(*_LISTED), wanted).order_by(table.c.id.desc()).limit(50)
    compiled = statement.compile(dialect=sqlite.engine.dialect, compile_kwargs={"literal_binds": True})
    async with sqlite.read() as connection:
        plan = [row[3] for row in await connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]

    assert len(plan) == 1
    assert plan[0].startswith("SEARCH runs USING INDEX")


async def test_old_runs_are_deleted_and_younger_ones_stay(database: Database, history: RunHistory) -> None:
    for days in range(10):
        history.record(finished(started=NOW - days * DAY, tool=f"{days} days"))
    await history.flush()

    deleted = await delete_old_runs(database, Settings(history_days=3), lambda: NOW + 1, slice_rows=2)

    page = await RunReader(database, history).page(RunFilter())
    assert deleted == 7
    assert [run.tool for run in page.runs] == ["0 days", "1 days", "2 days"]


async def test_the_oldest_runs_go_when_there_are_too_many(database: Database, history: RunHistory) -> None:
    for number in range(1010):
        history.record(finished(started=NOW + number))
    await history.flush()
    settings = Settings(history_days=3650, history_max_rows=1000)

    assert await delete_old_runs(database, settings, lambda: NOW, slice_rows=4) == 10
    assert await delete_old_runs(database, settings, lambda: NOW) == 0

    page = await RunReader(database, history).page(RunFilter(until=int((NOW + 10) * 1000)))
    assert page.runs == []


async def test_the_last_run_of_each_of_many_tools_is_found_in_one_question(
    database: Database, history: RunHistory
) -> None:
    for number in range(6):
        history.record(finished(started=NOW + number, tool=f"t{number % 3}"))
    history.record(finished(failure(), started=NOW + 9, tool="t1"))

    found = await RunReader(database, history).newest(["t0", "t1", "never", *(f"x{number}" for number in range(496))])

    assert {tool: (run.outcome, run.started) for tool, run in found.items()} == {
        "t0": ("ok", int((NOW + 3) * 1000)),
        "t1": ("failed", int((NOW + 9) * 1000)),
    }
    assert await RunReader(database, history).newest([]) == {}
