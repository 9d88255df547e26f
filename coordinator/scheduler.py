"""Run jobs at intervals while the coordinator is up: resync, writing last uses, retention.

A job that fails is logged and runs again at its next time; a job never runs twice at once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from msgspec import Struct

from coordinator.logs import get_logger

FINISH_SECONDS: Final = 5.0
"""How long jobs under way may take when the coordinator stops."""

log = get_logger(__name__)


class Job(Struct, frozen=True, kw_only=True):
    """What to run, and how often.  `first` is the delay of the first run in seconds; one interval unless given."""

    name: str
    run: Callable[[], Awaitable[object]]
    seconds: float
    first: float | None = None


@asynccontextmanager
async def scheduled(jobs: Sequence[Job]) -> AsyncIterator[AsyncIOScheduler]:
    """Run the jobs until the block ends, then let those under way finish."""
    running: set[asyncio.Task[None]] = set()
    scheduler = AsyncIOScheduler(timezone=UTC)
    for job in jobs:
        delay = job.seconds if job.first is None else job.first
        scheduler.add_job(
            _guarded(job, running),
            "interval",
            seconds=job.seconds,
            id=job.name,
            next_run_time=datetime.now(UTC) + timedelta(seconds=delay),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.pause()
        if running:
            await asyncio.wait(running, timeout=FINISH_SECONDS)
        scheduler.shutdown(wait=False)


def _guarded(job: Job, running: set[asyncio.Task[None]]) -> Callable[[], Awaitable[None]]:
    async def work() -> None:
        try:
            await job.run()
        except Exception:
            log.exception("a job failed", job=job.name)

    async def run() -> None:
        # A task of our own, so that stopping the scheduler does not cut a transaction in the middle.
        task = asyncio.create_task(work(), name=f"job {job.name}")
        running.add(task)
        try:
            await asyncio.shield(task)
        finally:
            if task.done():
                running.discard(task)
            else:
                task.add_done_callback(running.discard)

    return run
