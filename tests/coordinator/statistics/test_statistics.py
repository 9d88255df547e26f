"""Counts of calls: right whatever the range, the same after a restart, and added up over coordinators."""

import asyncio
import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from coordinator.db import Database
from coordinator.db.tables import call_counts
from coordinator.statistics.cell import Cell, bounds_of, class_of, total
from coordinator.statistics.statistics import HOUR, WEEK, Statistics
from tests.coordinator.in_process import coordinator
from tests.coordinator.runs.support import failure, finished, reply

NOW = 1_800_000_000.0
ALL_RANGES = ("1h", "24h", "7d")


class Clock:
    """A clock that is set by hand."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@given(st.integers(0, 10**12))
def test_a_duration_is_in_its_class_and_the_class_is_at_most_a_quarter_wide(microseconds: int) -> None:
    low, high = bounds_of(class_of(microseconds))

    assert low <= microseconds < high
    assert high - low <= max(1, low // 4)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_near_the_true_one(durations: list[int], share: float) -> None:
    cell = Cell()
    for each in durations:
        cell.count(each, 0, False)

    true = sorted(durations)[math.ceil(share * len(durations)) - 1]

    assert true * 0.8 - 1 <= cell.percentile(share) <= true * 1.25 + 1


def test_the_sum_of_cells_counts_what_they_count() -> None:
    cells = [Cell() for _ in range(3)]
    for number in range(300):
        cells[number % 3].count(number * 100, number, number % 10 == 0)

    whole = total(cells)

    assert (whole.calls, whole.errors, whole.last) == (300, 30, 299)
    assert sum(whole.classes.values()) == 300
    assert total([]).percentile(0.5) == 0


async def test_each_range_counts_what_happened_in_it(sqlite: Database) -> None:
    clock = Clock()
    statistics = Statistics(sqlite, clock=clock)
    for ago in (10, 1800, 2 * HOUR, 23 * HOUR, 3 * 24 * HOUR, WEEK - 7 * HOUR, 8 * 24 * HOUR):
        statistics.count(finished(reply(), started=NOW - ago), "ok")
    statistics.count(finished(failure(), started=NOW - 20, tool="other"), "failed")

    for _ in range(2):
        found = {each: total(cell for _, cell in statistics.points(each)) for each in ALL_RANGES}
        tools = {each: await statistics.by_tool(each) for each in ALL_RANGES}

        assert [(found[each].calls, found[each].errors) for each in ALL_RANGES] == [(3, 1), (5, 1), (7, 1)]
        assert [tools[each]["get_weather"].calls for each in ALL_RANGES] == [2, 4, 6]
        assert [tools[each]["other"].errors for each in ALL_RANGES] == [1, 1, 1]
        await statistics.sync()
        clock.now += 5


async def test_a_chart_has_every_point_once_and_in_order(sqlite: Database) -> None:
    statistics = Statistics(sqlite, clock=Clock())
    statistics.count(finished(started=NOW - 61), "ok")

    for wanted, count, width in (("1h", 60, 60), ("24h", 96, 900), ("7d", 168, 3600)):
        starts = [start for start, _ in statistics.points(wanted)]  # type: ignore[arg-type]

        assert starts == list(range(starts[0], starts[0] + count * width, width))
        assert starts[-1] <= NOW < starts[-1] + width
    assert [start for start, cell in statistics.points("1h") if cell.calls] == [int(NOW - 61) // 60 * 60]


async def test_counts_outlive_the_server(database: Database) -> None:
    clock = Clock()
    before = Statistics(database, clock=clock)
    for _ in range(3):
        before.count(finished(started=NOW), "ok")
        await before.sync()
    after = Statistics(database, clock=clock)
    await after.fresh_view()

    assert (await after.by_tool("24h"))["get_weather"].calls == 3
    assert (await after.by_tool("24h"))["get_weather"].percentile(0.5) == (await before.by_tool("24h"))[
        "get_weather"
    ].percentile(0.5)


async def test_two_coordinators_add_to_the_same_counts(database: Database) -> None:
    clock = Clock()
    one, other = Statistics(database, clock=clock), Statistics(database, clock=clock)

    async def work(statistics: Statistics) -> None:
        for number in range(10):
            statistics.count(finished(started=NOW - number), "ok")
            await statistics.sync()

    await asyncio.gather(work(one), work(other))
    clock.now += 10
    await one.fresh_view()
    await other.fresh_view()

    assert (await one.by_tool("1h"))["get_weather"].calls == (await other.by_tool("1h"))["get_weather"].calls == 20


async def test_counts_wait_while_the_database_is_away(sqlite: Database) -> None:
    statistics = Statistics(sqlite, clock=Clock())
    await statistics.sync()
    statistics.count(finished(started=NOW), "ok")
    await sqlite.engine.dispose()
    async with sqlite.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE call_counts RENAME TO away")
    failed = await asyncio.gather(statistics.sync(), return_exceptions=True)
    async with sqlite.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE away RENAME TO call_counts")
    statistics.count(finished(started=NOW), "ok")
    await statistics.sync()

    assert isinstance(failed[0], Exception)
    assert (await statistics.by_tool("1h"))["get_weather"].calls == 2


async def test_what_nobody_asks_for_any_more_is_deleted(sqlite: Database) -> None:
    clock = Clock()
    statistics = Statistics(sqlite, clock=clock)
    statistics.count(finished(started=NOW), "ok")
    await statistics.sync()
    clock.now += 4 * HOUR
    await statistics.forget_old()
    async with sqlite.read() as connection:
        after_hours = await connection.scalar(select(func.count()).select_from(call_counts))
    week = (await statistics.by_tool("7d"))["get_weather"].calls
    clock.now += WEEK + 12 * HOUR
    await statistics.forget_old()
    async with sqlite.read() as connection:
        after_days = await connection.scalar(select(func.count()).select_from(call_counts))

    assert (after_hours, week, after_days) == (3, 1, 0)


FAILING = """\
flow: failing
description: Fails.
input: {mcp_tool: {}}
steps:
  - fail: {code: broken, message: It is broken.}
