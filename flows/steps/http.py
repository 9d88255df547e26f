"""Step `http`: one HTTP request, from a URL template to a decoded answer.

What may be connected to is decided in `flows.network`; the pool is in `_http_client`, bodies in `_http_body`, the words
of failure in `_http_errors`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import aiohttp
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace
from yarl import URL

from flows.sdk import Duration, Example, StepContext, Text, UrlTemplate, Value, step
from flows.steps import _http_body as bodies
from flows.steps import _http_errors as errors
from flows.steps._http_client import Request, client_of, send
from flows.urls import add_query, resolve_redirect

MAX_BYTES = 5 * 1024 * 1024
CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
ERROR_BODY_BYTES = 64 * 1024
BODIES = ("json", "form", "text", "bytes")
REDIRECTS = frozenset({301, 302, 303, 307, 308})

Status = Annotated[int, Meta(ge=100, le=599)]
StatusClass = Literal["1xx", "2xx", "3xx", "4xx", "5xx", "any"]


class HttpConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send a request and take the answer."""

    url: Annotated[
        UrlTemplate,
        Meta(
            description="Address with a fixed scheme and host; values in the path and the query are encoded.",
            examples=["https://api.example.com/items/${{ args.id }}"],
        ),
    ]
    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] | UnsetType,
        Meta(description="Method; without it GET, or POST when there is a body."),
    ] = UNSET
    headers: Annotated[dict[str, Value], Meta(description="Headers by name; null leaves one out.")] = {}
    query: Annotated[
        dict[str, Value],
        Meta(description="Pairs for the query of the URL; a list repeats its key, null leaves it out."),
    ] = {}
    json: Annotated[Value, Meta(description="Body sent as JSON.")] = UNSET
    form: Annotated[
        dict[str, Value] | UnsetType, Meta(description="Body sent like a web form; lists and null as in `query`.")
    ] = UNSET
    text: Annotated[Text | UnsetType, Meta(description="Body sent as text.")] = UNSET
    bytes: Annotated[Text | UnsetType, Meta(description="Body sent as bytes, given in base64.")] = UNSET
    ok: Annotated[
        Status | StatusClass | tuple[Status | StatusClass, ...],
        Meta(description="Statuses that are a result; any other one fails the step.", examples=[[200, 404]]),
    ] = "2xx"
    response: Annotated[
        bodies.ResponseKind,
        Meta(description="How to read the body of the answer; `auto` goes by its content type, `bytes` is base64."),
    ] = "auto"
    max_bytes: Annotated[
        int, Meta(description="Longest body of an answer, in bytes after decompression.", ge=1, le=256 * 1024 * 1024)
    ] = MAX_BYTES
    connect_timeout: Annotated[Duration, Meta(description="How long connecting may take.")] = CONNECT_SECONDS
    read_timeout: Annotated[Duration, Meta(description="How long the other side may be silent.")] = READ_SECONDS
    follow_redirects: Annotated[
        int, Meta(description="How many redirects to follow; 0 makes a redirect an error.", ge=0, le=20)
    ] = 0

    def __post_init__(self) -> None:
        given = [f"`{name}`" for name in BODIES if getattr(self, name) is not UNSET]
        if len(given) > 1:
            raise ValueError(f"A request has one body, but {' and '.join(given)} are given. Keep one of them.")
        if self.headers:
            bodies.check_header_names(self.headers)


READ = Example(title="Read a record", config={"url": "https://api.example.com/items/${{ args.id }}"}, args={"id": 7})
SEARCH = Example(
    title="Search, with a key in a header",
    config={
        "url": "https://api.example.com/search",
        "query": {"q": "${{ args.text }}", "limit": 10},
        "headers": {"X-Api-Key": "${{ vars.key }}"},
    },
    args={"text": "head race"},
)
CREATE = Example(
    title="Create a record",
    config={"url": "https://api.example.com/items", "json": {"name": "${{ args.name }}"}, "ok": [200, 201]},
    args={"name": "Ada"},
)
MAY_BE_MISSING = Example(
    title="Take a missing record as a result",
    config={"url": "https://api.example.com/items/${{ args.id }}", "ok": ["2xx", 404]},
    args={"id": 7},
)


