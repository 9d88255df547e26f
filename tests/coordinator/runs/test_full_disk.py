"""A disk that takes no more: calls go on, and what the history loses is counted to the last run.

The kernel's limit on the size of the process's files stands in for the disk: every write beyond it fails.
"""

import json
import resource
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.headrace_process import HeadraceProcess

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process"),
]

LENGTH = """\
flow: length
description: Say how long a text is.
input: {mcp_tool: {params: {text: string}}}
steps: []
output: {reply: {length: "${{ len(args.text) }}"}}
"""
TEXT = "water" * 180_000
CALLS = 45
SOME_ROOM = 256 * 1024


def test_calls_go_on_while_the_disk_is_full_and_every_run_is_kept_or_counted(tmp_path: Path) -> None:
    flows = {"length": LENGTH}
    with HeadraceProcess(tmp_path, flows, HEADRACE_HISTORY_MAX_VALUE_BYTES=str(1024**2)) as server:
        usual = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        largest = max(path.stat().st_size for path in server.data.iterdir())

        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (largest + SOME_ROOM, usual[1]))
        with httpx.Client(timeout=30) as client:
            lengths = [_length(client, server) for _ in range(CALLS)]
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, usual)
            lengths.append(_length(client, server))
        server.stop()

        lost = sum(event["runs"] for event in _events(server) if event["event"].startswith("runs are missing"))
        assert lengths == [len(TEXT)] * (CALLS + 1)
        assert "history cannot be written for now" in server.log()
        assert "history is written again" in server.log()
    with HeadraceProcess(tmp_path, flows) as server:
        kept = len(server.api("GET", "/runs?limit=500")["runs"])
    print(f"{CALLS + 1} calls on a full disk: {kept} runs kept, {lost} lost and counted")
    assert 0 < lost < CALLS
    assert kept + lost == CALLS + 1


def _events(server: HeadraceProcess) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]


def _length(client: httpx.Client, server: HeadraceProcess) -> int:
    answer = client.post(
        f"{server.url}/api/tools/length/call",
        json={"arguments": {"text": TEXT}},
        headers={"Authorization": f"Bearer {server.admin_key}"},
    )
    length: int = answer.raise_for_status().json()["value"]["length"]
    return length
