"""What is not under `/api`: health, version, metrics, and a word for whoever opens the address in a browser."""

from typing import Annotated, Any, Final, Literal

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from msgspec import Meta, Struct

from coordinator.api.access import lets_in
from coordinator.api.given import GivenServices
from coordinator.services import Services
from coordinator.snippets import mcp_url
from coordinator.version import VERSION


class HealthOut(Struct, frozen=True, kw_only=True):
    """Whether the server is well."""

    status: Annotated[Literal["ok", "stopping"], Meta(description="`stopping`: send no more calls here.")]


class VersionOut(Struct, frozen=True, kw_only=True):
    """Which server answers."""

    name: Annotated[str, Meta(description="`headrace`.")]
    version: Annotated[str, Meta(description="Its version.")]


class WelcomeOut(Struct, frozen=True, kw_only=True):
    """What is here."""

    name: Annotated[str, Meta(description="`headrace`.")]
    version: Annotated[str, Meta(description="Its version.")]
    mcp: Annotated[str, Meta(description="The URL for MCP clients.")]
    api: Annotated[str, Meta(description="Where REST is described.")]
    health: Annotated[str, Meta(description="Where health is told.")]
    connect: Annotated[str, Meta(description="How to connect a client.")]


@get("/healthz", operation_id="getHealth", tags=["health"], sync_to_thread=False)
def healthz() -> HealthOut:
    """Whether the process answers at all."""
    return HealthOut(status="ok")


@get("/readyz", operation_id="getReadiness", tags=["health"], sync_to_thread=False)
def readyz(services: GivenServices) -> Response[HealthOut]:
    """Whether the process takes calls: 503 while it is stopping."""
    if services.stopping.is_set():
        return Response(HealthOut(status="stopping"), status_code=503)
    return Response(HealthOut(status="ok"))


@get("/version", operation_id="getServerVersion", tags=["health"], sync_to_thread=False)
def version() -> VersionOut:
    """Which server answers."""
    return VersionOut(name="headrace", version=VERSION)


@get("/", operation_id="getWelcome", tags=["health"], sync_to_thread=False)
def welcome(request: Request[Any, Any, Any], services: GivenServices) -> Response[Any]:
    """What is here and how to connect: text for a person, JSON for a program."""
    found = _welcome(services)
    if "text/html" in request.headers.get("accept", ""):
        return Response(_as_text(found), media_type="text/plain")
    return Response(found)


@get("/metrics", operation_id="getMetrics", tags=["health"], guards=[lets_in], sync_to_thread=False)
def metrics(request: Request[Any, Any, Any], services: GivenServices) -> Response[bytes]:
    """Counters in the format of Prometheus."""
    page, content_type = services.metrics.exposition(request.headers.get("accept", ""))
    # The framework adds the character set by itself.
    return Response(page, media_type=content_type.removesuffix("; charset=utf-8"))


NOT_BUILT: Final = (
    "The web pages are not built. `make pages` builds them (it needs npm), then load this address again. "
    "Everything works without them: `headrace --help`."
)

OPEN_ROUTES: Final[tuple[HTTPRouteHandler, ...]] = (healthz, readyz, version, welcome)
"""The only routes that ask nobody who they are."""


def _welcome(services: Services) -> WelcomeOut:
    base = services.base_url
    settings = services.settings
    if settings.require_auth:
        connect = "Make a token with `headrace token create LABEL`; it prints the configuration of your client."
    else:
        connect = f"Claude Code: claude mcp add --transport http headrace {mcp_url(base)}"
    return WelcomeOut(
        name="headrace",
        version=VERSION,
        mcp=mcp_url(base),
        api=f"{base}/api/openapi.json",
        health=f"{base}/healthz",
        connect=connect,
    )


def _as_text(found: WelcomeOut) -> str:
    return (
        f"Headrace {found.version}: flows written in YAML, served as MCP tools.\n\n"
        f"MCP      {found.mcp}\nREST     {found.api}\nHealth   {found.health}\n\n{found.connect}\n\n{NOT_BUILT}\n"
    )
