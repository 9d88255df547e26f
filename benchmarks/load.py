"""Put load on a server with `wrk`, from a core of its own, and read what it measured."""

import os
import shutil
import subprocess
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.report import Sample
from benchmarks.servers import LOAD_CORE, ServerProcess
from benchmarks.wire import Request

SCRIPT = Path(__file__).with_name("load.lua")
TIMEOUT_SECONDS = 10
NOT_INSTALLED = "The load generator is missing. Install it: apt-get install wrk"


class LoadFailed(Exception):
    """The load generator did not run."""


class _Printed(Struct):
    requests: int
    duration: int
    p50: int
    p99: int
    max: int
    refused: int
    wrong: int
    broken: int
    bytes: int


def run_load(server: ServerProcess, request: Request, expect: str, connections: int, seconds: float) -> Sample:
    """Send requests over kept-alive connections for some seconds.

    `expect` is a text that every right answer holds.  Raises LoadFailed.
    """
    command = _command(server.url, connections, seconds)
    environment = {
        "PATH": os.environ["PATH"],
        "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in request.headers.items()),
        "BENCH_BODIES": b"\n".join(request.bodies).decode(),
        "BENCH_EXPECT": expect,
    }
    before, load_before = server.cpu_seconds(), os.times()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=seconds + 60)
    cpu, load_after = server.cpu_seconds() - before, os.times()
    load_cpu = load_after.children_user + load_after.children_system
    load_cpu -= load_before.children_user + load_before.children_system
    return _sample(_printed(done), cpu, load_cpu)


def _command(url: str, connections: int, seconds: float) -> list[str]:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise LoadFailed(NOT_INSTALLED)
    options = [f"-c{connections}", "-t1", f"-d{max(1, round(seconds))}s", f"--timeout={TIMEOUT_SECONDS}s"]
    return ["taskset", "-c", str(LOAD_CORE), wrk, *options, "-s", str(SCRIPT), url]


def _printed(done: subprocess.CompletedProcess[str]) -> _Printed:
    for line in done.stdout.splitlines():
        if line.startswith("BENCH "):
            return msgspec.json.decode(line[6:], type=_Printed)
    raise LoadFailed(f"wrk ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")


def _sample(printed: _Printed, cpu: float, load_cpu: float) -> Sample:
    seconds = printed.duration / 1e6
    answered = max(printed.requests, 1)
    return Sample(
        rate=printed.requests / seconds,
        p50_ms=printed.p50 / 1000,
        p99_ms=printed.p99 / 1000,
        max_ms=printed.max / 1000,
        cpu_us=cpu / answered * 1e6,
        bytes_each=printed.bytes / answered,
        load_busy=load_cpu / seconds,
        failures=printed.refused + printed.wrong + printed.broken,
    )
