"""What every dispatcher promises.  An implementation's test module imports these tests and offers `start_dispatcher`.

@pytest.fixture
def start_dispatcher() -> StartDispatcher:
    return ...  # takes plans, gives an async context manager of a running Dispatcher
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from msgspec import UNSET

from flows.compile import compile_flow
from flows.events import Event, Log, Progress
from flows.plan import Plan
from flows.runs import Caller, Dispatcher, RunRequest, RunResult

StartDispatcher = Callable[[list[Plan]], AbstractAsyncContextManager[Dispatcher]]
SOON = 5.0


def flow(name: str, steps: str, output: str = "", params: str = "{}") -> Plan:
    return compile_flow(
        f"flow: {name}\ninput: {{call: {{params: {params}}}}}\nsteps:\n{steps}\n" + (output and f"output: {output}\n")
    )


def request(plan: Plan, args: dict[str, Any] | None = None, seconds: float = SOON, **more: Any) -> RunRequest:
    return RunRequest(
        run_id=more.pop("run_id", "run-1"),
        flow=plan.name,
        digest=plan.digest,
        args=plan.input.arguments.complete(args or {}),
        deadline=time.time() + seconds,
        **more,
    )


def value_of(result: RunResult) -> Any:
    assert result.error is None, result.error
    assert result.reply is not None
    return result.reply.value


class HangingServer:
    """An HTTP server that never answers, and says when a request came and when its caller went away."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.abandoned = asyncio.Event()
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        while await reader.read(1024):
            pass
        self.abandoned.set()
        writer.close()


@pytest.fixture
async def hanging_server() -> AsyncIterator[HangingServer]:
    server = HangingServer()
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    async with listener:
        yield server


ECHO = flow("echo", "  - map: ${{ args.text }}", params="{text: string}")
WAITING = flow("waiting", "  - sleep: 10ms\n  - map: ${{ args.text }}", params="{text: string}")
LONG = flow("long", "  - log: started\n  - sleep: 60s")


@pytest.mark.parametrize("plan", [ECHO, WAITING], ids=["a flow that cannot wait", "a flow that waits"])
async def test_a_run_gives_the_reply_of_its_flow(start_dispatcher: StartDispatcher, plan: Plan) -> None:
    async with start_dispatcher([plan]) as dispatcher:
        result = await dispatcher.run(request(plan, {"text": "hello"}))

    assert value_of(result) == "hello"
    assert [(step.component, step.outcome) for step in result.steps][-1] == ("map", "ok")


async def test_a_failing_step_fails_the_run_and_is_named(start_dispatcher: StartDispatcher) -> None:
    plan = flow("broken", "  - map: 1\n  - id: stop\n    fail: {code: no_water, message: The mill stands still.}")

    async with start_dispatcher([plan]) as dispatcher:
        result = await dispatcher.run(request(plan))

    assert result.reply is None
    assert result.error is not None
    assert (result.error.code, result.error.message, result.error.step) == (
        "no_water",
        "The mill stands still.",
        "stop",
    )


async def test_a_version_that_no_worker_knows_is_an_error_and_not_an_exception(
    start_dispatcher: StartDispatcher,
) -> None:
    async with start_dispatcher([ECHO]) as dispatcher:
        result = await dispatcher.run(request(WAITING, {"text": "x"}))

    assert result.error is not None
    assert result.error.code == "unknown_version"


async def test_a_run_finishes_on_the_version_it_was_asked_for(start_dispatcher: StartDispatcher) -> None:
    old = flow("echo", "  - map: old")
    new = flow("echo", "  - map: new")

    async with start_dispatcher([old, new]) as dispatcher:
        results = [await dispatcher.run(request(plan)) for plan in (old, new)]

    assert [value_of(result) for result in results] == ["old", "new"]


async def test_events_arrive_in_order_and_before_the_result(start_dispatcher: StartDispatcher) -> None:
    plan = flow(
        "talking",
        "  - log: {level: warning, data: {water: low}}\n"
        "  - progress: {progress: 1, total: 2, message: half}\n"
        "  - sleep: 5ms\n"
        "  - progress: 2",
    )
    events: list[Event] = []

    async with start_dispatcher([plan]) as dispatcher:
        await dispatcher.run(request(plan), events.append)

    assert events == [
        Log(level="warning", data={"water": "low"}),
        Progress(progress=1, total=2, message="half"),
        Progress(progress=2),
    ]


async def test_a_cancelled_run_stops_its_work(start_dispatcher: StartDispatcher, hanging_server: HangingServer) -> None:
    plan = flow("asking", f"  - http: {{url: '{hanging_server.url}'}}")

    async with start_dispatcher([plan]) as dispatcher:
        running = asyncio.create_task(dispatcher.run(request(plan)))
        await asyncio.wait_for(hanging_server.asked.wait(), SOON)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await asyncio.wait_for(hanging_server.abandoned.wait(), SOON)

        again = await dispatcher.run(request(plan, seconds=0.05))

    assert again.error is not None, "the dispatcher goes on working after a cancellation"
    assert again.error.code == "timeout"


async def test_a_deadline_ends_the_run_where_it_is(
    start_dispatcher: StartDispatcher, hanging_server: HangingServer
) -> None:
    plan = flow("asking", f"  - id: ask\n    http: {{url: '{hanging_server.url}'}}")

    async with start_dispatcher([plan]) as dispatcher:
        result = await dispatcher.run(request(plan, seconds=0.2))
        await asyncio.wait_for(hanging_server.abandoned.wait(), SOON)

    assert result.error is not None
    assert (result.error.code, result.error.step) == ("timeout", "ask")


