"""Call a flow through a dispatcher itself, without HTTP in front of it, and print what was measured as JSON.

A process of its own, started by a row: what it measures is what a coordinator and its workers do beside HTTP.
"""

import argparse
import asyncio
import gc
import itertools
import json
import sys
import time
from pathlib import Path

import uvloop

from coordinator.cli.serve import WORKER_COMMAND, local_dispatcher
from coordinator.dispatching import Runners, open_dispatching
from coordinator.running import COLLECT_AFTER
from coordinator.settings import Settings
from flows.compile import compile_flow
from flows.connections import FixedConnections
from flows.plan import Plan
from flows.runs import Dispatcher, RunRequest
from workers.local import PlanTable

WARM_UP_SECONDS = 1.0
DEADLINE_SECONDS = 30.0


class Caller:
    """Calls one flow again and again until `end`, in seconds of the monotonic clock."""

    def __init__(self, dispatcher: Dispatcher, plan: Plan) -> None:
        self._dispatcher = dispatcher
        self._plan = plan
        self._numbers = itertools.count(1)
        self.done = 0
        self.failures = 0

    async def call_until(self, end: float) -> None:
        """Make one call after the other."""
        while time.monotonic() < end:
            result = await self._dispatcher.run(
                RunRequest(
                    run_id=f"bench-{next(self._numbers)}",
                    flow=self._plan.name,
                    digest=self._plan.digest,
                    args={},
                    deadline=time.time() + DEADLINE_SECONDS,
                )
            )
            self.done += 1
            self.failures += result.error is not None


async def measure(flow: str, workers: int, callers: int, seconds: float, folder: Path) -> dict[str, float]:
    """Return how many calls a second there were, and how many of them failed."""
    plan = compile_flow(flow, "flow.yaml")
    settings = Settings(data=str(folder), workers=workers)
    plans, connections = PlanTable({plan.name: plan}), FixedConnections()
    async with open_dispatching(Runners(local_dispatcher, WORKER_COMMAND), plans, settings, connections) as dispatching:
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER)  # as in a server
        for length in (WARM_UP_SECONDS, seconds):
            caller, started = Caller(dispatching.dispatcher, plan), time.monotonic()
            async with asyncio.TaskGroup() as group:
                for _ in range(callers):
                    group.create_task(caller.call_until(started + length))
            elapsed = time.monotonic() - started
    return {"rate": caller.done / elapsed, "failures": caller.failures}


def main() -> None:
    """Measure the flow on standard input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--callers", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    options = parser.parse_args()
    measured = measure(sys.stdin.read(), options.workers, options.callers, options.seconds, options.folder)
    print(json.dumps(uvloop.run(measured)))


if __name__ == "__main__":
    main()
