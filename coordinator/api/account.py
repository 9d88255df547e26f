"""`/api/session` and `/api/account`: sign in to the pages, sign out, and look after the owner's account.

The `ENTRANCE` is open, because whoever comes there has no session yet: what counts is the password, or the code.
"""

from typing import Annotated, Any, Final, Literal

from litestar import Request, Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import RequestBody
from msgspec import Meta, Struct

from coordinator.account.owner import SignedIn
from coordinator.account.passwords import MIN_LENGTH
from coordinator.account.sessions import LONGEST_SECONDS, Session, csrf_token
from coordinator.api.access import (
    ACCESS,
    CSRF_HEADER,
    OWNER,
    by_token,
    is_same_user,
    require_csrf_token,
    session_of,
    visitor_of,
)
from coordinator.api.cookies import is_encrypted, session_cookie, session_key
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.services import OPEN_PAGES, Services
from coordinator.version import VERSION

SessionState = Literal["open", "account_needed", "signed_out", "signed_in"]

GivenRequest = Request[Any, Any, Any]
Password = Annotated[str, Meta(description="The password.", max_length=4096)]

NOTICES: Final[dict[SessionState, str]] = {
    "open": OPEN_PAGES,
    "account_needed": "Make the account of the owner. The code for it stands in the log of the server.",
    "signed_out": "",
    "signed_in": "",
}
OPEN_CSRF_TOKEN: Final = "open"  # noqa: S105  no secret
"""While everything is open there is no session; that the header is there says that no other site sent the request."""
NOT_ENCRYPTED: Final = (
    "This connection is not encrypted: whoever is on the way can read the password. Put a proxy with TLS in front of "
    "the server, and set public_url."
)


class SessionOut(Struct, frozen=True, kw_only=True):
    """Who looks at the pages."""

    state: Annotated[
        SessionState,
        Meta(
            description="`open`: everybody on this machine may do everything. `account_needed`: the owner's account is "
            "to be made. `signed_out`: sign in first. `signed_in`: all is well."
        ),
    ]
    name: Annotated[str, Meta(description="The name of the account; empty unless signed in.")]
    csrf_token: Annotated[str, Meta(description="What every change brings in `csrf_header`; empty if nobody is in.")]
    csrf_header: Annotated[str, Meta(description="The name of that header.")]
    needs_code: Annotated[bool, Meta(description="Whether making the account takes the code of the log.")]
    min_password: Annotated[int, Meta(description="How many characters a new password has at least.")]
    notices: Annotated[list[str], Meta(description="What the person should know, in sentences.")]
    version: Annotated[str, Meta(description="Of the server; empty unless the pages are open or signed in.")]


class LoginIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sign-in."""

    name: Annotated[str, Meta(description="The name of the account.", max_length=1000)]
    password: Password


class AccountIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account to make."""

    password: Password
    name: Annotated[str, Meta(description="What you sign in with, and what your changes are marked with.")] = "owner"
    code: Annotated[str, Meta(description="The code of the server's log.", max_length=100)] = ""


class PasswordIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password."""

    password: Password
    current: Annotated[str, Meta(description="The password until now.", max_length=4096)] = ""


class AccountOut(Struct, frozen=True, kw_only=True):
    """The account."""

    name: Annotated[str | None, Meta(description="Its name; null while there is none.")]
    sessions: Annotated[list[Session], Meta(description="Where somebody is signed in, the last used first.")]


class EndedOut(Struct, frozen=True, kw_only=True):
    """How many sessions ended."""

    ended: Annotated[int, Meta(description="How many.")]


@get("/session", operation_id="getSession", tags=["account"], sync_to_thread=False)
def get_session(request: GivenRequest, services: GivenServices) -> SessionOut:
    """Say who looks at the pages, and what is to be done before they show anything."""
    shown = _session_out(request, services)
    if shown.state == "account_needed":
        services.owner.tell_code(services.base_url)
    return shown


@post("/session/login", operation_id="signIn", tags=["account"], status_code=200)
async def sign_in(request: GivenRequest, services: GivenServices, data: RequestBody[LoginIn]) -> Response[SessionOut]:
    """Sign in: the answer brings the cookie of a new session, and its CSRF token."""
    old = session_key(request, services)
    begun = await services.owner.sign_in(data.name, data.password, visitor_of(request), old_key=old)
    return _signed_in(request, services, begun)


@post("/session/logout", operation_id="signOut", tags=["account"], status_code=200)
async def sign_out(request: GivenRequest, services: GivenServices) -> Response[SessionOut]:
    """End this session, and take the cookie away."""
    found = session_of(request, services)
    if found is not None:
        require_csrf_token(request, found[0])
        await services.owner.sign_out(found[0])
    response = Response(_session_out(request, services, is_over=True))
    response.set_cookie(session_cookie(request, services, "", 0))
    return response


@post("/account/create", operation_id="createAccount", tags=["account"], status_code=201)
async def create_account(
    request: GivenRequest, services: GivenServices, data: RequestBody[AccountIn]
) -> Response[SessionOut]:
    """Make the owner's account, once, and sign in to it; the command line of the same user makes it only."""
    caller = by_token(request, services)
    is_cli = caller is not None and is_same_user(caller)
    visitor = visitor_of(request)
    await services.owner.create(
        data.name, data.password, visitor, code=data.code, is_trusted=is_cli or services.is_open
    )
    if is_cli:
        return Response(_session_out(request, services), status_code=201)
    return _signed_in(request, services, await services.owner.begin_session(visitor), 201)


@get("/account", operation_id="getAccount", tags=["account"], opt={ACCESS: OWNER}, sync_to_thread=False)
def get_account(services: GivenServices) -> AccountOut:
    """Show the account, and where somebody is signed in."""
    return _account_out(services)


@put("/account/password", operation_id="changePassword", tags=["account"], opt={ACCESS: OWNER})
async def change_password(
    request: GivenRequest, services: GivenServices, principal: GivenPrincipal, data: RequestBody[PasswordIn]
) -> AccountOut:
    """Change the password; all other sessions end.  The command line of the same user need not know the old one."""
    await services.owner.change_password(
        data.password,
        visitor_of(request),
        current=data.current,
        is_trusted=is_same_user(principal),
        key=session_key(request, services),
    )
    return _account_out(services)


@post("/account/logout-all", operation_id="signOutEverywhere", tags=["account"], opt={ACCESS: OWNER}, status_code=200)
async def sign_out_everywhere(services: GivenServices) -> EndedOut:
    """End all sessions, this one too: whoever is signed in anywhere has to sign in again."""
    return EndedOut(ended=await services.owner.sign_out_everywhere())


ENTRANCE: Final[tuple[HTTPRouteHandler, ...]] = (get_session, sign_in, sign_out, create_account)
"""What is open under `/api`."""


def _account_out(services: Services) -> AccountOut:
    return AccountOut(name=services.owner.name, sessions=services.owner.sessions.list())


def _signed_in(request: GivenRequest, services: Services, begun: SignedIn, status: int = 200) -> Response[SessionOut]:
    shown = _shown(request, services, "signed_in", begun.session.account, csrf_token(begun.key))
    response = Response(shown, status_code=status)
    response.set_cookie(session_cookie(request, services, begun.key, LONGEST_SECONDS))
    return response


def _session_out(request: GivenRequest, services: Services, *, is_over: bool = False) -> SessionOut:
    found = None if is_over else session_of(request, services)
    if found is not None:
        key, session = found
        return _shown(request, services, "signed_in", session.account, csrf_token(key))
    if services.is_open:
        return _shown(request, services, "open")
    return _shown(request, services, "account_needed" if services.needs_account else "signed_out")


def _shown(
    request: GivenRequest, services: Services, state: SessionState, name: str = "", csrf: str = ""
) -> SessionOut:
    is_in = state in ("open", "signed_in")
    notices = [NOTICES[state]] if NOTICES[state] else []
    if not is_encrypted(request, services) and not services.settings.is_local:
        notices.append(NOT_ENCRYPTED)
    return SessionOut(
        state=state,
        name=name,
        csrf_token=csrf or OPEN_CSRF_TOKEN if is_in else "",
        csrf_header=CSRF_HEADER,
        needs_code=state == "account_needed",
        min_password=MIN_LENGTH,
        notices=notices,
        version=VERSION if is_in else "",
    )
