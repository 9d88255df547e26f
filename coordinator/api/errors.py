"""Turn every error into `application/problem+json`: a code, a title, what happened, what to do.  Source: RFC 9457."""

import logging
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import Meta, Struct

from coordinator.api.expected import expected
from coordinator.catalog.catalog import NotPublished
from coordinator.connections.sign_in import SignInFailed
from coordinator.db.engine import DatabaseUnusable
from coordinator.packs.sources import PackUnavailable
from coordinator.settings_sources import SettingsInvalid
from coordinator.vault.keys import SecretUnreadable, VaultKeyInvalid
from flows.errors import (
    Busy,
    Conflict,
    ConnectionLost,
    FlowInvalid,
    HeadraceError,
    InputRejected,
    NotAllowed,
    NotFound,
    RunCancelled,
    RunTimeout,
    StepError,
)
from flows.problems import Problem

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"


class Unauthorized(NotAllowed):
    """Nobody said who calls, or the token is not valid."""

    code = "unauthorized"


STATUS: Final[Mapping[type[HeadraceError], int]] = {
    HeadraceError: 500,
    FlowInvalid: 422,
    InputRejected: 400,
    StepError: 502,
    ConnectionLost: 502,
    RunTimeout: 504,
    RunCancelled: 499,
    NotAllowed: 403,
    Unauthorized: 401,
    NotFound: 404,
    Conflict: 409,
    Busy: 429,
    DatabaseUnusable: 503,
    SettingsInvalid: 422,
    NotPublished: 500,
    PackUnavailable: 502,
    SignInFailed: 400,
    VaultKeyInvalid: 500,
    SecretUnreadable: 500,
}
"""The status of each error; a class that is not here has that of its nearest base."""

CODES_OF_HTTP: Final = {
    400: "invalid_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    415: "unsupported_media_type",
}
_INTERNAL: Final = "The server failed to answer. Its log has the details."


class ProblemOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error as REST tells it."""

    code: Annotated[str, Meta(description="What kind of error it is; stable.")]
    title: Annotated[str, Meta(description="The code in words.")]
    status: Annotated[int, Meta(description="The status of the response.")]
    detail: Annotated[str, Meta(description="What happened, and where.")]
    fix: Annotated[str, Meta(description="What to do.")] = ""
    problems: Annotated[Sequence[Problem], Meta(description="Everything that is wrong with a flow.")] = ()


def status_of(error: HeadraceError) -> int:
    """Return the status that an error has over HTTP."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def headrace_error(_request: Request[Any, Any, Any], error: HeadraceError) -> Response[ProblemOut]:
    """Answer with an error that is meant for users."""
    problems = error.problems if isinstance(error, FlowInvalid) else ()
    detail = f"The flow has {len(problems)} problems." if len(problems) > 1 else error.message
    headers = {}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = 'Bearer realm="headrace"'
    return problem(status_of(error), error.code, detail, fix=error.fix, problems=problems, headers=headers)


def http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[ProblemOut]:
    """Answer with an error of the framework: a path, a method or a value that does not fit."""
    code = CODES_OF_HTTP.get(error.status_code, "invalid_request" if error.status_code < 500 else "internal")
    detail = _validation_sentence(request, error) if isinstance(error, ValidationException) else error.detail
    if error.status_code == 404:
        detail = "There is nothing under this path. GET /api/openapi.json lists what there is."
    elif error.status_code >= 500:
        log.error("failed to answer", exc_info=error)
        detail = _INTERNAL
    return problem(error.status_code, code, detail, headers=dict(error.headers or {}))


def internal_error(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemOut]:
    """Answer after a mistake of ours, whose details belong into the log."""
    log.error("failed to answer %s %s", request.method, request.url.path, exc_info=error)
    return problem(500, "internal", _INTERNAL)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    fix: str = "",
    problems: Sequence[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[ProblemOut]:
    """Make the response."""
    title = code.replace("_", " ").replace("-", " ").replace(".", ": ").capitalize()
    content = ProblemOut(code=code, title=title, status=status, detail=detail, fix=fix, problems=problems)
    return Response(content, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


def _validation_sentence(request: Request[Any, Any, Any], error: ValidationException) -> str:
    """Say which value does not fit, and what would, from what the framework found."""
    found = error.extra if isinstance(error.extra, list) else []
    said = [_misfit(request, each) for each in found[:5]] or [f"{error.detail.partition(' for ')[0]}."]
    return " ".join(["The request does not fit.", *said])


def _misfit(request: Request[Any, Any, Any], found: Mapping[str, str]) -> str:
    key, message = found.get("key", ""), found.get("message", "")
    parameters = request.route_handler.parsed_fn_signature.parameters
    name = "data" if found.get("source") == "body" else key
    hint = ""
    if name in parameters:
        hint = expected(parameters[name].annotation, "" if key == name else key, message)
    return f"{key}: {message}. {hint}".removeprefix(": ").rstrip()


HANDLERS: Final[dict[int | type[Exception], Any]] = {
    HeadraceError: headrace_error,
    HTTPException: http_error,
    Exception: internal_error,
}
