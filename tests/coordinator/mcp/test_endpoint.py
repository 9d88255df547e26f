"""The endpoint as a client meets it: handshakes, lists, notifications, batches, tokens."""

from typing import Any

import msgspec
import pytest

from coordinator.access.presented import TokenSources
from coordinator.access.principal import Principal
from coordinator.mcp.methods import ServerIdentity
from flows.runs import Caller
from tests.coordinator.mcp import support
from tests.coordinator.mcp.asgi import open_request, request
from tests.coordinator.mcp.support import ADD, ECHO, META, SERVER_INFO, World, message

LEGACY_REVISIONS = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]


@pytest.mark.parametrize("asked", LEGACY_REVISIONS)
async def test_a_handshake_agrees_on_the_revision_that_was_asked_for(asked: str) -> None:
    answer = await World().send(message("initialize", {"protocolVersion": asked, "capabilities": {}})).answer()

    named = {"name": "headrace", "version": "9"} | ({"title": "Headrace"} if asked >= "2025-06-18" else {})
    assert answer.status == 200
    assert answer.headers == {"content-type": "application/json", "content-length": str(len(answer.body))}
    assert answer.json() == {
        "jsonrpc": "2.0",
        "id": 1,
        "result": {"protocolVersion": asked, "capabilities": {"tools": {}, "logging": {}}, "serverInfo": named},
    }


@pytest.mark.parametrize("asked", ["2026-07-28", "1999-01-01", None, 5])
async def test_a_handshake_for_an_unknown_revision_gets_the_newest_with_handshakes(asked: Any) -> None:
    answer = await World().send(message("initialize", {"protocolVersion": asked})).answer()

    assert answer.json()["result"]["protocolVersion"] == "2025-11-25"


async def test_instructions_are_part_of_both_introductions() -> None:
    world = World(server=ServerIdentity(instructions="Ask first."))

    handshake = await world.send(message("initialize", {})).answer()
    discovery = await world.modern("server/discover").answer()

    assert handshake.json()["result"]["instructions"] == "Ask first."
    assert discovery.json()["result"]["instructions"] == "Ask first."


async def test_discovery_tells_everything_at_once() -> None:
    answer = await World().modern("server/discover", request_id="server-discover-probe-1").answer()

    assert answer.json() == {
        "jsonrpc": "2.0",
        "id": "server-discover-probe-1",
        "result": {
            "supportedVersions": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
            "capabilities": {"tools": {"listChanged": True}, "logging": {}},
            "resultType": "complete",
            "ttlMs": 5000,
            "cacheScope": "public",
            "_meta": SERVER_INFO,
        },
    }


@pytest.mark.parametrize(("method", "params"), [("ping", None), ("logging/setLevel", {"level": "debug"})])
async def test_what_has_nothing_to_say_answers_an_empty_object(method: str, params: Any) -> None:
    answer = await World().legacy(method, params).answer()

    assert answer.body == b'{"jsonrpc":"2.0","id":1,"result":{}}'


async def test_an_unknown_log_level_is_refused() -> None:
    answer = await World().legacy("logging/setLevel", {"level": "loud"}).answer()

    assert (answer.status, answer.json()["error"]["code"]) == (200, -32602)


@pytest.mark.parametrize(
    "method", ["prompts/list", "resources/list", "resources/templates/list", "completion/complete"]
)
async def test_what_is_not_served_is_neither_promised_nor_answered(method: str) -> None:
    world = World()

    assert (await world.legacy(method).answer()).json()["error"]["code"] == -32601
    assert (await world.modern(method).answer()).status == 404


async def test_a_notification_gets_202_and_no_body() -> None:
    answer = await World().send(message("notifications/initialized", request_id=None)).answer()

    assert (answer.status, answer.body) == (202, b"")


async def test_tools_are_listed_the_modern_way() -> None:
    answer = await World([ECHO]).modern("tools/list").answer()

    assert answer.json()["result"] == {
        "tools": [
            {
                "name": "echo",
                "description": "Say it back.",
                "inputSchema": {
                    "type": "object",
                    "properties": {"text": {"type": "string", "description": "What to say"}},
                    "required": ["text"],
                    "additionalProperties": False,
                },
                "annotations": {"readOnlyHint": True},
            }
        ],
        "resultType": "complete",
        "ttlMs": 5000,
        "cacheScope": "public",
        "_meta": SERVER_INFO,
    }


@pytest.mark.parametrize("cursor", ["nonsense", "", 5, "AAAA", "[]"])
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_cursor_that_is_not_ours_is_refused(era: str, cursor: Any) -> None:
    answer = await getattr(World(), era)("tools/list", {"cursor": cursor}).answer()

    assert (answer.status, answer.json()["error"]["code"]) == (200 if era == "legacy" else 400, -32602)


