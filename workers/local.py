"""The dispatcher of a single process: a run is a coroutine of the coordinator's own loop."""

import asyncio
import time
from collections.abc import Mapping

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
        self._worker = Worker(plans, self._resources, connections or Connections({}), network)
        self._running: set[asyncio.Task[RunResult]] = set()
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
        return await self._run_as_task(plan, request, emit)

    async def close(self, grace: float = 0.0) -> None:
        """Take no more runs, wait for the running ones, cancel the rest, close the resources."""
        self._closing = True
        if self._running and grace > 0:
            await asyncio.wait(set(self._running), timeout=grace)
        for task in set(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(set(self._running))
        await self._resources.close()

    async def _run_as_task(self, plan: Plan, request: RunRequest, emit: EventSink) -> RunResult:
        # A task of its own, so that closing can end the run without cancelling whoever waits for it.
        task = asyncio.create_task(run_plan(plan, request, self._worker, emit))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})  # by the time the caller hears, the work has stopped
            raise
        if task.cancelled():
            return _refused("stopping", "Headrace was stopped before the run ended.")
        return task.result()


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
