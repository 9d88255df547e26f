"""Tool calls: results per revision, notifications, streams, cancellation, shutdown."""

import asyncio
from typing import Any

import pytest

from coordinator.calls import CallOptions
from flows.content import AudioBlock, Reply, ResourceLinkBlock, TextBlock
from flows.events import Log, Progress
from flows.runs import RunRequest, RunResult
from tests.coordinator.mcp.asgi import SECONDS
from tests.coordinator.mcp.support import ECHO, SERVER_INFO, Gate, World, message

TEMPLATES = [
    "${{ args.text }}",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "%s%n",
    "'; DROP TABLE runs; --",
    "<script>",
    "\u0000\u202e",
]


class Fixed:
    """A dispatcher that gives one result, or raises."""

    def __init__(self, result: Any) -> None:
        self.result = result

    async def run(self, _request: RunRequest, _emit: Any = None) -> RunResult:
        if isinstance(self.result, Exception):
            raise self.result
        return RunResult(reply=self.result)

    async def close(self, grace: float = 0.0) -> None: ...


@pytest.mark.parametrize("text", TEMPLATES)
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_arguments_are_data_and_are_echoed_literally(era: str, text: str) -> None:
    answer = await World().call("echo", {"text": text}, era=era)

    assert answer["result"]["content"] == [{"type": "text", "text": text}]


async def test_a_modern_result_says_that_it_is_complete_and_who_made_it() -> None:
    answer = await World().call("add", {"a": 1, "b": 2}, era="modern", request_id="x")

    assert answer == {
        "jsonrpc": "2.0",
        "id": "x",
        "result": {
            "resultType": "complete",
            "content": [{"type": "text", "text": '{"sum":3}'}],
            "structuredContent": {"sum": 3},
            "_meta": SERVER_INFO,
        },
    }


@pytest.mark.parametrize(
    ("revision", "is_structured"),
    [("2024-11-05", False), ("2025-03-26", False), ("2025-06-18", True), ("2025-11-25", True), (None, True)],
)
async def test_structured_content_came_with_2025_06_18(revision: str | None, is_structured: bool) -> None:
    answer = await World().call("add", {"a": 1}, headers={"mcp-protocol-version": revision})

    expected: dict[str, Any] = {"content": [{"type": "text", "text": '{"sum":2}'}]}
    assert answer["result"] == expected | ({"structuredContent": {"sum": 2}} if is_structured else {})


@pytest.mark.parametrize(
    ("value", "text", "legacy", "modern"),
    [
        ({"a": 1}, '{"a":1}', True, True),
        ([1, 2], "[1,2]", False, True),
        ([], "[]", False, True),
        ("text", "text", False, False),
        ("", "", False, False),
        (0, "0", False, False),
        (False, "false", False, False),
        (None, "null", False, False),
    ],
)
async def test_what_clients_mistake_for_nothing_is_sent_as_text_only(
    value: Any, text: str, legacy: bool, modern: bool
) -> None:
    world = World(dispatcher=Fixed(Reply(value=value)))

    for era, is_structured in (("legacy", legacy), ("modern", modern)):
        result = (await world.call("echo", {"text": "x"}, era=era))["result"]
        assert result["content"] == [{"type": "text", "text": text}]
        assert ("structuredContent" in result) is is_structured


@pytest.mark.parametrize("value", [0, False, "", None, "text", 5])
async def test_a_modern_tool_that_declares_a_scalar_sends_it(value: Any) -> None:
    flow = ECHO.replace("    annotations:", "    returns: {}\n    annotations:")
    world = World([flow], dispatcher=Fixed(Reply(value=value)))

    assert (await world.call("echo", {"text": "x"}, era="modern"))["result"]["structuredContent"] == value
    assert "structuredContent" not in (await world.call("echo", {"text": "x"}))["result"]


BLOCKS = (
    TextBlock(text="one"),
    AudioBlock(data="AAAA", mimeType="audio/wav"),
    ResourceLinkBlock(uri="https://example.com/a", name="a", title="The A"),
)


