"""Each real client lists and calls tools, sees an edit without a restart, and is refused after its token is revoked."""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.clients import (
    NODE,
    NODE_MODULES,
    SOON,
    Connect,
    Connection,
    Refused,
    mcp_remote,
    python_sdk,
    typescript_sdk,
)
from tests.headrace_process import HeadraceProcess

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


async def eventually(look: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """Look again and again until the wanted thing is seen; the bound is the product's promise."""
    until = time.monotonic() + RESYNC_BOUND
    while (seen := await look()) != wanted:
        assert time.monotonic() < until, f"still {seen!r}"
        await asyncio.sleep(0.2)  # a client has no event for an edit: looking again is what its user does


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_real_client_lists_calls_follows_edits_and_is_refused_after_revocation(
    name: str, tmp_path: Path
) -> None:
    flow = tmp_path / "flows" / "greet.yaml"
    flow.parent.mkdir()
    flow.write_text(FLOW.format(description="Greet somebody."))
    connect = CLIENTS[name](tmp_path / "mcp-remote")

    async with HeadraceProcess(tmp_path, flow.parent, HEADRACE_REQUIRE_AUTH="true") as server:
        made = server.api("POST", "/tokens", {"label": "a client"})
        async with connect(server.mcp_url, made["token"]) as connection:
            assert await connection.tools() == {"greet": "Greet somebody."}
            assert await connection.call("greet", {"name": "Ada"}) == "Hello, Ada!"

            flow.write_text(FLOW.format(description="Greet somebody warmly."))
            await eventually(connection.tools, {"greet": "Greet somebody warmly."})

            server.api("DELETE", f"/tokens/{made['info']['id']}")
            assert status_of_list(server.mcp_url, made["token"]) == 401
            await refuses(connection)

        (token,) = server.api("GET", "/tokens")["tokens"]
        assert token["last_address"] == "127.0.0.1"
        assert token["last_client"]
        assert made["token"] not in server.log()


async def refuses(connection: Connection) -> None:
    """A call after revocation never gives a result: the client reports the refusal, or waits in vain (mcp-remote)."""
    with pytest.raises((Refused, TimeoutError)):
        await asyncio.wait_for(connection.call("greet", {"name": "Eve"}), 8)


def status_of_list(url: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


@pytest.mark.parametrize("version", ["0.1", "0.15"])
async def test_mcp_remote_tells_its_user_what_is_wrong_with_the_token(version: str, tmp_path: Path) -> None:
    async with HeadraceProcess(tmp_path, HEADRACE_REQUIRE_AUTH="true") as server:
        bridge = await asyncio.create_subprocess_exec(
            NODE,
            str(NODE_MODULES / f"mcp-remote-{version}" / "dist" / "proxy.js"),
            f"{server.mcp_url}?token=hr_revoked",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={"MCP_REMOTE_CONFIG_DIR": str(tmp_path / "mcp-remote"), "PATH": ""},
        )
        try:
            said = await asyncio.wait_for(read_reason(bridge.stderr), SOON)
        finally:
            bridge.kill()
            await bridge.wait()

    assert "headrace token create" in said


async def read_reason(stream: asyncio.StreamReader | None) -> str:
    assert stream is not None
    said = ""
    while "headrace token create" not in said:
        line = await stream.readline()
        if not line:
            break
        said += line.decode()
    return said
