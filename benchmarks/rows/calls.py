"""Rows `call`, `latency` and `steps`: tool calls that do no I/O, beside the peers."""

from contextlib import ExitStack

from benchmarks import flow_files, peers
from benchmarks.headrace import Headrace
from benchmarks.peers import BARE, FASTMCP, MCP_TOOLBOX, SDK
from benchmarks.report import Finding, Row, Side
from benchmarks.servers import ServerProcess
from benchmarks.suite import TEXT, Bench, Contender, contest, named, says, versus
from benchmarks.wire import ERAS, LEGACY, TOKEN, Era, call, with_token

CONNECTIONS = 64
TERMS = (
    "Headrace checks a token and the arguments, runs a flow of one step and writes history; FastMCP checks a token "
    "and the arguments; the SDK and MCP Toolbox check the arguments, and MCP Toolbox answers from SQLite in memory.",
)


def many_connections(bench: Bench) -> Row:
    """Measure a call of a one-step flow under load, in both eras."""
    sides = _echo(bench, CONNECTIONS)
    findings = [finding for era in ERAS for finding in _throughput(sides, era)]
    return Row("call", "`tools/call` of a one-step flow, 64 connections", tuple(findings), tuple(sides.values()), TERMS)


def one_connection(bench: Bench) -> Row:
    """Measure how long one caller waits, in both eras."""
    sides = _echo(bench, 1)
    findings = [
        versus(sides, peer, "p50_ms", era=era, most=None if peer == SDK else 1.0)
        for era in ERAS
        for peer in (FASTMCP, MCP_TOOLBOX, SDK)
    ]
    return Row("latency", "the same at 1 connection", tuple(findings), tuple(sides.values()))


def ten_steps(bench: Bench) -> Row:
    """Measure a flow of ten `map` and `switch` steps beside the one-step flow."""
    with Headrace(bench.room("headrace"), flow_files.ECHO, flow_files.TEN_STEPS) as ours:
        contenders = [
            Contender(name, ours, ours.signed(call(name, {"text": TEXT}, LEGACY)), TEXT, says(TEXT))
            for name in ("echo", "ten_steps")
        ]
        sides = contest(bench, contenders, CONNECTIONS)
    findings = (
        versus(sides, "echo", "rate", ours="ten_steps", least=0.5),
        versus(sides, "echo", "cpu_us", ours="ten_steps"),
    )
    return Row("steps", "a flow of ten `map`/`switch` steps", findings, tuple(sides.values()))


def _echo(bench: Bench, connections: int) -> dict[str, Side]:
    with ExitStack() as stack:
        ours = stack.enter_context(Headrace(bench.room("headrace"), flow_files.ECHO))
        others = [
            stack.enter_context(server)
            for server in (
                peers.fastmcp(bench.room("fastmcp") / "log"),
                peers.toolbox(bench.room("toolbox")),
                peers.mcp_sdk(bench.room("sdk") / "log"),
            )
        ]
        contenders = [
            _contender(server, era, ours.token if server is ours else TOKEN)
            for era in ERAS
            for server in (ours, *others)
        ]
        floor = stack.enter_context(peers.bare(bench.room("bare") / "log", TEXT))
        contenders.append(Contender(BARE, floor, call("echo", {"text": TEXT}, LEGACY), TEXT, says(TEXT)))
        return contest(bench, contenders, connections)


def _contender(server: ServerProcess, era: Era, token: str) -> Contender:
    request = with_token(call("echo", {"text": TEXT}, era), token)
    return Contender(named(server.name, era), server, request, TEXT, says(TEXT))


def _throughput(sides: dict[str, Side], era: Era) -> list[Finding]:
    return [
        versus(sides, FASTMCP, "rate", era=era, least=15, aim=25),
        versus(sides, MCP_TOOLBOX, "rate", era=era, least=1.2),
        versus(sides, SDK, "rate", era=era),
        versus(sides, FASTMCP, "p99_ms", era=era, most=1.0),
        versus(sides, MCP_TOOLBOX, "p99_ms", era=era, most=1.0),
        versus(sides, MCP_TOOLBOX, "cpu_us", era=era),
    ]