@step("http", config=HttpConfig, reaches_out=True, examples=(READ, SEARCH, CREATE, MAY_BE_MISSING))
async def http(config: HttpConfig, context: StepContext) -> dict[str, Any]:
    """Send an HTTP request; the result has `status`, `headers` (names in lower case), `body` and `url`.

    Statuses that `ok` does not list fail the step with the code `http_<status>`.  The server only connects to public
    addresses unless its settings allow more.
    """
    client = await client_of(context)
    request = _request_of(config)
    for redirects_left in range(config.follow_redirects, -1, -1):
        remaining = context.remaining
        if remaining <= 0:
            raise errors.out_of_time(request)
        try:
            outcome = await _exchange(client, request, config, remaining, redirects_left)
        except (aiohttp.ClientError, OSError) as problem:
            raise errors.failed(problem, request) from problem
        if isinstance(outcome, dict):
            return outcome
        request = outcome
    raise AssertionError("the last request gives a result or raises")


async def _exchange(
    client: aiohttp.ClientSession, request: Request, config: HttpConfig, seconds: float, redirects_left: int
) -> dict[str, Any] | Request:
    """Send one request; return the result, or the request that a redirect asks for."""
    response = await send(client, request, seconds)
    try:
        if accepts(config.ok, response.status):
            return await _result(request, response, config)
        if response.status in REDIRECTS and "Location" in response.headers:
            following = _redirected(request, response, config, redirects_left)
            response.release()
            return following
        raise errors.unexpected_status(request, response, await _excerpt(request, response))
    except BaseException:
        response.close()  # half-read, it must not go back to the pool
        raise


def _request_of(config: HttpConfig) -> Request:
    headers = bodies.header_texts(config.headers) if config.headers else {}
    body, content_type = _body_of(config)
    if body is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = content_type
    method = config.method
    if method is UNSET:
        method = "GET" if body is None else "POST"
    url = add_query(config.url, config.query) if config.query else config.url
    return Request(method, URL(url, encoded=True), headers, body, config.connect_timeout, config.read_timeout)


def _body_of(config: HttpConfig) -> tuple[bytes | None, str]:
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


# -- the answer ----------------------------------------------------------------------------------------------------


def accepts(ok: int | str | tuple[int | str, ...], status: int) -> bool:
    """Tell whether the status is a result."""
    if ok == "2xx":
        return 200 <= status < 300
    if isinstance(ok, tuple):
        return any(accepts(one, status) for one in ok)
    return ok in {status, f"{status // 100}xx", "any"}


async def _result(request: Request, response: aiohttp.ClientResponse, config: HttpConfig) -> dict[str, Any]:
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


async def _excerpt(request: Request, response: aiohttp.ClientResponse) -> str:
    """Return the beginning of an error body when it is text; what goes wrong meanwhile does not matter."""
    try:
        body = await bodies.read_body(response, ERROR_BODY_BYTES)
    except (bodies.BodyTooLarge, aiohttp.ClientError, OSError):
        return ""
    if bodies.kind_of(response.headers.get("Content-Type", ""), body) == "bytes":
        return ""
    return errors.excerpt_of(bodies.decode_text(body, response), _credentials(request.headers))


def _credentials(headers: Mapping[str, str]) -> list[str]:
    """Return the header values that may be secrets, whole and without their scheme (`Bearer`)."""
    values = [value for name, value in headers.items() if name.lower() not in bodies.SHARED_HEADERS]
    return values + [value.rpartition(" ")[2] for value in values]


# -- redirects -----------------------------------------------------------------------------------------------------


def _redirected(request: Request, response: aiohttp.ClientResponse, config: HttpConfig, redirects_left: int) -> Request:
    """Return the request that the redirect asks for.  Source: RFC 9110, section 15.4."""
    try:
        url = URL(resolve_redirect(str(request.url), response.headers["Location"]), encoded=True)
    except ValueError as problem:
        raise errors.bad_redirect(request, response.status, str(problem)) from problem
    if redirects_left == 0:
        raise errors.unfollowed_redirect(request, response.status, url, config.follow_redirects)
    headers, method, body = request.headers, request.method, request.body
    if (response.status == 303 and method != "HEAD") or (response.status in {301, 302} and method == "POST"):
        method, body = "GET", None
        headers = {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
    if url.origin() != request.url.origin():
        headers = {name: value for name, value in headers.items() if name.lower() in bodies.SHARED_HEADERS}
    return replace(request, method=method, url=url, headers=headers, body=body)
