"""Recording calls: nothing waits, little is lost, and what is lost is counted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event, func, select, text
from structlog.testing import capture_logs

from coordinator.access.tokens import new_token
from coordinator.calls import FinishedRun
from coordinator.db import Database
from coordinator.db.tables import runs as table
from coordinator.metrics import Metrics
from coordinator.runs import history as module
from coordinator.runs.history import QUEUE_RUNS, RunHistory
from coordinator.runs.queries import RunFilter, RunReader
from coordinator.runs.rows import RunRecord, RunRow, row_of
from coordinator.settings import Settings
from flows.content import Reply, TextBlock
from flows.runs import RunResult
from tests.coordinator.runs.support import failure, finished, reply, step

SECONDS = 5


@asynccontextmanager
async def writing(
    database: Database, metrics: Metrics | None = None, retry: float = 0.01, **settings: Any
) -> AsyncIterator[RunHistory]:
    now = Settings(**settings)
    history = RunHistory(database, metrics or Metrics(), lambda: now, interval=0.01, retry=retry)
    async with history.running():
        yield history


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


async def count(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


async def only(database: Database, history: RunHistory) -> RunRecord:
    reader = RunReader(database, history)
    (summary,) = (await reader.page(RunFilter())).runs
    return await reader.get(summary.id)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110  the writer has no event for it; bounded above
            await asyncio.sleep(0.001)


async def test_a_call_is_found_again_with_all_that_is_known_of_it(database: Database) -> None:
    async with writing(database) as history:
        result = RunResult(reply=Reply(value={"temperature": 4.2}), steps=(step(attempts=2),), duration=1500)
        history.record(finished(result))
        record = await only(database, history)

    summary = record.summary
    assert (summary.tool, summary.outcome, summary.code, summary.message) == ("get_weather", "ok", "", "")
    assert (summary.caller, summary.token_id, summary.address) == ("laptop", "AbCdEfGh", "127.0.0.1")
    assert (summary.started, summary.duration, summary.source) == (1_800_000_000_000, 1500, "mcp")
    assert record.detail.args == {"city": "Oslo"}
    assert record.detail.result == {"temperature": 4.2}
    assert record.detail.steps == [
        {"id": "place", "component": "http", "outcome": "ok", "started": 10, "duration": 700, "attempts": 2}
    ]


@pytest.mark.parametrize(
    ("result", "outcome", "code"),
    [
        (reply(), "ok", ""),
        (failure(), "failed", "not_found"),
        (failure("invalid_arguments"), "rejected", "invalid_arguments"),
        (failure("timeout"), "timeout", "timeout"),
        (failure("cancelled"), "cancelled", "cancelled"),
        (RunResult(reply=Reply(value="no", is_error=True)), "failed", "error_reply"),
        (RunResult(reply=Reply(content=(TextBlock(text="hi"),))), "ok", ""),
    ],
    ids=["ok", "failed", "rejected", "timeout", "cancelled", "error reply", "content"],
)
async def test_each_way_to_end_has_its_name(sqlite: Database, result: RunResult, outcome: str, code: str) -> None:
    metrics = Metrics()
    async with writing(sqlite, metrics) as history:
        history.record(finished(result))
        record = await only(sqlite, history)

    assert (record.summary.outcome, record.summary.code) == (outcome, code)
    assert f'headrace_tool_calls_total{{status="{outcome}",tool="get_weather"}} 1.0' in metrics.exposition()[0].decode()


async def test_content_blocks_are_kept_in_the_shape_of_the_wire(sqlite: Database) -> None:
    async with writing(sqlite) as history:
        history.record(finished(RunResult(reply=Reply(content=(TextBlock(text="hi"),)))))
        record = await only(sqlite, history)

    assert record.detail.content == [{"type": "text", "text": "hi"}]
    assert record.detail.result is msgspec.UNSET


async def test_by_policy_only_the_outcome_is_kept(sqlite: Database) -> None:
    async with writing(sqlite, history="outcome") as history:
        history.record(finished(failure(), args={"city": "canary"}))
        record = await only(sqlite, history)

    assert record.summary.message == "No such place."
    assert record.detail.step == "place"
    assert (record.detail.args, record.detail.result) == (msgspec.UNSET, msgspec.UNSET)


async def test_by_policy_nothing_is_kept_but_still_counted(sqlite: Database) -> None:
    metrics = Metrics()
    async with writing(sqlite, metrics, history="off") as history:
        history.record(finished())
        await history.flush()

    assert await count(sqlite) == 0
    assert 'headrace_tool_calls_total{status="ok",tool="get_weather"} 1.0' in metrics.exposition()[0].decode()


async def test_no_secret_reaches_the_file(sqlite: Database, tmp_path: Path) -> None:
    token, canary = new_token(), "hunter2canary"
    async with writing(sqlite) as history:
        history.record(
            finished(
                RunResult(
                    reply=Reply(value={"url": f"http://x/?token={canary}", "password": canary}),
                    steps=(step(error=f"answered 401 to Bearer {canary}0123456789"),),
                ),
                args={"authorization": canary, "note": f"use {token}"},
                client=f"odd {token}",
            )
        )
        history.record(finished(failure(message=f"postgresql://me:{canary}@db refused {token}")))
        await history.flush()

    stored = written(tmp_path)
    assert b"[redacted]" in stored
    assert canary.encode() not in stored
    assert token.encode() not in stored


async def test_large_values_are_cut(sqlite: Database) -> None:
    async with writing(sqlite, history_max_value_bytes=256) as history:
        history.record(finished(reply("x" * 100_000), args={"text": "y" * 100_000}))
        record = await only(sqlite, history)

    assert 200 < len(record.detail.result) < 300
    assert record.detail.result.endswith("...")
    assert len(record.detail.args["text"]) < 300


async def test_text_that_a_database_would_refuse_is_made_fit(database: Database) -> None:
    async with writing(database) as history:
        history.record(finished(reply("\0"), args={"a\0": "\ud800"}, client="\0nul", caller="half\ud800"))
        history.record(finished(failure(message="\0\ud800")))
        await history.flush()

    assert await count(database) == 2


async def test_many_calls_are_written_in_batches_in_order(database: Database) -> None:
    async with writing(database) as history:
        recorded = [finished(tool=f"t{number}") for number in range(1700)]
        for run in recorded:
            history.record(run)
        assert await history.flush()

    async with database.read() as connection:
        ids = (await connection.scalars(select(table.c.id).order_by(table.c.id))).all()
    assert list(ids) == [run.run_id for run in recorded]


async def test_recording_leaves_all_work_for_after_the_call(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []

    def count(run: FinishedRun, *rest: Any) -> RunRow:
        encoded.append(run.run_id)
        return row_of(run, *rest)

    monkeypatch.setattr(module, "row_of", count)
    async with writing(sqlite) as history:
        for _ in range(2000):
            history.record(finished())
        during = len(encoded)
        assert await history.flush()

    assert (during, len(encoded)) == (0, 2000)


async def test_more_than_fits_is_dropped_and_counted_and_the_rest_is_written(sqlite: Database) -> None:
    metrics = Metrics()
    async with writing(sqlite, metrics) as history:
        for _ in range(QUEUE_RUNS + 7):
            history.record(finished())
        await history.flush()

    assert metrics.dropped_runs == 7
    assert await count(sqlite) == QUEUE_RUNS


async def test_while_the_database_fails_calls_go_on_and_rows_wait_for_it(sqlite: Database) -> None:
    metrics = Metrics()
    with capture_logs() as logged:
        async with writing(sqlite, metrics) as history:
            await _fail_for_a_while(sqlite, history, logged)

    assert (metrics.dropped_runs, await count(sqlite)) == (0, 20)
    assert [line["event"] for line in logged] == ["history cannot be written for now", "history is written again"]


async def _fail_for_a_while(sqlite: Database, history: RunHistory, logged: list[Any]) -> None:
    async with sqlite.write() as connection:
        await connection.execute(text("ALTER TABLE runs RENAME TO away"))
    for _ in range(10):
        history.record(finished())
    await until(lambda: bool(logged))
    for _ in range(10):
        history.record(finished())
    async with sqlite.write() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO runs"))

    assert await history.flush()


async def test_what_is_not_written_at_the_end_is_counted_as_lost(sqlite: Database) -> None:
    metrics = Metrics()
    async with sqlite.write() as connection:
        await connection.execute(text("DROP TABLE runs"))

    async with writing(sqlite, metrics) as history:
        for _ in range(3):
            history.record(finished())
        assert not await history.flush(0.05)
        history.flush = _at_once(history)  # type: ignore[method-assign]  # five seconds are too long for a test

    assert metrics.dropped_runs == 3


async def test_one_row_that_is_refused_does_not_take_the_others_with_it(sqlite: Database) -> None:
    metrics = Metrics()
    async with sqlite.write() as connection:
        await connection.execute(
            text("CREATE TRIGGER no BEFORE INSERT ON runs WHEN new.tool = 'bad' BEGIN SELECT raise(ABORT, 'no'); END")
        )

    async with writing(sqlite, metrics) as history:
        for tool in ("good", "bad", "good"):
            history.record(finished(tool=tool))
        assert await history.flush()

    assert (metrics.dropped_runs, await count(sqlite)) == (1, 2)


async def test_a_batch_that_is_sent_twice_is_kept_once(database: Database) -> None:
    run = finished()
    async with writing(database) as history:
        history.record(run)
        await history.flush()
        history.record(run)
        await history.flush()

    assert await count(database) == 1


async def test_everything_recorded_before_the_end_is_written(sqlite: Database) -> None:
    async with writing(sqlite) as history:
        for _ in range(5):
            history.record(finished())

    assert await count(sqlite) == 5


async def test_an_idle_history_asks_for_no_time_and_no_statement(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with writing(sqlite) as history:
        history.record(finished())
        await history.flush()
        await asyncio.sleep(0.05)  # five intervals: whatever was still to be done is done
        timers: list[Any] = []
        statements: list[str] = []
        loop = asyncio.get_running_loop()
        call_at = loop.call_at
        monkeypatch.setattr(loop, "call_at", lambda *args, **options: timers.append(args) or call_at(*args, **options))
        event.listen(sqlite.engine.sync_engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        await asyncio.sleep(0.05)
        monkeypatch.undo()

    assert (len(timers), statements) == (1, [])  # the timer is that of the sleep above
    assert history.waiting == 0


def _at_once(history: RunHistory) -> Callable[..., Any]:
    flush = history.flush

    async def soon(seconds: float = 0.01) -> bool:
        return await flush(seconds)

    return soon
