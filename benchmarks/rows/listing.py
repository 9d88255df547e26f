"""Row `list`: `tools/list` with a thousand tools."""

from contextlib import ExitStack

from benchmarks import flow_files, peers
from benchmarks.headrace import Headrace
from benchmarks.report import Finding, Row, Side, holds, show, shown, typical
from benchmarks.suite import Bench, Contender, contest, lists, versus
from benchmarks.wire import LEGACY, TOKEN, listing, with_token
from coordinator.toolset import build_toolset
from flows.compile import compile_flow

FEW, MANY = 10, 1000
CONNECTIONS = 8


def thousand_tools(bench: Bench) -> Row:
    """Measure lists of a few and of many tools, ours and the peers'."""
    with ExitStack() as stack:
        few = stack.enter_context(_ours(bench, FEW))
        many = stack.enter_context(_ours(bench, MANY))
        fastmcp = stack.enter_context(peers.fastmcp(bench.room("fastmcp") / "log", MANY))
        toolbox = stack.enter_context(peers.toolbox(bench.room("toolbox"), tools=_toolbox_tools(MANY - 1)))
        request = listing(LEGACY)
        contenders = [
            Contender("Headrace, 10 tools", few, few.signed(request), '"tools":[{', lists(FEW)),
            Contender("Headrace", many, many.signed(request), '"tools":[{', lists(MANY)),
            Contender("FastMCP", fastmcp, with_token(request, TOKEN), '"tools":[{', lists(MANY)),
            Contender("MCP Toolbox", toolbox, request, '"tools":[{', lists(MANY)),
        ]
        sides = contest(bench, contenders, CONNECTIONS)
    findings = (
        _one_buffer(),
        show("CPU for a tool more in the list", _cost_of_a_tool(sides)),
        *(show(f"sent by {name}", _throughput(side)) for name, side in sides.items()),
        versus(sides, "FastMCP", "rate"),
        versus(sides, "MCP Toolbox", "rate"),
    )
    return Row("list", "`tools/list` with 1,000 tools, 8 connections", findings, tuple(sides.values()))


def _ours(bench: Bench, count: int) -> Headrace:
    return Headrace(bench.room("headrace"), flow_files.ECHO, *flow_files.numbered(count - 1))


def _toolbox_tools(count: int) -> str:
    one = peers.TOOLBOX_ECHO.format(source="source").strip("\n")
    return "\n".join(
        one.replace("  echo:", f"  tool_{number:05}:").replace("again.", f"again, the {number}th way.")
        for number in range(1, count + 1)
    )


def _one_buffer() -> Finding:
    """Look into a tool set: whether two callers with the same view get one and the same bytes."""
    tools = build_toolset(map(compile_flow, flow_files.numbered(MANY)), 1)
    is_kept = tools.view().listing(LEGACY) is tools.view().listing(LEGACY)
    return holds("the list of a view is rendered", "once", "once" if is_kept else "for each request", is_kept)


def _cost_of_a_tool(sides: dict[str, Side]) -> str:
    few, many = typical(sides["Headrace, 10 tools"], "cpu_us"), typical(sides["Headrace"], "cpu_us")
    return shown(None if few is None or many is None else (many - few) / (MANY - FEW) * 1000, " ns")


def _throughput(side: Side) -> str:
    rate, size = typical(side, "rate"), typical(side, "bytes_each")
    if rate is None or size is None:
        return shown(None, "")
    return f"{shown(rate * size / 1e6, ' MB/s')}, {shown(size / 1000, ' kB')} each"
