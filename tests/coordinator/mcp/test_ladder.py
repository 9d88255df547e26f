"""The order of the checks, as the table of the protocol has it."""

import base64
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from coordinator.mcp.envelope import MAX_BATCH, MAX_DEPTH
from coordinator.mcp.headers import Accept, plain_value, read_accept
from coordinator.mcp.ladder import Batch, HttpError, Route, climb
from coordinator.mcp.protocol import META_CLIENT_CAPABILITIES, META_VERSION
from tests.coordinator.mcp.support import META, message

METHODS = {
    "legacy": frozenset({"initialize", "ping", "tools/list", "tools/call"}),
    "modern": frozenset({"server/discover", "tools/list", "tools/call", "resources/read"}),
}
LEGACY = {"mcp-protocol-version": "2025-11-25"}
MODERN = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}
CALL = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "echo"}


def up(
    body: Any, headers: dict[str, str | None] | None = None, *, method: str = "POST", limit: int = 100_000
) -> Route | Batch | HttpError:
    """Climb the ladder with good headers, but for what the test says."""
    given = {"content-type": "application/json", "accept": "application/json, text/event-stream"} | (headers or {})
    raw = {name.encode(): value.encode() for name, value in given.items() if value is not None}
    encoded = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return climb(method, raw, encoded, METHODS, limit)


def modern(method: str = "tools/list", request_id: Any = 1, **params: Any) -> dict[str, Any]:
    return message(method, {"_meta": META, **params}, request_id)


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in META.items() if not name.endswith(key)}


REFUSALS = [
    # what, body, headers, HTTP status, JSON-RPC code, id
    ("a body that is too large", b" " * 200_000, {}, 413, -32600, UNSET),
    ("a length that is too large", b"{}", {"content-length": "200000"}, 413, -32600, UNSET),
    ("a length that is no number", b"{}", {"content-length": "-1"}, 413, -32600, UNSET),
    ("another content type", b"{}", {"content-type": "text/plain"}, 415, -32600, UNSET),
    ("no content type", b"{}", {"content-type": None}, 415, -32600, UNSET),
    ("nothing acceptable", b"{}", {"accept": "text/html"}, 406, -32600, UNSET),
    ("json refused by weight", b"{}", {"accept": "application/json;q=0"}, 406, -32600, UNSET),
    ("no JSON, legacy", b"{", LEGACY, 400, -32700, None),
    ("no JSON, no version", b"", {}, 400, -32700, None),
    ("no JSON, modern", b"{", MODERN, 400, -32700, UNSET),
    ("no UTF-8", b'{"a":"\xff"}', LEGACY, 400, -32700, None),
    ("a scalar", b"1", LEGACY, 400, -32600, None),
    ("no jsonrpc", b'{"id":1,"method":"ping"}', LEGACY, 400, -32600, 1),
    ("another jsonrpc", b'{"jsonrpc":"1.0","id":1,"method":"ping"}', LEGACY, 400, -32600, 1),
    ("a null id", message("ping") | {"id": None}, LEGACY, 400, -32600, None),
    ("a boolean id", message("ping", request_id=True), LEGACY, 400, -32600, None),
    ("a fractional id", message("ping", request_id=1.5), LEGACY, 400, -32600, None),
    ("a null id, modern", modern() | {"id": None}, MODERN, 400, -32600, UNSET),
    ("no method", b'{"jsonrpc":"2.0","id":1}', LEGACY, 400, -32600, 1),
    ("a method that is no string", b'{"jsonrpc":"2.0","id":1,"method":2}', LEGACY, 400, -32600, 1),
    ("params that are a list, legacy", message("ping", [1]), LEGACY, 200, -32602, 1),
    ("params that are a list, modern", message("tools/list", [1]), MODERN, 400, -32602, 1),
    ("a batch, 2025-06-18", [message("ping")], {"mcp-protocol-version": "2025-06-18"}, 400, -32600, None),
    ("a batch, 2025-11-25", [message("ping")], LEGACY, 400, -32600, None),
    ("a batch, modern", [modern()], MODERN, 400, -32600, UNSET),
    ("an empty batch", b"[]", {}, 400, -32600, None),
    ("a batch that is too long", [message("ping")] * (MAX_BATCH + 1), {}, 400, -32600, None),
    ("a response, modern", b'{"jsonrpc":"2.0","id":1,"result":{}}', MODERN, 400, -32600, UNSET),
    ("no _meta", message("server/discover", {}, "x"), MODERN, 400, -32602, "x"),
    ("no params", message("server/discover", None, 7), MODERN, 400, -32602, 7),
    ("no version in _meta", message("tools/list", {"_meta": without("Version")}), MODERN, 400, -32602, 1),
    ("no capabilities", message("tools/list", {"_meta": without("Capabilities")}), MODERN, 400, -32602, 1),
    ("a version of the wrong type", modern(_meta=META | {META_VERSION: 1}), MODERN, 400, -32602, 1),
    ("capabilities of the wrong type", modern(_meta=META | {META_CLIENT_CAPABILITIES: []}), MODERN, 400, -32602, 1),
    ("no version header", modern(), {"mcp-method": "tools/list"}, 400, -32020, 1),
    ("a version header that differs", modern(_meta=META | {META_VERSION: "v999"}), MODERN, 400, -32020, 1),
    ("no method header", modern(), {"mcp-protocol-version": "2026-07-28"}, 400, -32020, 1),
    ("another method", modern(), MODERN | {"mcp-method": "tools/call"}, 400, -32020, 1),
    ("a method in capitals", modern(), MODERN | {"mcp-method": "TOOLS/LIST"}, 400, -32020, 1),
    ("a method sent twice", modern(), MODERN | {"mcp-method": "tools/list, tools/list"}, 400, -32020, 1),
    ("a legacy version sent twice", modern(), {"mcp-protocol-version": "2025-11-25, 2025-11-25"}, 400, -32020, 1),
    ("no name header", modern("tools/call", name="echo"), CALL | {"mcp-name": None}, 400, -32020, 1),
    ("another name", modern("tools/call", name="echo"), CALL | {"mcp-name": "Echo"}, 400, -32020, 1),
    ("a broken name", modern("tools/call", name="echo"), CALL | {"mcp-name": "=?base64?ZWNobw?="}, 400, -32020, 1),
    (
        "an unknown version",
        modern(_meta=META | {META_VERSION: "v999"}),
        MODERN | {"mcp-protocol-version": "v999"},
        400,
        -32022,
        1,
    ),
    ("garbage as version", message("ping"), {"mcp-protocol-version": "garbage"}, 400, -32602, 1),
    ("an unknown method, legacy", message("nope"), LEGACY, 200, -32601, 1),
    ("discovery, legacy", message("server/discover", {}), LEGACY, 200, -32601, 1),
    ("an unknown method, modern", modern("nope"), MODERN | {"mcp-method": "nope"}, 404, -32601, 1),
    ("a handshake, modern", modern("initialize"), MODERN | {"mcp-method": "initialize"}, 404, -32601, 1),
    ("a ping, modern", modern("ping"), MODERN | {"mcp-method": "ping"}, 404, -32601, 1),
]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code", "request_id"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_each_fault_is_refused_on_its_rung(
    body: Any, headers: dict[str, str | None], status: int, code: int, request_id: Any
) -> None:
    refusal = up(body, headers)

    assert isinstance(refusal, HttpError)
    assert refusal.error is not None
    assert (refusal.status, refusal.error.code, refusal.id) == (status, code, request_id)


