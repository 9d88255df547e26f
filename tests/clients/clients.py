"""Real MCP clients behind one small surface: list the tools, call one."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx2
from mcp import MCPError, StdioServerParameters
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

HERE = Path(__file__).parent
NODE_MODULES = HERE / "node_modules"
NODE = str(NODE_MODULES / ".bin" / "node")
SOON = 30.0
"""Seconds that a Node process may take to start on a busy machine."""


class Refused(Exception):
    """The client says that the server refused it; the text is what the client's user would read."""


class Connection(Protocol):
    """A connected client."""

    async def tools(self) -> dict[str, str]:
        """Return the tools: name to description."""
        ...

    async def call(self, name: str, args: dict[str, Any]) -> str:
        """Call a tool; return the text of its first block.  Raises Refused."""
        ...


Connect = Callable[[str, str], AbstractAsyncContextManager[Connection]]
"""Takes the URL of /mcp and a token."""


class _SdkConnection:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def tools(self) -> dict[str, str]:
        # The client keeps lists for the server's ttlMs; a person who looks again wants to see the list of now.
        listed = await self._client.list_tools(cache_mode="refresh")
        return {tool.name: tool.description or "" for tool in listed.tools}

    async def call(self, name: str, args: dict[str, Any]) -> str:
        try:
            result = await self._client.call_tool(name, args, read_timeout_seconds=10)
        except MCPError as error:
            raise Refused(str(error)) from error
        return str(getattr(result.content[0], "text", ""))


def python_sdk(mode: Literal["auto", "legacy"]) -> Connect:
    """The official Python SDK, which negotiates (`auto`) or shakes hands as of old (`legacy`)."""

    @asynccontextmanager
    async def connect(url: str, token: str) -> AsyncIterator[Connection]:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
            Client(streamable_http_client(url, http_client=http), mode=mode) as client,
        ):
            yield _SdkConnection(client)

    return connect


class _LinesConnection:
    """Speaks with `client.mjs` line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, **command: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(self._process.stdout.readline(), SOON))
        if "error" in answer:
            raise Refused(answer["error"]["message"])
        return answer["ok"]

    async def tools(self) -> dict[str, str]:
        return {tool["name"]: tool["description"] for tool in await self.ask(op="list")}

    async def call(self, name: str, args: dict[str, Any]) -> str:
        result = await self.ask(op="call", name=name, args=args)
        return str(result["content"][0]["text"])


@asynccontextmanager
async def typescript_sdk(url: str, token: str) -> AsyncIterator[Connection]:
    """The official TypeScript SDK, version 1."""
    process = await asyncio.create_subprocess_exec(
        NODE, str(HERE / "client.mjs"), url, token, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    connection = _LinesConnection(process)
    try:
        await connection.ask(op="connect")
        yield connection
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), SOON)
        except TimeoutError:
            process.kill()
            await process.wait()


def mcp_remote(version: Literal["0.1", "0.15"], presented: Literal["query", "header"], config: Path) -> Connect:
    """`mcp-remote` through stdio, as Claude Desktop starts it; the token in the URL or in a header."""

    @asynccontextmanager
    async def connect(url: str, token: str) -> AsyncIterator[Connection]:
        arguments = (
            [f"{url}?token={token}"] if presented == "query" else [url, "--header", "Authorization:${AUTH_HEADER}"]
        )
        bridge = StdioServerParameters(
            command=NODE,
            args=[str(NODE_MODULES / f"mcp-remote-{version}" / "dist" / "proxy.js"), *arguments],
            env={"AUTH_HEADER": f"Bearer {token}", "MCP_REMOTE_CONFIG_DIR": str(config), "PATH": ""},
        )
        async with Client(bridge, mode="legacy", read_timeout_seconds=SOON) as client:
            yield _SdkConnection(client)

    return connect
