"""The one path of a tool call: arguments, limits, records."""

import asyncio
import time
from typing import Any

import pytest

from coordinator.access.principal import Principal
from coordinator.calls import CallOptions, CallService, FinishedRun, run_ids
from coordinator.toolset import Tool, build_toolset
from flows.compile import compile_flow
from flows.content import Reply, TextBlock
from flows.errors import Busy
from flows.events import Event
from flows.runs import Caller, RunResult
from tests.coordinator.mcp.support import ADD, CHATTY, ECHO, REFUSE, SLOW, Gate
from workers.local import LocalDispatcher, PlanTable

NOW = 1_800_000_000.0
ADA = Principal(caller=Caller(name="ada", token_id="t1", address="10.0.0.1", client="test/1"))
SCALAR = "flow: scalar\ninput: {mcp_tool: {returns: {type: integer}}}\noutput: {reply: text}\n"


def service(text: str, dispatcher: Any = None, **options: Any) -> tuple[CallService, Tool, list[FinishedRun]]:
    plan = compile_flow(text)
    runs: list[FinishedRun] = []
    dispatcher = dispatcher or LocalDispatcher(PlanTable({plan.name: plan}))
    return (
        CallService(dispatcher, runs.append, CallOptions(**options)),
        build_toolset([plan], 1).tools[plan.name],
        runs,
    )


async def test_a_call_runs_the_flow_and_leaves_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, tool, runs = service(ECHO)
    monkeypatch.setattr(time, "time", lambda: NOW)

    result = await calls.call(ADA, tool, {"text": "hi"}, source="api")

    (run,) = runs
    assert result.reply == Reply(value="hi")
    assert run.result is result
    assert run.started == NOW
    assert (run.flow, run.tool, run.digest) == ("echo", "echo", tool.plan.digest)
    assert (run.caller, run.token_id, run.address, run.client) == ("ada", "t1", "10.0.0.1", "test/1")
    assert (run.source, run.args) == ("api", {"text": "hi"})


async def test_defaults_are_filled_in_for_the_flow_but_not_in_the_record() -> None:
    calls, tool, runs = service(ADD)

    result = await calls.call(ADA, tool, {"a": 1, "b": None})

    assert result.reply == Reply(value={"sum": 2})
    assert runs[0].args == {"a": 1, "b": None}


async def test_arguments_that_do_not_fit_are_a_recorded_failure() -> None:
    calls, tool, runs = service(ECHO)

    result = await calls.call(ADA, tool, {"text": 5})

    assert result.error is not None
    assert (result.error.code, result.error.message) == (
        "invalid_arguments",
        'Argument `text`: 5 is not of type "string".',
    )
    assert runs[0].result is result


async def test_a_failing_flow_is_a_recorded_failure() -> None:
    calls, tool, runs = service(REFUSE)

    result = await calls.call(ADA, tool, {})

    assert result.error is not None
    assert (result.error.code, result.error.step) == ("not_found", "no")
    assert runs[0].result is result


async def test_events_reach_who_asked_for_them() -> None:
    calls, tool, _ = service(CHATTY)
    events: list[Event] = []

    await calls.call(ADA, tool, {}, emit=events.append)

    assert len(events) == 5


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(value={"sum": "text"}), '"text" is not of type "integer"'),
        (Reply(value={}), '"sum" is a required property'),
        (Reply(value=None), 'null is not of type "object"'),
        (Reply(content=(TextBlock(text="3"),)), "it is content only, without a value"),
    ],
)
async def test_a_result_that_breaks_the_promise_of_its_flow_is_a_failure(
    reply: Reply, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    calls, tool, runs = service(ADD, _Replying(reply))

    result = await calls.call(ADA, tool, {"a": 1})

    assert result.error is not None
    assert result.error.code == "bad_output"
    assert result.error.message == f"The tool worked, but its result does not fit what it declares: {reason}."
    assert "`returns`" in caplog.text
    assert runs[0].result is result


async def test_an_error_of_the_authors_own_need_not_fit_what_the_flow_returns() -> None:
    calls, tool, _ = service(ADD, _Replying(Reply(value="no", is_error=True)))

    assert (await calls.call(ADA, tool, {"a": 1})).error is None


async def test_a_scalar_result_is_held_to_its_declaration_too() -> None:
    calls, tool, _ = service(SCALAR)

    result = await calls.call(ADA, tool, {})

    assert result.error is not None
    assert result.error.code == "bad_output"


async def test_calls_beyond_the_limit_are_refused_without_a_record() -> None:
    gate = Gate()
    calls, tool, runs = service(SLOW, gate, max_concurrent=1, retry_after_seconds=3.0)
    first = asyncio.ensure_future(calls.call(ADA, tool, {}))
    await gate.has_started()

    with pytest.raises(Busy) as refused:
        await calls.call(ADA, tool, {})

    assert refused.value.retry_after == 3.0
    assert (calls.running, runs) == (1, [])
    gate.opened.set()
    assert (await first).error is None
    assert (calls.running, len(runs)) == (0, 1)
    assert (await calls.call(ADA, tool, {})).error is None


async def test_a_cancelled_call_stops_the_work_and_is_recorded() -> None:
    gate = Gate()
    calls, tool, runs = service(SLOW, gate)
    task = asyncio.ensure_future(calls.call(ADA, tool, {}))
    await gate.has_started()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    await gate.has_stopped()
    error = runs[0].result.error
    assert error is not None
    assert (error.code, calls.running) == ("cancelled", 0)


@pytest.mark.parametrize(
    ("options", "asked", "seconds"),
    [({}, None, 60), ({"timeout_seconds": 5}, None, 5), ({}, 2.0, 2), ({}, 900.0, 60)],
)
async def test_the_deadline_is_the_nearest_of_all_limits(
    options: Any, asked: float | None, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    gate = Gate()
    gate.opened.set()
    calls, tool, _ = service("timeout: 60s\n" + ECHO.lstrip(), gate, **options)

    await calls.call(ADA, tool, {"text": "x"}, timeout=asked)

    assert gate.requests[0].deadline == NOW + seconds


async def test_a_real_flow_ends_at_its_deadline() -> None:
    calls, tool, _ = service(SLOW, timeout_seconds=0.02)

    result = await calls.call(ADA, tool, {})

    assert result.error is not None
    assert result.error.code == "timeout"


@pytest.mark.parametrize(("text", "crowded", "waits"), [(ECHO, False, False), (SLOW, False, True), (ECHO, True, True)])
def test_a_flow_waits_if_a_step_does_or_workers_are_crowded(text: str, crowded: bool, waits: bool) -> None:
    calls, tool, _ = service(text, is_crowded=lambda: crowded)

    assert calls.may_wait(tool) is waits


def test_run_ids_are_unique_and_in_order() -> None:
    one, other = run_ids(), run_ids()
    now = NOW

    ids = [one(now + number // 10 / 1000) for number in range(2000)]

    assert ids == sorted(set(ids))
    assert one(now).split("-")[0] == other(now).split("-")[0]
    assert one(now).split("-")[1] != other(now).split("-")[1]


class _Replying(Gate):
    """A dispatcher whose runs end with one reply."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply

    async def run(self, *_: Any) -> Any:
        return RunResult(reply=self.reply)
