"""`/api/overview`: what the home page shows.  Everything comes from memory, so it costs the same with any history."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Final

from litestar import get
from litestar.params import QueryParameter
from msgspec import Meta, Struct

from coordinator.api.attention import AttentionOut, plural, what_needs_somebody
from coordinator.api.given import GivenServices
from coordinator.api.workers import worker_views
from coordinator.fleet.roster import WorkerView
from coordinator.services import Services
from coordinator.settings import EXAMPLES, notices
from coordinator.statistics.cell import Cell, total
from coordinator.statistics.statistics import SPANS, Range

SHOWN_TOOLS: Final = 8
FEWEST_CALLS: Final = 1

WantedRange = Annotated[Range, QueryParameter(name="range", description="How far back: 1h, 24h or 7d.")]


class CountsOut(Struct, frozen=True, kw_only=True):
    """Calls of a span of time."""

    calls: Annotated[int, Meta(description="How many ended.")]
    errors: Annotated[int, Meta(description="How many of them did not end well.")]
    p50: Annotated[int, Meta(description="Half of them took at most so many microseconds; about.")]
    p95: Annotated[int, Meta(description="Nineteen of twenty took at most so many microseconds; about.")]
    last: Annotated[int | None, Meta(description="When the last one began, in milliseconds since the epoch.")]


class PointOut(Struct, frozen=True, kw_only=True):
    """One point of a chart."""

    start: Annotated[int, Meta(description="When its span begins, in milliseconds since the epoch.")]
    calls: Annotated[int, Meta(description="Calls in its span.")]
    errors: Annotated[int, Meta(description="Those that did not end well.")]


class ToolCountsOut(Struct, frozen=True, kw_only=True):
    """Calls of one tool."""

    tool: Annotated[str, Meta(description="Its name.")]
    counts: Annotated[CountsOut, Meta(description="Its calls.")]


class FirstStepOut(Struct, frozen=True, kw_only=True):
    """One of the steps to the first call."""

    id: Annotated[str, Meta(description="Its name, stable.")]
    title: Annotated[str, Meta(description="What to do, for people.")]
    detail: Annotated[str, Meta(description="Why, and how.")]
    path: Annotated[str, Meta(description="The page where to do it.")]
    is_done: Annotated[bool, Meta(description="Whether it was done already.")]


class OverviewOut(Struct, frozen=True, kw_only=True):
    """How the installation is, at a glance."""

    is_well: Annotated[bool, Meta(description="Whether nothing is broken, and nothing waits for somebody.")]
    summary: Annotated[str, Meta(description="How it is, in a sentence.")]
    attention: Annotated[list[AttentionOut], Meta(description="What needs somebody, the worst first.")]
    notices: Annotated[list[str], Meta(description="What is open, in sentences.")]
    tools: Annotated[int, Meta(description="How many tools clients see.")]
    flows: Annotated[int, Meta(description="How many flows there are.")]
    running: Annotated[int, Meta(description="Calls under way.")]
    counts: Annotated[CountsOut, Meta(description="All calls of the range.")]
    points: Annotated[list[PointOut], Meta(description="The chart of the range, without gaps, in order.")]
    point_seconds: Annotated[int, Meta(description="How wide a point of the chart is.")]
    slowest: Annotated[list[ToolCountsOut], Meta(description="The tools that took longest, by p95.")]
    failing: Annotated[list[ToolCountsOut], Meta(description="The tools that failed most often.")]
    busiest: Annotated[list[ToolCountsOut], Meta(description="The tools that were called most often.")]
    workers: Annotated[list[WorkerView], Meta(description="What runs flows.")]
    first_steps: Annotated[list[FirstStepOut], Meta(description="The way to the first call, in order.")]
    is_new: Annotated[bool, Meta(description="Whether a first step is still to be done.")]


@get("/overview", operation_id="getOverview", tags=["status"])
async def get_overview(services: GivenServices, wanted: WantedRange = "24h") -> OverviewOut:
    """Show whether all is well, what was called lately, and what needs somebody."""
    await services.statistics.fresh_view()
    points = services.statistics.points(wanted)
    attention = await what_needs_somebody(services)
    steps = first_steps(services)
    by_tool = await services.statistics.by_tool(wanted)
    return OverviewOut(
        is_well=all(each.level == "info" for each in attention),
        summary=_summary(services, attention),
        attention=attention,
        notices=notices(services.settings),
        tools=len(services.tools.current.tools),
        flows=len(services.catalog.entries),
        running=services.calls.running,
        counts=counts_out(total(cell for _, cell in points)),
        points=points_out(points),
        point_seconds=SPANS[wanted].point,
        slowest=await asyncio.to_thread(_top, by_tool, lambda cell: cell.percentile(0.95)),
        failing=_top(by_tool, lambda cell: cell.errors),
        busiest=_top(by_tool, lambda cell: cell.calls),
        workers=worker_views(services),
        first_steps=steps,
        is_new=not all(step.is_done for step in steps),
    )


def counts_out(cell: Cell) -> CountsOut:
    """Show a cell."""
    return CountsOut(
        calls=cell.calls,
        errors=cell.errors,
        p50=cell.percentile(0.5),
        p95=cell.percentile(0.95),
        last=cell.last or None,
    )


def points_out(points: list[tuple[int, Cell]]) -> list[PointOut]:
    """Show cells in their order."""
    return [PointOut(start=start * 1000, calls=cell.calls, errors=cell.errors) for start, cell in points]


def first_steps(services: Services) -> list[FirstStepOut]:
    """Say what is still to be done until an assistant calls a tool."""
    entries = services.catalog.entries.values()
    has_examples = services.settings.flows == str(EXAMPLES)
    has_own = any(entry.origin != "file" or not has_examples for entry in entries)
    has_called = services.statistics.has_mcp_calls
    return [
        FirstStepOut(
            id="tool",
            title="Bring your first tool",
            detail="Install a pack for a service that you use, or write a flow of your own.",
            path="/packs",
            is_done=has_own,
        ),
        FirstStepOut(
            id="connect",
            title="Connect your assistant",
            detail="Make a token; the configuration for Claude, Cursor or VS Code is there to be copied.",
            path="/settings/tokens",
            is_done=has_called or services.tokens.usable > 0,
        ),
        FirstStepOut(
            id="call",
            title="Let it call a tool",
            detail="Ask your assistant for something that the tool can do. The call shows up under Runs at once.",
            path="/runs",
            is_done=has_called,
        ),
    ]


def _top(by_tool: Mapping[str, Cell], measure: Callable[[Cell], int]) -> list[ToolCountsOut]:
    found = [(measure(cell), tool, cell) for tool, cell in by_tool.items()]
    best = sorted((each for each in found if each[0] > 0), key=lambda each: (-each[0], each[1]))
    return [ToolCountsOut(tool=tool, counts=counts_out(cell)) for _, tool, cell in best[:SHOWN_TOOLS]]


def _summary(services: Services, attention: list[AttentionOut]) -> str:
    levels = [each.level for each in attention]
    tools = len(services.tools.current.tools)
    live = f"{plural(tools, 'tool')} live"
    if broken := levels.count("error"):
        return f"{live}, {plural(broken, 'thing')} to be repaired."
    if waiting := levels.count("warning"):
        return f"{live}, {plural(waiting, 'thing')} to look at."
    return f"All is well: {live}." if tools else "No tool is live yet."