output: {reply: never}
"""


async def test_the_overview_tells_calls_errors_and_the_tools_behind_them(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={"failing": FAILING}) as headrace:
        empty = (await headrace.client.get("/api/overview")).json()
        for _ in range(3):
            await headrace.mcp("tools/call", {"name": "failing", "arguments": {}})
        await headrace.services.history.flush()
        shown = (await headrace.client.get("/api/overview?range=1h")).json()
        wrong = await headrace.client.get("/api/overview?range=1y")

    assert (empty["counts"]["calls"], empty["counts"]["last"], empty["is_new"]) == (0, None, True)
    assert [step["is_done"] for step in empty["first_steps"]] == [True, False, False]
    assert len(empty["points"]) == 96
    assert (shown["counts"]["calls"], shown["counts"]["errors"]) == (3, 3)
    assert shown["failing"][0]["tool"] == "failing"
    assert shown["failing"][0]["counts"]["p95"] > 0
    assert [step["is_done"] for step in shown["first_steps"]] == [True, True, True]
    assert (shown["is_well"], shown["summary"]) == (True, "All is well: 1 tool live.")
    assert wrong.status_code == 400


async def test_the_overview_says_what_needs_somebody_the_worst_first(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={"failing": FAILING.replace("fail:", "fial:")}) as headrace:
        shown = (await headrace.client.get("/api/overview")).json()

    assert shown["is_well"] is False
    assert shown["summary"] == "0 tools live, 1 thing to be repaired."
    assert [(each["level"], each["title"], each["path"]) for each in shown["attention"]] == [
        ("error", "1 error in flows.", "/problems"),
        ("info", "The web pages are open to every program on this machine.", "/settings/account"),
    ]
