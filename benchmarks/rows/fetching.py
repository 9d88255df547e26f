"""Row `http`: what the `http` step costs beside a plain client that fetches the same document."""

import json
import subprocess
import sys
from statistics import median

from benchmarks import flow_files
from benchmarks.headrace import Headrace
from benchmarks.peers import PEER_SERVERS
from benchmarks.report import Row, show, shown, typical
from benchmarks.servers import LOAD_CORE, SERVER_CORE, free_port, on_core
from benchmarks.suite import TEXT, Bench, Contender, contest, says
from benchmarks.wire import LEGACY, call

CONNECTIONS = 32
FETCHES = 10_000


def http_step(bench: Bench) -> Row:
    """Measure a flow with one `http` step, the echo flow, and the plain client."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/document"
    served = subprocess.Popen(on_core(LOAD_CORE, [sys.executable, str(PEER_SERVERS / "document_server.py"), str(port)]))
    try:
        with Headrace(bench.room("headrace"), flow_files.ECHO, flow_files.FETCH.format(url=url)) as ours:
            sides = contest(
                bench,
                [
                    Contender("echo flow", ours, ours.signed(call("echo", {"text": TEXT}, LEGACY)), TEXT, says(TEXT)),
                    Contender("http flow", ours, ours.signed(call("fetch", {}, LEGACY)), "Ada", says("Ada")),
                ],
                CONNECTIONS,
            )
            plain = [_plain(url) for _ in range(bench.runs)]
    finally:
        served.terminate()
        served.wait()
    echo, http = typical(sides["echo flow"], "cpu_us"), typical(sides["http flow"], "cpu_us")
    findings = (
        show("CPU of a plain aiohttp fetch", shown(median(each["cpu_us"] for each in plain), " us")),
        show("CPU of the `http` step", shown(None if echo is None or http is None else http - echo, " us")),
        show("p50 of a plain fetch, 32 in flight", shown(median(each["p50_ms"] for each in plain), " ms")),
        show("p50 of the flow, 32 connections", shown(typical(sides["http flow"], "p50_ms"), " ms")),
    )
    return Row("http", "the `http` step against a local server", findings, tuple(sides.values()))


def _plain(url: str) -> dict[str, float]:
    command = on_core(SERVER_CORE, [sys.executable, str(PEER_SERVERS / "plain_client.py"), url, str(FETCHES)])
    printed: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return printed
