"""`/api/workers`: what runs flows."""

import os
import platform
from typing import Annotated

from litestar import get
from msgspec import Meta, Struct

from coordinator.api.given import GivenServices
from coordinator.fleet.roster import WorkerView
from coordinator.services import Services
from coordinator.version import VERSION


class WorkersOut(Struct, frozen=True, kw_only=True):
    """All workers, and what waits for them.  Counts are since the start of this coordinator."""

    workers: Annotated[list[WorkerView], Meta(description="By name.")]
    nats: Annotated[str, Meta(description="Where they are met; empty for a single process.")]
    nats_up: Annotated[bool, Meta(description="Whether NATS can be reached now; true for a single process.")]
    waiting: Annotated[int, Meta(description="Calls that wait for a worker.")]
    lost: Annotated[int, Meta(description="Workers that went away without a word.")]
    repeated: Annotated[int, Meta(description="Calls that were given to another worker.")]
    unknown: Annotated[int, Meta(description="Calls of which nobody knows what became.")]
    late: Annotated[int, Meta(description="Answers that came too late to count.")]


@get("/workers", operation_id="listWorkers", tags=["status"], sync_to_thread=False)
def list_workers(services: GivenServices) -> WorkersOut:
    """List the workers: who they are, what they do, and how much more they could."""
    fleet = services.fleet
    if fleet is None:
        return WorkersOut(
            workers=worker_views(services), nats="", nats_up=True, waiting=0, lost=0, repeated=0, unknown=0, late=0
        )
    counts = fleet.counts
    return WorkersOut(
        workers=worker_views(services),
        nats=", ".join(fleet.nats.access.places),
        nats_up=fleet.nats.is_up,
        waiting=fleet.waiting,
        lost=counts.lost_workers,
        repeated=counts.repeated,
        unknown=counts.unknown,
        late=counts.late,
    )


def worker_views(services: Services) -> list[WorkerView]:
    """Return all workers; in a single process that is the coordinator itself."""
    if services.fleet is not None:
        return services.fleet.workers()
    slots = services.settings.max_concurrent_calls
    running = services.calls.running
    return [
        WorkerView(
            id="local",
            name="local",
            kind="local",
            state="ready" if running < slots else "full",
            running=running,
            slots=slots,
            host=platform.node(),
            pid=os.getpid(),
            version=VERSION,
        )
    ]
