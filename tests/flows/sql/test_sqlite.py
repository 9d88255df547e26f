"""What is SQLite's own: files, locks, and the statements that would change the connection."""

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from flows.errors import ConnectionLost, StepError
from flows.sdk import SqlStatement
from tests.flows.sql.conftest import Subject, opened


async def message_of(subject: Subject, text: str, **more: bool) -> str:
    with pytest.raises(StepError) as caught:
        await subject.run_raw(SqlStatement((text,), ()), **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ATTACH 'other.db' AS other", "ATTACH"),
        ("DETACH main", "DETACH"),
        ("VACUUM INTO 'other.db'", "ATTACH"),
        ("PRAGMA journal_mode = DELETE", "PRAGMA journal_mode"),
        ("PRAGMA query_only = 0", "PRAGMA query_only"),
        ("PRAGMA writable_schema = 1", "PRAGMA writable_schema"),
        ("PRAGMA database_list", "PRAGMA database_list"),
        ("BEGIN", "a transaction"),
        ("COMMIT", "a transaction"),
        ("SAVEPOINT s", "a savepoint"),
        ("CREATE TEMP TABLE t (a)", "a temporary table"),
        ("CREATE TEMP VIEW v AS SELECT 1", "a temporary view"),
        ("SELECT load_extension('x')", "load_extension"),
    ],
)
@pytest.mark.parametrize("read_only", [True, False])
async def test_what_would_change_the_connection_is_refused(
    sqlite: Subject, tmp_path: Path, text: str, what: str, read_only: bool
) -> None:
    said = await message_of(sqlite, text, read_only=read_only)

    expected = f"The database of connection 'shop' refused the statement: {what} is not available in a step."
    missing = "The database of connection 'shop' refused the statement: no such function: load_extension."
    assert said in {expected, missing if what == "load_extension" else expected}
    assert [name for name in os.listdir(tmp_path) if name.endswith(".db")] == ["test.db"]


@pytest.mark.parametrize(
    "text",
    [
        "PRAGMA table_info(t)",
        "PRAGMA user_version",
        "SELECT name FROM pragma_table_info('t')",
        "SELECT value FROM json_each('[1, 2]')",
        "EXPLAIN QUERY PLAN SELECT * FROM t",
        "SELECT rowid FROM words WHERE words MATCH 'mill'",
    ],
)
async def test_what_only_tells_is_possible_when_reading(sqlite: Subject, text: str) -> None:
    await sqlite.run("CREATE TABLE t (a)")
    await sqlite.run("CREATE VIRTUAL TABLE words USING fts5(word)")
    await sqlite.run("INSERT INTO words VALUES ('mill race')")

    assert (await sqlite.run(text, read_only=True))["row_count"] > 0


async def test_an_id_is_given_for_what_was_inserted(sqlite: Subject) -> None:
    await sqlite.run("CREATE TABLE t (id INTEGER PRIMARY KEY, a)")

    assert await sqlite.run("INSERT INTO t (a) VALUES (1), (2)") == {"affected": 2, "last_id": 2}
    assert await sqlite.run("REPLACE INTO t VALUES (7, 1)") == {"affected": 1, "last_id": 7}
    assert await sqlite.run("INSERT INTO t (a) SELECT 1 WHERE false") == {"affected": 0}
    assert await sqlite.run("UPDATE t SET a = 3") == {"affected": 3}


async def test_values_without_a_word_in_json_are_base64_or_null(sqlite: Subject) -> None:
    found = await sqlite.run("SELECT x'00ff' AS bytes, 9e999 AS big, -9e999 AS small, 0.5 AS half, 'x' AS text")

    assert found["rows"] == [{"bytes": "AP8=", "big": None, "small": None, "half": 0.5, "text": "x"}]


async def test_a_number_too_large_for_sqlite_is_refused(sqlite: Subject) -> None:
    with pytest.raises(StepError) as caught:
        await sqlite.run("SELECT ${{ args.n }}", n=2**63)

    assert str(caught.value) == (
        "The database of connection 'shop' refused the statement: a number is larger than SQLite can hold."
    )


async def test_declared_references_are_kept(sqlite: Subject) -> None:
    await sqlite.run("CREATE TABLE a (id INTEGER PRIMARY KEY)")
    await sqlite.run("CREATE TABLE b (a INTEGER REFERENCES a (id))")

    assert "FOREIGN KEY constraint failed" in await message_of(sqlite, "INSERT INTO b VALUES (1)")


