"""Opening the database, migrating it, and the promises of its transactions."""

import asyncio
import sqlite3
import warnings
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from coordinator.db import Database, engine, open_database
from coordinator.db.engine import DatabaseUnusable, bump
from coordinator.db.migrate import HEAD, MIGRATIONS, SchemaTooNew
from coordinator.db.tables import TOPICS, metadata, settings

PATIENCE = 20.0


async def test_the_migrations_make_the_tables_that_the_code_declares(database: Database) -> None:
    async with database.read() as connection:
        differences = await connection.run_sync(
            lambda plain: compare_metadata(MigrationContext.configure(plain, opts={"compare_type": True}), metadata)
        )

    assert differences == []


def test_the_newest_migration_is_the_one_that_starts_expect() -> None:
    script = ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS)])

    assert script.get_heads() == [HEAD]


async def test_every_topic_has_its_counter(database: Database) -> None:
    assert await database.generations() == dict.fromkeys(TOPICS, 0)


async def test_what_was_committed_is_there_after_opening_again(database_url: str) -> None:
    async with open_database(database_url) as database, database.write() as connection:
        await bump(connection, "flows")

    async with open_database(database_url) as database:
        assert (await database.generations())["flows"] == 1


async def test_an_error_inside_a_transaction_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as connection:
            await bump(connection, "flows")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert (await database.generations())["flows"] == 0


async def test_a_database_of_a_newer_headrace_is_refused(database_url: str) -> None:
    async with open_database(database_url) as database, database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(SchemaTooNew) as caught:
        async with open_database(database_url):
            pass

    assert str(caught.value) == (
        f"A newer Headrace wrote this database (its schema is 9999, this version knows up to {HEAD}). "
        "Start that version again, or restore the backup that was made before the upgrade."
    )


async def test_coordinators_that_start_together_migrate_once(database_url: str) -> None:
    async def start() -> dict[str, int]:
        async with open_database(database_url) as database:
            return await database.generations()

    found = await asyncio.gather(*[start() for _ in range(4)])

    assert found == [dict.fromkeys(TOPICS, 0)] * 4


async def test_counting_in_parallel_loses_no_count(database: Database) -> None:
    async def change() -> None:
        async with database.write() as connection:
            await connection.execute(select(settings))
            await bump(connection, "settings")

    await asyncio.gather(*[change() for _ in range(20)])

    assert (await database.generations())["settings"] == 20


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(settings).values(name="x", value="1", author="", changed=0))

        async with asyncio.timeout(5), database.read() as reader:
            seen = (await reader.execute(select(settings))).all()

    assert seen == []


async def test_sqlite_syncs_every_commit_and_keeps_a_write_ahead_log(sqlite: Database) -> None:
    async with sqlite.read() as connection:
        journal = await connection.scalar(text("PRAGMA journal_mode"))
        synchronous = await connection.scalar(text("PRAGMA synchronous"))

    assert (journal, synchronous) == ("wal", 2)


async def test_a_transaction_that_reads_before_it_writes_is_not_overtaken(sqlite: Database) -> None:
    async def add_one() -> None:
        async with sqlite.write() as connection:
            value = await connection.scalar(select(settings.c.changed).where(settings.c.name == "n"))
            await connection.execute(update(settings).values(changed=(value or 0) + 1))

    async with sqlite.write() as connection:
        await connection.execute(insert(settings).values(name="n", value="", author="", changed=0))
    await asyncio.gather(*[add_one() for _ in range(10)])

    async with sqlite.read() as connection:
        assert await connection.scalar(select(settings.c.changed)) == 10


async def test_the_directory_of_a_sqlite_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/new/state/headrace.db"):
        pass

    assert (tmp_path / "new" / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "mysql://root:hunter2@localhost/x",
            "'mysql://root:[redacted]@localhost/x' is not the URL of a database. Set HEADRACE_DATABASE_URL to "
            "sqlite:///path/to/file.db or postgresql://user:password@host/database.",
        ),
        (
            "nonsense",
            "'nonsense' is not the URL of a database. Set HEADRACE_DATABASE_URL to "
            "sqlite:///path/to/file.db or postgresql://user:password@host/database.",
        ),
    ],
    ids=["another kind of database", "no URL"],
)
async def test_a_url_that_cannot_be_used_says_what_to_do(url: str, message: str) -> None:
    with pytest.raises(DatabaseUnusable) as caught:
        async with open_database(url):
            pass

    assert str(caught.value) == message


async def test_the_database_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/headrace.db") as database, database.write() as connection:
        await bump(connection, "flows")
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("headrace.db*")}  # noqa: ASYNC240

    assert modes == dict.fromkeys(("headrace.db", "headrace.db-wal", "headrace.db-shm"), 0o600)


async def test_a_place_where_no_file_can_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")

    with pytest.raises(DatabaseUnusable) as caught:
        async with open_database(f"sqlite:///{tmp_path}/file/headrace.db"):
            pass

    assert str(caught.value).startswith(f"The database sqlite:///{tmp_path}/file/headrace.db cannot be used: ")


async def test_a_file_that_is_no_database_is_refused_with_its_path(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, not a database" * 100)

    with pytest.raises(DatabaseUnusable) as caught:
        async with open_database(f"sqlite:///{path}"):
            pass

    assert str(caught.value).startswith(f"The database sqlite:///{path} cannot be used: file is not a database.")


async def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable) as caught:
        async with open_database(f"postgresql://me:hunter2@/x?host={tmp_path}"):
            pass

    assert "hunter2" not in str(caught.value)
    assert f"postgresql://me:[redacted]@/x?host={tmp_path}" in str(caught.value)


async def test_closing_leaves_no_connection_behind(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with open_database(f"sqlite:///{tmp_path}/headrace.db") as database:
            await asyncio.gather(*[database.generations() for _ in range(10)])

    # The last connection that closes folds the write-ahead log into the file.
    assert not (tmp_path / "headrace.db-wal").exists()
    with sqlite3.connect(tmp_path / "headrace.db") as plain:
        assert plain.execute("SELECT count(*) FROM generations").fetchone() == (len(TOPICS),)
    plain.close()


async def test_a_process_that_was_paused_in_a_transaction_does_not_hold_up_the_others(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "IDLE_SECONDS", 1)
    async with open_database(postgres) as paused, open_database(postgres) as other:

        async def pause() -> None:
            async with paused.write() as connection:
                await bump(connection, "flows")
                async with asyncio.timeout(PATIENCE), other.write() as waiting:
                    assert await bump(waiting, "flows")

        with pytest.raises(DBAPIError):
            await pause()