@pytest.mark.parametrize(
    ("revision", "texts"),
    [
        ("2024-11-05", ["one", "[a sound of type audio/wav, 3 bytes]", "The A: https://example.com/a"]),
        ("2025-03-26", ["one", None, "The A: https://example.com/a"]),
        ("2025-06-18", ["one", None, None]),
    ],
)
async def test_blocks_that_a_revision_does_not_know_are_told_in_words(revision: str, texts: list[str | None]) -> None:
    world = World(dispatcher=Fixed(Reply(content=BLOCKS)))

    answer = await world.call("echo", {"text": "x"}, headers={"mcp-protocol-version": revision})

    assert [block.get("text") for block in answer["result"]["content"]] == texts


async def test_a_reply_may_be_an_error_of_the_authors_own() -> None:
    world = World(dispatcher=Fixed(Reply(content=BLOCKS[:1], is_error=True)))

    answer = await world.call("echo", {"text": "x"})

    assert answer["result"] == {"content": [{"type": "text", "text": "one"}], "isError": True}


@pytest.mark.parametrize("value", ["\ud800", object(), {"a": {1: object()}}])
async def test_a_value_that_is_no_json_is_an_error_result(value: Any) -> None:
    answer = await World(dispatcher=Fixed(Reply(value=value))).call("echo", {"text": "x"})

    assert answer["result"]["isError"] is True
    assert "[bad_output]" in answer["result"]["content"][0]["text"]


async def test_a_result_that_is_too_large_is_an_error_result() -> None:
    answer = await World(max_result_bytes=1000).call("echo", {"text": "x" * 2000})

    assert answer["result"]["content"][0]["text"] == (
        "The tool's result has 2073 bytes, more than the 1000 that are sent. Ask for less. [bad_output]"
    )


async def test_a_failing_step_is_told_with_its_code_and_place() -> None:
    answer = await World().call("refuse")

    assert answer["result"] == {
        "content": [{"type": "text", "text": "Nothing is here. [not_found, step no]"}],
        "isError": True,
    }


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_arguments_that_do_not_fit_are_a_result_that_a_model_can_act_on(era: str) -> None:
    answer = await World().call("echo", {"txt": 1}, era=era)

    assert answer["result"]["isError"] is True
    assert "There is no argument 'txt'. Did you mean 'text'?" in answer["result"]["content"][0]["text"]


@pytest.mark.parametrize(
    "params", [{}, {"name": 5}, {"name": "none"}, {"name": "echo", "arguments": []}, {"name": "echo", "arguments": "x"}]
)
async def test_a_call_that_names_no_tool_or_no_arguments_is_a_protocol_error(params: Any) -> None:
    world = World()

    legacy = await world.legacy("tools/call", params).answer()
    modern = await world.modern("tools/call", params, headers={"mcp-name": str(params.get("name"))}).answer()

    assert (legacy.status, legacy.json()["error"]["code"]) == (200, -32602)
    assert (modern.status, modern.json()["error"]["code"]) == (400, -32602)
    assert world.runs == []


async def test_a_tool_without_arguments_may_be_called_without_any() -> None:
    for params in ({"name": "trigger"}, {"name": "trigger", "arguments": None}):
        assert "isError" not in (await World().legacy("tools/call", params).answer()).json()["result"]


