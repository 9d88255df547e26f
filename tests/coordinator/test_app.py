"""The application as a whole: which part answers which path, what guards it, what ends it."""

import asyncio
from pathlib import Path

import pytest

from coordinator.app import guard_options
from coordinator.settings import Settings
from tests.coordinator.in_process import ADDRESS, HELLO, bearer, coordinator

SLOW = """\
flow: slow
description: Takes its time.
input: {mcp_tool: {}}
steps:
  - sleep: 30s
"""

COUNT = """\
flow: count
description: How many cities there are.
input: {mcp_tool: {}}
steps:
  - sql: {connection: sample, query: SELECT 1 AS one}
"""


async def test_a_flow_in_a_file_is_a_tool_on_mcp(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        listed = await headrace.mcp("tools/list")
        called = await headrace.mcp("tools/call", {"name": "hello", "arguments": {"name": "Ada"}})

    assert [tool["name"] for tool in listed.json()["result"]["tools"]] == ["hello"]
    assert called.json()["result"]["structuredContent"] == {"text": "Hello, Ada!"}


async def test_the_sample_database_is_there_for_flows(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={"count": COUNT}) as headrace:
        called = await headrace.mcp("tools/call", {"name": "count", "arguments": {}})

    assert called.json()["result"]["structuredContent"]["rows"] == [{"one": 1}]


@pytest.mark.parametrize(("path", "body"), [("/healthz", {"status": "ok"}), ("/readyz", {"status": "ok"})])
async def test_health_is_open_to_everybody(tmp_path: Path, path: str, body: object) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        response = await headrace.client.get(path)

    assert (response.status_code, response.json()) == (200, body)


async def test_a_server_that_stops_is_alive_but_not_ready(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await headrace.coordinator.drain()

        ready = await headrace.client.get("/readyz")
        alive = await headrace.client.get("/healthz")

    assert (ready.status_code, ready.json()) == (503, {"status": "stopping"})
    assert alive.status_code == 200


async def test_a_call_that_outlasts_the_grace_ends_with_a_word(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={"slow": SLOW}, shutdown_grace="0") as headrace:
        calling = asyncio.create_task(headrace.mcp("tools/call", {"name": "slow", "arguments": {}}))
        async with asyncio.timeout(5):
            while not headrace.services.calls.running:  # noqa: ASYNC110  a few turns of the loop
                await asyncio.sleep(0)
            await headrace.coordinator.drain()
            answer = (await calling).json()["result"]

    assert answer["isError"] is True
    assert "[stopping]" in answer["content"][0]["text"]


async def test_the_address_says_what_is_here_to_a_program_and_to_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordinator.pages.files.STATIC", tmp_path / "not built")
    async with coordinator(tmp_path) as headrace:
        program = await headrace.client.get("/")
        person = await headrace.client.get("/", headers={"accept": "text/html,*/*"})

    assert program.json()["mcp"] == f"{ADDRESS}/mcp"
    assert program.json()["connect"] == f"Claude Code: claude mcp add --transport http headrace {ADDRESS}/mcp"
    assert person.headers["content-type"] == "text/plain; charset=utf-8"
    assert f"MCP      {ADDRESS}/mcp" in person.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"host": "evil.example"}, 421), ({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403)],
    ids=["host", "origin", "null origin"],
)
async def test_no_route_answers_a_page_of_another_site(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    async with coordinator(tmp_path) as headrace:
        for path in ("/", "/healthz", "/api/flows", "/mcp", "/metrics", "/nowhere", "/register"):
            response = await headrace.client.get(path, headers=headers)

            assert response.status_code == status, path
            assert "access-control-allow-origin" not in response.headers


async def test_every_answer_carries_the_security_headers(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        for path in ("/", "/healthz", "/api/flows", "/nowhere", "/metrics"):
            headers = (await headrace.client.get(path)).headers

            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-frame-options"] == "DENY"
            assert "default-src 'none'" in headers["content-security-policy"]


async def test_clients_that_look_for_a_sign_in_learn_what_is_wrong(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        refused = await headrace.mcp("tools/list")
        looked = await headrace.client.get("/.well-known/oauth-protected-resource/mcp")
        registered = await headrace.client.post("/register", json={})

    assert refused.status_code == 401
    assert looked.status_code == 404
    assert registered.status_code == 400
    assert registered.json()["error_description"] == refused.json()["error"]["message"]


async def test_a_token_in_the_url_opens_mcp_until_that_is_switched_off(tmp_path: Path) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with coordinator(tmp_path, require_auth="true") as headrace:
        token = await headrace.new_token()

        async def ping(url: str, **headers: str) -> int:
            return (await headrace.client.post(url, json=message, headers=headers)).status_code

        assert await ping(f"/mcp?token={token}") == 200
        assert await ping("/mcp", **{"x-api-key": token}) == 200

        values = {"token_in_query": False, "token_in_api_key_header": False}
        changed = await headrace.client.patch("/api/settings", json={"values": values}, headers=headrace.admin)

        assert changed.status_code == 200
        assert await ping(f"/mcp?token={token}") == 401
        assert await ping("/mcp", **{"x-api-key": token}) == 401
        assert await ping("/mcp", **bearer(token)) == 200


async def test_a_public_url_is_answered_and_written_into_configurations_at_once(tmp_path: Path) -> None:
    host = {"host": "tools.example.com", "origin": "https://tools.example.com"}
    async with coordinator(tmp_path) as headrace:
        before = await headrace.client.get("/api/status", headers=host)
        body = {"values": {"public_url": "https://tools.example.com"}}
        await headrace.client.patch("/api/settings", json=body)
        stranger = await headrace.client.get("/api/status", headers=host)
        after = await headrace.client.get("/api/status", headers=host | headrace.admin)

    assert (before.status_code, stranger.status_code) == (421, 401)
    assert after.json()["mcp_url"] == "https://tools.example.com/mcp"


def test_a_server_on_the_network_answers_under_its_own_name_and_by_address() -> None:
    options = guard_options(Settings(host="10.0.0.5", require_auth=True, allowed_hosts=("a.example",)))

    assert (options.allowed_hosts, options.ip_hosts) == (("a.example", "10.0.0.5"), True)


@pytest.mark.parametrize("path", ["/mcp", "/api/flows", "/"])
async def test_an_open_server_answers_no_proxy_until_it_asks_for_tokens(tmp_path: Path, path: str) -> None:
    brought = {"x-forwarded-for": "203.0.113.7"}
    async with coordinator(tmp_path) as headrace:
        direct = await headrace.client.get(path)
        refused = await headrace.client.get(path, headers=brought)
        await headrace.client.patch("/api/settings", json={"values": {"public_url": "https://tools.example.com"}})
        guarded = await headrace.client.get(path, headers=brought)

    assert direct.status_code != 403
    assert (refused.status_code, refused.json()["code"]) == (403, "proxy_not_expected")
    assert guarded.status_code == (200 if path == "/" else 401)


async def test_a_changed_file_is_live_after_the_next_look(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        (headrace.flows / "hello.yaml").write_text(HELLO.replace("Greet somebody.", "Greet a person."))

        await headrace.services.resync.tick()
        listed = await headrace.mcp("tools/list")

    assert listed.json()["result"]["tools"][0]["description"] == "Greet a person."


async def test_a_broken_file_is_told_and_its_last_good_version_goes_on(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        (headrace.flows / "hello.yaml").write_text(HELLO.replace("map:", "mpa:"))

        await headrace.services.resync.tick()
        problems = (await headrace.client.get("/api/problems")).json()["problems"]
        called = await headrace.mcp("tools/call", {"name": "hello", "arguments": {"name": "Ada"}})

    assert [(each["file"], each["line"], each["code"]) for each in problems] == [("hello.yaml", 7, "flow.unknown-step")]
    assert called.json()["result"]["structuredContent"] == {"text": "Hello, Ada!"}


async def test_the_files_of_a_running_server_are_for_its_owner_only_and_go_with_it(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        modes = {path.name: path.stat().st_mode & 0o777 for path in headrace.data.iterdir()}
        assert headrace.data.stat().st_mode & 0o777 == 0o700
        assert modes["admin.key"] == 0o600
        assert (headrace.data / "server.url").read_text() == ADDRESS

    assert not (tmp_path / "data" / "admin.key").exists()
    assert not (tmp_path / "data" / "server.url").exists()
