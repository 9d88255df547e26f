"""Let a request pass only if its Host and Origin are ours: ASGI middleware in front of every route.

A page on another site can send requests to this server, and with DNS rebinding even read the answers; the names in
Host and Origin tell such requests apart.  This is the only place that decides it, and the only one that sets CORS
and security headers.  Source: MCP transports, Security Warning; Fetch standard, CORS protocol.
"""

import ipaddress
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
from msgspec import Struct

from coordinator.access.presented import folded_headers, take_query_token

log = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[0-9a-z._-]+)(?::(?P<port>[0-9]{1,5}))?")
MAX_REMEMBERED = 1000
PREFLIGHT_SECONDS = b"600"
PROXY_HEADERS = frozenset({b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"})
"""What proxies add; programs that reach the server directly send none of it."""

CROSS_ORIGIN_PATHS = ("/mcp/", "/.well-known/")
"""Where, beside /mcp, scripts of other allowed origins may read answers: MCP clients that run in a browser."""
ALLOWED_METHODS = b"POST, GET, DELETE, OPTIONS"
ALLOWED_HEADERS = frozenset(
    b"authorization content-type accept x-api-key mcp-protocol-version mcp-method mcp-name mcp-session-id "
    b"last-event-id".split()
)
EXPOSED_HEADERS = b"mcp-session-id, www-authenticate, retry-after"
COMMON_HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
CONTENT_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    b"report-uri /api/csp-reports"
)
"""Nothing from elsewhere, nothing inline.  What is refused is reported to `coordinator.api.policy`."""
PAGE_HEADERS: tuple[Header, ...] = (
    *COMMON_HEADERS,
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_POLICY),
)
IMAGE_HEADERS: tuple[Header, ...] = (
    *PAGE_HEADERS[:-1],
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; sandbox"),
)
"""For icons of packs, which anybody may have made: SVG in which nothing runs and nothing is fetched."""


class GuardOptions(Struct, frozen=True, kw_only=True):
    """Under which names this server is reached.

    `allowed_hosts` are `name` (any port) or `name:port`; `allowed_origins` are `scheme://name[:port]`.  `loopback`
    adds this machine's own names.  `ip_hosts` lets requests address the server by a bare IP address, as health checks
    do: no site can make a browser send that but the server's own.  `unproxied` refuses what came through a proxy: where
    nobody is asked for a token because only this machine is let in, a proxy would let in everybody.
    """

    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    loopback: bool = True
    ip_hosts: bool = False
    unproxied: bool = False


