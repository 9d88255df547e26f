"""What a fleet promises beyond any dispatcher: room and queues, versions, credentials, limits of the coordinator."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from coordinator.fleet.line import QUEUE_SECONDS
from flows.bus.access import NatsAccess
from flows.connections import Connection, sql_connection
from flows.errors import Busy
from flows.events import Event
from flows.runs import RunResult
from tests.flows.steps.http.support import Upstream
from tests.nats import NatsProcess, nats_process
from tests.servers import free_port
from tests.workers.dispatcher_behaviour import ECHO, LONG, SOON, HangingServer, flow, request, value_of
from tests.workers.dispatcher_behaviour import hanging_server as hanging_server
from tests.workers.fleet import Changing, Fleet, Plans, dispatching, fleet, values_connection, working

LARGE_TEXT = "a long text " * 250_000
SLEEPING = flow("sleeping", "  - log: started\n  - sleep: 50ms\n  - map: done")


class Signal:
    """An event sink that says when the run began."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    def __call__(self, _event: Event) -> None:
        self.begun.set()


async def started(fleet: Fleet, count: int, plan: object = LONG) -> list[asyncio.Task[RunResult]]:
    """Start runs, and return when workers have them."""
    signals = [Signal() for _ in range(count)]
    tasks = [
        asyncio.create_task(fleet.dispatcher.run(request(plan, run_id=f"r{n}"), signal))  # type: ignore[arg-type]
        for n, signal in enumerate(signals)
    ]
    async with asyncio.timeout(SOON):
        for signal in signals:
            await signal.begun.wait()
    return tasks


async def test_calls_go_to_the_worker_with_the_most_room(nats: NatsProcess) -> None:
    async with fleet(nats.access, [LONG], workers=2, slots=2) as running:
        tasks = await started(running, 3)

        assert sorted(worker.running_calls for worker in running.workers) == [1, 2]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

        assert [worker.running_calls for worker in running.workers] == [0, 0], "cancelled work has stopped"


async def test_calls_wait_for_a_free_slot_and_too_many_are_told_to_come_back(nats: NatsProcess) -> None:
    async with fleet(nats.access, [SLEEPING], slots=2, max_waiting=3) as running:
        first = await started(running, 2, SLEEPING)
        waiting = [asyncio.create_task(running.dispatcher.run(request(SLEEPING))) for _ in range(3)]
        await asyncio.sleep(0)
        assert running.dispatcher.waiting == 3

        with pytest.raises(Busy) as caught:
            await running.dispatcher.run(request(SLEEPING))
        results = await asyncio.gather(*first, *waiting)

    assert caught.value.retry_after == 1.0
    assert [value_of(result) for result in results] == ["done"] * 5


async def test_waiting_ends_with_the_time_of_the_call(nats: NatsProcess) -> None:
    async with fleet(nats.access, [LONG, ECHO], slots=1) as running:
        (long,) = await started(running, 1)

        result = await running.dispatcher.run(request(ECHO, {"text": "x"}, seconds=0.05))
        long.cancel()

    assert result.error is not None
    assert result.error.code == "timeout"
    assert QUEUE_SECONDS > 1


async def test_without_a_worker_calls_fail_at_once_and_work_when_one_comes(nats: NatsProcess) -> None:
    async with dispatching(nats.access, Plans([ECHO])) as dispatcher:
        nobody = await dispatcher.run(request(ECHO, {"text": "x"}))
        async with working(nats.access):
            await dispatcher.watch.until(1)
            somebody = await dispatcher.run(request(ECHO, {"text": "x"}))
        gone = await dispatcher.run(request(ECHO, {"text": "x"}))

    assert nobody.error is not None
    assert gone.error is not None
    assert (nobody.error.code, gone.error.code) == ("no_worker", "no_worker")
    assert nobody.error.retryable
    assert value_of(somebody) == "x"


async def test_two_coordinators_share_the_slots_of_a_worker(nats: NatsProcess) -> None:
    plans = Plans([SLEEPING])
    async with (
        dispatching(nats.access, plans) as one,
        dispatching(nats.access, plans) as other,
        working(nats.access, slots=3) as worker,
    ):
        await asyncio.gather(one.watch.until(1), other.watch.until(1))
        most = 0

        def look(_event: Event) -> None:
            nonlocal most
            most = max(most, worker.running_calls)

        calls = [each.run(request(SLEEPING, seconds=20), look) for each in (one, other) for _ in range(12)]
        results = await asyncio.gather(*calls)

    assert [value_of(result) for result in results] == ["done"] * 24
    assert most == 3


