"""Rows `fleet...`: the same calls run by worker processes over NATS."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks import flow_files, peers
from benchmarks.headrace import Headrace
from benchmarks.peers import FASTMCP
from benchmarks.report import Finding, Row, Sample, Side, at_least, below, failed, typical
from benchmarks.servers import BOTH_CORES, SERVER_CORE, on_core
from benchmarks.suite import TEXT, Bench, Contender, contest, says, versus
from benchmarks.wire import LEGACY, TOKEN, call, with_token

CONNECTIONS = 64
SLEEPERS = 1000
SLEEP_SECONDS = 0.1
ADDED_MS = 0.4
COMPUTED = str(sum(n * n % 7 for n in range(10_000)))
FLEET = "Headrace, one worker over NATS"
ALONE = "Headrace, one process"
DIRECT = "two workers, called by the dispatcher"
OVER_HTTP = "two workers, called over HTTP"
ON_ONE_CORE = "Coordinator, nats-server and worker share the core on which each other server is alone."
ON_BOTH_CORES = (
    "Both have both cores: at 1 connection the load leaves its own idle, and so do the processes of a fleet."
)


def one_worker(bench: Bench) -> Row:
    """Measure a call that one worker runs, under load."""
    with ExitStack() as stack:
        fastmcp = stack.enter_context(peers.fastmcp(bench.room("fastmcp") / "log"))
        request = with_token(call("echo", {"text": TEXT}, LEGACY), TOKEN)
        contenders = [*_both(stack, bench, SERVER_CORE), Contender(FASTMCP, fastmcp, request, TEXT, says(TEXT))]
        sides = contest(bench, contenders, CONNECTIONS)
    findings = (
        versus(sides, FASTMCP, "rate", ours=FLEET, least=8),
        versus(sides, ALONE, "rate", ours=FLEET),
    )
    return Row("fleet", "`tools/call` over NATS, 64 connections", findings, tuple(sides.values()), (ON_ONE_CORE,))


def one_connection(bench: Bench) -> Row:
    """Measure what the way to a worker and back adds for one caller."""
    with ExitStack() as stack:
        sides = contest(bench, _both(stack, bench, BOTH_CORES), 1)
    there, here = typical(sides[FLEET], "p50_ms"), typical(sides[ALONE], "p50_ms")
    what = "p50 added by NATS and the worker"
    if there is None or here is None:
        finding = failed(what, "no runs without failures")
    else:
        finding = below(what, there - here, ADDED_MS, unit=" ms")
    return Row("fleet-latency", "the same at 1 connection", (finding,), tuple(sides.values()), (ON_BOTH_CORES,))


def sleeping(bench: Bench) -> Row:
    """Measure many calls that wait, on two workers: what the fleet can do, and what is left of it behind HTTP."""
    with _fleet(bench, 2, flow_files.BRIEFLY) as ours:
        request = ours.signed(call("briefly", {}, LEGACY))
        sides = contest(bench, [Contender(OVER_HTTP, ours, request, "done", says("done"))], SLEEPERS)
    sides = {DIRECT: Side(DIRECT, tuple(_directly(bench, flow_files.BRIEFLY) for _ in range(bench.runs)))} | sides
    ideal = SLEEPERS / SLEEP_SECONDS
    findings = tuple(
        at_least(f"throughput / ideal: {name}", rate / ideal, 0.8)
        if (rate := typical(side, "rate")) is not None
        else failed(name, "no runs without failures")
        for name, side in sides.items()
    )
    note = "All processes and the load share two cores; the ideal is 10,000 calls a second."
    title = "a flow that sleeps 100 ms, 1,000 calls at a time on 2 workers"
    return Row("fleet-sleep", title, findings, tuple(sides.values()), (note,))


def computing(bench: Bench) -> Row:
    """Measure what a second worker gains for a flow that computes."""
    sides = {}
    for count in (1, 2):
        name = f"{count} worker{'s' if count > 1 else ''}"
        with _fleet(bench, count, flow_files.COMPUTING) as ours:
            request = ours.signed(call("computing", {}, LEGACY))
            sides |= contest(bench, [Contender(name, ours, request, COMPUTED, says(COMPUTED))], 8)
    finding: Finding = versus(sides, "1 worker", "rate", ours="2 workers")
    note = "On two cores, which the coordinator and the load share."
    return Row("fleet-cpu", "a flow that computes, on 2 workers against 1", (finding,), tuple(sides.values()), (note,))


def _directly(bench: Bench, flow: str) -> Sample:
    """Call a flow on two workers without HTTP, in a process of its own."""
    bench.say("two workers, without HTTP")
    options = {"workers": 2, "callers": SLEEPERS, "seconds": bench.seconds, "folder": bench.room("direct")}
    command = [sys.executable, "-m", "benchmarks.direct", *(f"--{name}={value}" for name, value in options.items())]
    done = subprocess.run(on_core(BOTH_CORES, command), input=flow, capture_output=True, text=True, check=True)
    measured = json.loads(done.stdout)
    # What a call takes is not measured one by one: it is what so many callers at that rate take on average.
    mean_ms = SLEEPERS / measured["rate"] * 1000
    return Sample(rate=measured["rate"], p50_ms=mean_ms, p99_ms=0.0, failures=measured["failures"])


def _both(stack: ExitStack, bench: Bench, cores: int | str) -> list[Contender]:
    servers = {
        ALONE: Headrace(bench.room("alone"), flow_files.ECHO, cores=cores),
        FLEET: Headrace(bench.room("fleet"), flow_files.ECHO, env=_workers(1), cores=cores),
    }
    contenders = []
    for name, server in servers.items():
        stack.enter_context(server)
        request = server.signed(call("echo", {"text": TEXT}, LEGACY))
        contenders.append(Contender(name, server, request, TEXT, says(TEXT)))
    return contenders


def _fleet(bench: Bench, workers: int, *flows: str) -> Headrace:
    room: Path = bench.room(f"fleet-{workers}")
    return Headrace(room, *flows, env=_workers(workers), cores=BOTH_CORES)


def _workers(count: int) -> dict[str, str]:
    return {"HEADRACE_WORKERS": str(count)}
