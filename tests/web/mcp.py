"""Ask `/mcp` as a client does, in one function."""

from typing import Any

import httpx2

from tests.headrace_process import HeadraceProcess


async def call_tool(server: HeadraceProcess, token: str, name: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
    """Call a tool with a token; return the status and the body."""
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": name, "arguments": arguments},
    }
    headers = {"Accept": "application/json, text/event-stream"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with httpx2.AsyncClient() as client:
        answer = await client.post(server.mcp_url, json=message, headers=headers)
        return answer.status_code, answer.json()
