"""The queue in JetStream keeps the promise of all queues, on a real nats-server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from coordinator.db import open_database
from coordinator.durable.database import DatabaseQueue
from coordinator.durable.jetstream import RUNS_BUCKET, SUBJECT, JetStreamQueue, jetstream_queue
from coordinator.durable.queue import LEASE_SECONDS
from coordinator.fleet.nats_server import nats_server
from flows.bus.access import NatsAccess
from flows.bus.client import connected
from flows.errors import InputRejected
from tests.coordinator.durable.queue_behaviour import MAX_WAITING, Given, QueueBehaviour, a_run, taken

LEASE = 1.0
PATIENCE = 10.0


async def pass_leases(number: float) -> None:
    await asyncio.sleep(LEASE * number)  # the server has a clock of its own


@pytest.fixture
async def access(tmp_path: Path) -> AsyncIterator[NatsAccess]:
    async with nats_server(tmp_path) as found:
        yield found


@pytest.fixture
async def given(access: NatsAccess, tmp_path: Path) -> AsyncIterator[Given]:
    async with (
        open_database(f"sqlite:///{tmp_path}/headrace.db") as database,
        connected(access, "one") as first,
        connected(access, "two") as second,
        jetstream_queue(first, DatabaseQueue(database), MAX_WAITING, lease_seconds=LEASE) as one,
        jetstream_queue(second, DatabaseQueue(database), MAX_WAITING, lease_seconds=LEASE) as two,
    ):
        yield Given(one, two, pass_leases)


class TestJetStreamQueue(QueueBehaviour):
    """The suite."""


async def test_runs_that_waited_in_the_database_move_when_the_fleet_begins(access: NatsAccess, tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/headrace.db") as database, connected(access, "one") as client:
        before = DatabaseQueue(database)
        runs = [a_run("key", n=1), a_run(n=2)]
        for run in runs:
            await before.put(run)

        async with jetstream_queue(client, before, MAX_WAITING) as queue:
            claims = [await taken(queue) for _ in runs]
            again = await queue.put(a_run("key", n=1))

        assert [claim.run for claim in claims] == runs
        assert (await before.counts()).waiting == 0
        assert (again.id, again.is_new) == (runs[0].id, False)


async def test_a_run_that_is_larger_than_a_message_is_refused(given: Given) -> None:
    with pytest.raises(InputRejected, match="NATS takes"):
        await given.queue.put(a_run(body="x" * 2_000_000))

    assert (await given.queue.counts()).waiting == 0


async def test_what_nobody_took_before_a_stop_is_there_at_once_after_it(access: NatsAccess, tmp_path: Path) -> None:
    async with open_database(f"sqlite:///{tmp_path}/headrace.db") as database, connected(access, "one") as client:
        run = a_run()
        async with jetstream_queue(client, DatabaseQueue(database), MAX_WAITING) as stopped:
            waiting = asyncio.create_task(stopped.wait())
            await asyncio.sleep(0)
            await stopped.put(run)
            await asyncio.wait_for(waiting, PATIENCE)

        async with jetstream_queue(client, DatabaseQueue(database), MAX_WAITING) as next_one:
            claim = await asyncio.wait_for(taken(next_one), LEASE_SECONDS / 2)

        assert claim.run == run


async def test_runs_are_taken_again_after_the_connection_was_closed_for_good_and_opened_anew(
    access: NatsAccess, tmp_path: Path
) -> None:
    renewed = asyncio.Event()
    queues: list[JetStreamQueue] = []

    async def back() -> None:
        await queues[0].renew()
        renewed.set()

    async with (
        open_database(f"sqlite:///{tmp_path}/headrace.db") as database,
        connected(access, "one", back=back) as client,
        jetstream_queue(client, DatabaseQueue(database), MAX_WAITING) as queue,
    ):
        queues.append(queue)
        assert await queue.take(1) == []
        await client.close()
        await asyncio.wait_for(renewed.wait(), PATIENCE)

        run = a_run(n=1)
        await queue.put(run)

        assert (await taken(queue)).run == run


@pytest.mark.parametrize(
    ("run_id", "known"),
    [("poisoned", b"no json"), ("shapeless", b'{"run": 1}'), ("no key at all", None), ("\N{SNOWMAN}", None)],
)
async def test_a_run_that_cannot_be_read_is_given_up_and_holds_nothing_up(
    given: Given, access: NatsAccess, run_id: str, known: bytes | None
) -> None:
    async with connected(access, "another") as client:
        jetstream = client.jetstream()
        if known is not None:
            await (await jetstream.key_value(RUNS_BUCKET)).create(run_id, known)
        await jetstream.publish(SUBJECT, run_id.encode())
        run = a_run()
        await given.queue.put(run)

        with capture_logs() as lines:
            claim = await taken(given.queue)

    assert claim.run == run
    assert [(line["log_level"], line["run"]) for line in lines] == [("error", run_id)]
    assert await given.queue.finish(claim)
    assert (await given.queue.counts()).waiting == 0