HEADER_ROWS = [
    ({"region": "eu"}, {"mcp-param-region": "eu"}, True),
    ({"region": "eu"}, {"mcp-param-region": " eu\t"}, True),
    ({"region": "eu"}, {"mcp-param-region": "=?base64?ZXU=?="}, True),
    ({"region": "SGVsbG8="}, {"mcp-param-region": "SGVsbG8="}, True),
    ({"region": "eu"}, {}, False),
    ({"region": "eu"}, {"mcp-param-region": "us"}, False),
    ({"region": "eu"}, {"mcp-param-region": "=?base64?ZXU?="}, False),
    ({"region": "eu"}, {"mcp-param-region": "=?base64?Z*U=?="}, False),
    ({}, {}, True),
    ({}, {"mcp-param-region": "eu"}, False),
    ({"region": None}, {}, True),
    ({"count": 42}, {"mcp-param-count": "42"}, True),
    ({"count": 42}, {"mcp-param-count": "42.0"}, True),
    ({"count": 42}, {"mcp-param-count": "43"}, False),
    ({"count": 1}, {"mcp-param-count": "true"}, False),
    ({"count": 42}, {"mcp-param-count": "[" * 5000}, False),
    ({"deep": {"flag": True}}, {"mcp-param-flag": "true"}, True),
    ({"deep": {"flag": False}}, {"mcp-param-flag": "0"}, False),
    ({"deep": 5}, {"mcp-param-flag": "true"}, False),
]


@pytest.mark.parametrize(("args", "headers", "agrees"), HEADER_ROWS)
async def test_a_modern_call_repeats_marked_arguments_in_headers(
    args: Any, headers: dict[str, str], agrees: bool
) -> None:
    talk = World().modern("tools/call", {"name": "region", "arguments": args}, headers=headers)

    answer = await talk.answer()

    assert (answer.status, answer.json().get("error", {}).get("code")) == ((200, None) if agrees else (400, -32020))


async def test_a_legacy_call_repeats_nothing_in_headers() -> None:
    assert "result" in await World().call("region", {"region": "eu"}, headers={"mcp-param-region": "us"})


async def test_a_flow_that_cannot_wait_still_streams_what_it_said() -> None:
    params = {"name": "chatty", "_meta": {"progressToken": 0}}

    answer = await World().legacy("tools/call", params).answer()

    assert answer.headers == {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
    }
    assert answer.events() == [
        _log("info", {"step": "begun"}),
        _progress(0, progress=0.0, total=2.0),
        _progress(0, progress=2.0, total=2.0, message="half"),
        {"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": "done"}]}},
    ]


async def test_a_client_that_reads_only_json_gets_no_notifications() -> None:
    answer = await World().legacy("tools/call", {"name": "chatty"}, headers={"accept": "application/json"}).answer()

    assert answer.json()["result"]["content"] == [{"type": "text", "text": "done"}]


@pytest.mark.parametrize(
    ("level", "heard"), [(None, []), ("debug", ["debug", "info"]), ("info", ["info"]), ("error", []), ("loud", [])]
)
async def test_a_modern_client_hears_the_levels_that_it_asked_for(level: str | None, heard: list[str]) -> None:
    meta = {"io.modelcontextprotocol/logLevel": level} if level else {}

    answer = await World().modern("tools/call", {"name": "chatty", "_meta": meta}).answer()

    events = answer.events() if heard else [answer.json()]
    assert [event["params"]["level"] for event in events if "method" in event] == heard


@pytest.mark.parametrize("token", [True, None, 1.5, {}, []])
async def test_progress_needs_a_token_that_can_be_one(token: Any) -> None:
    params = {"name": "chatty", "_meta": {"progressToken": token}}

    answer = await World().modern("tools/call", params).answer()

    assert answer.headers["content-type"] == "application/json"


async def test_a_call_that_waits_answers_in_json_when_it_has_nothing_to_say() -> None:
    gate = Gate()
    world = World(dispatcher=gate)

    for era in ("legacy", "modern"):
        talk = getattr(world, era)("tools/call", {"name": "slow"})
        await gate.has_started()
        gate.opened.set()
        answer = await talk.answer()
        gate.opened.clear()
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["result"]["content"] == [{"type": "text", "text": "done"}]


async def test_the_first_notification_opens_the_stream_while_the_call_runs() -> None:
    gate = Gate()
    talk = World(dispatcher=gate).legacy("tools/call", {"name": "slow", "_meta": {"progressToken": "p"}})
    await gate.has_started()
    assert not talk.has_started

    gate.emit(Log(level="info", data="first"))
    headers = await talk.started()

    assert headers["content-type"] == "text/event-stream"
    assert await talk.event() == _log("info", "first", logger="slow")
    gate.emit(Progress(progress=1))
    assert await talk.event() == _progress("p", progress=1.0)
    gate.opened.set()
    assert (await talk.event())["result"]["content"][0]["text"] == "done"
    assert await talk.event() is None


