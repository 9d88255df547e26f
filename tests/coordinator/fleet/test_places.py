"""Two coordinators on one NATS: a flow that says how many runs of it there may be has no more, whoever makes them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from nats.aio.client import Client

from coordinator.fleet.nats_server import nats_server
from coordinator.fleet.places import SharedPlaces, shared_places
from coordinator.limits import LimitedDispatcher
from flows.bus.access import NatsAccess
from flows.bus.client import connected
from flows.compile import compile_flow
from flows.runs import EventSink, RunRequest, RunResult, ignore_event
from workers.local import LocalDispatcher, PlanTable

SOON = 10.0
LIMITED = compile_flow("flow: limited\ninput: {call: {}}\nlimits: {concurrency: 2}\nsteps: [{map: done}]\n")
CALLING = compile_flow("flow: calling\ninput: {call: {}}\nlimits: {concurrency: 1}\nsteps: [{call: limited}]\n")
PLANS = PlanTable({plan.name: plan for plan in (LIMITED, CALLING)})


@pytest.fixture
async def access(tmp_path: Path) -> AsyncIterator[NatsAccess]:
    async with nats_server(tmp_path) as found:
        yield found


class Counted:
    """Counts the runs under way, of all coordinators together."""

    def __init__(self) -> None:
        self.inner = LocalDispatcher(PLANS)
        self.now = 0
        self.most = 0
        self.two = asyncio.Event()

    async def run(self, request: RunRequest, emit: EventSink = ignore_event) -> RunResult:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == 2:
            self.two.set()
        try:
            await asyncio.wait_for(self.two.wait(), SOON)  # the first is under way until there is another
            await asyncio.sleep(0)  # the others get their chance to be too many
            return await self.inner.run(request, emit)
        finally:
            self.now -= 1

    async def close(self, grace: float = 0.0) -> None:
        await self.inner.close(grace)


def request(flow: str = "limited", seconds: float = SOON) -> RunRequest:
    plan = PLANS.by_name(flow)
    assert plan is not None
    return RunRequest(run_id="r", flow=flow, digest=plan.digest, args={}, deadline=time.time() + seconds)


async def coordinators(stack: AsyncExitStack, access: NatsAccess, counted: Counted) -> list[LimitedDispatcher]:
    clients = [await stack.enter_async_context(connected(access, name)) for name in ("one", "two")]
    places = [await stack.enter_async_context(shared_places(client, "it")) for client in clients]
    return [LimitedDispatcher(counted, PLANS, 100, each) for each in places]


async def test_runs_of_two_coordinators_are_counted_together_and_all_get_their_turn(access: NatsAccess) -> None:
    counted = Counted()
    async with AsyncExitStack() as stack:
        both = await coordinators(stack, access, counted)
        flows = ("limited", "calling", "limited", "limited")
        results = await asyncio.gather(*(each.run(request(flow)) for flow in flows * 3 for each in both))

    assert [result.error for result in results] == [None] * len(results)
    assert counted.most == 2


async def test_a_run_that_gets_no_place_in_its_time_says_so(access: NatsAccess) -> None:
    async with AsyncExitStack() as stack:
        first, second = await coordinators(stack, access, Counted())
        assert isinstance(first._places, SharedPlaces)
        async with first._places.held({"limited": 2}, SOON), first._places.held({"limited": 2}, SOON):
            late = await second.run(request(seconds=0.3))
        soon, _ = await asyncio.gather(second.run(request()), first.run(request()))

    assert late.error is not None
    assert (late.error.code, late.error.retryable) == ("timeout", True)
    assert soon.error is None


async def test_the_place_of_a_coordinator_that_died_comes_free_and_a_living_one_keeps_its_own(
    access: NatsAccess,
) -> None:
    async with (
        connected(access, "living") as client,
        shared_places(client, "living", 1.0) as living,
        living.held({"limited": 1, "other": 1}, SOON),
    ):
        async with connected(access, "dying") as dying:
            await _hold_and_die(dying)
        async with living.held({"left": 1}, SOON):
            pass  # it came free, after longer than a place lives unless it is renewed
        async with connected(access, "third") as other, shared_places(other, "third", 1.0) as third:
            with pytest.raises(TimeoutError):
                async with third.held({"other": 1}, 0.2):
                    pass


async def test_while_nats_is_away_limited_runs_fail_with_the_reason(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack, AsyncExitStack() as server:
        access = await server.enter_async_context(nats_server(tmp_path))
        first, _ = await coordinators(stack, access, Counted())
        await server.aclose()
        away = await first.run(request())

    assert away.error is not None
    assert (away.error.code, away.error.retryable) == ("nats_unavailable", True)


async def _hold_and_die(client: Client) -> None:
    """Take a place, and never renew it nor give it back."""
    bucket = await client.jetstream().key_value("headrace_places")
    await bucket.create("left.0", b"dying")
