"""Open the fleet of a coordinator: the dispatcher over NATS, and the worker processes that it starts itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from coordinator.fleet.attempts import FleetCounts
from coordinator.fleet.dispatcher import FleetDispatcher
from coordinator.fleet.nats import Nats
from coordinator.fleet.roster import WorkerView
from coordinator.fleet.supervisor import worker_processes
from coordinator.logs import get_logger
from coordinator.settings import Settings
from flows.bus.link import Link
from flows.connections import ConnectionSource
from flows.runs import PlanSource
from flows.sdk import NetworkPolicy

START_SECONDS: Final = 30.0
"""How long our own workers may take to start before calls are served without all of them."""
ROLL_CALL_SECONDS: Final = 0.5
"""How long others may take to say that they are there."""

log = get_logger(__name__)


class Fleet:
    """An open fleet."""

    def __init__(self, dispatcher: FleetDispatcher, nats: Nats) -> None:
        self.dispatcher = dispatcher
        self.nats = nats

    @property
    def counts(self) -> FleetCounts:
        """What should not happen often."""
        return self.dispatcher.counts

    @property
    def waiting(self) -> int:
        """How many calls wait for a worker."""
        return self.dispatcher.waiting

    def workers(self) -> list[WorkerView]:
        """Return all workers, wherever they run."""
        return self.dispatcher.workers()


@asynccontextmanager
async def open_fleet(
    nats: Nats,
    plans: PlanSource,
    settings: Settings,
    connections: ConnectionSource,
    network: NetworkPolicy,
    worker_command: Sequence[str],
) -> AsyncIterator[Fleet]:
    """Reach workers over NATS, and run as many as the settings say on this machine, until the block ends."""
    made: list[FleetDispatcher] = []
    link = Link(nats.client, lambda subject: made[0].watch.nobody(subject))
    dispatcher = FleetDispatcher(
        link,
        nats.coordinator_id,
        plans,
        connections,
        network,
        max_waiting=settings.call_queue,
        expects_workers=settings.workers > 0,
    )
    made.append(dispatcher)
    nats.subscribe(lost=lambda: None, back=dispatcher.watch.back)
    async with (
        dispatcher.running(),
        worker_processes(settings, nats.access, worker_command, dispatcher.watch.lose),
    ):
        await _gather(dispatcher, settings.workers)
        yield Fleet(dispatcher, nats)


async def _gather(dispatcher: FleetDispatcher, own: int) -> None:
    try:
        async with asyncio.timeout(START_SECONDS if own else ROLL_CALL_SECONDS):
            await dispatcher.watch.until(max(own, 1))
    except TimeoutError:
        there = len(dispatcher.workers())
        if own:
            log.error("workers did not start in time; calls are served without them", there=there, wanted=own)
        else:
            log.warning("no worker is there yet; start one with `headrace worker`")
