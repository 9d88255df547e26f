"""What tests of the fleet as processes share: calls over MCP, workers, and what a server started."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.headrace_process import HeadraceProcess

SOON = 20.0


def call(server: HeadraceProcess, tool: str, **args: Any) -> tuple[int, Any, Any]:
    """Call a tool over MCP; return status, headers and the decoded answer."""
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    meta |= {"io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"}}  # type: ignore[dict-item]
    meta |= {"io.modelcontextprotocol/clientCapabilities": {}}  # type: ignore[dict-item]
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    body["params"] = {"name": tool, "arguments": args, "_meta": meta}  # type: ignore[assignment]
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    headers |= {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool}
    sent = urllib.request.Request(server.mcp_url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(sent, timeout=SOON) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, json.load(error)


def text_of(answer: Any) -> str:
    return str(answer["result"]["content"][0]["text"])


def workers(server: HeadraceProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.api("GET", "/workers")["workers"]
    return found


def until_workers(server: HeadraceProcess, wanted: set[str], without: int = 0) -> list[dict[str, Any]]:
    """Wait until workers of these names are ready, none of them the process `without`."""
    deadline = time.monotonic() + SOON
    while True:
        found = workers(server)
        ready = [each for each in found if each["state"] == "ready" and each["pid"] != without]
        if {each["name"] for each in ready} == wanted:
            return ready
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started, and that still run."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def still_there(pids: list[int]) -> list[int]:
    """Return which of the processes still run."""
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]
