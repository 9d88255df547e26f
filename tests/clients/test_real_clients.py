"""Each real client lists and calls tools, sees an edit without a restart, and is refused after its token is revoked."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.clients import Connect, Connection, Refused, mcp_remote, python_sdk, typescript_sdk
from tests.headrace_process import Headrace, serve_headrace

pytestmark = pytest.mark.clients

FLOW = """\
flow: greet
description: {description}
input: {{mcp_tool: {{params: {{name: string}}}}}}
steps:
  - log: greeting ${{{{ args.name }}}}
output: {{reply: "Hello, ${{{{ args.name }}}}!"}}
"""
RESYNC_BOUND = 15.0
"""Seconds within which an edited file must be seen: the resync comes every five."""

CLIENTS: dict[str, Callable[[Path], Connect]] = {
    "python sdk, negotiating": lambda _config: python_sdk("auto"),
    "python sdk, handshake": lambda _config: python_sdk("legacy"),
    "typescript sdk v1": lambda _config: typescript_sdk,
    "mcp-remote 0.1, token in the URL": lambda config: mcp_remote("0.1", "query", config),
    "mcp-remote 0.1, token in a header": lambda config: mcp_remote("0.1", "header", config),
    "mcp-remote 0.15, token in the URL": lambda config: mcp_remote("0.15", "query", config),
    "mcp-remote 0.15, token in a header": lambda config: mcp_remote("0.15", "header", config),
}


async def eventually(look: Callable[[], Any], wanted: Any) -> None:
    """Look again and again until the wanted thing is seen; the bound is the product's promise."""
    until = time.monotonic() + RESYNC_BOUND
    while (seen := await look()) != wanted:
        assert time.monotonic() < until, f"still {seen!r}"
        await asyncio.sleep(0.2)  # a client has no event for an edit: looking again is what its user does


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_real_client_lists_calls_follows_edits_and_is_refused_after_revocation(name: str, tmp_path: Path) -> None:
    flow = tmp_path / "flows" / "greet.yaml"
    flow.parent.mkdir()
    flow.write_text(FLOW.format(description="Greet somebody."))
    connect = CLIENTS[name](tmp_path / "mcp-remote")
    environment = {"HEADRACE_FLOWS": str(flow.parent), "HEADRACE_REQUIRE_AUTH": "true"}

    with serve_headrace(tmp_path / "data", environment) as server:
        token = server.create_token("a client")
        async with connect(server.mcp_url, token.secret) as connection:
            assert await connection.tools() == {"greet": "Greet somebody."}
            assert await connection.call("greet", {"name": "Ada"}) == "Hello, Ada!"

            flow.write_text(FLOW.format(description="Greet somebody warmly."))
            await eventually(connection.tools, {"greet": "Greet somebody warmly."})

            server.revoke_token(token.id)
            await refuses(connection)

        assert server.status_of("tools/list", token.secret) == 401
        assert token.secret not in server.log()
        assert token_use(server, token.id)["client"], "the last use names the client"


async def refuses(connection: Connection) -> None:
    """A call after revocation never gives a result: the client reports the refusal, or waits in vain (mcp-remote)."""
    with pytest.raises((Refused, TimeoutError)):
        await asyncio.wait_for(connection.call("greet", {"name": "Eve"}), 8)


def token_use(server: Headrace, token_id: str) -> dict[str, Any]:
    (token,) = [token for token in server.api("GET", "/api/tokens")["items"] if token["id"] == token_id]
    return dict(token["last_used"])
