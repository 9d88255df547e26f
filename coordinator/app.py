"""Make the one ASGI application: the guard in front of every route, then MCP, discovery, pages, REST.

request -> Guard (Host, Origin, security headers) -> /mcp, /mcp/<install>     McpEndpoint, before any routing
                                                  -> /.well-known, /register  Discovery
                                                  -> /hooks/...               Webhooks
                                                  -> addresses of pages       Pages, when a browser asks
                                                  -> everything else          Litestar, behind the pages
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, cast
from urllib.parse import urlsplit

from coordinator.access.guard import App, Guard, GuardOptions, Receive, Send
from coordinator.access.presented import QUERY_TOKEN_KEY, Scope, TokenSources, folded_headers, take_query_token
from coordinator.durable.webhooks import Webhooks
from coordinator.lifecycle import Coordinator
from coordinator.live_settings import LiveSettings
from coordinator.mcp.discovery import Discovery
from coordinator.pages import files
from coordinator.pages.serving import Pages
from coordinator.settings import Settings

MCP_PATHS: Final = frozenset({"/mcp", "/mcp/"})
WILDCARDS: Final = frozenset({"0.0.0.0", "::", "[::]"})  # noqa: S104  compared, not bound
ALL_SOURCES: Final = TokenSources()


def make_app(coordinator: Coordinator) -> "LiveGuard":
    """Return the application of an open coordinator."""
    services = coordinator.services

    def make() -> App:
        # Imported here because it takes a third of the start, and the first tool call does not need it.
        from coordinator.api import make_api

        api = cast("App", make_api(services))  # the same protocol, in narrower words
        return Pages(files.STATIC, api)

    discovery, webhooks = Discovery(coordinator.refusals), services.durable.webhooks
    front = Front(services.endpoint, services.install_endpoints.find, discovery, webhooks, LateApp(make))
    return LiveGuard(front, services.live)


class LateApp:
    """An application that is made in a thread when it is first needed."""

    def __init__(self, make: Callable[[], App]) -> None:
        self._make = make
        self._made: asyncio.Future[App] | None = None

    async def made(self) -> App:
        """Return the application; whoever comes first has it made."""
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        return await asyncio.shield(self._made)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = await self.made()
        await app(scope, receive, send)


class Front:
    """Sends a request to the part that answers its path.  `sources` are the ways in which `/mcp` takes a token."""

    def __init__(
        self, mcp: App, install: Callable[[str], App | None], discovery: App, webhooks: App, api: LateApp
    ) -> None:
        self.sources = ALL_SOURCES
        self._mcp = mcp
        self._install = install
        self._discovery = discovery
        self._webhooks = webhooks
        self.api = api

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on.  Not a coroutine of its own: a layer costs with every call."""
        path = scope.get("path", "")
        if path in MCP_PATHS:
            return self._answer(self._mcp, scope, receive, send)
        if Discovery.handles(path):
            return self._discovery(scope, receive, send)
        if (install := self._install(path)) is not None:
            return self._answer(install, scope, receive, send)
        if Webhooks.handles(path):
            return self._webhooks(scope, receive, send)
        return self.api(scope, receive, send)

    def _answer(self, mcp: App, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self.sources is not ALL_SOURCES:
            _hide_tokens(scope, self.sources)
        return mcp(scope, receive, send)


class LiveGuard:
    """The guard, made anew when the settings that it depends on change."""

    def __init__(self, front: Front, live: LiveSettings) -> None:
        self._front = front
        self._live = live
        self._apply(live.current)

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Guard one request under the settings in force."""
        if self._live.current is not self._seen:
            self._apply(self._live.current)
        return self._guard(scope, receive, send)

    async def warm_up(self) -> None:
        """Make what is not needed for the first call but soon after it."""
        await self._front.api.made()

    def _apply(self, settings: Settings) -> None:
        self._seen = settings
        self._guard = Guard(self._front, guard_options(settings))
        sources = TokenSources(api_key_header=settings.token_in_api_key_header, query=settings.token_in_query)
        self._front.sources = ALL_SOURCES if sources == ALL_SOURCES else sources


def guard_options(settings: Settings) -> GuardOptions:
    """Return under which names this server is reached: its own, its public one, and those of the settings."""
    hosts, origins = [*settings.allowed_hosts], [*settings.allowed_origins]
    if settings.host not in WILDCARDS and not settings.is_local:
        host = settings.host.strip("[]")
        hosts.append(f"[{host}]" if ":" in host else host)
    if settings.public_url:
        parts = urlsplit(settings.public_url)
        hosts.append(parts.netloc)
        origins.append(f"{parts.scheme}://{parts.netloc}")
    return GuardOptions(
        allowed_hosts=tuple(hosts),
        allowed_origins=tuple(origins),
        ip_hosts=not settings.is_local,
        # Whoever speaks of a proxy in the settings and yet switches tokens off has decided so.
        unproxied=not settings.require_auth and not settings.is_forwarded,
    )


def _hide_tokens(scope: Scope, sources: TokenSources) -> None:
    """Take away a token that came in a way that is switched off."""
    if not sources.query:
        take_query_token(scope)
        scope[QUERY_TOKEN_KEY] = ""
    if not sources.api_key_header:
        folded_headers(scope).pop(b"x-api-key", None)