async def test_a_new_tool_set_is_served_from_the_next_request_on() -> None:
    world = World([ECHO])
    before = (await world.legacy("tools/list").answer()).json()["result"]["tools"]

    world.toolset = World([ECHO.replace("Say it back", "Repeat"), ADD]).toolset

    after = (await world.legacy("tools/list").answer()).json()["result"]["tools"]
    assert [tool["description"] for tool in before] == ["Say it back."]
    assert [tool["description"] for tool in after] == ["Add two numbers.", "Repeat."]


async def test_a_batch_is_answered_in_one_array_without_its_notifications() -> None:
    batch = [
        message("ping", request_id="a"),
        message("notifications/initialized", request_id=None),
        message("tools/call", {"name": "echo", "arguments": {"text": "hi"}}, 2),
        message("tools/call", {"name": "none"}, 3),
        message("initialize", {}, 4),
        1,
    ]

    answer = await World().send(batch, headers={"mcp-protocol-version": "2025-03-26"}).answer()

    assert answer.status == 200
    assert [(each["id"], each.get("result"), each.get("error", {}).get("code")) for each in answer.json()] == [
        ("a", {}, None),
        (2, {"content": [{"type": "text", "text": "hi"}]}, None),
        (3, None, -32602),
        (4, None, -32600),
        (None, None, -32600),
    ]


async def test_a_batch_of_notifications_gets_202() -> None:
    answer = await World().send([message("notifications/initialized", request_id=None)]).answer()

    assert (answer.status, answer.body) == (202, b"")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_other_http_methods_get_405_at_once(method: str) -> None:
    answer = await request(World().endpoint, method, headers={"mcp-session-id": "x", "last-event-id": "1"})

    assert (answer.status, answer.headers["allow"]) == (405, "POST")


async def test_a_client_that_reads_only_streams_gets_one() -> None:
    answer = await World().legacy("ping", headers={"accept": "text/event-stream"}).answer()

    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.body == b'event: message\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'


async def test_a_body_may_come_in_pieces() -> None:
    body = msgspec.json.encode(message("ping"))

    answer = await open_request(
        World().endpoint, headers=support.JSON_HEADERS, body=[body[:5], body[5:9], body[9:]]
    ).answer()

    assert answer.json()["result"] == {}


async def test_a_body_that_grows_too_large_is_refused_while_it_comes() -> None:
    talk = open_request(World(max_body_bytes=100).endpoint, headers=support.JSON_HEADERS, body=[b" " * 60] * 1000)

    assert (await talk.answer()).status == 413


async def test_a_client_that_goes_while_it_sends_gets_nothing() -> None:
    talk = open_request(World().endpoint, headers=support.JSON_HEADERS, body=b"{", is_complete=False)
    talk.disconnect()

    await talk.ended()

    assert not talk.has_started


async def test_a_websocket_is_turned_away() -> None:
    talk = open_request(World().endpoint, kind="websocket")

    await talk.ended()

    assert (await talk._next())["type"] == "websocket.close"


@pytest.mark.parametrize(
    ("headers", "query", "reaches"),
    [
        ({"authorization": "Bearer hr_ada"}, "", True),
        ({"authorization": "bearer  hr_ada "}, "", True),
        ({"x-api-key": "hr_ada"}, "", True),
        ({}, "token=hr_ada", True),
        ({}, "a=1&token=hr%5Fada&b=2", True),
        ({"authorization": "Bearer hr_ada", "x-api-key": "wrong"}, "token=wrong", True),
        ({"x-api-key": "hr_ada"}, "token=wrong", True),
        ({"authorization": "Bearer "}, "token=hr_ada", True),
        ({"authorization": "Basic eDp5"}, "token=hr_ada", True),
        ({}, "", False),
        ({"authorization": "Bearer wrong"}, "token=hr_ada", False),
        ({"authorization": "Bearer hr_ada, Bearer hr_bob"}, "", False),
        ({"authorization": "hr_ada"}, "", False),
        ({"x-api-key": ""}, "token=", False),
    ],
)
async def test_a_token_may_come_three_ways_and_a_header_wins(
    headers: dict[str, str], query: str, reaches: bool
) -> None:
    answer = await World(authentication=True).legacy("ping", headers=headers, query=query).answer()

    assert answer.status == (200 if reaches else 401)


async def test_each_way_but_bearer_can_be_switched_off() -> None:
    world = World(authentication=True, token_sources=TokenSources(api_key_header=False, query=False))

    assert (await world.legacy("ping", headers={"x-api-key": "hr_ada"}).answer()).status == 401
    assert (await world.legacy("ping", query="token=hr_ada").answer()).status == 401
    assert (await world.legacy("ping", headers={"authorization": "Bearer hr_ada"}).answer()).status == 200


