"""`headrace serve --workers`, `headrace coordinator` and `headrace worker` as real processes."""

import asyncio
import os
import re
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from coordinator.vault.keys import key_text, new_key
from tests.coordinator.fleet.support import SOON, call, children_of, still_there, text_of, until_workers
from tests.headrace_process import HeadraceProcess
from tests.nats import nats_process
from tests.workers.processes import ROOT, WorkerProcess

pytestmark = pytest.mark.processes

WHO = """\
flow: who
description: Say hello.
input: {mcp_tool: {params: {name: string}}}
steps: [{map: "Hello, ${{ args.name }}!"}]
"""
SLOW = """\
flow: slow
description: Take a while.
input: {mcp_tool: {}}
steps: [{sleep: 2s}, {map: done}]
"""
ONE_AT_A_TIME = SLOW.replace("slow", "one_at_a_time").replace("steps:", "limits: {concurrency: 1}\nsteps:")


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    directory = tmp_path / "flows"
    directory.mkdir()
    for text in (WHO, SLOW, ONE_AT_A_TIME):
        (directory / f"{text[6:].split(chr(10))[0]}.yaml").write_text(text)
    return directory


def test_workers_on_this_machine_run_the_flows_and_a_killed_one_comes_back(tmp_path: Path, flows: Path) -> None:
    with HeadraceProcess(tmp_path, flows, HEADRACE_WORKERS="2") as server:
        before = until_workers(server, {"worker-1", "worker-2"})
        greetings = [text_of(call(server, "who", name=f"n{number}")[2]) for number in range(10)]
        killed = next(each["pid"] for each in before if each["name"] == "worker-1")
        os.kill(killed, signal.SIGKILL)
        meanwhile = text_of(call(server, "who", name="anybody")[2])
        after = until_workers(server, {"worker-1", "worker-2"}, without=killed)
        seen = server.api("GET", "/workers")
        pids = [each["pid"] for each in (*before, *after)]

    assert greetings == [f"Hello, n{number}!" for number in range(10)]
    assert meanwhile == "Hello, anybody!"
    assert seen["lost"] == 1
    assert sum(each["done"] for each in seen["workers"]) >= 1
    assert not still_there(pids), "all stop with the server"


def test_a_call_waits_for_the_only_worker_that_died_to_come_back(tmp_path: Path, flows: Path) -> None:
    with HeadraceProcess(tmp_path, flows, HEADRACE_WORKERS="1") as server:
        (before,) = until_workers(server, {"worker-1"})
        os.kill(before["pid"], signal.SIGKILL)
        answers = [text_of(call(server, "who", name="you")[2]) for _ in range(3)]

    assert answers == ["Hello, you!"] * 3


def test_nothing_outlives_a_server_that_is_killed(tmp_path: Path, flows: Path) -> None:
    key = key_text(new_key())
    server = HeadraceProcess(tmp_path, flows, HEADRACE_WORKERS="2", HEADRACE_SECRET_KEY=key)
    server.start()
    children = [each["pid"] for each in until_workers(server, {"worker-1", "worker-2"})] + children_of(server.pid)
    shown = b"".join(Path(f"/proc/{pid}/{what}").read_bytes() for pid in children for what in ("cmdline", "environ"))
    (password,) = re.findall(r'password: "([^"]+)"', (server.data / "nats" / "nats-server.conf").read_text())
    handles = [os.pidfd_open(pid) for pid in children]

    server.stop(signal.SIGKILL)

    for handle in handles:
        ended, _, _ = select.select([handle], [], [], SOON)
        os.close(handle)
        assert ended
    assert len(set(children)) == 3, "two workers and a nats-server"
    for secret in (password, key):
        assert secret.encode() not in shown, "secrets are seen neither in arguments nor in the environment"


def test_coordinator_and_worker_meet_at_a_nats(tmp_path: Path, flows: Path) -> None:
    with nats_process(tmp_path / "nats") as nats:
        server = HeadraceProcess(tmp_path, flows, command="coordinator", **nats.environment)
        with server:
            status, _, alone = call(server, "who", name="nobody")
            with WorkerProcess(nats, "elsewhere"):
                until_workers(server, {"elsewhere"})
                together = text_of(call(server, "who", name="you")[2])
            metrics = _metrics(server)

    assert status == 200
    assert alone["result"]["isError"]
    assert "No worker is there" in text_of(alone)
    assert together == "Hello, you!"
    assert "headrace_nats_up 1.0" in metrics


def test_a_nats_without_jetstream_does_and_is_said_to_do_less(tmp_path: Path, flows: Path) -> None:
    with nats_process(tmp_path / "nats", "-js=false") as nats, WorkerProcess(nats, "elsewhere"):
        server = HeadraceProcess(tmp_path, flows, command="coordinator", **nats.environment)
        with server:
            until_workers(server, {"elsewhere"})
            limited = text_of(call(server, "one_at_a_time")[2])
        log = server.log()

    assert limited == "done"
    assert "each coordinator counts the runs of limited flows by itself" in log
    assert "runs of schedules and webhooks are kept in the database" in log
    assert "Traceback" not in log


@pytest.mark.parametrize(("tool", "slots"), [("slow", "1"), ("one_at_a_time", "100")], ids=["slots", "limit of a flow"])
async def test_more_calls_than_may_wait_are_told_when_to_come_back(
    tmp_path: Path, flows: Path, tool: str, slots: str
) -> None:
    settings = {"HEADRACE_WORKERS": "1", "HEADRACE_WORKER_SLOTS": slots, "HEADRACE_CALL_QUEUE": "1"}
    async with HeadraceProcess(tmp_path, flows, **settings) as server:
        answers = await asyncio.gather(*(asyncio.to_thread(call, server, tool) for _ in range(4)))

    refused = [(headers["Retry-After"], answer) for status, headers, answer in answers if status == 429]
    assert sorted(status for status, _, _ in answers) == [200, 200, 429, 429]
    assert [after for after, _ in refused] == ["1", "1"]


@pytest.mark.parametrize(
    ("command", "way_out"),
    [
        (["worker"], "--nats or HEADRACE_NATS_URL"),
        (["coordinator"], "--nats or HEADRACE_NATS_URL"),
        (["worker", "--nats", "nats://127.0.0.1:1", "--name", "berlin.example"], "Give --name up to 100 letters"),
    ],
    ids=["worker", "coordinator", "name"],
)
def test_what_cannot_meet_its_fleet_names_the_way_out(tmp_path: Path, command: list[str], way_out: str) -> None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("HEADRACE_")}
    run = subprocess.run(
        [sys.executable, "-m", "coordinator.cli", *command],
        cwd=tmp_path,
        env=env | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=SOON,
    )

    assert run.returncode == 2
    assert way_out in run.stderr


def _metrics(server: HeadraceProcess) -> str:
    request = urllib.request.Request(f"{server.url}/metrics", headers={"Authorization": f"Bearer {server.admin_key}"})
    with urllib.request.urlopen(request, timeout=SOON) as answer:
        text: str = answer.read().decode()
        return text
