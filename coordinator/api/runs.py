"""`/api/runs`: the history of calls."""

from typing import Annotated, Literal

from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from coordinator.api.given import GivenServices
from coordinator.api.paging import After, Limit
from coordinator.runs.queries import RunFilter, RunPage
from coordinator.runs.rows import Outcome, RunRecord


class RunController(Controller):
    """Runs."""

    path = "/runs"
    tags = ("runs",)

    @get("/", operation_id="listRuns")
    async def list_runs(
        self,
        services: GivenServices,
        tool: Annotated[str | None, QueryParameter(description="Only calls of this tool.")] = None,
        outcome: Annotated[
            Outcome | Literal["not_ok"] | None,
            QueryParameter(description="Only runs that ended so; not_ok is whatever did not end well."),
        ] = None,
        caller: Annotated[str | None, QueryParameter(description="Only calls by the token of this label.")] = None,
        token_id: Annotated[str | None, QueryParameter(description="Only calls by the token of this id.")] = None,
        source: Annotated[
            str | None, QueryParameter(description="Only calls from here: mcp, api, cli, schedule, webhook.")
        ] = None,
        text: Annotated[
            str | None,
            QueryParameter(
                description="Only runs whose tool, caller, client or error holds this, or the run of this id.",
                max_length=200,
            ),
        ] = None,
        since: Annotated[int | None, QueryParameter(description="Milliseconds since the epoch.")] = None,
        until: Annotated[int | None, QueryParameter(description="Milliseconds since the epoch.")] = None,
        limit: Limit = 50,
        after: After = None,
    ) -> RunPage:
        """List runs, the newest first.  Pages do not shift when new runs arrive."""
        wanted = RunFilter(
            tool=tool,
            outcome=outcome,
            caller=caller,
            token_id=token_id,
            source=source,
            text=text,
            since=since,
            until=until,
        )
        return await services.runs.page(wanted, limit=limit, after=after)

    @get("/{run_id:str}", operation_id="getRun")
    async def get_run(self, services: GivenServices, run_id: FromPath[str]) -> RunRecord:
        """Return one run with its steps and, by policy, arguments and result."""
        return await services.runs.get(run_id)