async def test_a_worker_that_drains_finishes_its_calls_and_the_others_take_the_new_ones(nats: NatsProcess) -> None:
    async with fleet(nats.access, [SLEEPING, ECHO], workers=2, slots=5) as running:
        tasks = await started(running, 4, SLEEPING)

        draining = asyncio.create_task(running.workers[0].drain(SOON))
        echoes = [await running.dispatcher.run(request(ECHO, {"text": f"{n}"})) for n in range(20)]
        await draining
        results = [await task for task in tasks]
        left = [worker for worker in running.dispatcher.workers() if worker.state == "ready"]

    assert [value_of(result) for result in echoes] == [f"{n}" for n in range(20)]
    assert [value_of(result) for result in results] == ["done"] * 4
    assert len(left) == 1


async def test_a_flow_that_is_edited_during_a_call_finishes_on_its_version(nats: NatsProcess) -> None:
    outer = flow("outer", "  - log: started\n  - sleep: 100ms\n  - call: inner")
    old, new = flow("inner", "  - map: old"), flow("inner", "  - map: new")

    async with fleet(nats.access, [outer, old]) as running:
        (task,) = await started(running, 1, outer)
        running.plans.names["inner"] = running.plans.digests[new.digest] = new
        before = await task
        after = await running.dispatcher.run(request(outer))

    assert (value_of(before), value_of(after)) == ("old", "new")


async def test_requests_and_events_larger_than_nats_takes_come_whole(nats: NatsProcess) -> None:
    plan = flow("large", "  - log: ${{ args.text }}\n  - map: ${{ len(args.text) }}", params="{text: string}")
    events: list[Event] = []

    async with fleet(nats.access, [plan]) as running:
        result = await running.dispatcher.run(request(plan, {"text": "x" * 5_000_000}, seconds=30), events.append)

    assert value_of(result) == 5_000_000
    assert [len(event.data) for event in events] == [5_000_000]  # type: ignore[union-attr]


def nested(depth: int) -> list[object]:
    value: list[object] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [850, 100_000], ids=["a result", "arguments"])
async def test_what_is_nested_too_deeply_to_be_sent_fails_and_the_next_calls_go_on(
    nats: NatsProcess, depth: int
) -> None:
    wraps = "".join(
        f"  - {{id: s{n}, map: {'[' * 20}'${{{{ {before} }}}}'{']' * 20}}}\n"
        for n, before in enumerate(["args.value", *(f"s{n}" for n in range(14))])
    )
    deeper = flow("deeper", wraps, params="{value: {type: array, items: {}}}")
    async with fleet(nats.access, [deeper, ECHO]) as running:
        outcomes = [await running.dispatcher.run(request(deeper, {"value": nested(depth)})) for _ in range(3)]
        after = await running.dispatcher.run(request(ECHO, {"text": "hello"}))

    assert [result.error and result.error.code for result in outcomes] == ["too_deep"] * 3
    assert value_of(after) == "hello"


async def test_a_nats_that_takes_little_at_once_gets_more_pieces(tmp_path: Path) -> None:
    (tmp_path / "nats.conf").write_text("max_payload: 10000\n")
    with nats_process(tmp_path / "data", "-c", str(tmp_path / "nats.conf")) as server:
        async with fleet(server.access, [ECHO]) as running:
            results = [await running.dispatcher.run(request(ECHO, {"text": "x" * size})) for size in (1, 50_000, 2)]

    assert [value_of(result) for result in results] == ["x", "x" * 50_000, "xx"]


@pytest.mark.parametrize("number", [2**63, 2**64, -(2**70), 1 << 1000])
async def test_whole_numbers_of_any_size_come_unchanged(nats: NatsProcess, number: int) -> None:
    plan = flow("number", "  - map: ${{ args.number + 1 }}", params="{number: integer}")

    async with fleet(nats.access, [plan]) as running:
        result = await running.dispatcher.run(request(plan, {"number": number}))

    assert value_of(result) == number + 1


async def test_the_network_policy_of_the_coordinator_holds_at_workers(
    nats: NatsProcess, hanging_server: HangingServer
) -> None:
    plan = flow("asking", f"  - http: {{url: '{hanging_server.url}'}}")

    async with fleet(nats.access, [plan], allow_loopback=False) as running:
        result = await running.dispatcher.run(request(plan))

    assert result.error is not None
    assert result.error.code == "address_refused"


QUERY = flow(
    "query",
    "  - id: found\n    sql: {connection: shop, query: SELECT name FROM item}\n  - map: ${{ found.rows[0].name }}",
)


def database(path: object, name: str) -> Connection:
    import sqlite3

    with sqlite3.connect(str(path)) as made:
        made.execute("CREATE TABLE item (name TEXT)")
        made.execute("INSERT INTO item VALUES (?)", (name,))
    made.close()
    return sql_connection("shop", f"sqlite:///{path}")