async def test_progress_that_comes_too_fast_is_thinned_but_the_last_value_arrives() -> None:
    gate = Gate()
    talk = World(dispatcher=gate).legacy("tools/call", {"name": "slow", "_meta": {"progressToken": "p"}})
    await gate.has_started()

    for number in range(1000):
        gate.emit(Progress(progress=number, total=1000))
    gate.opened.set()

    values = [event["params"]["progress"] for event in (await talk.answer()).events() if "method" in event]
    assert values == sorted(set(values))
    assert values[-1] == 999
    assert len(values) < 30


async def test_held_back_progress_goes_out_without_another_event() -> None:
    gate = Gate()
    talk = World(dispatcher=gate).legacy("tools/call", {"name": "slow", "_meta": {"progressToken": "p"}})
    await gate.has_started()
    for number in range(11):
        gate.emit(Progress(progress=number))

    await talk.started()
    values = [(await talk.event())["params"]["progress"] for _ in range(11)]

    assert values == list(range(11))
    talk.task.cancel()
    await gate.has_stopped()


async def test_a_flood_of_logs_for_a_slow_reader_is_bounded() -> None:
    gate = Gate()
    talk = World(dispatcher=gate).legacy("tools/call", {"name": "slow"})
    await gate.has_started()

    for number in range(5000):
        gate.emit(Log(level="info", data=number))
    gate.opened.set()

    assert len((await talk.answer()).events()) == 1001


async def test_silence_becomes_a_stream_with_pings() -> None:
    gate = Gate()
    world = World(dispatcher=gate, sse_after_seconds=0.01, keepalive_seconds=0.01)
    talk = world.modern("tools/call", {"name": "slow"})

    await talk.started()

    assert [await talk.event(), await talk.event()] == ["ping", "ping"]
    gate.opened.set()
    while (event := await talk.event()) == "ping":
        pass
    assert event["result"]["content"][0]["text"] == "done"


async def test_a_client_that_reads_only_json_waits_in_silence() -> None:
    gate = Gate()
    world = World(dispatcher=gate, sse_after_seconds=0.0, keepalive_seconds=0.0)
    talk = world.legacy("tools/call", {"name": "slow"}, headers={"accept": "application/json"})
    await gate.has_started()
    gate.opened.set()

    assert (await talk.answer()).headers["content-type"] == "application/json"


async def test_a_modern_client_that_goes_away_cancels_its_call() -> None:
    gate = Gate()
    world = World(dispatcher=gate)
    talk = world.modern("tools/call", {"name": "slow"})
    await gate.has_started()

    talk.disconnect()

    await gate.has_stopped()
    await talk.ended()
    assert not talk.has_started
    assert _error_code(world) == "cancelled"


async def test_a_modern_disconnect_stops_a_real_flow() -> None:
    world = World()
    talk = world.modern("tools/call", {"name": "slow"})
    await _until(lambda: world.calls.running == 1)

    talk.disconnect()

    await talk.ended()
    assert (world.calls.running, _error_code(world)) == (0, "cancelled")


async def test_a_legacy_client_that_goes_away_does_not_cancel() -> None:
    gate = Gate()
    world = World(dispatcher=gate)
    talk = world.legacy("tools/call", {"name": "slow"})
    await gate.has_started()

    talk.disconnect()
    gate.opened.set()

    await talk.ended()
    assert world.runs[-1].result.reply == Reply(value="done")


@pytest.mark.parametrize("request_id", [7, "7"])
async def test_a_legacy_client_cancels_by_notification_and_gets_no_answer(request_id: Any) -> None:
    gate = Gate()
    world = World(dispatcher=gate)
    talk = world.legacy("tools/call", {"name": "slow"}, request_id=request_id)
    await gate.has_started()

    told = await world.legacy("notifications/cancelled", {"requestId": request_id}, request_id=None).answer()

    await gate.has_stopped()
    answer = await talk.answer()
    assert told.status == 202
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", "text/event-stream")