@pytest.mark.parametrize(
    "query", ["token=hr_ada", "x=1&token=hr_ada&y=2", "%74oken=hr_ada", "TOKEN=hr_ada&token=hr_bob"]
)
async def test_the_token_of_the_query_is_gone_from_the_scope_that_servers_log(query: str) -> None:
    talk = World().legacy("ping", query=query)

    await talk.ended()

    assert b"hr_" not in talk.scope["query_string"]


async def test_a_wrong_token_is_told_in_a_json_rpc_error_with_the_request_id() -> None:
    answer = await World(authentication=True).legacy("tools/list", request_id=42, query="token=hr_old").answer()

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="headrace", error="invalid_token"'
    assert answer.json() == {
        "jsonrpc": "2.0",
        "id": 42,
        "error": {"code": -31401, "message": "The token is not known here. It may have been revoked."},
    }


async def test_a_missing_token_is_no_invalid_token() -> None:
    answer = await World(authentication=True).modern("server/discover").answer()

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="headrace"'


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("GET", b""),
        ("DELETE", b""),
        ("POST", b""),
        ("POST", b"{"),
        ("POST", b"[1]"),
        ("POST", b'{"id":{}}'),
        ("POST", b"x" * 99_999),
    ],
)
async def test_the_token_is_checked_before_anything_else(method: str, body: bytes) -> None:
    answer = await request(World(authentication=True).endpoint, method, body=body)

    assert (answer.status, answer.json()["id"]) == (401, None)


async def test_a_preflight_needs_no_token() -> None:
    answer = await request(World(authentication=True).endpoint, "OPTIONS")

    assert answer.status == 204


@pytest.mark.parametrize(("token", "scope"), [("hr_ada", "private"), ("hr_echo_only", "private"), (None, "public")])
async def test_what_depends_on_a_token_is_cached_privately(token: str | None, scope: str) -> None:
    world = World()
    headers = {"authorization": f"Bearer {token}"} if token else {}

    for method in ("tools/list", "server/discover"):
        answer = await world.modern(method, headers=headers).answer()
        assert answer.json()["result"]["cacheScope"] == scope


async def test_a_token_sees_and_calls_only_the_tools_it_may() -> None:
    world = World(authentication=True)
    headers = {"authorization": "Bearer hr_echo_only"}

    listed = await world.legacy("tools/list", headers=headers).answer()
    allowed = await world.call("echo", {"text": "hi"}, headers=headers)
    refused = await world.call("add", {"a": 1}, headers=headers)
    unknown = await world.call("nope", {"a": 1}, headers=headers)

    assert [tool["name"] for tool in listed.json()["result"]["tools"]] == ["echo"]
    assert "result" in allowed
    assert refused["error"]["message"].replace("add", "nope") == unknown["error"]["message"]


async def test_a_bug_is_an_internal_error_without_details(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    world = World()

    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(world.endpoint._methods, "answer", broken)

    answer = await world.legacy("ping").answer()

    assert answer.status == 200
    assert answer.json()["error"] == {
        "code": -32603,
        "message": "The server failed to answer. Its log has the details.",
    }
    assert "secret detail" in caplog.text


async def test_modern_meta_in_the_body_without_headers_is_refused_as_modern() -> None:
    answer = await World().send(message("tools/list", {"_meta": META})).answer()

    assert (answer.status, answer.json()["error"]["code"]) == (400, -32020)


def test_callers_without_tokens_are_told_apart_by_address() -> None:
    here, there = (Principal(caller=Caller(name="anonymous", address=each)) for each in ("10.0.0.1", "10.0.0.2"))

    assert here.key != there.key


@pytest.mark.parametrize(
    "path", ["/mcp", "/mcp/", "//mcp", "/mcp;a=b", "/mcp/%2e%2e", "/MCP", "/mcp/../healthz", "/mcp.json", ""]
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_no_form_of_the_path_goes_around_the_token(path: str, method: str) -> None:
    answer = await request(World(authentication=True).endpoint, method, path, headers=support.JSON_HEADERS)

    assert answer.status == 401


async def test_a_refused_client_that_does_not_send_its_body_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.mcp.endpoint.REFUSED_BODY_SECONDS", 0.01)
    talk = open_request(World(authentication=True).endpoint, headers=support.JSON_HEADERS, is_complete=False)

    assert (await talk.answer()).status == 401


async def test_a_body_that_comes_too_slowly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.mcp.exchange.BODY_SECONDS", 0.01)
    talk = open_request(World().endpoint, headers=support.JSON_HEADERS, body=b"{", is_complete=False)

    assert (await talk.answer()).status == 408
