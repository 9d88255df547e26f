"""Row `start`: from the start of the process to the first answered call, with a hundred flows."""

from pathlib import Path
from statistics import median

from benchmarks import flow_files
from benchmarks.headrace import Headrace
from benchmarks.report import Row, below, number, show
from benchmarks.suite import TEXT, Bench, says
from benchmarks.wire import MODERN, call

FLOWS = 100
LIMIT_SECONDS = 1.5
PAUSE_SECONDS = 0.005


def start_to_first_call(bench: Bench) -> Row:
    """Measure starts on a fresh data directory, and on one that has seen the flows before."""
    fresh, again, cpu = [], [], []
    for turn in range(bench.runs):
        bench.say(f"run {turn + 1} of {bench.runs}: start")
        room = bench.room("headrace")
        fresh.append(_start(room)[0])
        seconds, busy = _start(room)
        again.append(seconds)
        cpu.append(busy)
    findings = (
        below("restart", median(again), LIMIT_SECONDS, " s"),
        below("first start, on an empty data directory", median(fresh), LIMIT_SECONDS, " s"),
        show("CPU of a restart until then", f"{number(median(cpu))} s"),
    )
    return Row("start", "start to first answered call, 100 flows", findings)


def _start(room: Path) -> tuple[float, float]:
    """Return the seconds and how many of them were work; without a token: there is none before the first start."""
    flows = [flow_files.ECHO, *flow_files.numbered(FLOWS - 1)]
    server = Headrace(room, *flows, env={"HEADRACE_REQUIRE_AUTH": "false"}, wait=False)
    with server:
        seconds = server.wait_until(call("echo", {"text": TEXT}, MODERN), says(TEXT), PAUSE_SECONDS)
        return seconds, server.cpu_seconds()
