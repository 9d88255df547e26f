"""The queue in JetStream keeps the promise of all queues, on a real nats-server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coordinator.db import open_database
from coordinator.durable.database import DatabaseQueue
from coordinator.durable.jetstream import jetstream_queue
from coordinator.fleet.nats_server import nats_server
from flows.bus.access import NatsAccess
from flows.bus.client import connected
from tests.coordinator.durable.queue_behaviour import MAX_WAITING, Given, QueueBehaviour

LEASE = 1.0


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
