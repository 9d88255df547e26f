"""A dispatcher and workers in the process of the test, with a real NATS between them.

async with fleet(nats.access, [plan], workers=2) as started:
    await started.dispatcher.run(...)
"""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from coordinator.fleet.dispatcher import FleetDispatcher
from flows.bus.access import NatsAccess
from flows.bus.client import connected
from flows.bus.link import Link
from flows.connections import Connection, ConnectionSource, FixedConnections, masks_of, version_of
from flows.errors import StepError
from flows.plan import Plan
from flows.sdk import NetworkPolicy
from workers.fleet import FleetWorker, Identity


class Plans:
    """Plans by digest, and the last of each name.  Both can be changed while runs are under way."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        self.digests = {plan.digest: plan for plan in plans}
        self.names = {plan.name: plan for plan in plans}

    def by_digest(self, digest: str) -> Plan | None:
        return self.digests.get(digest)

    def by_name(self, name: str) -> Plan | None:
        return self.names.get(name)


class Changing:
    """Connections of a coordinator; implements `flows.connections.ConnectionSource`."""

    def __init__(self, *connections: Connection) -> None:
        self.held = {connection.name: connection for connection in connections}
        self.signed_in: list[bool] = []
        self._subscribers: list[Callable[[], None]] = []

    def get(self, name: str) -> Connection | None:
        if name == "broken":
            raise StepError("Connection 'broken' cannot be used.", code="invalid_connection", fix="Enter it anew.")
        return self.held.get(name)

    def names(self) -> list[str]:
        return list(self.held)

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        self.signed_in.append(refused)
        return Connection(
            name=connection.name, kind="http", url=self.held[connection.name].url, headers={"X-Token": "t"}
        )

    def subscribe(self, changed: Callable[[], None]) -> None:
        self._subscribers.append(changed)

    def change(self, connection: Connection) -> None:
        self.held[connection.name] = connection
        for changed in self._subscribers:
            changed()


def values_connection(token: str) -> Connection:
    return Connection(
        name="keys", kind="values", values={"token": token}, masks=masks_of([token]), version=version_of(token)
    )


@dataclass
class Fleet:
    """What runs, and what to hold it by."""

    dispatcher: FleetDispatcher
    workers: list[FleetWorker]
    plans: Plans


@asynccontextmanager
async def fleet(
    access: NatsAccess,
    plans: Iterable[Plan],
    *,
    workers: int = 1,
    slots: int = 1000,
    max_waiting: int = 1000,
    connections: ConnectionSource | None = None,
    allow_loopback: bool = True,
) -> AsyncIterator[Fleet]:
    """Run a dispatcher with some workers, each with a connection of its own, until the block ends."""
    table = Plans(plans)
    async with AsyncExitStack() as stack:
        dispatcher = await stack.enter_async_context(
            dispatching(access, table, max_waiting, connections, allow_loopback)
        )
        started = [await stack.enter_async_context(working(access, slots)) for _ in range(workers)]
        await dispatcher.watch.until(workers)
        yield Fleet(dispatcher, started, table)


@asynccontextmanager
async def dispatching(
    access: NatsAccess,
    plans: Plans,
    max_waiting: int = 1000,
    connections: ConnectionSource | None = None,
    allow_loopback: bool = True,
    coordinator: str = "",
) -> AsyncIterator[FleetDispatcher]:
    """Run a dispatcher."""
    made: list[FleetDispatcher] = []

    async def back() -> None:
        for each in made:
            await each.watch.back()

    async with connected(access, "dispatcher", back=back) as client:
        link = Link(client, lambda subject: made[0].watch.nobody(subject))
        dispatcher = FleetDispatcher(
            link,
            coordinator or secrets.token_hex(6),
            plans,
            connections or FixedConnections(),
            NetworkPolicy(allow_loopback=allow_loopback),
            max_waiting=max_waiting,
        )
        made.append(dispatcher)
        async with dispatcher.running():
            yield dispatcher


@asynccontextmanager
async def working(access: NatsAccess, slots: int = 1000, name: str = "worker") -> AsyncIterator[FleetWorker]:
    """Run a worker."""
    links: list[Link] = []

    async def back() -> None:
        for link in links:
            await link.listen_again()

    async with connected(access, "worker", back=back) as client:
        links.append(Link(client))
        worker = FleetWorker(links[0], Identity(worker=secrets.token_hex(6), name=name, release="test"), slots)
        async with worker.running():
            yield worker
