"""A flow that says how many runs of it there may be never has more."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest

from coordinator.limits import LimitedDispatcher
from flows.compile import compile_flow
from flows.errors import Busy
from flows.plan import Plan
from flows.runs import EventSink, RunRequest, RunResult, ignore_event
from workers.local import LocalDispatcher, PlanTable

SOON = 5.0


class Gate:
    """Lets runs wait until the test opens it, and counts them: what `runs.runs` is to `LimitedDispatcher`."""

    def __init__(self, inner: LocalDispatcher) -> None:
        self._inner = inner
        self.running: dict[str, int] = {}
        self.most: dict[str, int] = {}
        self.opened = asyncio.Semaphore(0)
        self.changed = asyncio.Event()

    async def run(self, request: RunRequest, emit: EventSink = ignore_event) -> RunResult:
        count = self.running[request.flow] = self.running.get(request.flow, 0) + 1
        self.most[request.flow] = max(count, self.most.get(request.flow, 0))
        self.changed.set()
        try:
            await self.opened.acquire()
            return await self._inner.run(request, emit)
        finally:
            self.running[request.flow] -= 1

    async def close(self, grace: float = 0.0) -> None:
        await self._inner.close(grace)

    async def until(self, running: Mapping[str, int]) -> None:
        async with asyncio.timeout(SOON):
            while {name: count for name, count in self.running.items() if count} != running:
                self.changed.clear()
                await self.changed.wait()


LIMITED = compile_flow("flow: limited\ninput: {call: {}}\nlimits: {concurrency: 2}\nsteps: [{map: done}]\n")
FREE = compile_flow("flow: free\ninput: {call: {}}\nsteps: [{map: done}]\n")
CALLING = compile_flow("flow: calling\ninput: {call: {}}\nsteps: [{call: deeper}]\n")
DEEPER = compile_flow("flow: deeper\ninput: {call: {}}\nsteps: [{call: limited}]\n")
PLANS = PlanTable({plan.name: plan for plan in (LIMITED, FREE, CALLING, DEEPER)})


def request(plan: Plan, seconds: float = SOON) -> RunRequest:
    return RunRequest(run_id="r", flow=plan.name, digest=plan.digest, args={}, deadline=time.time() + seconds)


def started(dispatcher: LimitedDispatcher, *plans: Plan) -> list[asyncio.Task[RunResult]]:
    return [asyncio.create_task(dispatcher.run(request(plan))) for plan in plans]


async def value(task: "asyncio.Task[RunResult]") -> Any:
    result = await asyncio.wait_for(task, SOON)
    assert result.reply is not None, result.error
    return result.reply.value


async def test_no_more_runs_than_the_flow_allows_and_all_get_their_turn() -> None:
    gate = Gate(LocalDispatcher(PLANS))
    dispatcher = LimitedDispatcher(gate, PLANS, 10)

    tasks = started(dispatcher, *[LIMITED] * 7, FREE, FREE, FREE)
    await gate.until({"limited": 2, "free": 3})
    waiting = dispatcher.waiting
    for _ in tasks:
        gate.opened.release()
    values = [await value(task) for task in tasks]

    assert waiting == 5
    assert values == ["done"] * 10
    assert gate.most == {"limited": 2, "free": 3}


async def test_a_call_by_another_flow_counts_like_any_other() -> None:
    gate = Gate(LocalDispatcher(PLANS))
    dispatcher = LimitedDispatcher(gate, PLANS, 10)

    tasks = started(dispatcher, LIMITED, CALLING, LIMITED)
    await gate.until({"limited": 1, "calling": 1})
    waiting = dispatcher.waiting
    for _ in tasks:
        gate.opened.release()

    assert waiting == 1
    assert [await value(task) for task in tasks] == ["done"] * 3


async def test_too_many_who_wait_are_sent_away_with_a_time_to_come_back() -> None:
    gate = Gate(LocalDispatcher(PLANS))
    dispatcher = LimitedDispatcher(gate, PLANS, 1)
    tasks = started(dispatcher, LIMITED, LIMITED, LIMITED)
    await gate.until({"limited": 2})

    with pytest.raises(Busy) as caught:
        await dispatcher.run(request(LIMITED))
    for _ in tasks:
        gate.opened.release()
    await asyncio.gather(*tasks)

    assert caught.value.retry_after == 1.0


@pytest.mark.parametrize("way", ["its time is over", "its caller gives up", "the server stops"])
async def test_who_leaves_the_line_leaves_its_place_to_others(way: str) -> None:
    gate = Gate(LocalDispatcher(PLANS))
    dispatcher = LimitedDispatcher(gate, PLANS, 10)
    running = started(dispatcher, LIMITED, LIMITED)
    await gate.until({"limited": 2})

    leaving = asyncio.create_task(dispatcher.run(request(LIMITED, 0.01 if way == "its time is over" else SOON)))
    await asyncio.sleep(0)
    code = "cancelled"
    if way == "its caller gives up":
        leaving.cancel()
        await asyncio.wait([leaving])
    else:
        if way == "the server stops":
            await dispatcher.close()
        error = (await asyncio.wait_for(leaving, SOON)).error
        code = error.code if error else ""
    gate.opened.release()
    gate.opened.release()
    await asyncio.gather(*running)

    assert code == {"its time is over": "timeout", "its caller gives up": "cancelled"}.get(way, "stopping")
    assert dispatcher.waiting == 0
    assert gate.running["limited"] == 0


async def test_a_turn_that_comes_to_somebody_who_just_gave_up_goes_to_the_next() -> None:
    gate = Gate(LocalDispatcher(PLANS))
    dispatcher = LimitedDispatcher(gate, PLANS, 10)
    first, second, giving_up, last = started(dispatcher, *[LIMITED] * 4)
    await gate.until({"limited": 2})

    gate.opened.release()
    await first
    giving_up.cancel()  # its turn was given to it a moment ago
    for _ in range(3):
        gate.opened.release()

    assert [await value(task) for task in (second, last)] == ["done", "done"]
