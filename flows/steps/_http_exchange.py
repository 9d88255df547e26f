"""Send the request of an `http` step: through a connection if it names one, along redirects, to a decoded answer.

The pool is in `_http_client`, credentials in `_http_connection`, bodies in `_http_body`, the words of failure in
`_http_errors`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import aiohttp
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace
from yarl import URL

from flows.connections import require_kind
from flows.errors import StepError
from flows.sdk import Connection, StepContext
from flows.steps import _http_body as bodies
from flows.steps import _http_errors as errors
from flows.steps._http_client import Request, client_of, send
from flows.steps._http_connection import (
    TokenRefused,
    is_inside,
    masked_failure,
    masks_for,
    policy_for,
    with_credentials,
    without_secrets,
)
from flows.urls import add_query, resolve_redirect

if TYPE_CHECKING:
    from flows.steps.http import HttpConfig

ERROR_BODY_BYTES = 64 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})


async def run(config: "HttpConfig", context: StepContext) -> dict[str, Any]:
    """Send the request and return the result of the step.  Raises StepError."""
    config, secrets = context.reveal(config)
    if config.connection is UNSET and not secrets:
        return await _follow(_request_of(config, ""), config, context, None)
    connection = None
    if not isinstance(config.connection, UnsetType):
        connection = require_kind(context.connection(config.connection), "http", "http")
    try:
        if connection is None:
            return await _follow(_request_of(config, ""), config, context, None, secrets)
        return await _through(connection, config, context, secrets)
    except StepError as error:
        raise masked_failure(error, masks_for(connection, secrets)) from error.__cause__


async def _through(
    connection: Connection, config: "HttpConfig", context: StepContext, secrets: tuple[str, ...]
) -> dict[str, Any]:
    """Send the request with credentials; once more with others when they are refused and others can be had."""
    if not connection.signs_in:
        request = with_credentials(_request_of(config, connection.url), connection)
        return await _follow(request, config, context, connection, secrets)
    connection = await context.authorize(connection)
    request = with_credentials(_request_of(config, connection.url), connection)
    try:
        return await _follow(request, config, context, connection, secrets, may_be_refused=True)
    except TokenRefused:
        connection = await context.authorize(connection, refused=True)
    return await _follow(with_credentials(request, connection), config, context, connection, secrets)


async def _follow(
    request: Request,
    config: "HttpConfig",
    context: StepContext,
    connection: Connection | None,
    secrets: tuple[str, ...] = (),
    *,
    may_be_refused: bool = False,
) -> dict[str, Any]:
    """Send the request, and those that redirects ask for.  Raises StepError, and TokenRefused where that may be."""
    masks = masks_for(connection, secrets)
    for redirects_left in range(config.follow_redirects, -1, -1):
        remaining = context.remaining
        if remaining <= 0:
            raise errors.out_of_time(request)
        exchange = Exchange(config, connection, remaining, redirects_left, may_be_refused, bool(secrets), masks)
        try:
            client = await client_of(context, policy_for(request, connection, context.network))
            outcome = await _exchange(client, request, exchange)
        except StepError as error:
            raise masked_failure(error, masks) from error.__cause__
        except (aiohttp.ClientError, OSError) as problem:
            raise masked_failure(errors.failed(problem, request), masks) from problem
        if isinstance(outcome, dict):
            return outcome
        request = outcome
    raise AssertionError("the last request gives a result or raises")


class Exchange(Struct, frozen=True):
    """What one request is sent under.  `is_bound` says that secrets of the flow keep it to its own service."""

    config: Any  # HttpConfig, whose module imports this one with the first request
    connection: Connection | None
    seconds: float
    redirects_left: int
    may_be_refused: bool
    is_bound: bool
    masks: tuple[str, ...]


async def _exchange(client: aiohttp.ClientSession, request: Request, exchange: Exchange) -> dict[str, Any] | Request:
    """Send one request; return the result, or the request that a redirect asks for."""
    config = exchange.config
    response = await send(client, request, exchange.seconds)
    try:
        if response.status == 401 and exchange.may_be_refused:
            raise TokenRefused
        if accepts(config.ok, response.status):
            return without_secrets(await _result(request, response, config), exchange.masks)
        if response.status in REDIRECTS and "Location" in response.headers:
            following = _redirected(request, response, exchange)
            response.release()
            return following
        raise errors.unexpected_status(request, response, await _excerpt(request, response, exchange.masks))
    except BaseException:
        response.close()  # half-read, it must not go back to the pool
        raise


def _request_of(config: "HttpConfig", base: str) -> Request:
    """Return the request as the flow says it; a path is below the base URL."""
    headers = bodies.header_texts(config.headers) if config.headers else {}
    body, content_type = _body_of(config)
    if body is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    method = config.method
    if method is UNSET:
        method = "GET" if body is None else "POST"
    url = config.url
    if isinstance(url, UnsetType):
        url = base if isinstance(config.path, UnsetType) else base + config.path
    if config.query:
        url = add_query(url, config.query)
    return Request(method, URL(url, encoded=True), headers, body, config.connect_timeout, config.read_timeout)


def _body_of(config: "HttpConfig") -> tuple[bytes | None, str]:
    """Return the body and its content type."""
    if config.json is not UNSET:
        return bodies.json_body(config.json), "application/json"
    if not isinstance(config.form, UnsetType):
        return bodies.form_body(config.form), "application/x-www-form-urlencoded"
    if not isinstance(config.text, UnsetType):
        return bodies.text_body(config.text), "text/plain; charset=utf-8"
    if not isinstance(config.bytes, UnsetType):
        return bodies.base64_body(config.bytes), "application/octet-stream"
    return None, ""


def accepts(ok: int | str | tuple[int | str, ...], status: int) -> bool:
    """Tell whether the status is a result."""
    if ok == "2xx":
        return 200 <= status < 300
    if isinstance(ok, tuple):
        return any(accepts(one, status) for one in ok)
    return ok in {status, f"{status // 100}xx", "any"}


async def _result(request: Request, response: aiohttp.ClientResponse, config: "HttpConfig") -> dict[str, Any]:
    length = response.content_length
    if length is not None and length > config.max_bytes and request.method != "HEAD":
        raise errors.too_large(request, config.max_bytes)
    try:
        body = await bodies.read_body(response, config.max_bytes)
        value = bodies.decode_body(body, config.response, response)
    except bodies.BodyTooLarge:
        raise errors.too_large(request, config.max_bytes) from None
    except ValueError as problem:
        raise errors.not_json(request, str(problem)) from problem
    url, _, _ = str(request.url).partition("?")
    return {"status": response.status, "headers": _headers_of(response), "body": value, "url": url}


def _headers_of(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


async def _excerpt(request: Request, response: aiohttp.ClientResponse, masks: tuple[str, ...]) -> str:
    """Return the beginning of an error body when it is text; what goes wrong meanwhile does not matter."""
    try:
        body = await bodies.read_body(response, ERROR_BODY_BYTES)
    except (bodies.BodyTooLarge, aiohttp.ClientError, OSError):
        return ""
    if bodies.kind_of(response.headers.get("Content-Type", ""), body) == "bytes":
        return ""
    text = without_secrets(bodies.decode_text(body, response), masks)
    return errors.excerpt_of(text, _credentials(request.headers))


def _credentials(headers: Mapping[str, str]) -> list[str]:
    """Return the header values that may be secrets, whole and without their scheme (`Bearer`)."""
    values = [value for name, value in headers.items() if name.lower() not in bodies.SHARED_HEADERS]
    return values + [value.rpartition(" ")[2] for value in values]


def _redirected(request: Request, response: aiohttp.ClientResponse, exchange: Exchange) -> Request:
    """Return the request that the redirect asks for.  Source: RFC 9110, section 15.4."""
    try:
        url = URL(resolve_redirect(str(request.url), response.headers["Location"]), encoded=True)
    except ValueError as problem:
        raise errors.bad_redirect(request, response.status, str(problem)) from problem
    if exchange.redirects_left == 0:
        raise errors.unfollowed_redirect(request, response.status, url, exchange.config.follow_redirects)
    headers, method, body = request.headers, request.method, request.body
    if (response.status == 303 and method != "HEAD") or (response.status in {301, 302} and method == "POST"):
        method, body = "GET", None
        headers = {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
    following = replace(request, method=method, url=url, headers=headers, body=body)
    connection = exchange.connection
    if exchange.is_bound and not _stays(request, following, connection):
        reason = "It leads away from the service that the secrets in the request are for."
        raise errors.bad_redirect(request, response.status, reason)
    if connection is not None and is_inside(following, connection):
        # Sent without them when a redirect led away in between, so that the way back gains nothing.
        return with_credentials(following, connection) if is_inside(request, connection) else following
    if connection is not None or url.origin() != request.url.origin():
        headers = {name: value for name, value in headers.items() if name.lower() in bodies.SHARED_HEADERS}
    return replace(following, headers=headers)


def _stays(request: Request, following: Request, connection: Connection | None) -> bool:
    """Whether a redirect leads to the same service: below the connection, or at least to the same origin."""
    if connection is not None:
        return is_inside(following, connection)
    return following.url.origin() == request.url.origin()
