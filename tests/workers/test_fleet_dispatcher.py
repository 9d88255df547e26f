"""The dispatcher over NATS keeps the promises of every dispatcher, on a real nats-server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from flows.plan import Plan
from flows.runs import Dispatcher
from tests.nats import NatsProcess
from tests.workers.dispatcher_behaviour import *  # noqa: F403  the suite
from tests.workers.dispatcher_behaviour import StartDispatcher
from tests.workers.fleet import fleet


@pytest.fixture
def start_dispatcher(nats: NatsProcess) -> StartDispatcher:
    @asynccontextmanager
    async def start(plans: list[Plan]) -> AsyncIterator[Dispatcher]:
        async with fleet(nats.access, plans) as started:
            yield started.dispatcher

    return start
