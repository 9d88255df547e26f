"""Decide who may use `/api`.  Everything under it is closed unless this guard lets the caller in.

    a token      `Authorization: Bearer` or `X-API-Key`, never in the URL; with the scope `admin`, or the key that the
                 command line of the same user finds in the data directory.  It always wins.
    a session    the cookie of somebody who signed in to the pages, with every right of the owner.  Whatever changes
                 something brings the session's CSRF token in a header too, because browsers send cookies by themselves.
    nothing      while everything is open: on loopback, without authentication, before there is an account.

A handler with `opt={"access": "caller"}` lets in whom `/mcp` would let in, and looks itself at what they may do.  One
with `opt={"access": "owner"}` wants the person: a session, the key of the same user, or an open server.
"""

from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler

from coordinator.access.presented import TokenSources, presented_token
from coordinator.access.principal import Principal, Refusal
from coordinator.access.tokens import LOCAL_ID, NO_TOKEN
from coordinator.account.sessions import Session, Visitor, is_csrf_token
from coordinator.api.bodies import JSON_TYPE, has_body, is_json
from coordinator.api.cookies import session_key
from coordinator.api.errors import Unauthorized
from coordinator.services import Services
from flows.errors import NotAllowed
from flows.runs import Caller

ACCESS: Final = "access"
ADMIN: Final = "admin"
"""What a handler wants unless it says something else."""
CALLER: Final = "caller"
OWNER: Final = "owner"
PRINCIPAL_KEY: Final = "headrace.principal"
CSRF_HEADER: Final = "X-CSRF-Token"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

Connection = ASGIConnection[Any, Any, Any, Any]


class ForgedRequest(NotAllowed):
    """A change that a session should make does not carry the session's CSRF token."""

    code = "csrf"


def lets_in(connection: Connection, handler: BaseRouteHandler) -> None:
    """Let the request pass, or raise Unauthorized or NotAllowed."""
    services: Services = connection.app.state.services
    wanted = handler.opt.get(ACCESS)
    principal = by_token(connection, services)
    if principal is not None:
        if not (principal.is_admin or wanted == CALLER):
            raise NotAllowed(
                f"The token {principal.caller.name!r} may call tools, but not use this part of the API.",
                fix="Use a token that was made with `headrace token create --admin`.",
            )
        if wanted == OWNER and not is_same_user(principal):
            raise NotAllowed("Tokens do not reach the account.", fix="Sign in, or use `headrace account`.")
    else:
        principal = _by_session(connection, services) or _nobody(connection, services, wanted)
    connection.scope["state"][PRINCIPAL_KEY] = principal


def principal_of(request: Request[Any, Any, Any]) -> Principal:
    """Return who calls; `lets_in` came before."""
    principal: Principal = request.scope["state"][PRINCIPAL_KEY]
    return principal


def author_of(principal: Principal) -> str:
    """Name the caller for the record of a change."""
    return principal.caller.name


def visitor_of(connection: Connection) -> Visitor:
    """Return who is at the other end."""
    address = connection.client.host if connection.client else ""
    return Visitor(address=address, client=connection.headers.get("user-agent", "")[:200])


def by_token(connection: Connection, services: Services) -> Principal | None:
    """Return whose token the request brings; None when it brings none.  Raises Unauthorized."""
    scope: Any = connection.scope
    sources = TokenSources(api_key_header=services.settings.token_in_api_key_header, query=False)
    raw = presented_token(scope, sources)
    if raw is None:
        return None
    visitor = visitor_of(connection)
    found = services.tokens.identify(raw, visitor.address, visitor.client)
    if isinstance(found, Refusal):
        raise Unauthorized(found.reason)
    return found


def is_same_user(principal: Principal) -> bool:
    """Whether the caller brought the key that only the user can read who runs the server."""
    return principal.caller.token_id == LOCAL_ID


def session_of(connection: Connection, services: Services) -> tuple[str, Session] | None:
    """Return the session whose cookie the request brings, with its key."""
    key = session_key(connection, services)
    session = services.owner.sessions.find(key)
    return None if session is None else (key, session)


def require_csrf_token(connection: Connection, key: str) -> None:
    """Raise ForgedRequest unless the request comes from a script that knows the session's CSRF token."""
    if not is_csrf_token(connection.headers.get(CSRF_HEADER, ""), key):
        raise ForgedRequest(f"The header {CSRF_HEADER} is not that of this session.", fix="Reload the page.")


def is_still_let_in(connection: Connection, services: Services) -> bool:
    """Whether who was let in would be let in again: for answers that last."""
    try:
        if by_token(connection, services) is not None:
            return True
    except Unauthorized:
        return False
    return services.is_open or services.owner.sessions.is_alive(session_key(connection, services))


def _by_session(connection: Connection, services: Services) -> Principal | None:
    found = session_of(connection, services)
    if found is None:
        return None
    key, session = found
    if connection.scope.get("method") not in SAFE_METHODS:
        require_csrf_token(connection, key)
    return _person(connection, session.account, is_admin=True)


def _nobody(connection: Connection, services: Services, wanted: str | None) -> Principal:
    is_caller = wanted == CALLER and not services.settings.require_auth
    if not (services.is_open or is_caller):
        raise Unauthorized(NO_TOKEN.reason if services.owner.name is None else "Sign in, or send an admin token.")
    is_told = has_body(connection) or is_json(connection) or CSRF_HEADER in connection.headers
    if connection.scope.get("method") == "POST" and not is_told:
        # The one kind of change that a browser sends for another site without asking, and no body to be looked at.
        raise HTTPException(status_code=415, detail=f"Without a token or a body, the Content-Type is {JSON_TYPE} too.")
    return _person(connection, "anonymous", is_admin=services.is_open)


def _person(connection: Connection, name: str, *, is_admin: bool) -> Principal:
    visitor = visitor_of(connection)
    return Principal(caller=Caller(name=name, address=visitor.address, client=visitor.client), is_admin=is_admin)
