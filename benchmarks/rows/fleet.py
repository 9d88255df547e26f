"""Rows `fleet...`: the same calls run by worker processes over NATS."""

from contextlib import ExitStack
from pathlib import Path

from benchmarks import flow_files, peers
from benchmarks.headrace import Headrace
from benchmarks.peers import FASTMCP
from benchmarks.report import Finding, Row, at_least, below, failed, typical
from benchmarks.servers import BOTH_CORES
from benchmarks.suite import TEXT, Bench, Contender, contest, says, versus
from benchmarks.wire import LEGACY, TOKEN, call, with_token

CONNECTIONS = 64
SLEEPERS = 1000
SLEEP_SECONDS = 0.1
ADDED_MS = 0.4
COMPUTED = str(sum(n * n % 7 for n in range(10_000)))
FLEET = "Headrace, one worker over NATS"
ALONE = "Headrace, one process"
ON_ONE_CORE = "Coordinator, nats-server and worker share the core on which each other server is alone."


def one_worker(bench: Bench) -> Row:
    """Measure a call that one worker runs, under load."""
    with ExitStack() as stack:
        fastmcp = stack.enter_context(peers.fastmcp(bench.room("fastmcp") / "log"))
        request = with_token(call("echo", {"text": TEXT}, LEGACY), TOKEN)
        contenders = [*_both(stack, bench), Contender(FASTMCP, fastmcp, request, TEXT, says(TEXT))]
        sides = contest(bench, contenders, CONNECTIONS)
    findings = (
        versus(sides, FASTMCP, "rate", ours=FLEET, least=8),
        versus(sides, ALONE, "rate", ours=FLEET),
    )
    return Row("fleet", "`tools/call` over NATS, 64 connections", findings, tuple(sides.values()), (ON_ONE_CORE,))


def one_connection(bench: Bench) -> Row:
    """Measure what the way to a worker and back adds for one caller."""
    with ExitStack() as stack:
        sides = contest(bench, _both(stack, bench), 1)
    there, here = typical(sides[FLEET], "p50_ms"), typical(sides[ALONE], "p50_ms")
    what = "p50 added by NATS and the worker"
    if there is None or here is None:
        finding = failed(what, "no runs without failures")
    else:
        finding = below(what, there - here, ADDED_MS, unit=" ms")
    return Row("fleet-latency", "the same at 1 connection", (finding,), tuple(sides.values()), (ON_ONE_CORE,))


def sleeping(bench: Bench) -> Row:
    """Measure many calls that wait, on two workers."""
    with _fleet(bench, 2, flow_files.BRIEFLY) as ours:
        request = ours.signed(call("briefly", {}, LEGACY))
        sides = contest(bench, [Contender("two workers", ours, request, "done", says("done"))], SLEEPERS)
    rate, ideal = typical(sides["two workers"], "rate"), SLEEPERS / SLEEP_SECONDS
    what = "throughput / ideal"
    finding = failed(what, "no runs without failures") if rate is None else at_least(what, rate / ideal, 0.8)
    note = "Servers, NATS, workers and the load share two cores; the ideal is 10,000 calls a second."
    title = "a flow that sleeps 100 ms, 1,000 calls at a time on 2 workers"
    return Row("fleet-sleep", title, (finding,), tuple(sides.values()), (note,))


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


def _both(stack: ExitStack, bench: Bench) -> list[Contender]:
    servers = {
        ALONE: Headrace(bench.room("alone"), flow_files.ECHO),
        FLEET: Headrace(bench.room("fleet"), flow_files.ECHO, env=_workers(1)),
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