async def test_a_changed_connection_is_used_by_the_next_call(
    nats: NatsProcess, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("databases")
    source = Changing(database(folder / "old.db", "old"))

    async with fleet(nats.access, [QUERY], connections=source) as running:
        before = [await running.dispatcher.run(request(QUERY)) for _ in range(2)]
        source.change(database(folder / "new.db", "new"))
        after = await running.dispatcher.run(request(QUERY))

    assert [value_of(result) for result in (*before, after)] == ["old", "old", "new"]


async def test_a_secret_reaches_the_worker_that_sends_it(nats: NatsProcess) -> None:
    upstream = Upstream()
    runner = await upstream.start()
    plan = flow("sending", f"  - http: {{url: '{upstream.url}', text: '${{{{ secrets.keys.token }}}}'}}")
    source = Changing(values_connection("the-first-one"))

    async with fleet(nats.access, [plan], connections=source) as running:
        await running.dispatcher.run(request(plan))
        source.change(values_connection("the-second-one"))
        await running.dispatcher.run(request(plan))
    await runner.cleanup()

    assert upstream.bodies == [b"the-first-one", b"the-second-one"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shpo", "There is no connection 'shpo'. Did you mean 'shop'? "),
        ("broken", "Connection 'broken' cannot be used. Enter it anew."),
    ],
)
async def test_a_connection_that_cannot_be_used_is_named_as_in_one_process(
    nats: NatsProcess, name: str, message: str
) -> None:
    plan = flow("query", f"  - sql: {{connection: {name}, query: SELECT 1}}")
    source = Changing(sql_connection("shop", "sqlite:///:memory:"))

    async with fleet(nats.access, [plan], connections=source) as running:
        result = await running.dispatcher.run(request(plan))

    assert result.error is not None
    assert result.error.message.startswith(message)


async def test_only_the_coordinator_signs_in(nats: NatsProcess, hanging_server: HangingServer) -> None:
    plan = flow("asking", "  - http: {connection: api, path: /x}")
    source = Changing(Connection(name="api", kind="http", url=hanging_server.url, signs_in=True, version="1"))

    async with fleet(nats.access, [plan], connections=source) as running:
        task = asyncio.create_task(running.dispatcher.run(request(plan)))
        await asyncio.wait_for(hanging_server.asked.wait(), SOON)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert source.signed_in == [False]


async def test_a_connection_that_the_server_ends_for_good_is_opened_anew(tmp_path: Path) -> None:
    configuration = tmp_path / "nats.conf"
    users = "authorization {{users: [{{user: coordinator, password: c}}, {{user: worker, password: {password}}}]}}\n"
    configuration.write_text(users.format(password="w"))

    with nats_process(tmp_path / "store", "-c", str(configuration), user="") as server:
        url = server.access.url
        coordinator, worker = (
            NatsAccess(url=url, user="coordinator", password="c"),
            NatsAccess(url=url, user="worker", password="w"),
        )
        async with dispatching(coordinator, Plans([ECHO])) as dispatcher, working(worker):
            await asyncio.wait_for(dispatcher.watch.until(1), SOON)
            configuration.write_text(users.format(password="changed"))
            server.reload()
            async with asyncio.timeout(2 * SOON):
                while dispatcher.workers():  # noqa: ASYNC110  nobody tells
                    await asyncio.sleep(0.05)
            shut_out = await dispatcher.run(request(ECHO, {"text": "x"}))
            configuration.write_text(users.format(password="w"))
            server.reload()
            await asyncio.wait_for(dispatcher.watch.until(1), 2 * SOON)
            back = await dispatcher.run(request(ECHO, {"text": "x"}))

    assert shut_out.error is not None
    assert shut_out.error.code == "no_worker"
    assert value_of(back) == "x"


@pytest.mark.filterwarnings("ignore:parameter 'timeout' of type 'float':DeprecationWarning")  # of the client library
async def test_calls_and_large_results_come_over_a_websocket(tmp_path: Path) -> None:
    port = free_port()
    configuration = tmp_path / "nats.conf"
    configuration.write_text(f'websocket {{host: "127.0.0.1", port: {port}, no_tls: true}}\n')
    with nats_process(tmp_path / "data", "-c", str(configuration)) as server:
        access = msgspec.structs.replace(server.access, url=f"ws://127.0.0.1:{port}")
        async with fleet(access, [ECHO]) as running:
            small = await running.dispatcher.run(request(ECHO, {"text": "hello"}))
            large = await running.dispatcher.run(request(ECHO, {"text": LARGE_TEXT}))

    assert value_of(small) == "hello"
    assert value_of(large) == LARGE_TEXT
