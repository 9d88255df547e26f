"""Servers and a run for every test here."""

from collections.abc import AsyncIterator

import pytest

from flows.sdk import NetworkPolicy
from tests.flows.steps.http.support import Run, Upstream


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    server = Upstream()
    runner = await server.start()
    yield server
    await runner.cleanup()


@pytest.fixture
async def elsewhere() -> AsyncIterator[Upstream]:
    server = Upstream()
    runner = await server.start()
    yield server
    await runner.cleanup()


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    context = Run(NetworkPolicy(allow_loopback=True))
    yield context
    await context.resources.close()
