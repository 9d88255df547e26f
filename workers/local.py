"""The dispatcher of a single process: a run is a coroutine of the coordinator's own loop."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from flows.connections import FixedConnections
from flows.plan import Plan
from flows.runs import EventSink, PlanSource, RunError, RunRequest, RunResult, ignore_event
from flows.sdk import NetworkPolicy
from workers.connections import Connections
from workers.resources import PooledResources
from workers.runner import Worker, run_plan

DEFAULT_NETWORK = NetworkPolicy()


class LocalDispatcher:
    """Implements `flows.runs.Dispatcher` in process."""

    def __init__(
        self,
        plans: PlanSource,
        connections: Connections | None = None,
        network: NetworkPolicy = DEFAULT_NETWORK,
    ) -> None:
        self._resources = PooledResources()
        connections = connections or Connections(FixedConnections())
        connections.subscribe(self._close_outdated)
        self._worker = Worker(plans, self._resources, connections, network)
        self._closings: set[asyncio.Task[None]] = set()
        self._running: set[asyncio.Task[Any]] = set()
        self._stopped: set[asyncio.Task[Any]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False

    async def run(self, request: RunRequest, emit: EventSink = ignore_event) -> RunResult:
        """Run a flow to its end."""
        plan = self._worker.plans.by_digest(request.digest)
        if self._closing:
            return _refused("stopping", "Headrace is stopping and takes no more calls. Try again shortly.")
        if plan is None:
            message = f"The version {request.digest[:12]} of the flow {request.flow!r} is not known here."
            return _refused("unknown_version", message)
        if request.deadline <= time.time():
            return _refused("timeout", "The deadline had passed before the run began.")
        if not plan.waits:
            return await run_plan(plan, request, self._worker, emit)
        return await self._run_stoppable(plan, request, emit)

    async def close(self, grace: float = 0.0) -> None:
        """Take no more runs, wait for the running ones, cancel the rest, close the resources."""
        self._closing = True
        if self._running and grace > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), grace)
        self._stopped = set(self._running)
        for task in self._stopped:
            task.cancel()
        await self._idle.wait()
        await asyncio.gather(*self._closings, return_exceptions=True)
        await self._resources.close()

    def _close_outdated(self) -> None:
        """Close what was opened with credentials that are no longer those of their connection."""
        for key in self._resources.open_keys():
            if self._worker.connections.is_outdated(key):
                closing = asyncio.get_running_loop().create_task(self._resources.discard(key))
                self._closings.add(closing)
                closing.add_done_callback(self._closings.discard)

    async def _run_stoppable(self, plan: Plan, request: RunRequest, emit: EventSink) -> RunResult:
        """Run in the caller's task, which spares one per call; closing cancels it, and the cancellation ends here."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine runs in a task
        self._running.add(task)
        self._idle.clear()
        try:
            return await run_plan(plan, request, self._worker, emit)
        except asyncio.CancelledError:
            if task not in self._stopped or task.uncancel() > 0:
                raise
            return _refused("stopping", "Headrace was stopped before the run ended.")
        finally:
            self._running.discard(task)
            if not self._running:
                self._idle.set()


class PlanTable:
    """A fixed set of plans: implements `flows.runs.PlanSource` for tests and the command line."""

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        self._by_name = dict(plans)
        self._by_digest = {plan.digest: plan for plan in plans.values()}

    def by_digest(self, digest: str) -> Plan | None:
        """Return the plan of that version."""
        return self._by_digest.get(digest)

    def by_name(self, name: str) -> Plan | None:
        """Return the plan of the flow of that name."""
        return self._by_name.get(name)


def _refused(code: str, message: str) -> RunResult:
    return RunResult(error=RunError(code=code, message=message, retryable=code == "stopping"))
