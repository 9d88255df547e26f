"""`/api/tools`: the tools as clients see them, and calls of them.  Every valid token may come here, as to `/mcp`."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, get, post
from litestar.params import FromPath, RequestBody
from msgspec import UNSET, Meta, Struct, UnsetType

from coordinator.access.principal import Principal
from coordinator.api.access import ACCESS, CALLER
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.api.paging import After, Limit, Search, page_of
from coordinator.calls import Source
from coordinator.services import Services
from coordinator.toolset import Tool
from flows.errors import NotFound
from flows.problems import did_you_mean
from flows.runs import RunError, RunResult

CLI_AGENT: Final = "headrace-cli"
"""How the command line names itself."""


class ToolPage(Struct, frozen=True, kw_only=True):
    """Some tools, by name."""

    tools: Annotated[list[dict[str, Any]], Meta(description="The tools, in the words of MCP's newest revision.")]
    total: Annotated[int, Meta(description="How many tools fit the search.")]
    next: Annotated[str | None, Meta(description="What to give as `after` for the next page; null on the last one.")]


class CallIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call."""

    arguments: Annotated[Mapping[str, Any], Meta(description="The arguments.")] = {}
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


class ToolController(Controller):
    """Tools."""

    path = "/tools"
    tags = ("tools",)
    opt = {ACCESS: CALLER}  # noqa: RUF012  the framework wants it here, and copies it

    @get("/", operation_id="listTools", sync_to_thread=False)
    def list_tools(
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
        return ToolPage(tools=[tool.definition for tool in page], total=len(found), next=following)

    @get("/{name:str}", operation_id="getTool", sync_to_thread=False)
    def get_tool(self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str]) -> dict[str, Any]:
        """Return one tool as clients see it."""
        return _tool(services, principal, name).definition

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
        return _call_out(
            await services.calls.call(principal, tool, data.arguments, timeout=data.timeout, source=source)
        )


def _tool(services: Services, principal: Principal, name: str) -> Tool:
    tools = services.tools.current.view(principal.tools).tools
    if name not in tools:
        raise NotFound(f"There is no tool {name[:128]!r}.{did_you_mean(name, tools)}")
    return tools[name]


def _fits(tool: Tool, search: str | None) -> bool:
    texts = (tool.name, tool.plan.title, tool.plan.description)
    return not search or any(search.casefold() in text.casefold() for text in texts)


def _call_out(result: RunResult) -> CallOut:
    reply = result.reply
    return CallOut(
        is_error=reply is None or reply.is_error,
        duration=result.duration,
        value=UNSET if reply is None else reply.value,
        content=UNSET if reply is None or reply.content is UNSET else msgspec.to_builtins(reply.content),
        error=result.error,
    )
