"""An install shows its tools exactly while its connections can work, and clients see that at their next request."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.coordinator.connections.support import call, put, put_interactive, shown, sign_in
from tests.coordinator.in_process import InProcess, coordinator
from tests.coordinator.packs.support import BOUND, as_source, install, post, shop_pack, tools, zipped
from tests.oauth_server import OAuthServer, oauth_server
from tests.packs.support import COUNT, MANIFEST, mill

TOOLS = ["shop_find_order"]


@pytest.fixture
async def provider() -> AsyncIterator[OAuthServer]:
    async with oauth_server() as server:
        yield server


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with coordinator(tmp_path, {}) as opened:
        yield opened


async def test_tools_come_with_the_sign_in_and_go_when_it_is_revoked(
    headrace: InProcess, provider: OAuthServer
) -> None:
    await put_interactive(headrace, provider, "mine")
    made = await install(headrace, source=shop_pack(), connections={"shop": "mine"})
    before = await tools(headrace)

    await sign_in(headrace, "mine")
    signed_in = await tools(headrace)
    provider.revoke()
    refused = await call(headrace, "shop_find_order")
    revoked = await tools(headrace)
    await sign_in(headrace, "mine")

    assert made["missing"] == ["Nobody is signed in for the connection 'mine': `headrace connection authorize mine`."]
    assert (before, signed_in) == ([], TOOLS)
    assert refused["isError"]
    assert revoked == []
    assert await tools(headrace) == TOOLS


async def test_tools_go_when_another_application_has_to_be_signed_in_for(
    headrace: InProcess, provider: OAuthServer
) -> None:
    await put_interactive(headrace, provider, "mine")
    await install(headrace, source=shop_pack(), connections={"shop": "mine"})
    await sign_in(headrace, "mine")
    config = {"kind": "http", "base_url": f"{provider.url}/api", "auth": {"type": "bearer"}}

    with_sign_in = await tools(headrace)
    await put_interactive_again(headrace, provider)
    without = await tools(headrace)
    await put(headrace, "mine", config, token="canary-token")

    assert (with_sign_in, without) == (TOOLS, [])
    assert await tools(headrace) == TOOLS


async def put_interactive_again(headrace: InProcess, provider: OAuthServer) -> None:
    """Change the scopes of the connection `mine`, which ends the sign-in."""
    shown = (await headrace.client.get("/api/connections/mine", headers=headrace.admin)).json()["config"]
    config = {**shown, "auth": {**shown["auth"], "scopes": ["orders", "more"]}}
    assert (await put(headrace, "mine", config)).status_code == 200


async def test_a_variable_switches_the_tools_of_a_group(headrace: InProcess) -> None:
    manifest = MANIFEST + "enabled: {write: '${{ vars.load > 2 }}'}\n"

    made = await install(headrace, source=zipped(manifest=manifest), **BOUND)
    before = await tools(headrace)
    choices = {**BOUND, "variables": {"load": 3}}
    seen = await headrace.client.post("/api/packs/installs/mill/preview", json={"choices": choices})
    await headrace.client.put("/api/packs/installs/mill", json={"choices": choices})

    assert made["missing"] == []
    assert made["hidden"] == {"mill_grind": "It is shown only while `vars.load > 2` holds."}
    assert before == ["mill_count_sacks"]
    assert {"name": "mill_grind", "change": "added", "parts": []} in seen.json()["changes"]
    assert await tools(headrace) == ["mill_count_sacks", "mill_grind"]


async def test_a_connection_shows_the_tools_that_reach_it_through_others_and_the_tokens_that_may_call_them(
    headrace: InProcess,
) -> None:
    count = COUNT.replace("{mcp_tool: {annotations: {readOnly: true}}}", "{call: {}}").replace("count_sacks", "counted")
    ask = COUNT.replace('sql: {connection: store, query: "SELECT 7 AS sacks"}', "call: counted").replace(
        "found.rows[0].sacks", "found.sacks"
    )
    files = mill(count=ask.replace("found: {rows: [{sacks: 7}]}", "found: {sacks: 7}"))
    files["flows/counted.yaml"] = count.encode()
    for label, allowed in (("all", []), ("some", ["mill_count*"]), ("others", ["mill_grind"])):
        await headrace.new_token(label=label, tools=allowed)

    await install(headrace, source=as_source(files), **BOUND)
    found = await shown(headrace, "sample")
    await post(headrace, "/installs/mill/disable")
    disabled = await shown(headrace, "sample")

    assert (found["dependents"], found["tools"]) == (["mill_counted"], ["mill_count_sacks"])
    assert (sorted(found["tokens"]), found["installs"]) == (["all", "some"], ["mill"])
    assert (disabled["tools"], disabled["tokens"], disabled["installs"]) == ([], [], ["mill"])
