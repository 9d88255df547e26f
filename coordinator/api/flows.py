"""`/api/flows`: what flows there are, their text and versions, and every change of them."""

from difflib import unified_diff
from typing import Annotated, Literal

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, QueryParameter, RequestBody
from msgspec import Meta, Struct

from coordinator.api.access import author_of
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.api.paging import After, Limit, Search, page_of
from coordinator.catalog import CatalogEntry
from coordinator.catalog.entries import Origin
from coordinator.catalog.store import Version, VersionInfo
from coordinator.runs.rows import RunSummary
from coordinator.services import Services
from flows.problems import Problem

Yaml = Annotated[str, Meta(max_length=1_000_000)]
"""The text of a flow; the language itself allows less and says so with a position."""

FlowStatus = Literal["live", "off", "problems"]

Expected = Annotated[
    str | None,
    QueryParameter(description="The digest of the text that the change is made to; another one now is a conflict."),
]


class FlowSummary(Struct, frozen=True, kw_only=True):
    """A flow in a list."""

    name: Annotated[str, Meta(description="Its name, and the tool's.")]
    title: Annotated[str, Meta(description="Its name for people.")]
    description: Annotated[str, Meta(description="What it does.")]
    input: Annotated[str, Meta(description="What starts it, for example mcp_tool; empty while it is broken.")]
    origin: Annotated[Origin, Meta(description="Where its text is kept.")]
    file: Annotated[
        str, Meta(description="Its file: in the flow directory, or in its install; empty for a flow of the API.")
    ]
    install: Annotated[str, Meta(description="The install of a pack that it belongs to; empty for other flows.")]
    digest: Annotated[str, Meta(description="Names its current text.")]
    enabled: Annotated[bool, Meta(description="Whether it is switched on.")]
    is_valid: Annotated[bool, Meta(description="Whether its current text can be run.")]
    is_served: Annotated[bool, Meta(description="Whether calls run it, in its current or in its last good version.")]
    errors: Annotated[int, Meta(description="How many errors its text has.")]
    warnings: Annotated[int, Meta(description="How many warnings its text has.")]
    updated: Annotated[int, Meta(description="When its text changed, in milliseconds since the epoch.")]


class FlowPage(Struct, frozen=True, kw_only=True):
    """Some flows, by name."""

    flows: Annotated[list[FlowSummary], Meta(description="The flows.")]
    total: Annotated[int, Meta(description="How many flows fit the search.")]
    next: Annotated[str | None, Meta(description="What to give as `after` for the next page; null on the last one.")]
    runs: Annotated[dict[str, RunSummary], Meta(description="The last run of each that has one, when asked for.")] = {}


class FlowOut(Struct, frozen=True, kw_only=True):
    """One flow in full."""

    summary: Annotated[FlowSummary, Meta(description="What lists show of it.")]
    text: Annotated[str, Meta(description="Its YAML.")]
    problems: Annotated[list[Problem], Meta(description="What is wrong or doubtful about its text.")]


class FlowIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text of a flow to store."""

    text: Annotated[Yaml, Meta(description="Its YAML.")]
    expected: Annotated[
        str | None,
        Meta(description="The digest that the change is made to, empty for a new flow; null writes over anything."),
    ] = None


class RollbackIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version to bring back."""

    number: Annotated[int, Meta(description="The version.", ge=1)]
    expected: Annotated[str | None, Meta(description="The digest of the text that is there now.")] = None


class VersionsOut(Struct, frozen=True, kw_only=True):
    """The versions of a flow."""

    versions: Annotated[list[VersionInfo], Meta(description="The newest first.")]


class DiffOut(Struct, frozen=True, kw_only=True):
    """What changed between two versions."""

    diff: Annotated[str, Meta(description="A unified diff; empty when nothing changed.")]


