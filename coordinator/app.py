"""Make the one ASGI application: the guard in front of every route, then MCP, discovery, REST.

request -> Guard (Host, Origin, security headers) -> /mcp                     McpEndpoint, before any routing
                                                  -> /.well-known, /register  Discovery
                                                  -> everything else          Litestar
"""

from typing import cast
from urllib.parse import urlsplit

from coordinator.access.guard import App, Guard, GuardOptions, Receive, Send
from coordinator.access.presented import Scope
from coordinator.api import make_api
from coordinator.lifecycle import Coordinator
from coordinator.mcp.discovery import Discovery
from coordinator.settings import Settings

MCP_PATHS = frozenset({"/mcp", "/mcp/"})
WILDCARDS = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104  compared, not bound


def make_app(coordinator: Coordinator) -> App:
    """Return the application of an open coordinator."""
    services = coordinator.services
    api = cast("App", make_api(services))  # the same protocol, in narrower words
    front = Front(services.endpoint, Discovery(coordinator.refusals), api)
    return Guard(front, guard_options(services.settings))


class Front:
    """Sends a request to the part that answers its path."""

    def __init__(self, mcp: App, discovery: App, api: App) -> None:
        self._mcp = mcp
        self._discovery = discovery
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        path = scope.get("path", "")
        if path in MCP_PATHS:
            await self._mcp(scope, receive, send)
        elif Discovery.handles(path):
            await self._discovery(scope, receive, send)
        else:
            await self._api(scope, receive, send)


def guard_options(settings: Settings) -> GuardOptions:
    """Return under which names this server is reached: its own, its public one, and those of the settings."""
    hosts = [*settings.allowed_hosts]
    origins = [*settings.allowed_origins]
    if settings.host not in WILDCARDS and not settings.is_local:
        hosts.append(f"[{settings.host}]" if ":" in settings.host else settings.host)
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        hosts.append(parts.netloc)
        origins.append(f"{parts.scheme}://{parts.netloc}")
    return GuardOptions(allowed_hosts=tuple(hosts), allowed_origins=tuple(origins), ip_hosts=not settings.is_local)