ROUTES = [
    # what, body, headers, revision to answer in, method
    ("no header", message("ping"), {}, "2025-11-25", "ping"),
    ("2024-11-05", message("ping"), {"mcp-protocol-version": "2024-11-05"}, "2024-11-05", "ping"),
    ("2025-03-26", message("ping"), {"mcp-protocol-version": "2025-03-26"}, "2025-03-26", "ping"),
    ("2025-06-18", message("ping"), {"mcp-protocol-version": "2025-06-18"}, "2025-06-18", "ping"),
    ("2025-11-25", message("ping"), LEGACY, "2025-11-25", "ping"),
    ("a padded header", message("ping"), {"mcp-protocol-version": "2025-06-18\t "}, "2025-06-18", "ping"),
    ("modern", modern(), MODERN, "2026-07-28", "tools/list"),
    (
        "padded modern headers",
        modern(),
        {name: f"{value} \t" for name, value in MODERN.items()},
        "2026-07-28",
        "tools/list",
    ),
    ("a name", modern("tools/call", name="echo"), CALL, "2026-07-28", "tools/call"),
    ("a padded name", modern("tools/call", name="echo"), CALL | {"mcp-name": "echo\t  "}, "2026-07-28", "tools/call"),
    (
        "a name in base64",
        modern("tools/call", name="écho"),
        CALL | {"mcp-name": f"=?base64?{base64.b64encode('écho'.encode()).decode()}?="},
        "2026-07-28",
        "tools/call",
    ),
    ("a call without a name", modern("tools/call"), CALL, "2026-07-28", "tools/call"),
    ("a handshake without header", message("initialize", {}), {}, "2025-11-25", "initialize"),
    (
        "a handshake with an odd header",
        message("initialize", {}),
        {"mcp-protocol-version": "v1"},
        "2025-11-25",
        "initialize",
    ),
    (
        "a handshake for a modern version",
        message("initialize", {"protocolVersion": "2026-07-28"}),
        {},
        "2025-11-25",
        "initialize",
    ),
    (
        "routing headers on legacy",
        message("ping"),
        LEGACY | {"mcp-method": "other", "mcp-name": "x"},
        "2025-11-25",
        "ping",
    ),
    ("null params", message("ping") | {"params": None}, LEGACY, "2025-11-25", "ping"),
    ("a string id", message("ping", request_id="a"), LEGACY, "2025-11-25", "ping"),
    ("a huge id", message("ping", request_id=10**30), LEGACY, "2025-11-25", "ping"),
    (
        "a content type with charset",
        message("ping"),
        {"content-type": "Application/JSON; charset=utf-8"},
        "2025-11-25",
        "ping",
    ),
]


