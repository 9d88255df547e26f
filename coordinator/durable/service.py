"""Everything that runs flows without a call: schedules, webhooks, and the queue between them and the dispatcher."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from coordinator.calls import CallService, run_ids
from coordinator.catalog import Catalog
from coordinator.db.engine import Database
from coordinator.durable.database import DatabaseQueue
from coordinator.durable.jetstream import JetStreamQueue, jetstream_queue
from coordinator.durable.queue import RunQueue
from coordinator.durable.runner import DurableRunner
from coordinator.durable.schedule_store import ScheduleStore
from coordinator.durable.schedules import Schedules
from coordinator.durable.webhooks import Webhooks
from coordinator.fleet.nats import Nats, with_jetstream
from coordinator.settings import Settings
from flows.connections import ConnectionSource
from flows.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Durable:
    """Schedules and webhooks, and what runs them."""

    queue: RunQueue
    runner: DurableRunner
    schedules: Schedules
    webhooks: Webhooks

    def publish(self, plans: Mapping[str, Plan]) -> None:
        """Serve the schedules and webhooks of these flows."""
        self.schedules.publish(plans.values())
        self.webhooks.publish(plans.values())

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator["Durable"]:
        """Run what is due until the block ends."""
        async with self.runner.at_work(), self.schedules.at_work():
            yield self


@asynccontextmanager
async def open_queue(
    database: Database, nats: Nats | None, settings: Callable[[], Settings]
) -> AsyncIterator[RunQueue]:
    """Open the queue: in the NATS that a fleet shares, else in the database.

    A nats-server of our own serves this coordinator alone, while others may share the database.
    """
    in_database = DatabaseQueue(database, lambda: settings().max_waiting_runs)
    async with AsyncExitStack() as stack:
        shared: JetStreamQueue | None = None
        if nats is not None and not nats.is_own:
            opening = jetstream_queue(nats.client, in_database, settings().max_waiting_runs)
            shared = await with_jetstream(stack, opening, "runs of schedules and webhooks are kept in the database")
            if shared is not None:
                nats.subscribe(lost=lambda: None, back=shared.renew)
        yield in_database if shared is None else shared


def make_durable(
    queue: RunQueue,
    database: Database,
    calls: CallService,
    catalog: Catalog,
    connections: ConnectionSource,
    settings: Callable[[], Settings],
) -> Durable:
    """Put the parts together."""
    new_run_id = run_ids()
    runner = DurableRunner(queue, calls, lambda name: catalog.entries.get(name), lambda: settings().max_durable_runs)
    return Durable(
        queue=queue,
        runner=runner,
        schedules=Schedules(ScheduleStore(database), runner, new_run_id),
        webhooks=Webhooks(runner, connections, new_run_id),
    )