class Guard:
    """The middleware."""

    def __init__(self, app: App, options: GuardOptions) -> None:
        self._app = app
        self._options = options
        self._unproxied = options.unproxied
        self._hosts = frozenset(host.lower() for host in options.allowed_hosts)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in options.allowed_origins)
        self._good_hosts: set[bytes] = set()
        self._reported: set[bytes] = set()
        self._has_reported_proxy = False

    def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, or refuse it.  Not a coroutine of its own: a layer costs with every call."""
        if scope["type"] == "lifespan":
            return self._app(scope, receive, send)
        headers = folded_headers(scope)
        if scope.get("query_string"):
            take_query_token(scope)
        host = headers.get(b"host", b"")
        origin = headers.get(b"origin")
        if host not in self._good_hosts and not self._is_good_host(host):
            self._report("Host", host, "allowed_hosts")
            return _refuse(scope, send, 421, "host_not_allowed", HOST_REFUSED)
        if self._unproxied and not headers.keys().isdisjoint(PROXY_HEADERS) and not has_own_proof(scope["path"]):
            self._report_proxy()
            return _refuse(scope, send, 403, "proxy_not_expected", PROXY_REFUSED)
        if origin is None:
            return self._app(scope, receive, _adding(send, _hardening(scope)))
        if not self._is_good_origin(origin, host, scope["path"]):
            self._report("Origin", origin, "allowed_origins")
            return _refuse(scope, send, 403, "origin_not_allowed", ORIGIN_REFUSED)
        if is_cross_origin_path(scope["path"]):
            return self._answer_script(scope, receive, send, headers, origin)
        return self._app(scope, receive, _adding(send, _hardening(scope)))

    async def _answer_script(
        self,
        scope: MutableMapping[str, Any],
        receive: Receive,
        send: Send,
        headers: dict[bytes, bytes],
        origin: bytes,
    ) -> None:
        cors = ((b"access-control-allow-origin", origin), (b"vary", b"origin"))
        if scope.get("method") == "OPTIONS" and b"access-control-request-method" in headers:
            await _answer_preflight(send, headers, cors)
            return
        exposed = (b"access-control-expose-headers", EXPOSED_HEADERS)
        await self._app(scope, receive, _adding(send, (*_hardening(scope), *cors, exposed)))

    def _is_good_host(self, host: bytes) -> bool:
        good = self._names_us(host)
        if good and len(self._good_hosts) < MAX_REMEMBERED:
            self._good_hosts.add(host)
        return good

    def _names_us(self, host: bytes) -> bool:
        text = host.decode("latin-1").lower()
        match = HOST.fullmatch(text)
        if match is None:
            return False
        name = match["name"]
        return (
            text in self._hosts
            or name in self._hosts
            or (self._options.loopback and name in LOOPBACK_NAMES)
            or (self._options.ip_hosts and _is_ip(name))
        )

    def _is_good_origin(self, origin: bytes, host: bytes, path: str) -> bool:
        """Whether a page of this origin may ask for the path.

        Pages that other servers on this machine show may speak MCP, as inspectors do, but not control the server.
        """
        text = origin.decode("latin-1").lower()
        if text in self._origins:
            return True
        scheme, separator, authority = text.partition("://")
        if not separator or scheme not in ("http", "https"):
            return False
        match = HOST.fullmatch(authority)
        if match is None:
            return False
        is_local = self._options.loopback and match["name"] in LOOPBACK_NAMES
        return (is_local and is_cross_origin_path(path)) or authority == host.decode("latin-1").lower()

    def _report(self, header: str, value: bytes, setting: str) -> None:
        """Log each refused name once: who runs a reverse proxy must be able to see why it fails."""
        if value not in self._reported and len(self._reported) < MAX_REMEMBERED:
            self._reported.add(value)
            log.warning(
                "refused a request with %s %r; if that is this server, add it to %s",
                header,
                value.decode("latin-1")[:200],
                setting,
            )

    def _report_proxy(self) -> None:
        """Log once that somebody reaches this server from elsewhere."""
        if not self._has_reported_proxy:
            self._has_reported_proxy = True
            log.warning("refused a request that came through a proxy. %s", PROXY_REFUSED)


HOST_REFUSED = "This server does not answer under that host name. Its operator can add the name to allowed_hosts."
ORIGIN_REFUSED = "Pages of that origin may not use this server. Its operator can add it to allowed_origins."
PROXY_REFUSED = (
    "A proxy sent this request on, but this server asks nobody for a token, because only its own machine should reach "
    "it. Its operator can set require_auth=true, or name the proxy in trusted_proxies or its address in public_url, "
    "which turns that on."
)


def is_cross_origin_path(path: str) -> bool:
    """Whether scripts of other allowed origins may read what this path answers."""
    return path == "/mcp" or path.startswith(CROSS_ORIGIN_PATHS)


def has_own_proof(path: str) -> bool:
    """Whether a path is of webhooks, which say themselves what a sender has to show, and are meant for others."""
    return path.startswith("/hooks/")


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _hardening(scope: MutableMapping[str, Any]) -> tuple[Header, ...]:
    path: str = scope["path"]
    if path.startswith("/mcp"):
        return COMMON_HEADERS
    return IMAGE_HEADERS if path.startswith("/api/packs/") and path.endswith("/icon") else PAGE_HEADERS


def _adding(send: Send, extra: tuple[Header, ...]) -> Send:
    def send_with_headers(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *extra]
        return send(message)

    return send_with_headers


async def _answer_preflight(send: Send, headers: dict[bytes, bytes], cors: tuple[Header, ...]) -> None:
    asked = [name.strip().lower() for name in headers.get(b"access-control-request-headers", b"").split(b",")]
    allowed = [name for name in asked if name in ALLOWED_HEADERS or name.startswith(b"mcp-param-")]
    answer = [
        *cors,
        (b"access-control-allow-methods", ALLOWED_METHODS),
        (b"access-control-allow-headers", b", ".join(allowed)),
        (b"access-control-max-age", PREFLIGHT_SECONDS),
        (b"content-length", b"0"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": answer})
    await send({"type": "http.response.body", "body": b""})


async def _refuse(scope: MutableMapping[str, Any], send: Send, status: int, code: str, detail: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    title = code.replace("_", " ").capitalize()
    body = msgspec.json.encode({"title": title, "status": status, "code": code, "detail": detail})
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        *COMMON_HEADERS,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
