"""`/oauth/start` and `/oauth/callback`: where a browser passes on its way to an OAuth provider and back.

Open, because a browser brings no token: what counts are the ticket of `/api/connections/{name}/oauth/start`, and then
the cookie and the state, each of which works once.
"""

from typing import Any, Final

from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.params import FromQuery

from coordinator.api.given import GivenServices
from coordinator.connections.sign_in import CALLBACK_PATH, SIGN_IN_SECONDS, START_PATH, SignInFailed
from coordinator.services import Services
from flows.errors import HeadraceError, StepError

COOKIE: Final = "headrace_sign_in"
SECURE_COOKIE: Final = f"__Host-{COOKIE}"
"""Browsers take it only over https, and only from this host."""


@get(START_PATH, operation_id="beginSignIn", include_in_schema=False)
async def begin_sign_in(services: GivenServices, ticket: FromQuery[str] = "") -> Response[str]:
    """Send a browser to the provider."""
    try:
        departure = await services.sign_ins.begin(ticket)
    except HeadraceError as error:
        return _page(str(error), 400)
    response = _page("", 302)
    response.headers["Location"] = departure.url
    response.set_cookie(_cookie(services, departure.cookie, SIGN_IN_SECONDS))
    return response


@get(CALLBACK_PATH, operation_id="finishSignIn", include_in_schema=False)
async def finish_sign_in(request: Request[Any, Any, Any], services: GivenServices) -> Response[str]:
    """Take a browser back from the provider."""
    state, code, error = (request.query_params.get(name, "") for name in ("state", "code", "error"))
    cookie = request.cookies.get(_cookie_name(services), "")
    try:
        name = await services.sign_ins.finish(state, cookie, code, error)
        response = _page(f"The connection {name!r} is signed in. You can close this window.", 200)
    except (SignInFailed, StepError) as failure:
        response = _page(str(failure), 400 if isinstance(failure, SignInFailed) else 502)
    response.set_cookie(_cookie(services, "", 0))
    return response


def _page(text: str, status: int) -> Response[str]:
    headers = {"Cache-Control": "no-store"}
    return Response(text and f"{text}\n", status_code=status, media_type="text/plain", headers=headers)


def _is_secure(services: Services) -> bool:
    return services.base_url.startswith("https:")


def _cookie_name(services: Services) -> str:
    return SECURE_COOKIE if _is_secure(services) else COOKIE


def _cookie(services: Services, value: str, seconds: int) -> Cookie:
    return Cookie(
        key=_cookie_name(services),
        value=value,
        max_age=seconds,
        path="/",
        httponly=True,
        secure=_is_secure(services),
        samesite="lax",  # the provider sends the browser back from another site
    )
