"""The queue in the database keeps the promise of all queues, and its own about disks and clocks."""

import time
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, text

from coordinator.db import Database, open_database
from coordinator.db.tables import durable_runs
from coordinator.durable.database import DatabaseQueue
from coordinator.durable.queue import KEY_SECONDS, LEASE_SECONDS
from tests.coordinator.durable.queue_behaviour import MAX_WAITING, Given, QueueBehaviour, a_run, taken


class Clock:
    """A time that passes when it is told to, beside the real one."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    async def pass_leases(self, number: float) -> None:
        self.ahead += LEASE_SECONDS * number


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def given(database_url: str, clock: Clock) -> AsyncIterator[Given]:
    async with open_database(database_url) as one, open_database(database_url) as two:
        queues = [DatabaseQueue(database, lambda: MAX_WAITING, clock=clock) for database in (one, two)]
        yield Given(queues[0], queues[1], clock.pass_leases)


class TestDatabaseQueue(QueueBehaviour):
    """The suite, on SQLite and PostgreSQL."""


async def test_a_key_is_forgotten_a_day_after_the_run_was_done(sqlite: Database, clock: Clock) -> None:
    queue = DatabaseQueue(sqlite, clock=clock)
    await queue.put(a_run("key"))
    await queue.finish(await taken(queue))

    clock.ahead += KEY_SECONDS + 1
    await queue.tidy()

    async with sqlite.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(durable_runs)) == 0
    assert (await queue.put(a_run("key"))).is_new


async def test_nothing_of_what_was_sent_is_kept_when_the_run_is_done(sqlite: Database) -> None:
    queue = DatabaseQueue(sqlite)
    for key in ("", "key"):
        await queue.put(a_run(key, body="canary"))
        await queue.finish(await taken(queue))

    async with sqlite.read() as connection:
        rows = (await connection.execute(select(durable_runs))).all()

    assert [row.run for row in rows] == [""]


async def test_every_commit_is_on_disk_before_it_is_answered(database: Database) -> None:
    query = "PRAGMA synchronous" if database.is_sqlite else "SHOW synchronous_commit"
    expected = 2 if database.is_sqlite else "on"  # 2 is FULL
    if not database.is_sqlite:
        async with database.write() as connection:
            await connection.execute(text("SET synchronous_commit = off"))
            await DatabaseQueue(database)._sync(connection)
            assert await connection.scalar(text(query)) == expected
    else:
        async with database.read() as connection:
            assert await connection.scalar(text(query)) == expected