async def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "none.db"
    async with opened("sqlite", f"sqlite:///{path}") as subject:
        with pytest.raises(ConnectionLost) as caught:
            await subject.run("SELECT 1", read_only=True)

    assert str(caught.value) == (
        "The database of connection 'shop' cannot be reached: unable to open database file. "
        f"Check the path '{path}': a relative one begins at the working directory."
    )
    assert not caught.value.retryable
    assert not path.exists()


async def test_a_file_that_is_not_there_is_created_by_a_change_and_gets_a_write_ahead_log(tmp_path: Path) -> None:
    async with opened("sqlite", f"sqlite:///{tmp_path}/new%20one.db") as subject:
        await subject.run("CREATE TABLE t (a)")
        assert (await subject.run("PRAGMA journal_mode", read_only=True))["rows"] == [{"journal_mode": "wal"}]

    assert (tmp_path / "new one.db").exists()


async def test_a_file_that_was_there_keeps_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as old:
        old.execute("CREATE TABLE t (a)")
    old.close()

    async with opened("sqlite", f"sqlite:///{path}") as subject:
        await subject.run("INSERT INTO t VALUES (1)")
        assert (await subject.run("PRAGMA journal_mode"))["rows"] == [{"journal_mode": "delete"}]


async def test_a_relative_path_begins_at_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    async with opened("sqlite", "sqlite:///data.db") as subject:
        await subject.run("CREATE TABLE t (a)")

    assert (tmp_path / "data.db").exists()


async def test_a_database_in_memory_is_one_for_reading_and_writing() -> None:
    async with opened("sqlite", "sqlite:///:memory:") as subject:
        await subject.run("CREATE TABLE t (a)")
        await asyncio.gather(*(subject.run("INSERT INTO t VALUES (${{ args.n }})", n=n) for n in range(10)))

        assert (await subject.run("SELECT count(*) AS n FROM t", read_only=True))["rows"] == [{"n": 10}]
        with pytest.raises(StepError) as caught:
            await subject.run("INSERT INTO t VALUES (${{ args.n }})", n=1, read_only=True)
        assert caught.value.code == "read_only"
        assert await subject.run("INSERT INTO t VALUES (${{ args.n }})", n=1) == {"affected": 1, "last_id": 11}


async def test_a_lock_is_waited_for(sqlite: Subject, tmp_path: Path) -> None:
    await sqlite.run("CREATE TABLE t (a)")
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    change = asyncio.create_task(sqlite.run("INSERT INTO t VALUES (1)"))
    await asyncio.sleep(0.3)  # longer than SQLite itself waits at a time
    assert not change.done()
    other.execute("COMMIT")
    other.close()

    assert await change == {"affected": 1, "last_id": 1}


async def test_a_lock_that_stays_is_worth_another_try(sqlite: Subject, tmp_path: Path) -> None:
    await sqlite.run("CREATE TABLE t (a)")
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StepError) as caught:
        await sqlite.run("INSERT INTO t VALUES (1)", seconds=0.3)
    other.close()

    assert caught.value.retryable
    assert str(caught.value) == (
        "The database of connection 'shop' refused the statement: another program holds a lock on the file. Try again."
    )


async def test_a_change_that_is_cancelled_while_it_waits_for_a_lock_is_never_made(
    sqlite: Subject, tmp_path: Path
) -> None:
    await sqlite.run("CREATE TABLE t (a)")
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    change = asyncio.create_task(sqlite.run("INSERT INTO t VALUES (1)"))
    await asyncio.sleep(0.15)  # it has begun to wait

    change.cancel()
    with pytest.raises(asyncio.CancelledError):
        await change
    await asyncio.sleep(0.2)  # its thread has seen it
    other.execute("COMMIT")
    other.close()

    assert await sqlite.run("INSERT INTO t VALUES (2)") == {"affected": 1, "last_id": 1}


async def test_a_slow_change_does_not_hold_up_who_reads(tmp_path: Path) -> None:
    async with opened("sqlite", f"sqlite:///{tmp_path}/new.db") as subject:
        await subject.run("CREATE TABLE t (a)")
        slow = asyncio.create_task(
            subject.run(
                "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n"
            )
        )
        await asyncio.sleep(0.05)  # it has begun

        async with asyncio.timeout(2):
            found = [await subject.run("SELECT count(*) AS n FROM t") for _ in range(20)]

        assert not slow.done()
        assert found[-1]["rows"] == [{"n": 0}]
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow


async def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is not a database, but it is long enough to be read as one." * 20)

    async with opened("sqlite", f"sqlite:///{tmp_path}/text.db") as subject:
        assert await message_of(subject, "SELECT * FROM t") == (
            "The database of connection 'shop' refused the statement: file is not a database."
        )