class FlowController(Controller):
    """Flows."""

    path = "/flows"
    tags = ("flows",)

    @get("/", operation_id="listFlows")
    async def list_flows(
        self,
        services: GivenServices,
        search: Search = None,
        origin: Annotated[Origin | None, QueryParameter(description="Only flows of this origin.")] = None,
        status: Annotated[
            FlowStatus | None,
            QueryParameter(description="Only flows that calls run, that are off, that have problems."),
        ] = None,
        install: Annotated[str | None, QueryParameter(description="Only flows of this install of a pack.")] = None,
        with_runs: Annotated[bool, QueryParameter(description="Tell the last run of each, too.")] = False,
        limit: Limit = 100,
        after: After = None,
    ) -> FlowPage:
        """List flows by name."""
        entries = services.catalog.entries.values()
        found = [
            entry
            for entry in entries
            if _fits(entry, search) and _is_from(entry, origin, install) and _is(services, entry, status)
        ]
        flows, following = page_of(found, lambda entry: entry.name, limit, after)
        runs = await services.runs.newest([entry.name for entry in flows]) if with_runs else {}
        return FlowPage(
            flows=[summary_of(services, entry) for entry in flows], total=len(found), next=following, runs=runs
        )

    @post("/", operation_id="createFlow")
    async def create_flow(
        self, services: GivenServices, principal: GivenPrincipal, data: RequestBody[FlowIn]
    ) -> FlowOut:
        """Store a flow under the name that its text says; it is live when the call returns."""
        entry = await services.editor.put(data.text, expected=data.expected, author=author_of(principal))
        return _flow_out(services, entry, data.text)

    @get("/{name:str}", operation_id="getFlow")
    async def get_flow(self, services: GivenServices, name: FromPath[str]) -> FlowOut:
        """Return one flow with its text."""
        return _flow_out(services, services.editor.get(name), (await services.editor.text(name)).text)

    @put("/{name:str}", operation_id="putFlow")
    async def put_flow(
        self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str], data: RequestBody[FlowIn]
    ) -> FlowOut:
        """Create or replace a flow; it is live when the call returns."""
        entry = await services.editor.put(data.text, name=name, expected=data.expected, author=author_of(principal))
        return _flow_out(services, entry, data.text)

    @delete("/{name:str}", operation_id="deleteFlow")
    async def delete_flow(
        self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str], expected: Expected = None
    ) -> None:
        """Delete a flow of the API; its versions stay."""
        await services.editor.delete(name, expected=expected, author=author_of(principal))

    @post("/{name:str}/enable", operation_id="enableFlow", status_code=200)
    async def enable_flow(self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str]) -> FlowSummary:
        """Switch a flow of any origin on."""
        return summary_of(services, await services.editor.set_enabled(name, True, author=author_of(principal)))

    @post("/{name:str}/disable", operation_id="disableFlow", status_code=200)
    async def disable_flow(
        self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str]
    ) -> FlowSummary:
        """Switch a flow of any origin off: clients do not see it any more, and no call runs it."""
        return summary_of(services, await services.editor.set_enabled(name, False, author=author_of(principal)))

    @get("/{name:str}/versions", operation_id="listVersions")
    async def list_versions(self, services: GivenServices, name: FromPath[str]) -> VersionsOut:
        """List the versions of a flow, of a deleted one too."""
        return VersionsOut(versions=await services.editor.versions(name))

    @get("/{name:str}/versions/{number:int}", operation_id="getVersion")
    async def get_version(self, services: GivenServices, name: FromPath[str], number: FromPath[int]) -> Version:
        """Return one version with its text."""
        return await services.editor.version(name, number)

    @get("/{name:str}/diff", operation_id="diffVersions")
    async def diff_versions(
        self,
        services: GivenServices,
        name: FromPath[str],
        first: Annotated[int, QueryParameter(name="from", description="The older version.", ge=1)],
        second: Annotated[
            int | None, QueryParameter(name="to", description="The newer version; unset: the text as it is now.", ge=1)
        ] = None,
    ) -> DiffOut:
        """Compare two versions, or one with the text as it is now."""
        before = (await services.editor.version(name, first)).text
        after = await _text_of(services, name, second)
        names = f"{name} version {first}", f"{name} now" if second is None else f"{name} version {second}"
        lines = unified_diff(before.splitlines(), after.splitlines(), *names, lineterm="")
        return DiffOut(diff="\n".join(lines))

    @post("/{name:str}/rollback", operation_id="rollbackFlow", status_code=200)
    async def rollback_flow(
        self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str], data: RequestBody[RollbackIn]
    ) -> FlowOut:
        """Make an old version the current one, as a new version."""
        entry = await services.editor.rollback(name, data.number, expected=data.expected, author=author_of(principal))
        return _flow_out(services, entry, (await services.editor.text(name)).text)


def summary_of(services: Services, entry: CatalogEntry) -> FlowSummary:
    """Return what lists show of a flow."""
    plan = entry.plan or entry.last_good
    problems = services.editor.problems_of(entry)
    errors = sum(problem.severity == "error" for problem in problems)
    return FlowSummary(
        name=entry.name,
        title="" if plan is None else plan.title,
        description="" if plan is None else plan.description,
        input="" if plan is None else plan.input.type.name,
        origin=entry.origin,
        file=entry.file,
        install=entry.install,
        digest=entry.digest,
        enabled=entry.enabled,
        is_valid=entry.is_valid,
        is_served=entry.served is not None and entry.served.enabled,
        errors=errors,
        warnings=len(problems) - errors,
        updated=entry.updated,
    )


def _flow_out(services: Services, entry: CatalogEntry, text: str) -> FlowOut:
    return FlowOut(summary=summary_of(services, entry), text=text, problems=services.editor.problems_of(entry))


def _fits(entry: CatalogEntry, search: str | None) -> bool:
    if not search:
        return True
    plan = entry.plan or entry.last_good
    texts = (entry.name, entry.file) if plan is None else (entry.name, entry.file, plan.title, plan.description)
    return any(search.casefold() in text.casefold() for text in texts)


def _is_from(entry: CatalogEntry, origin: Origin | None, install: str | None) -> bool:
    return origin in (None, entry.origin) and install in (None, entry.install)


def _is(services: Services, entry: CatalogEntry, status: FlowStatus | None) -> bool:
    match status:
        case "live":
            return entry.served is not None and entry.served.enabled
        case "off":
            return not entry.enabled
        case "problems":
            return bool(services.editor.problems_of(entry))
    return True


async def _text_of(services: Services, name: str, number: int | None) -> str:
    if number is None:
        return (await services.editor.text(name)).text
    return (await services.editor.version(name, number)).text