@pytest.mark.parametrize(
    ("body", "headers", "revision", "method"), [row[1:] for row in ROUTES], ids=[row[0] for row in ROUTES]
)
def test_each_message_in_order_finds_its_era_and_method(
    body: Any, headers: dict[str, str | None], revision: str, method: str
) -> None:
    route = up(body, headers)

    assert isinstance(route, Route)
    assert (route.revision, route.method, route.id) == (revision, method, body["id"])


@pytest.mark.parametrize("headers", [{}, LEGACY, MODERN], ids=["no version", "legacy", "modern"])
@pytest.mark.parametrize("method", ["notifications/initialized", "notifications/unknown"])
def test_a_notification_needs_no_headers_and_no_meta(method: str, headers: dict[str, str | None]) -> None:
    route = up(message(method, request_id=None), headers)

    assert isinstance(route, Route)
    assert route.id is UNSET


def test_a_legacy_client_may_answer_what_was_never_asked() -> None:
    route = up({"jsonrpc": "2.0", "id": "sr-1", "result": {}}, LEGACY)

    assert isinstance(route, Route)
    assert (route.method, route.id) == ("", UNSET)


def test_an_unknown_version_is_told_all_that_are_supported() -> None:
    refusal = up(modern(_meta=META | {META_VERSION: "v999"}), MODERN | {"mcp-protocol-version": "v999"})

    assert isinstance(refusal, HttpError)
    assert refusal.error is not None
    assert refusal.error.data == {
        "supported": ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"],
        "requested": "v999",
    }


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "HEAD", "PATCH"])
def test_only_post_carries_messages(method: str) -> None:
    refusal = up(b"", {"content-type": None}, method=method)

    assert isinstance(refusal, HttpError)
    assert (refusal.status, refusal.headers) == (405, ((b"allow", b"POST"),))


@pytest.mark.parametrize("version", [None, "2025-03-26"])
def test_a_batch_keeps_its_members_in_order_and_refuses_bad_ones_alone(version: str | None) -> None:
    members = [
        message("ping", request_id=1),
        message("notifications/initialized", request_id=None),
        message("initialize", {}, 2),
        5,
        message("nope", request_id=3),
        {"jsonrpc": "2.0", "id": 9, "result": {}},
        [message("ping", request_id=4)],
    ]

    batch = up(members, {"mcp-protocol-version": version})

    assert isinstance(batch, Batch)
    seen = [member.error.code if isinstance(member, HttpError) else member.method for member in batch.members]  # type: ignore[union-attr]
    assert seen == ["ping", "notifications/initialized", -32600, -32600, -32601, "", -32600]


@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["lists", "objects"])
@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 10_000, 100_000])
def test_deep_nesting_is_refused_before_anything_goes_down(opening: bytes, depth: int) -> None:
    refusal = up(opening * depth, limit=10_000_000)

    assert isinstance(refusal, HttpError)
    assert refusal.error is not None
    assert refusal.error.message == f"The message nests deeper than {MAX_DEPTH} levels."


def test_many_brackets_that_do_not_nest_are_fine() -> None:
    args = {"list": [{"text": '[[[[{{{{"\\'} for _ in range(1000)]}

    assert isinstance(up(message("tools/call", {"name": "echo", "arguments": args})), Route)


@pytest.mark.parametrize("hostile", [b'{"a":"' + b'\\"' * 1_000_000, b'"' * 2_000_000 + b"{" * 100, b"[]," * 900_000])
def test_hostile_bodies_are_refused_in_linear_time(hostile: bytes) -> None:
    assert isinstance(up(b"{" * 65 + hostile, limit=10_000_000), HttpError)


@pytest.mark.parametrize(
    ("accept", "kinds"),
    [
        (None, Accept(True, True)),
        (b"", Accept(True, True)),
        (b"*/*", Accept(True, True)),
        (b"application/*", Accept(True, True)),
        (b"application/json", Accept(True, False)),
        (b"text/event-stream", Accept(False, True)),
        (b"APPLICATION/JSON; charset=utf-8 , text/event-stream;q=0.5", Accept(True, True)),
        (b"application/json, text/event-stream;q=0", Accept(True, False)),
        (b"text/html", Accept(False, False)),
    ],
)
def test_accept_is_read_leniently(accept: bytes | None, kinds: Accept) -> None:
    assert read_accept(accept) == kinds


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (b"plain", "plain"),
        (b" padded\t", "padded"),
        (b"=?base64?SGVsbG8=?=", "Hello"),
        (b"=?base64??=", ""),
        (b"=?base64?SGVsbG8?=", None),
        (b"=?base64?SGVs*G8=?=", None),
        (b"=?base64?/////w==?=", None),
        (b"=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?="),
        (b"=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
        (b"SGVsbG8=", "SGVsbG8="),
        (b"caf\xe9", None),
    ],
)
def test_a_header_value_is_plain_or_wrapped_in_base64(sent: bytes, meant: str | None) -> None:
    assert plain_value(sent) == meant
