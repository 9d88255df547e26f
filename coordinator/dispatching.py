"""Decide what runs flows: this process, or a fleet over NATS; and keep the limits of flows in front of it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from coordinator.fleet.fleet import Fleet, open_fleet
from coordinator.fleet.nats import Nats, open_nats, with_jetstream
from coordinator.fleet.places import SharedPlaces, shared_places
from coordinator.limits import LimitedDispatcher
from coordinator.settings import Settings
from flows.connections import ConnectionSource
from flows.runs import Dispatcher, PlanSource
from flows.sdk import NetworkPolicy

MakeDispatcher = Callable[[PlanSource, Settings, ConnectionSource], Dispatcher]
"""Makes what runs plans, from where plans are found, the settings, and where connections are found."""


class Runners(NamedTuple):
    """What the command line knows of workers: how to make the dispatcher of one process, how to start a worker."""

    local: MakeDispatcher
    worker_command: Sequence[str] = ()


class Dispatching(NamedTuple):
    """What runs flows.  In a single process there is neither `nats` nor `fleet`."""

    dispatcher: LimitedDispatcher
    nats: Nats | None = None
    fleet: Fleet | None = None

    def is_crowded(self) -> bool:
        """Whether calls wait for a worker."""
        return self.fleet is not None and self.fleet.waiting > 0


@asynccontextmanager
async def open_dispatching(
    runners: Runners, plans: PlanSource, settings: Settings, connections: ConnectionSource
) -> AsyncIterator[Dispatching]:
    """Open what runs flows, and close it at the end.  Raises NatsUnavailable, NoNatsServer."""
    async with open_nats(settings) as nats:
        if nats is None:
            dispatcher = LimitedDispatcher(runners.local(plans, settings, connections), plans, settings.call_queue)
            try:
                yield Dispatching(dispatcher)
            finally:
                await dispatcher.close()
        else:
            network, command = network_policy(settings), runners.worker_command
            async with (
                open_fleet(nats, plans, settings, connections, network, command) as fleet,
                _places(nats) as places,
            ):
                dispatcher = LimitedDispatcher(fleet.dispatcher, plans, settings.call_queue, places)
                yield Dispatching(dispatcher, nats, fleet)


@asynccontextmanager
async def _places(nats: Nats) -> AsyncIterator[SharedPlaces | None]:
    """Count runs in a NATS that other coordinators may share; one of our own has no others."""
    async with AsyncExitStack() as stack:
        places: SharedPlaces | None = None
        if not nats.is_own:
            opening = shared_places(nats.client, nats.coordinator_id)
            places = await with_jetstream(stack, opening, "each coordinator counts the runs of limited flows by itself")
        yield places


def network_policy(settings: Settings) -> NetworkPolicy:
    """Return where flows may connect to."""
    return NetworkPolicy(allow_loopback=settings.allow_loopback, allow_private=settings.allow_private_networks)
