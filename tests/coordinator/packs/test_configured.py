"""An install shows its tools exactly while its connections can work, and clients see that at their next request."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.coordinator.connections.support import call, put, put_interactive, sign_in
from tests.coordinator.in_process import InProcess, coordinator
from tests.coordinator.packs.support import install, shop_pack, tools
from tests.oauth_server import OAuthServer, oauth_server

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