async def test_a_cancelled_client_that_reads_only_json_gets_202() -> None:
    gate = Gate()
    world = World(dispatcher=gate)
    talk = world.legacy("tools/call", {"name": "slow"}, headers={"accept": "application/json"})
    await gate.has_started()

    await world.legacy("notifications/cancelled", {"requestId": 1}, request_id=None).answer()

    assert (await talk.answer()).status == 202


ADA = {"authorization": "Bearer hr_ada"}
CANCELS_NOTHING = [
    ("another id", {"requestId": 8}, ADA),
    ("the id as text", {"requestId": "7"}, ADA),
    ("no id", {}, ADA),
    ("an id of the wrong type", {"requestId": [7]}, ADA),
    ("another token", {"requestId": 7}, {"authorization": "Bearer hr_bob"}),
    ("no token", {"requestId": 7}, {}),
    ("another program", {"requestId": 7}, ADA | {"user-agent": "other"}),
]


@pytest.mark.parametrize(
    ("params", "headers"), [row[1:] for row in CANCELS_NOTHING], ids=[row[0] for row in CANCELS_NOTHING]
)
async def test_nobody_cancels_the_call_of_another(params: Any, headers: Any) -> None:
    gate = Gate()
    world = World(dispatcher=gate)
    talk = world.legacy("tools/call", {"name": "slow"}, request_id=7, headers=ADA)
    await gate.has_started()

    await world.legacy("notifications/cancelled", params, request_id=None, headers=headers).answer()
    gate.opened.set()

    assert (await talk.answer()).json()["result"]["content"][0]["text"] == "done"


async def test_two_calls_that_cannot_be_told_apart_are_not_cancelled() -> None:
    gate = Gate()
    world = World(dispatcher=gate)
    talks = [world.legacy("tools/call", {"name": "slow"}) for _ in range(2)]
    await gate.has_started()

    await world.legacy("notifications/cancelled", {"requestId": 1}, request_id=None).answer()
    gate.opened.set()

    answers = [(await talk.answer()).json() for talk in talks]
    assert all("result" in answer for answer in answers)


async def test_a_cancelled_member_is_missing_from_the_answer_to_a_batch() -> None:
    gate = Gate()
    world = World(dispatcher=gate)
    batch = [message("tools/call", {"name": "slow"}, 1), message("ping", request_id=2)]
    talk = world.send(batch)
    await gate.has_started()

    await world.send(message("notifications/cancelled", {"requestId": 1}, None)).answer()

    assert [each["id"] for each in (await talk.answer()).json()] == [2]


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_calls_get_time_to_end_when_the_server_stops(era: str) -> None:
    gate = Gate()
    world = World(dispatcher=gate)
    talk = getattr(world, era)("tools/call", {"name": "slow"})
    await gate.has_started()

    closing = asyncio.ensure_future(world.endpoint.close(grace=SECONDS))
    await asyncio.sleep(0)
    gate.opened.set()

    await closing
    assert (await talk.answer()).json()["result"]["content"][0]["text"] == "done"


@pytest.mark.parametrize("is_stream", [False, True])
async def test_calls_that_take_too_long_to_end_get_a_last_message(is_stream: bool) -> None:
    gate = Gate()
    world = World(dispatcher=gate)
    talk = world.legacy("tools/call", {"name": "slow"})
    await gate.has_started()
    if is_stream:
        gate.emit(Log(level="info", data="x"))

    await world.endpoint.close(grace=0.01)

    answer = await talk.answer()
    last = answer.events()[-1] if is_stream else answer.json()
    assert last["result"]["isError"] is True
    assert last["result"]["content"][0]["text"] == (
        "The server stopped before the call ended. [stopping] Trying again may help."
    )


