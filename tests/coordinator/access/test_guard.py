"""Host, Origin, CORS and security headers: one place for every route."""

from pathlib import Path
from typing import Any

import pytest

import coordinator
from coordinator.access.guard import Guard, GuardOptions
from tests.coordinator.mcp.asgi import Answer, open_request, request

LOOPBACK = GuardOptions()
PUBLIC = GuardOptions(loopback=False, allowed_hosts=("Flows.Example", "other.example:8443"))
ROUTES = ["/mcp", "/mcp/pack", "/api/flows", "/", "/healthz", "/metrics", "/register", "/.well-known/x"]


async def inner(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers everything."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"inside"})


async def ask(options: GuardOptions = LOOPBACK, method: str = "POST", path: str = "/mcp", **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await request(Guard(inner, options), method, path, headers=given)


HOSTS = [
    (LOOPBACK, "localhost", True),
    (LOOPBACK, "localhost:8080", True),
    (LOOPBACK, "LOCALHOST:1", True),
    (LOOPBACK, "127.0.0.1:8080", True),
    (LOOPBACK, "[::1]:8080", True),
    (LOOPBACK, "evil.example", False),
    (LOOPBACK, "localhost.evil.example", False),
    (LOOPBACK, "localhost:8080.evil.example", False),
    (LOOPBACK, "127.0.0.1.nip.io", False),
    (LOOPBACK, "evil.example:8080@localhost", False),
    (LOOPBACK, "localhost, evil.example", False),
    (LOOPBACK, "localhost ", False),
    (LOOPBACK, "10.0.0.1", False),
    (LOOPBACK, "0.0.0.0:8080", False),
    (LOOPBACK, "2130706433", False),
    (LOOPBACK, "", False),
    (PUBLIC, "flows.example", True),
    (PUBLIC, "FLOWS.example:9999", True),
    (PUBLIC, "other.example:8443", True),
    (PUBLIC, "other.example", False),
    (PUBLIC, "sub.flows.example", False),
    (PUBLIC, "localhost", False),
    (PUBLIC, "10.0.0.1", False),
    (GuardOptions(loopback=False, ip_hosts=True), "10.0.0.1:8080", True),
    (GuardOptions(loopback=False, ip_hosts=True), "[fe80::1]", True),
    (GuardOptions(loopback=False, ip_hosts=True), "10.0.0.1.nip.io", False),
    (GuardOptions(loopback=False, ip_hosts=True), "localhost", False),
]


@pytest.mark.parametrize(("options", "host", "passes"), HOSTS)
@pytest.mark.parametrize("path", ROUTES)
async def test_only_requests_for_our_names_pass(options: GuardOptions, host: str, passes: bool, path: str) -> None:
    answer = await ask(options, path=path, host=host)

    assert answer.status == (200 if passes else 421)
    assert (answer.body == b"inside") is passes


MCP_ONLY = "for MCP"
ORIGINS = [
    (LOOPBACK, "localhost:8080", "http://localhost:8080", True),
    (LOOPBACK, "localhost:8080", "http://localhost:6274", MCP_ONLY),
    (LOOPBACK, "localhost:8080", "http://127.0.0.1:6274", MCP_ONLY),
    (LOOPBACK, "localhost:8080", "https://[::1]", MCP_ONLY),
    (LOOPBACK, "localhost:8080", "http://evil.example", False),
    (LOOPBACK, "localhost:8080", "http://localhost.evil.example", False),
    (LOOPBACK, "localhost:8080", "http://localhost:8080@evil.example", False),
    (LOOPBACK, "localhost:8080", "null", False),
    (LOOPBACK, "localhost:8080", "file://", False),
    (LOOPBACK, "localhost:8080", "", False),
    (LOOPBACK, "localhost:8080", "chrome-extension://abc", False),
    (PUBLIC, "flows.example", "https://flows.example", True),
    (PUBLIC, "flows.example", "https://FLOWS.example", True),
    (PUBLIC, "flows.example", "https://flows.example:444", False),
    (PUBLIC, "flows.example", "http://localhost:6274", False),
    (PUBLIC, "flows.example", "https://other.example:8443", False),
    (GuardOptions(allowed_origins=("https://App.example/",)), "localhost", "https://app.example", True),
    (GuardOptions(allowed_origins=("https://app.example",)), "localhost", "http://app.example", False),
    (GuardOptions(allowed_origins=("https://app.example",)), "localhost", "https://app.example:8443", False),
    (GuardOptions(allowed_origins=("vscode-webview://abc",)), "localhost", "vscode-webview://abc", True),
]


@pytest.mark.parametrize(("options", "host", "origin", "passes"), ORIGINS)
@pytest.mark.parametrize("path", ROUTES)
async def test_only_pages_of_allowed_origins_pass(
    options: GuardOptions, host: str, origin: str, passes: bool | str, path: str
) -> None:
    answer = await ask(options, path=path, host=host, origin=origin)
    if passes == MCP_ONLY:
        passes = path.startswith(("/mcp", "/.well-known/"))

    assert answer.status == (200 if passes else 403)
    assert (answer.body == b"inside") is passes


async def test_a_bad_host_is_refused_whatever_the_origin() -> None:
    assert (await ask(host="evil.example", origin="http://evil.example")).status == 421
    assert (await ask(host="evil.example", origin="http://localhost")).status == 421


async def test_a_refusal_says_what_the_operator_can_do(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard(inner, LOOPBACK)
    for _ in range(3):
        answer = await request(guard, headers={"host": "flows.example"})

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "title": "Host not allowed",
        "status": 421,
        "code": "host_not_allowed",
        "detail": "This server does not answer under that host name. Its operator can add the name to allowed_hosts.",
    }
    assert [record.getMessage() for record in caplog.records] == [
        "refused a request with Host 'flows.example'; if that is this server, add it to allowed_hosts"
    ]


async def test_a_host_sent_twice_is_refused() -> None:
    twice = [("host", "localhost"), ("host", "evil.example")]

    assert (await request(Guard(inner, LOOPBACK), headers=twice)).status == 421


async def test_many_names_do_not_fill_the_memory() -> None:
    guard = Guard(inner, LOOPBACK)

    for port in range(3000):
        await request(guard, headers={"host": f"localhost:{port}"})
        await request(guard, headers={"host": f"evil{port}.example"})

    assert len(guard._good_hosts) == len(guard._reported) == 1000


@pytest.mark.parametrize(("host", "passes"), [("localhost", True), ("evil.example", False)])
async def test_websockets_are_guarded_too(host: str, passes: bool) -> None:
    talk = open_request(Guard(inner, LOOPBACK), kind="websocket", headers={"host": host})

    assert (await talk._next())["type"] == ("websocket.accept" if passes else "websocket.close")
    await talk.ended()


async def test_the_lifespan_of_the_server_passes() -> None:
    seen = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    await Guard(app, LOOPBACK)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]

    assert seen == ["lifespan"]


async def test_a_browser_client_may_ask_and_read() -> None:
    origin = "http://localhost:6274"
    preflight = await ask(
        method="OPTIONS",
        origin=origin,
        access_control_request_method="POST",
        access_control_request_headers="Authorization, content-type,mcp-protocol-version, Mcp-Param-Region, x-evil",
    )
    answer = await ask(origin=origin)

    assert preflight.status == 204
    assert preflight.headers == {
        "access-control-allow-origin": origin,
        "vary": "origin",
        "access-control-allow-methods": "POST, GET, DELETE, OPTIONS",
        "access-control-allow-headers": "authorization, content-type, mcp-protocol-version, mcp-param-region",
        "access-control-max-age": "600",
        "content-length": "0",
    }
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-expose-headers"] == "mcp-session-id, www-authenticate, retry-after"
    assert answer.headers["vary"] == "origin"


async def test_a_preflight_from_elsewhere_is_refused() -> None:
    answer = await ask(method="OPTIONS", origin="http://evil.example", access_control_request_method="POST")

    assert answer.status == 403
    assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("path", ["/", "/api/flows", "/healthz", "/metrics", "/mcpx", "/.well-knownx"])
async def test_pages_of_other_servers_on_this_machine_may_speak_mcp_and_nothing_else(path: str) -> None:
    answer = await ask(path=path, origin="http://localhost:6274")
    own = await ask(path=path, host="localhost:6274", origin="http://localhost:6274")

    assert (answer.status, own.status) == (403, 200)
    assert not any(name.startswith("access-control") for name in own.headers)
    assert not any(name.startswith("access-control") for name in answer.headers)


async def test_no_origin_gets_no_cors_headers() -> None:
    assert not any(name.startswith("access-control") for name in (await ask()).headers)


def test_no_other_module_sets_cors_headers() -> None:
    package = Path(coordinator.__file__).parent

    setting = [path.name for path in package.rglob("*.py") if "access-control-allow" in path.read_text().lower()]

    assert setting == ["guard.py"]


@pytest.mark.parametrize("path", ROUTES)
async def test_every_answer_has_its_security_headers(path: str) -> None:
    passed = (await ask(path=path)).headers
    refused = (await ask(path=path, host="evil.example")).headers

    for headers in (passed, refused):
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    if not path.startswith("/mcp"):
        assert passed["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in passed["content-security-policy"]
        assert "unsafe" not in passed["content-security-policy"]


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via"])
@pytest.mark.parametrize("path", ROUTES)
async def test_where_nobody_is_asked_for_a_token_a_proxy_lets_nobody_in(header: str, path: str) -> None:
    brought = {"host": "127.0.0.1:8080", header: "203.0.113.7"}

    refused = await request(Guard(inner, GuardOptions(unproxied=True)), path=path, headers=brought)
    expected = await request(Guard(inner, LOOPBACK), path=path, headers=brought)

    assert (refused.status, refused.json()["code"]) == (403, "proxy_not_expected")
    for setting in ("require_auth", "trusted_proxies", "public_url"):
        assert setting in refused.json()["detail"]
    assert expected.body == b"inside"


async def test_a_proxy_may_bring_webhooks_which_have_their_own_proof() -> None:
    brought = {"x-forwarded-for": "203.0.113.7"}

    answer = await request(Guard(inner, GuardOptions(unproxied=True)), path="/hooks/github", headers=brought)

    assert answer.body == b"inside"


async def test_that_a_proxy_is_not_expected_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard(inner, GuardOptions(unproxied=True))
    for address in ("203.0.113.7", "203.0.113.8"):
        await request(guard, headers={"x-forwarded-for": address})

    assert len(caplog.records) == 1


@pytest.mark.parametrize("path", ["/mcp", "/api/tools/echo", "/anything"])
@pytest.mark.parametrize("host", ["localhost", "evil.example"])
async def test_a_token_in_the_query_is_taken_out_on_every_route(path: str, host: str) -> None:
    talk = open_request(Guard(inner, LOOPBACK), "POST", path, headers={"host": host}, query="a=1&token=hr_secret")

    await talk.ended()

    assert talk.scope["query_string"] == b"a=1"
