"""The server as a process: it starts, says where it is, and ends in order when it is told to."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.coordinator.in_process import HELLO, bearer
from tests.headrace_process import ROOT, HeadraceProcess, write_flows

pytestmark = pytest.mark.processes

SLOW = """\
flow: slow
description: Takes its time.
input: {mcp_tool: {params: {seconds: number}}}
steps:
  - log: started
  - sleep: ${{ args.seconds }}
output: {reply: {text: done}}
"""
STREAM = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"}


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    return write_flows(tmp_path, {"hello": HELLO, "slow": SLOW})


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadraceProcess]:
    """A server for the tests that leave it as it was."""
    with HeadraceProcess(tmp_path_factory.mktemp("running")) as server:
        yield server


def serve(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected not to start."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    command = [sys.executable, "-m", "coordinator.cli", "serve", *options]
    environment = inherited | {"PYTHONPATH": str(ROOT)} | env
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


def lines_of(server: HeadraceProcess, message: dict[str, object], **headers: str) -> Iterator[str]:
    """Send one MCP request and give the lines of its answer as they come."""
    with httpx.stream("POST", server.mcp_url, json=message, headers=STREAM | headers, timeout=30) as response:
        yield from response.iter_lines()


def rest_of(server: HeadraceProcess, lines: Iterator[str], sign: str) -> str:
    """Tell the server to stop as soon as a line of an answer has this; return what comes after it."""
    assert any(sign in line for line in iter(lambda: next(lines), ""))
    os.kill(server.pid, signal.SIGTERM)
    rest = "\n".join(lines)
    assert server.stop(seconds=8) == 0
    return rest


def call_slow(seconds: float) -> dict[str, object]:
    params = {"name": "slow", "arguments": {"seconds": seconds}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def test_it_takes_a_free_port_and_says_which(tmp_path: Path, flows: Path) -> None:
    with HeadraceProcess(tmp_path, flows) as server:
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        assert urlsplit(server.url).port not in (0, 8080)

    ready = next(json.loads(line) for line in server.log().splitlines() if '"ready"' in line)
    assert (ready["tools"], ready["authentication"]) == (2, False)
    assert "Flows may connect to services on this machine" in server.log()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_it_ends_in_order_when_it_is_told_to(tmp_path: Path, flows: Path, number: signal.Signals) -> None:
    server = HeadraceProcess(tmp_path, flows)
    server.start()

    assert server.stop(number) == 0
    assert "Traceback" not in server.log()
    assert not (server.data / "admin.key").exists()


def test_a_call_under_way_finishes_within_the_grace(tmp_path: Path, flows: Path) -> None:
    with HeadraceProcess(tmp_path, flows, HEADRACE_SHUTDOWN_GRACE="10s") as server:
        rest = rest_of(server, lines_of(server, call_slow(1)), '"started"')

    assert '"text":"done"' in rest.replace("\\", "")


def test_a_call_that_outlasts_the_grace_ends_with_a_word_and_does_not_hold_the_server(
    tmp_path: Path, flows: Path
) -> None:
    with HeadraceProcess(tmp_path, flows, HEADRACE_SHUTDOWN_GRACE="200ms") as server:
        rest = rest_of(server, lines_of(server, call_slow(60)), '"started"')

    assert "[stopping]" in rest


def test_open_streams_and_idle_connections_do_not_hold_the_server(tmp_path: Path, flows: Path) -> None:
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params = {"notifications": {"toolsListChanged": True}, "_meta": meta}
    message = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen"}
    with HeadraceProcess(tmp_path, flows) as server, httpx.Client() as idle:
        idle.get(f"{server.url}/healthz")
        rest = rest_of(server, lines_of(server, message, **headers), "acknowledged")

    assert '"resultType":"complete"' in rest


def test_what_was_called_last_is_in_the_history_of_the_next_start(tmp_path: Path, flows: Path) -> None:
    with HeadraceProcess(tmp_path, flows, HEADRACE_REQUIRE_AUTH="true") as server:
        token = server.api("POST", "/tokens", {"label": "Ada"})["token"]
        url = f"{server.url}/api/tools/hello/call"
        httpx.post(url, json={"arguments": {"name": "Ada"}}, headers=bearer(token)).raise_for_status()
        os.kill(server.pid, signal.SIGTERM)
        assert server.stop() == 0
    with HeadraceProcess(tmp_path, flows, HEADRACE_REQUIRE_AUTH="true") as server:
        (run,) = server.api("GET", "/runs")["runs"]
        (info,) = server.api("GET", "/tokens")["tokens"]

    assert (run["caller"], run["outcome"]) == ("Ada", "ok")
    assert abs(info["last_used"] - run["started"]) < 5000
    written = b"".join(path.read_bytes() for path in server.data.iterdir())
    assert token.encode() not in written
    assert token not in server.log()


def test_a_port_that_is_taken_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = serve("--port", str(port), "--data", str(tmp_path))

    assert ended.returncode == 1
    assert ended.stderr == (
        f"headrace: Headrace cannot listen on 127.0.0.1 port {port}: Address already in use. "
        "Stop what uses it, or choose another one with --port or HEADRACE_PORT.\n"
    )


def test_the_network_is_not_served_without_tokens(tmp_path: Path) -> None:
    ended = serve("--host", "0.0.0.0", "--no-require-auth", HEADRACE_DATA=str(tmp_path))

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("headrace: --require-auth: Other machines can reach 0.0.0.0")
    assert not (tmp_path / "headrace.db").exists()


def test_a_database_that_cannot_be_used_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://user:canary@127.0.0.1:1/none"
    ended = serve("--port", "0", HEADRACE_DATA=str(tmp_path), HEADRACE_DATABASE_URL=url)

    assert ended.returncode == 1
    assert "cannot be used" in ended.stderr
    assert "canary" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_head_without_end_is_refused(running: HeadraceProcess) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(running.url).port), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n")
        sender = threading.Thread(target=_send_headers, args=(raw,), daemon=True)
        sender.start()
        answer = raw.recv(4096)
        sender.join(5)
    again = httpx.get(f"{running.url}/healthz")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert again.status_code == 200


def test_many_requests_with_bodies_on_one_connection_are_no_long_head(running: HeadraceProcess) -> None:
    body = json.dumps({"text": "x" * 50_000}).encode()
    connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=5)
    for _ in range(5):
        connection.request("POST", "/api/check", body, {"content-type": "application/json"})
        response = connection.getresponse()
        assert response.status == 200
        response.read()
    connection.close()


def test_forwarded_headers_of_strangers_are_not_believed(tmp_path: Path, flows: Path) -> None:
    forwarded = {"x-forwarded-for": "203.0.113.7"}
    proxied = {"HEADRACE_ALLOWED_HOSTS": "tools.example.com", "HEADRACE_REQUIRE_AUTH": "false"}
    with HeadraceProcess(tmp_path, flows, **proxied) as server:
        httpx.post(f"{server.url}/api/tools/hello/call", json={"arguments": {"name": "a"}}, headers=forwarded)
        (untrusted,) = server.api("GET", "/runs")["runs"]
    with HeadraceProcess(
        tmp_path, flows, HEADRACE_TRUSTED_PROXIES="127.0.0.1", HEADRACE_REQUIRE_AUTH="false"
    ) as server:
        httpx.post(f"{server.url}/api/tools/hello/call", json={"arguments": {"name": "a"}}, headers=forwarded)
        trusted = server.api("GET", "/runs?limit=1")["runs"][0]

    assert (untrusted["address"], trusted["address"]) == ("127.0.0.1", "203.0.113.7")


def test_no_header_names_the_server_software(running: HeadraceProcess) -> None:
    headers = httpx.get(f"{running.url}/healthz").headers

    assert "server" not in headers


def _send_headers(raw: socket.socket) -> None:
    try:
        for number in range(2000):
            raw.sendall(b"x-filler-%d: %s\r\n" % (number, b"y" * 1000))
    except OSError:
        return  # the server hung up, as it should
