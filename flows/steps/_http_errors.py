"""Word what went wrong with a request, for the author of the flow and for whoever called the tool.

A message names method, host and path.  It never shows the query or a header, which may hold keys.
"""

import os
import socket
import time
from collections.abc import Iterable
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp
from yarl import URL

from flows.errors import ConnectionLost, RunTimeout, StepError
from flows.network import AddressRefused
from flows.steps._http_client import Request

EXCERPT_CHARACTERS = 300
PATH_CHARACTERS = 120
SECRET_CHARACTERS = 8  # shorter header values are not taken for secrets
IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
RETRYABLE_STATUSES = frozenset({408, 425, 429})


def failed(error: Exception, request: Request) -> StepError:
    """Return the step's error for an exception of the client."""
    match error:
        case aiohttp.ClientConnectorError():
            return _not_connected(error, request)
        case aiohttp.ConnectionTimeoutError():
            return RunTimeout(
                f"{_host(request)} did not accept a connection within {request.connect_timeout:g} s.",
                fix="Check that the host is up, or raise `connect_timeout`.",
                retryable=True,
            )
        case aiohttp.SocketTimeoutError():
            return _timed_out(f"sent nothing for {request.read_timeout:g} s", "raise `read_timeout`", request)
        case TimeoutError():
            return _timed_out("did not answer in the time that the step has", "raise `timeout`", request)
        case aiohttp.InvalidURL():
            return StepError(
                f"{_what(request)} cannot be sent: the address is not valid.", code="bad_url", fix="Check `url`."
            )
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError() if "content-encoding" in str(error):
            fix = "Set the header `Accept-Encoding: identity`."
            return _unreadable("compressed in a way that cannot be read", fix, request)
        case aiohttp.ClientResponseError():  # its message quotes what came
            return _unreadable("not HTTP", "Check host and port in `url`.", request)
        case _:
            return _lost(request)


def _what(request: Request) -> str:
    """Return `GET api.example.com/v1/things`."""
    path = request.url.raw_path
    shown = path if len(path) <= PATH_CHARACTERS else f"{path[:PATH_CHARACTERS]}..."
    return f"{request.method} {request.url.raw_authority}{shown}"


def _host(request: Request) -> str:
    """Return `api.example.com:443`."""
    return f"{request.url.host_subcomponent}:{request.url.port}"


def _is_repeatable(request: Request) -> bool:
    """Tell whether sending it twice is like sending it once.  Source: RFC 9110, section 9.2.2."""
    return request.method in IDEMPOTENT or any(name.lower() == "idempotency-key" for name in request.headers)


def _not_connected(error: aiohttp.ClientConnectorError, request: Request) -> StepError:
    cause = getattr(error, "certificate_error", None) or error.os_error
    match cause:
        case AddressRefused():
            return cause.for_user(request.url.host_subcomponent or "", request.url.port or 0)
        case socket.gaierror(errno=number):
            return ConnectionLost(
                f"The name of {_host(request)} cannot be resolved.",
                fix="Check the host in `url`.",
                retryable=number == socket.EAI_AGAIN,
            )
    if isinstance(error, aiohttp.ClientSSLError):
        return StepError(
            f"No secure connection to {_host(request)}: {_reason_of_tls(cause)}.",
            code="tls_failed",
            fix="Check scheme and port in `url`, and the certificate of the host.",
        )
    reason = os.strerror(cause.errno) if cause.errno else str(cause)
    return ConnectionLost(f"Cannot connect to {_host(request)}: {reason}.", fix="Check that it is up, and the port.")


def _reason_of_tls(cause: BaseException) -> str:
    return str(getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or cause).rstrip(".")


def _timed_out(what: str, fix: str, request: Request) -> StepError:
    if _is_repeatable(request):
        return RunTimeout(f"{_what(request)} {what}.", fix=f"Try again, or {fix}.", retryable=True)
    return RunTimeout(f"{_what(request)} {what}; whether it was carried out is not known.", fix=_ONCE)


def _lost(request: Request) -> StepError:
    message = f"{_host(request)} closed the connection before it had answered {_what(request)}"
    if _is_repeatable(request):
        return ConnectionLost(f"{message}.", fix="Try again.")
    return ConnectionLost(f"{message}; whether it was carried out is not known.", fix=_ONCE, retryable=False)


_ONCE = "Look before you try again. With an `Idempotency-Key` header the step may be retried."


def _unreadable(what: str, fix: str, request: Request) -> StepError:
    return StepError(f"The answer to {_what(request)} is {what}.", code="bad_response", fix=fix)


def out_of_time(request: Request) -> StepError:
    """Return the error for a request that there is no time left to send."""
    return RunTimeout(f"No time was left to send {_what(request)}.", fix="Raise `timeout`.")


def bad_redirect(request: Request, status: int, problem: str) -> StepError:
    """Return the error for a redirect that leads nowhere we go."""
    return StepError(
        f"{_what(request)} answered {status_text(status)}, a redirect that is not followed: {problem}",
        code="bad_redirect",
        fix="Put the address that is meant into `url`.",
    )


def unfollowed_redirect(request: Request, status: int, target: URL, allowed: int) -> StepError:
    """Return the error for a redirect when no more may be followed."""
    message = f"{_what(request)} answered {status_text(status)}, a redirect to {str(target).partition('?')[0]}."
    if allowed:
        return StepError(
            f"{message} {allowed} were followed before it.",
            code="too_many_redirects",
            fix="Raise `follow_redirects`, or check for a circle.",
        )
    return StepError(
        message, code=f"http_{status}", fix="Set `follow_redirects: 1` to follow it, or put that address into `url`."
    )


def too_large(request: Request, limit: int) -> StepError:
    return StepError(
        f"The answer to {_what(request)} is larger than {limit:,} bytes.",
        code="response_too_large",
        fix="Ask for less, or raise `max_bytes`.",
    )


def not_json(request: Request, problem: str) -> StepError:
    return StepError(
        f"The answer to {_what(request)} should be JSON, but is not: {problem}.",
        code="bad_response",
        fix="Set `response: text` to take it as it is.",
    )


def unexpected_status(request: Request, response: aiohttp.ClientResponse, excerpt: str) -> StepError:
    """Return the error for a status that `ok` does not list."""
    status = response.status
    retryable = status in RETRYABLE_STATUSES or status >= 500
    return StepError(
        f"{_what(request)} answered {status_text(status)}{f': {excerpt}' if excerpt else '.'}",
        code=f"http_{status}",
        fix="" if excerpt else f"If that is fine, add {status} to `ok`.",
        retryable=retryable,
        retry_after=retry_after(response.headers.get("Retry-After", ""), time.time()) if retryable else None,
    )


def status_text(status: int) -> str:
    """Return `404 Not Found`.  The phrase is the standard one: the server's own could say anything."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def retry_after(text: str, now: float) -> float | None:
    """Return the seconds to wait.  Source: RFC 9110, section 10.2.3."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def excerpt_of(text: str, secrets: Iterable[str]) -> str:
    """Return the beginning of an error body on one line, without the credentials that we sent."""
    for secret in secrets:
        if len(secret) >= SECRET_CHARACTERS:
            text = text.replace(secret, "***")
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= EXCERPT_CHARACTERS else f"{line[: EXCERPT_CHARACTERS - 3]}..."
