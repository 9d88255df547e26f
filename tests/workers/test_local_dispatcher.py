"""The in-process dispatcher keeps the promises of every dispatcher."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from flows.plan import Plan
from flows.runs import Dispatcher
from flows.sdk import NetworkPolicy
from tests.workers.dispatcher_behaviour import *  # noqa: F403  the suite
from tests.workers.dispatcher_behaviour import StartDispatcher, closing
from workers.local import LocalDispatcher


class Plans:
    """Plans by digest, and the last of each name."""

    def __init__(self, plans: list[Plan]) -> None:
        self._digests = {plan.digest: plan for plan in plans}
        self._names = {plan.name: plan for plan in plans}

    def by_digest(self, digest: str) -> Plan | None:
        return self._digests.get(digest)

    def by_name(self, name: str) -> Plan | None:
        return self._names.get(name)


@pytest.fixture
def start_dispatcher() -> StartDispatcher:
    @asynccontextmanager
    async def start(plans: list[Plan]) -> AsyncIterator[Dispatcher]:
        network = NetworkPolicy(allow_loopback=True)
        async with closing(LocalDispatcher(Plans(plans), network=network)) as dispatcher:
            yield dispatcher

    return start
