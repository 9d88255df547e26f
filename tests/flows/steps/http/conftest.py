"""Servers and a run for every test here."""

from collections.abc import AsyncIterator

import pytest

from flows.sdk import NetworkPolicy
from tests.flows.steps.http.support import Run, Upstream, upstream_server


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with upstream_server() as server:
        yield server


@pytest.fixture
async def elsewhere() -> AsyncIterator[Upstream]:
    async with upstream_server() as server:
        yield server


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    context = Run(NetworkPolicy(allow_loopback=True))
    yield context
    await context.resources.close()
