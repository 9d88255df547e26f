"""Answer the requests that need no run: handshakes, discovery, lists.

Each method is a function from a route and a principal to an encoded result, or to an HttpError.  A new one is a line in
`Methods.legacy` or `Methods.modern`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Raw, Struct

from coordinator.access.principal import Principal
from coordinator.mcp.envelope import encode
from coordinator.mcp.headers import param_problem
from coordinator.mcp.ladder import Headers, HttpError, Route, failure
from coordinator.mcp.protocol import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    LEGACY,
    LOG_LEVELS,
    META_SERVER_INFO,
    NEWEST_LEGACY,
    SUPPORTED,
    TOOLS_TTL_MS,
)
from coordinator.toolset import Tool, Toolset

Result = Raw | HttpError
Method = Callable[[Route, Principal], Result]

CALL_TOOL = "tools/call"
LISTEN = "subscriptions/listen"
EMPTY_RESULT = Raw(b"{}")


class ServerIdentity(Struct, frozen=True, kw_only=True):
    """How this server introduces itself."""

    name: str = "headrace"
    version: str = "0"
    title: str = "Headrace"
    instructions: str = ""


class Methods:
    """The methods of both eras over one tool set.  Nothing here is rendered twice."""

    def __init__(self, identity: ServerIdentity, toolset: Callable[[], Toolset]) -> None:
        self._toolset = toolset
        self._handshakes = {revision: Raw(encode(_handshake(identity, revision))) for revision in LEGACY}
        self._discovery = _discovery(identity)
        self.server_meta = Raw(encode({META_SERVER_INFO: _implementation(identity)}))
        self.legacy: Mapping[str, Method] = {
            "initialize": self._initialize,
            "ping": _nothing,
            "logging/setLevel": _set_level,
            "tools/list": self._list_tools,
        }
        self.modern: Mapping[str, Method] = {
            "server/discover": self._discover,
            "tools/list": self._list_tools,
        }
        self.names: Mapping[str, frozenset[str]] = {
            "legacy": frozenset({*self.legacy, CALL_TOOL}),
            "modern": frozenset({*self.modern, CALL_TOOL, LISTEN}),
        }

    def answer(self, route: Route, principal: Principal) -> Result:
        """Return the result of a request whose method the ladder has let pass."""
        methods = self.modern if route.is_modern else self.legacy
        return methods[route.method](route, principal)

    def find_call(
        self, route: Route, principal: Principal, headers: Headers
    ) -> tuple[Tool, dict[str, Any]] | HttpError:
        """Return the tool and the arguments of a `tools/call`."""
        params = route.params
        name = params.get("name")
        if not isinstance(name, str):
            return failure(route, INVALID_PARAMS, "params.name is missing; it is the name of a tool.")
        args = params.get("arguments")
        if args is None:
            args = {}
        elif not isinstance(args, dict):
            return failure(route, INVALID_PARAMS, "params.arguments is an object.")
        tool = self._toolset().view(principal.tools).tools.get(name)
        if tool is None:
            return failure(route, INVALID_PARAMS, f"There is no tool {name[:128]!r}. List the tools again.")
        if tool.header_params and route.is_modern:
            mismatch = param_problem(tool.header_params, args, headers)
            if mismatch is not None:
                return failure(route, HEADER_MISMATCH, mismatch)
        return tool, args

    def _initialize(self, route: Route, _principal: Principal) -> Result:
        asked = route.params.get("protocolVersion")
        # Also for a revision without handshake: an error makes clients try the same again, an older one they accept.
        known = asked if isinstance(asked, str) and asked in self._handshakes else NEWEST_LEGACY
        return self._handshakes[known]

    def _discover(self, _route: Route, principal: Principal) -> Result:
        return Raw(b"{" + self._discovery + self._cache_members(principal) + b"}")

    def _list_tools(self, route: Route, principal: Principal) -> Result:
        cursor = route.params.get("cursor")
        if cursor is not None and not (isinstance(cursor, str) and cursor):
            return failure(route, INVALID_PARAMS, "params.cursor is a nextCursor of an earlier page.")
        page = self._toolset().view(principal.tools).listing(route.revision, cursor or "")
        if page is None:
            return failure(route, INVALID_PARAMS, "params.cursor is a nextCursor of an earlier page.")
        if route.is_modern:
            page += self._cache_members(principal)
        return Raw(b"{" + page + b"}")

    def _cache_members(self, principal: Principal) -> bytes:
        """Return the members of a modern result that may be cached; what depends on a token is private."""
        scope = b"private" if principal.tools or principal.caller.token_id else b"public"
        return b',"resultType":"complete","ttlMs":%d,"cacheScope":"%s","_meta":%s' % (
            TOOLS_TTL_MS,
            scope,
            bytes(self.server_meta),
        )


def _nothing(_route: Route, _principal: Principal) -> Result:
    return EMPTY_RESULT


def _set_level(route: Route, _principal: Principal) -> Result:
    if route.params.get("level") not in LOG_LEVELS:
        return failure(route, INVALID_PARAMS, f"params.level is one of: {', '.join(LOG_LEVELS)}.")
    return EMPTY_RESULT


def _handshake(identity: ServerIdentity, revision: str) -> dict[str, Any]:
    # Changes of the list are told on the stream of a GET, which this server does not keep: so none are promised.
    result = {
        "protocolVersion": revision,
        "capabilities": {"tools": {}, "logging": {}},
        "serverInfo": _implementation(identity, with_title=revision >= "2025-06-18"),
    }
    return result | ({"instructions": identity.instructions} if identity.instructions else {})


def _discovery(identity: ServerIdentity) -> bytes:
    result = {
        "supportedVersions": list(SUPPORTED),
        "capabilities": {"tools": {"listChanged": True}, "logging": {}},
    }
    if identity.instructions:
        result["instructions"] = identity.instructions
    return encode(result)[1:-1]


def _implementation(identity: ServerIdentity, *, with_title: bool = True) -> dict[str, str]:
    named = {"name": identity.name, "version": identity.version}
    return named | ({"title": identity.title} if with_title and identity.title else {})
