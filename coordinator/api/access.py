"""Decide who may use `/api`.  Everything under it is closed unless this guard lets the caller in.

While authentication is off, which is possible on loopback only, everybody may.  Otherwise a token with the scope
`admin`, or the key that the command line of the same user finds in the data directory.  A handler with
`opt={"access": "caller"}` lets in every valid token, and looks itself at what the token may do.
The token comes as `Authorization: Bearer` or `X-API-Key`; never in the URL, never in a cookie.
"""

from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from coordinator.access.presented import TokenSources, presented_token
from coordinator.access.principal import Principal, Refusal
from coordinator.api.errors import Unauthorized
from coordinator.services import Services
from flows.errors import NotAllowed

ACCESS: Final = "access"
CALLER: Final = "caller"
PRINCIPAL_KEY: Final = "headrace.principal"


def lets_in(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let the request pass, or raise Unauthorized or NotAllowed."""
    services: Services = connection.app.state.services
    principal = _principal(connection, services)
    is_open = not services.settings.require_auth and not principal.caller.token_id
    if not (principal.is_admin or is_open or handler.opt.get(ACCESS) == CALLER):
        raise NotAllowed(
            f"The token {principal.caller.name!r} may call tools, but not use this part of the API.",
            fix="Use a token that was made with `headrace token create --admin`.",
        )
    connection.scope["state"][PRINCIPAL_KEY] = principal


def principal_of(request: Request[Any, Any, Any]) -> Principal:
    """Return who calls; `lets_in` came before."""
    principal: Principal = request.scope["state"][PRINCIPAL_KEY]
    return principal


def author_of(principal: Principal) -> str:
    """Name the caller for the record of a change."""
    return principal.caller.name


def _principal(connection: ASGIConnection[Any, Any, Any, Any], services: Services) -> Principal:
    scope: Any = connection.scope
    sources = TokenSources(api_key_header=services.settings.token_in_api_key_header, query=False)
    address = connection.client.host if connection.client else ""
    client = connection.headers.get("user-agent", "")[:200]
    found = services.tokens.identify(presented_token(scope, sources), address, client)
    if isinstance(found, Refusal):
        raise Unauthorized(found.reason)
    return found
