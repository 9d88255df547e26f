"""Workers that are killed or stopped in their tracks, and a NATS that goes away: nothing hangs, nothing counts twice.

Each test prints what it counted.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest

from coordinator.fleet.dispatcher import FleetDispatcher
from coordinator.fleet.roster import LOST_SECONDS
from flows.compile import compile_flow
from flows.plan import Plan
from flows.runs import RunError, RunResult
from tests.nats import NatsProcess, nats_process
from tests.workers.dispatcher_behaviour import request, value_of
from tests.workers.fleet import Plans, dispatching
from tests.workers.processes import WorkerProcess

pytestmark = pytest.mark.processes

BOUND = 60.0
CALLS = 120


@pytest.fixture
def nats_of_its_own(tmp_path: Path) -> Iterator[NatsProcess]:
    with nats_process(tmp_path) as server:
        yield server


class Service:
    """A service with side effects: counts orders, and orders by their key, and can keep those who order waiting."""

    def __init__(self) -> None:
        self.orders: Counter[str] = Counter()
        self.changed = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.orders[head.split(b" ", 2)[1].decode().removeprefix("/")] += 1
                self.changed.set()
                await self.answers.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\ndone")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def until(self, count: int) -> None:
        """Wait for so many orders."""
        async with asyncio.timeout(BOUND):
            while self.orders.total() < count:
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    listener = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener:
        yield made
        made.answers.set()


def ordering(service: Service, annotations: str) -> Plan:
    return compile_flow(
        f"flow: order\ndescription: Order.\n"
        f"input: {{mcp_tool: {{params: {{key: string}}, annotations: {annotations}}}}}\n"
        f"steps:\n  - id: sent\n    http: {{url: '{service.url}/${{{{ args.key }}}}'}}\n  - map: ${{{{ sent.body }}}}\n"
    )


@asynccontextmanager
async def with_processes(
    nats: NatsProcess, plans: Sequence[Plan], *names: str
) -> AsyncIterator[tuple[FleetDispatcher, dict[str, WorkerProcess]]]:
    with ExitStack() as stack:
        workers = {name: stack.enter_context(WorkerProcess(nats, name)) for name in names}
        async with dispatching(nats.access, Plans(plans)) as dispatcher:
            await asyncio.wait_for(dispatcher.watch.until(len(names)), BOUND)
            yield dispatcher, workers


def place(dispatcher: FleetDispatcher) -> Counter[str]:
    """Say how many calls each worker has."""
    return Counter({worker.name: worker.running for worker in dispatcher.workers()})


def codes(results: Sequence[RunResult]) -> Counter[str]:
    return Counter("done" if result.error is None else result.error.code for result in results)


@pytest.mark.parametrize(
    "annotations", ["{idempotent: true}", "{readOnly: true}", "{}"], ids=["idempotent", "read only", "neither"]
)
async def test_a_killed_worker_under_load_leaves_no_call_hanging(
    nats: NatsProcess, service: Service, annotations: str
) -> None:
    plan = ordering(service, annotations)
    service.answers.clear()

    async with with_processes(nats, [plan], "first", "second") as (dispatcher, workers):
        calls = [
            asyncio.create_task(dispatcher.run(request(plan, {"key": f"order-{n}"}, seconds=BOUND, run_id=f"run-{n}")))
            for n in range(CALLS)
        ]
        await service.until(CALLS)
        had = place(dispatcher)["first"]
        workers["first"].send(signal.SIGKILL)
        await _until(lambda: dispatcher.counts.lost_workers)
        service.answers.set()
        results = await asyncio.wait_for(asyncio.gather(*calls), BOUND)

    ended, again = codes(results), sum(count - 1 for count in service.orders.values())
    print(f"calls {CALLS}, on the killed worker {had}, ended {dict(ended)}, ordered again {again}")
    assert had == CALLS // 2
    if annotations == "{}":
        assert ended == {"done": CALLS - had, "outcome_unknown": had}
        assert again == 0, "what may not be repeated is not repeated"
        unknown = [result.error for result in results if result.error is not None]
        assert all(f"run-{n} " in error.message for n, error in _numbered(results))
        assert not any(error.retryable for error in unknown)
    else:
        assert ended == {"done": CALLS}
        assert again == had
    assert dispatcher.counts.lost_workers == 1


async def test_a_result_that_comes_too_late_is_not_taken_twice(nats: NatsProcess, service: Service) -> None:
    plan = ordering(service, "{idempotent: true}")
    service.answers.clear()

    async with with_processes(nats, [plan], "first", "second") as (dispatcher, workers):
        call = asyncio.create_task(dispatcher.run(request(plan, {"key": "order"}, seconds=BOUND)))
        await service.until(1)
        (paused,) = (name for name, running in place(dispatcher).items() if running)
        workers[paused].send(signal.SIGSTOP)
        service.answers.set()  # the paused worker has the answer in its socket, and cannot say so
        result = await asyncio.wait_for(call, BOUND)
        workers[paused].send(signal.SIGCONT)
        await _until(lambda: dispatcher.counts.late)
        await asyncio.wait_for(dispatcher.watch.until(2), BOUND)
        after = [await dispatcher.run(request(plan, {"key": f"after-{n}"}, seconds=BOUND)) for n in range(10)]

    counts = dispatcher.counts
    print(f"orders {dict(service.orders)}, late {counts.late}, repeated {counts.repeated}, lost {counts.lost_workers}")
    assert value_of(result) == "done"
    assert service.orders["order"] == 2
    assert counts.late >= 1, "it says so once, and once more for each time that it was asked meanwhile"
    assert (counts.repeated, counts.lost_workers) == (1, 1)
    assert codes(after) == {"done": 10}, "who was paused works again"
    assert LOST_SECONDS < BOUND


@pytest.mark.parametrize("seconds", [0, 2 * LOST_SECONDS], ids=["short", "longer-than-workers-may-be-silent"])
async def test_nats_lost_and_back(nats_of_its_own: NatsProcess, service: Service, seconds: float) -> None:
    plan = ordering(service, "{}")

    async with with_processes(nats_of_its_own, [plan], "first", "second") as (dispatcher, _):
        before = await dispatcher.run(request(plan, {"key": "before"}, seconds=BOUND))
        service.answers.clear()
        under_way = [
            asyncio.create_task(dispatcher.run(request(plan, {"key": f"under-way-{n}"}, seconds=BOUND)))
            for n in range(10)
        ]
        await service.until(11)
        nats_of_its_own.kill()
        meanwhile = await _until_refused(dispatcher, plan)
        await asyncio.sleep(seconds)  # the outage itself
        service.answers.set()
        nats_of_its_own.start()
        await asyncio.wait_for(dispatcher.watch.until(2), BOUND)
        results = await asyncio.wait_for(asyncio.gather(*under_way), BOUND)
        after = [await dispatcher.run(request(plan, {"key": f"after-{n}"}, seconds=BOUND)) for n in range(20)]

    print(f"under way {dict(codes(results))}, meanwhile {meanwhile}, after {dict(codes(after))}")
    assert codes([before, *after]) == {"done": 21}
    assert meanwhile == "nats_unavailable"
    assert codes(results) == {"done": 10}, "an outage costs no call: results wait for NATS"
    assert service.orders.total() - sum(service.orders[f"after-{n}"] for n in range(20)) == 11


async def test_a_worker_that_is_told_to_stop_finishes_what_it_runs(nats: NatsProcess, service: Service) -> None:
    plan = ordering(service, "{}")
    service.answers.clear()

    async with with_processes(nats, [plan], "only") as (dispatcher, workers):
        call = asyncio.create_task(dispatcher.run(request(plan, {"key": "order"}, seconds=BOUND)))
        await service.until(1)
        workers["only"].send(signal.SIGTERM)
        await _until(lambda: any(worker.state == "draining" for worker in dispatcher.workers()))
        service.answers.set()
        result = await asyncio.wait_for(call, BOUND)
        code = await workers["only"].ended()

    assert value_of(result) == "done"
    assert code == 0
    assert dispatcher.counts.lost_workers == 0, "it said goodbye"


async def test_a_worker_that_still_waits_for_nats_ends_when_it_is_told_to(nats: NatsProcess) -> None:
    asked = asyncio.Event()
    over = asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await over.wait()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as silent:
        host, port = silent.sockets[0].getsockname()
        with WorkerProcess(nats, HEADRACE_NATS_URL=f"nats://{host}:{port}") as worker:
            await asyncio.wait_for(asked.wait(), BOUND)
            worker.send(signal.SIGTERM)

            assert await worker.ended() == 0
        over.set()


@pytest.mark.parametrize("way", ["cancelled", "over its deadline"])
async def test_the_running_step_of_another_process_is_stopped(nats: NatsProcess, way: str) -> None:
    gone = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        gone.set()
        writer.close()

    asked = asyncio.Event()
    listener = await asyncio.start_server(hang, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    plan = compile_flow(f"flow: hang\ninput: {{call: {{}}}}\nsteps: [{{http: {{url: '{url}'}}}}]\n")

    async with listener, with_processes(nats, [plan], "only") as (dispatcher, _):
        seconds = BOUND if way == "cancelled" else 2.0
        call = asyncio.create_task(dispatcher.run(request(plan, seconds=seconds)))
        await asyncio.wait_for(asked.wait(), BOUND)
        if way == "cancelled":
            call.cancel()
        await asyncio.wait([call])
        await asyncio.wait_for(gone.wait(), 1.0)  # the promise: within a second

    if way != "cancelled":
        assert codes([call.result()]) == {"timeout": 1}


def _numbered(results: Sequence[RunResult]) -> list[tuple[int, RunError]]:
    return [(n, result.error) for n, result in enumerate(results) if result.error is not None]


async def _until(condition: Callable[[], object]) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(BOUND):
        while not condition():  # noqa: ASYNC110  the counts of a dispatcher are for looking at
            await asyncio.sleep(0.01)


async def _until_refused(dispatcher: FleetDispatcher, plan: Plan) -> str:
    """Call until the loss of NATS is noticed; return what callers are told then."""
    async with asyncio.timeout(BOUND):
        while True:
            result = await dispatcher.run(request(plan, {"key": "meanwhile"}, seconds=0.01))
            if result.error is not None and result.error.code != "timeout":
                return result.error.code
            await asyncio.sleep(0.01)