async def test_a_deadline_in_the_past_runs_nothing(start_dispatcher: StartDispatcher) -> None:
    events: list[Event] = []

    async with start_dispatcher([LONG]) as dispatcher:
        result = await dispatcher.run(request(LONG, seconds=-1), events.append)

    assert result.error is not None
    assert result.error.code == "timeout"
    assert events == []


async def test_closing_gives_running_calls_their_grace(start_dispatcher: StartDispatcher) -> None:
    plan = flow("short", "  - log: started\n  - sleep: 50ms\n  - map: done")
    started = asyncio.Event()

    async with start_dispatcher([plan]) as dispatcher:
        running = asyncio.create_task(dispatcher.run(request(plan), lambda _event: started.set()))
        await asyncio.wait_for(started.wait(), SOON)
        await dispatcher.close(grace=SOON)

        assert value_of(await running) == "done"


async def test_closing_ends_calls_that_outlast_the_grace(start_dispatcher: StartDispatcher) -> None:
    started = asyncio.Event()

    async with start_dispatcher([LONG]) as dispatcher:
        running = asyncio.create_task(dispatcher.run(request(LONG), lambda _event: started.set()))
        await asyncio.wait_for(started.wait(), SOON)
        await dispatcher.close(grace=0.01)
        result = await asyncio.wait_for(running, SOON)
        late = await dispatcher.run(request(LONG))

    assert result.error is not None
    assert late.error is not None
    assert (result.error.code, late.error.code) == ("stopping", "stopping")


async def test_concurrent_runs_never_mix(start_dispatcher: StartDispatcher) -> None:
    plan = flow(
        "greet",
        "  - sleep: 1ms\n  - log: ${{ args.text }}\n  - map: ${{ args.text }} for ${{ caller.name }} in ${{ run.id }}",
        params="{text: string}",
    )
    heard: dict[int, list[Event]] = {number: [] for number in range(300)}

    async with start_dispatcher([plan]) as dispatcher:
        results = await asyncio.gather(
            *(
                dispatcher.run(
                    request(plan, {"text": f"t{n}"}, run_id=f"r{n}", caller=Caller(name=f"c{n}")), heard[n].append
                )
                for n in heard
            )
        )

    assert [value_of(result) for result in results] == [f"t{n} for c{n} in r{n}" for n in heard]
    assert all(events == [Log(level="info", data=f"t{n}")] for n, events in heard.items())


async def test_a_flow_calls_another_by_name(start_dispatcher: StartDispatcher) -> None:
    outer = flow(
        "outer", "  - id: inner\n    call: {flow: echo, args: {text: '${{ args.word }}!'}}", params="{word: string}"
    )

    async with start_dispatcher([outer, ECHO]) as dispatcher:
        result = await dispatcher.run(request(outer, {"word": "water"}))

    assert value_of(result) == "water!"
    assert [step.id for step in result.steps] == ["inner/echo.map#1", "inner"]


async def test_large_results_come_whole(start_dispatcher: StartDispatcher) -> None:
    plan = flow("large", "  - map: ${{ [args.text for n in range(40)] }}", params="{text: string}")

    async with start_dispatcher([plan]) as dispatcher:
        result = await dispatcher.run(request(plan, {"text": "x" * 100_000}))

    assert value_of(result) == ["x" * 100_000] * 40


async def test_content_blocks_and_error_replies_come_unchanged(start_dispatcher: StartDispatcher) -> None:
    plan = flow(
        "blocks", "  - map: 1", "{content: {blocks: [{type: text, text: no}], is_error: true, value: {why: drought}}}"
    )

    async with start_dispatcher([plan]) as dispatcher:
        result = await dispatcher.run(request(plan))

    assert result.reply is not None
    assert result.reply.is_error
    assert result.reply.value == {"why": "drought"}
    assert result.reply.content is not UNSET
    assert [block.text for block in result.reply.content if block.__struct_config__.tag == "text"] == ["no"]


async def test_a_trace_shows_what_went_into_each_step_and_came_out(start_dispatcher: StartDispatcher) -> None:
    async with start_dispatcher([ECHO]) as dispatcher:
        result = await dispatcher.run(request(ECHO, {"text": "hello"}, trace=True))

    (step,) = result.steps
    assert (step.input, step.output) == ({"value": "hello"}, "hello")


async def test_mocks_stand_in_for_steps(start_dispatcher: StartDispatcher) -> None:
    plan = flow("fetch", "  - id: page\n    http: {url: 'http://127.0.0.1:1/'}\n  - map: ${{ page.body }}")

    async with start_dispatcher([plan]) as dispatcher:
        mocked = await dispatcher.run(request(plan, mocks={"page": {"body": "hi"}}))
        unmocked = await dispatcher.run(request(plan, mocks={}))

    assert value_of(mocked) == "hi"
    assert unmocked.error is not None
    assert unmocked.error.code == "unmocked"


@contextlib.asynccontextmanager
async def closing(dispatcher: Dispatcher) -> AsyncIterator[Dispatcher]:
    """Close a dispatcher at the end of a test, whatever happened in it."""
    try:
        yield dispatcher
    finally:
        await dispatcher.close()
