"""The dispatcher over NATS keeps the promises of every dispatcher, on a real nats-server."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from flows.plan import Plan
from flows.runs import Dispatcher
from tests.nats import NatsProcess, nats_process
from tests.workers.dispatcher_behaviour import *  # noqa: F403  the suite
from tests.workers.dispatcher_behaviour import StartDispatcher
from tests.workers.fleet import fleet


@pytest.fixture(scope="module")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsProcess]:
    with nats_process(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
def start_dispatcher(nats: NatsProcess) -> StartDispatcher:
    @asynccontextmanager
    async def start(plans: list[Plan]) -> AsyncIterator[Dispatcher]:
        async with fleet(nats.access, plans) as started:
            yield started.dispatcher

    return start
