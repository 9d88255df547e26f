"""The NATS configuration in `docs/fleet.md` is enough for all that a fleet does."""

import re
import time
from pathlib import Path

import httpx
import pytest

from tests.headrace_process import ROOT, HeadraceProcess
from tests.nats import nats_process
from tests.workers.processes import WorkerProcess

pytestmark = pytest.mark.processes

SOON = 20.0
LIMITED = """\
flow: limited
description: Happens once at a time.
limits: {concurrency: 1}
input: {mcp_tool: {}}
output: {reply: done}
"""
HOOKED = """\
flow: hooked
description: Is started by others.
input: {webhook: {path: /hooked, reply: result}}
output: {reply: done}
"""


def test_with_the_configuration_of_the_page_limits_hold_and_runs_are_kept(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "fleet.md").read_text()
    (configuration,) = re.findall(r"^```\n(authorization .*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "nats.conf").write_text(re.sub(r"\$\w+_PASSWORD", "secret", configuration))

    def who(user: str) -> dict[str, str]:
        return {"HEADRACE_NATS_USER": user, "HEADRACE_NATS_PASSWORD": "secret"}

    with (
        nats_process(tmp_path / "store", "-c", str(tmp_path / "nats.conf"), user="") as nats,
        HeadraceProcess(
            tmp_path,
            {"limited": LIMITED, "hooked": HOOKED},
            command="coordinator",
            HEADRACE_NATS_URL=nats.access.url,
            **who("coordinator"),
        ) as server,
        WorkerProcess(nats, "berlin", **who("berlin")),
    ):
        until_a_worker_is_there(server)
        called = server.api("POST", "/tools/limited/call", {})
        hooked = httpx.post(f"{server.url}/hooks/hooked", json={})

    assert called["value"] == "done"
    assert (hooked.status_code, hooked.text) == (200, "done")


def until_a_worker_is_there(server: HeadraceProcess) -> None:
    deadline = time.monotonic() + SOON
    while not server.api("GET", "/workers")["workers"]:
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.05)