async def test_a_server_that_stops_takes_no_more_calls() -> None:
    world = World()
    await world.endpoint.close()

    legacy = await world.legacy("tools/call", {"name": "echo", "arguments": {"text": "x"}}).answer()
    modern = await world.modern("tools/call", {"name": "echo", "arguments": {"text": "x"}}).answer()

    assert (legacy.status, legacy.json()["error"]["code"]) == (200, -31429)
    assert (modern.status, modern.json()["error"]["code"], modern.headers["retry-after"]) == (429, -31429, "1")


@pytest.mark.parametrize("tool", ["slow", "echo"])
async def test_overload_is_no_http_error_for_legacy_clients(tool: str) -> None:
    gate = Gate()
    world = World(dispatcher=gate, call_options=CallOptions(max_concurrent=1))
    first = world.legacy("tools/call", {"name": "slow"})
    await gate.has_started()

    legacy = await world.legacy("tools/call", {"name": tool, "arguments": {"text": "x"}}).answer()
    modern = await world.modern("tools/call", {"name": tool, "arguments": {"text": "x"}}).answer()

    assert (legacy.status, legacy.json()["error"]["data"]) == (200, {"retryAfter": 1.0})
    assert (modern.status, modern.headers["retry-after"]) == (429, "1")
    gate.opened.set()
    assert "result" in (await first.answer()).json()


@pytest.mark.parametrize("tool", ["slow", "echo"])
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_dispatcher_that_breaks_its_promise_is_an_internal_error(era: str, tool: str, caplog: Any) -> None:
    world = World(dispatcher=Fixed(RuntimeError("secret detail")))

    answer = await getattr(world, era)("tools/call", {"name": tool, "arguments": {"text": "x"}}).answer()

    assert (answer.status, answer.json()["error"]["code"]) == (200, -32603)
    assert "secret" not in answer.body.decode()
    assert "secret detail" in caplog.text


async def test_the_trace_context_of_the_message_reaches_the_run() -> None:
    gate = Gate()
    gate.opened.set()
    world = World(dispatcher=gate)
    valid = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    for given in (valid, "nonsense", 5):
        await world.call("echo", {"text": "x"}, params={"_meta": {"traceparent": given}})

    assert [request.traceparent for request in gate.requests] == [valid, "", ""]


async def test_interleaved_calls_of_two_tokens_never_cross() -> None:
    world = World(authentication=True)

    async def calls(token: str) -> None:
        for number in range(500):
            text = f"{token} {number}"
            headers = {"authorization": f"Bearer {token}"}
            answer = await world.call("echo", {"text": text}, headers=headers, request_id=number)
            assert (answer["id"], answer["result"]["content"][0]["text"]) == (number, text)
            await asyncio.sleep(0)

    await asyncio.gather(*(calls(token) for token in ("hr_ada", "hr_bob") * 3))

    assert all(run.args["text"].startswith(f"hr_{run.caller}") for run in world.runs)
    assert len(world.runs) == 3000


async def test_a_thousand_disconnects_leave_nothing_behind() -> None:
    world = World()
    before = len(asyncio.all_tasks())

    for _ in range(20):
        talks = [world.modern("tools/call", {"name": "slow"}) for _ in range(50)]
        await _until(lambda: world.calls.running == 50)
        for talk in talks:
            talk.disconnect()
        await asyncio.gather(*(talk.ended() for talk in talks))

    assert (world.calls.running, len(world.endpoint._tool_calls)) == (0, 0)
    assert len(asyncio.all_tasks()) == before


def _log(level: str, data: Any, logger: str = "chatty") -> dict[str, Any]:
    params = {"level": level, "logger": logger, "data": data}
    return {"jsonrpc": "2.0", "method": "notifications/message", "params": params}


def _progress(token: Any, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token, **params}}


def _error_code(world: World) -> str:
    error = world.runs[-1].result.error
    assert error is not None
    return error.code


async def _until(is_true: Any) -> None:
    async with asyncio.timeout(SECONDS):
        while not is_true():  # noqa: ASYNC110  nothing tells a test that a run has begun
            await asyncio.sleep(0)
