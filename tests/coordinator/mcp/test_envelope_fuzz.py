"""Whatever is sent, nothing but JSON-RPC and HTTP refusals come out, never an exception."""

from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.mcp.protocol import SUPPORTED
from tests.coordinator.mcp.asgi import Answer, open_request
from tests.coordinator.mcp.support import ADD, CHATTY, ECHO, META, REFUSE, REGION, TRIGGER, World

WORLD = World([ECHO, ADD, REFUSE, CHATTY, TRIGGER, REGION])
METHODS = [
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "logging/setLevel",
    "notifications/cancelled",
    "notifications/initialized",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
metas = st.dictionaries(
    st.sampled_from([*META, "progressToken", "traceparent", "io.modelcontextprotocol/logLevel"]),
    json_values | st.sampled_from([*SUPPORTED, {}, "debug"]),
) | st.just(META)
params = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["echo", "add", "refuse", "chatty", "trigger", "region"]) | json_values,
        "arguments": st.dictionaries(st.sampled_from(["text", "a", "b", "region"]), json_values) | json_values,
        "_meta": metas | json_values,
        "cursor": json_values,
        "level": json_values,
        "requestId": json_values,
        "protocolVersion": st.sampled_from(SUPPORTED) | json_values,
    },
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | json_values,
        "id": st.integers() | st.text() | json_values,
        "method": st.sampled_from(METHODS) | json_values,
        "params": params | json_values,
        "result": json_values,
        "error": json_values,
    },
)
well_formed = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "id": st.integers() | st.text(), "method": st.sampled_from(METHODS), "params": params}
)
header_texts = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)
headers = st.fixed_dictionaries(
    {"content-type": st.just("application/json") | header_texts},
    optional={
        "accept": st.sampled_from(["application/json", "text/event-stream", "*/*"]) | header_texts,
        "mcp-protocol-version": st.sampled_from(SUPPORTED) | header_texts,
        "mcp-method": st.sampled_from(METHODS) | header_texts,
        "mcp-name": st.sampled_from(["echo", "region"]) | header_texts,
        "mcp-param-region": header_texts,
        "content-length": header_texts,
    },
)
slow_is_fine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


async def _answer(body: bytes, given_headers: dict[str, str], method: str = "POST") -> Answer:
    return await open_request(WORLD.endpoint, method, headers=given_headers, body=body).answer()


def _is_rpc(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_is_rpc, value))
    kinds = value.keys() & {"result", "error", "method"}
    return bool(value["jsonrpc"] == "2.0" and len(kinds) == 1 and ("error" not in value or "code" in value["error"]))


def _check(answer: Answer) -> None:
    assert answer.status in (200, 202, 400, 404, 405, 406, 413, 415)
    if answer.status == 202:
        assert answer.body == b""
    elif answer.headers["content-type"] == "text/event-stream":
        assert all(map(_is_rpc, answer.events()))
    else:
        assert _is_rpc(answer.json())
        is_error = not isinstance(answer.json(), list) and "error" in answer.json()
        assert is_error or answer.status == 200
        if is_error:
            assert answer.json()["error"]["code"] != -32603


@slow_is_fine
@given(st.binary(), headers)
async def test_any_bytes_are_answered(body: bytes, given_headers: dict[str, str]) -> None:
    _check(await _answer(body, given_headers))


@slow_is_fine
@given(json_values | messages | st.lists(messages, max_size=4), headers)
async def test_any_json_is_answered(body: Any, given_headers: dict[str, str]) -> None:
    _check(await _answer(msgspec.json.encode(body), given_headers))


@slow_is_fine
@given(well_formed)
async def test_any_request_in_order_is_answered_with_its_id(body: Any) -> None:
    accept = {"content-type": "application/json", "accept": "application/json"}
    modern = {"mcp-protocol-version": "2026-07-28", "mcp-method": body["method"]}

    for extra in ({}, {"mcp-protocol-version": "2025-11-25"}, modern):
        answer = await _answer(msgspec.json.encode(body), accept | extra)
        _check(answer)
        assert answer.json()["id"] == body["id"]


@slow_is_fine
@given(st.sampled_from(["GET", "DELETE", "PUT", "OPTIONS", "TRACE", ""]) | st.text(max_size=8), headers)
async def test_any_http_method_is_answered(method: str, given_headers: dict[str, str]) -> None:
    answer = await _answer(b"", given_headers, method)

    assert answer.status in (204, 405) or method == "POST"
