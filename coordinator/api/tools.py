"""`/api/tools`: the tools as clients see them, and calls of them.  Every valid token may come here, as to `/mcp`."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, get, post
from litestar.params import FromPath, RequestBody
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from coordinator.access.principal import Principal
from coordinator.api.access import ACCESS, ADMIN, CALLER
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.api.overview import CountsOut, PointOut, WantedRange, counts_out, points_out
from coordinator.api.paging import After, Limit, Search, page_of
from coordinator.calls import Source
from coordinator.catalog.entries import Origin
from coordinator.runs.queries import CallerOut
from coordinator.services import Services
from coordinator.statistics.cell import Cell, total
from coordinator.toolset import Tool
from flows.errors import NotFound
from flows.problems import did_you_mean
from flows.runs import RunError, RunResult

CLI_AGENT: Final = "headrace-cli"
"""How the command line names itself."""


class ToolFactsOut(Struct, frozen=True, kw_only=True):
    """What the owner sees of a tool beside what clients see."""

    origin: Annotated[Origin, Meta(description="Where its flow is kept.")]
    install: Annotated[str, Meta(description="The install of a pack that it belongs to; empty for other tools.")]
    counts: Annotated[CountsOut, Meta(description="Its calls of the last seven days.")]


class ToolPage(Struct, frozen=True, kw_only=True):
    """Some tools, by name."""

    tools: Annotated[list[dict[str, Any]], Meta(description="The tools, in the words of MCP's newest revision.")]
    facts: Annotated[
        dict[str, ToolFactsOut], Meta(description="More about each tool, by name; for the owner and admin tokens only.")
    ]
    total: Annotated[int, Meta(description="How many tools fit the search.")]
    next: Annotated[str | None, Meta(description="What to give as `after` for the next page; null on the last one.")]


class CallIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call."""

    arguments: Annotated[Mapping[str, Any], Meta(description="The arguments.")] = {}
    as_mcp: Annotated[bool, Meta(description="Whether to answer with the exact MCP result too.")] = False
    timeout: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="Seconds that the caller waits; the flow's own limit holds too."),
    ] = None


class CallOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a call ended."""

    is_error: Annotated[bool, Meta(description="Whether the tool says that it failed.")]
    duration: Annotated[int, Meta(description="Microseconds.")]
    value: Annotated[Any, Meta(description="What the flow replied.")] = UNSET
    content: Annotated[list[Any] | UnsetType, Meta(description="The MCP content blocks that it replied.")] = UNSET
    error: Annotated[RunError | None, Meta(description="Why it failed.")] = None
    mcp: Annotated[Any, Meta(description="What a client of MCP's newest revision gets, if it was asked for.")] = UNSET


class ToolStatisticsOut(Struct, frozen=True, kw_only=True):
    """How a tool does."""

    counts: Annotated[CountsOut, Meta(description="Its calls of the range.")]
    points: Annotated[list[PointOut], Meta(description="The chart of the range, without gaps, in order.")]
    point_seconds: Annotated[int, Meta(description="How wide a point of the chart is.")]
    callers: Annotated[list[CallerOut], Meta(description="Who called it lately, the last one first.")]
    facts: Annotated[ToolFactsOut, Meta(description="Where it comes from.")]


class ToolController(Controller):
    """Tools."""

    path = "/tools"
    tags = ("tools",)
    opt = {ACCESS: CALLER}  # noqa: RUF012  the framework wants it here, and copies it

    @get("/", operation_id="listTools")
    async def list_tools(
        self,
        services: GivenServices,
        principal: GivenPrincipal,
        search: Search = None,
        limit: Limit = 100,
        after: After = None,
    ) -> ToolPage:
        """List the tools that the caller may use."""
        tools = services.tools.current.view(principal.tools).tools
        found = [tool for tool in tools.values() if _fits(tool, search)]
        page, following = page_of(found, lambda tool: tool.name, limit, after)
        facts = await _facts(services, [tool.name for tool in page]) if principal.is_admin else {}
        return ToolPage(tools=[tool.definition for tool in page], facts=facts, total=len(found), next=following)

    @get("/{name:str}", operation_id="getTool", sync_to_thread=False)
    def get_tool(self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str]) -> dict[str, Any]:
        """Return one tool as clients see it."""
        return _tool(services, principal, name).definition

    @get("/{name:str}/statistics", operation_id="getToolStatistics", opt={ACCESS: ADMIN})
    async def get_statistics(
        self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str], wanted: WantedRange = "24h"
    ) -> ToolStatisticsOut:
        """Show how often a tool was called, by whom, how long it took and how often it failed."""
        tool = _tool(services, principal, name)
        await services.statistics.fresh_view()
        points = services.statistics.points(wanted, tool.name)
        return ToolStatisticsOut(
            counts=counts_out(total(cell for _, cell in points)),
            points=points_out(points),
            point_seconds=services.statistics.point_seconds(wanted, tool.name),
            callers=await services.runs.callers(tool.name),
            facts=(await _facts(services, [tool.name]))[tool.name],
        )

    @post("/{name:str}/call", operation_id="callTool", status_code=200)
    async def call_tool(
        self,
        request: Request[Any, Any, Any],
        services: GivenServices,
        principal: GivenPrincipal,
        name: FromPath[str],
        data: RequestBody[CallIn],
    ) -> CallOut:
        """Call a tool: the same result, limits and history as through MCP.  A tool that fails is no HTTP error."""
        tool = _tool(services, principal, name)
        from_cli = request.headers.get("user-agent", "").startswith(CLI_AGENT)
        source: Source = "cli" if from_cli else "api"
        result = await services.calls.call(principal, tool, data.arguments, timeout=data.timeout, source=source)
        return _call_out(result, services.endpoint.result_of(tool, result) if data.as_mcp else UNSET)


def _tool(services: Services, principal: Principal, name: str) -> Tool:
    tools = services.tools.current.view(principal.tools).tools
    if name not in tools:
        raise NotFound(f"There is no tool {name[:128]!r}.{did_you_mean(name, tools)}")
    return tools[name]


def _fits(tool: Tool, search: str | None) -> bool:
    texts = (tool.name, tool.plan.title, tool.plan.description)
    return not search or any(search.casefold() in text.casefold() for text in texts)


async def _facts(services: Services, names: Iterable[str]) -> dict[str, ToolFactsOut]:
    entries = services.catalog.entries
    by_tool = await services.statistics.by_tool("7d")
    return {
        name: ToolFactsOut(
            origin=entries[name].origin, install=entries[name].install, counts=counts_out(by_tool.get(name, Cell()))
        )
        for name in names
        if name in entries
    }


def _call_out(result: RunResult, mcp: Raw | UnsetType) -> CallOut:
    reply = result.reply
    return CallOut(
        is_error=reply is None or reply.is_error,
        duration=result.duration,
        value=UNSET if reply is None else reply.value,
        content=UNSET if reply is None or reply.content is UNSET else msgspec.to_builtins(reply.content),
        error=result.error,
        mcp=mcp,
    )
