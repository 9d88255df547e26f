"""`/api/status`, `/api/problems`, `/api/schema`: how the installation is, what is wrong, what a flow file may hold."""

from typing import Annotated, Any

from litestar import get
from msgspec import Meta, Struct

from coordinator.api.attention import AttentionOut, what_cannot_work
from coordinator.api.given import GivenServices
from coordinator.api.workers import worker_views
from coordinator.fleet.roster import WorkerView
from coordinator.settings import notices
from coordinator.snippets import mcp_url
from coordinator.version import VERSION
from flows.problems import Problem
from flows.registry import default_registry
from flows.schema import flow_schema


class StatusOut(Struct, frozen=True, kw_only=True):
    """How the installation is."""

    version: Annotated[str, Meta(description="Of the server.")]
    url: Annotated[str, Meta(description="Where clients reach it.")]
    mcp_url: Annotated[str, Meta(description="Where MCP clients reach it.")]
    require_auth: Annotated[bool, Meta(description="Whether calls need a token.")]
    notices: Annotated[list[str], Meta(description="What is open, in sentences.")]
    generation: Annotated[int, Meta(description="Number of the set of flows that is served; grows with every change.")]
    flows: Annotated[int, Meta(description="How many flows there are.")]
    tools: Annotated[int, Meta(description="How many tools clients see.")]
    errors: Annotated[int, Meta(description="How many errors flows have.")]
    warnings: Annotated[int, Meta(description="How many warnings flows have.")]
    dropped_runs: Annotated[int, Meta(description="Runs that the history could not keep since the start.")]
    workers: Annotated[list[WorkerView], Meta(description="What runs flows.")]


class ProblemsOut(Struct, frozen=True, kw_only=True):
    """What is wrong."""

    problems: Annotated[list[Problem], Meta(description="Findings about flows and their files.")]
    waiting: Annotated[
        list[AttentionOut], Meta(description="Connections that cannot be used, and installs whose tools are hidden.")
    ]
    database: Annotated[str, Meta(description="Why the database could not be asked lately; empty when all is well.")]
    dropped_runs: Annotated[int, Meta(description="Runs that the history could not keep since the start.")]


@get("/status", operation_id="getStatus", tags=["status"], sync_to_thread=False)
def get_status(services: GivenServices) -> StatusOut:
    """Summarise the installation: flows, tools, problems, workers."""
    problems = services.problems()
    errors = sum(problem.severity == "error" for problem in problems)
    settings = services.settings
    return StatusOut(
        version=VERSION,
        url=services.base_url,
        mcp_url=mcp_url(services.base_url),
        require_auth=settings.require_auth,
        notices=notices(settings),
        generation=services.catalog.generation,
        flows=len(services.catalog.entries),
        tools=len(services.tools.current.tools),
        errors=errors,
        warnings=len(problems) - errors,
        dropped_runs=services.metrics.dropped_runs,
        workers=worker_views(services),
    )


@get("/problems", operation_id="listProblems", tags=["status"])
async def list_problems(services: GivenServices) -> ProblemsOut:
    """List everything that is wrong now."""
    return ProblemsOut(
        problems=services.problems(),
        waiting=await what_cannot_work(services),
        database=services.resync.database_error,
        dropped_runs=services.metrics.dropped_runs,
    )


@get("/schema", operation_id="getFlowSchema", tags=["flows"], sync_to_thread=False)
def get_flow_schema() -> dict[str, Any]:
    """Return the JSON Schema of flow files, for editors and forms."""
    return flow_schema(default_registry())
