"""Step `http`: one HTTP request, from a URL template to a decoded answer.

The request is sent by `_http_exchange`; what may be connected to is decided in `flows.network`.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from flows.sdk import (
    ConnectionName,
    Duration,
    Example,
    PathTemplate,
    StepContext,
    Text,
    TextOrSecret,
    UrlTemplate,
    ValueOrSecret,
    step,
)
from flows.steps import _http_body as bodies

MAX_BYTES = 5 * 1024 * 1024
CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
BODIES = ("json", "form", "text", "bytes")

Status = Annotated[int, Meta(ge=100, le=599)]
StatusClass = Literal["1xx", "2xx", "3xx", "4xx", "5xx", "any"]


class HttpConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send a request and take the answer."""

    url: Annotated[
        UrlTemplate | UnsetType,
        Meta(
            description="Address with a fixed scheme and host; values in the path and the query are encoded.",
            examples=["https://api.example.com/items/${{ args.id }}"],
        ),
    ] = UNSET
    connection: Annotated[
        ConnectionName | UnsetType,
        Meta(description="Name of the connection to send it through, instead of `url`: its address and credentials."),
    ] = UNSET
    path: Annotated[
        PathTemplate | UnsetType,
        Meta(
            description="Path below the address of the connection; values are encoded and cannot leave it.",
            examples=["/orders/${{ args.id }}"],
        ),
    ] = UNSET
    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] | UnsetType,
        Meta(description="Method; without it GET, or POST when there is a body."),
    ] = UNSET
    headers: Annotated[dict[str, ValueOrSecret], Meta(description="Headers by name; null leaves one out.")] = {}
    query: Annotated[
        dict[str, ValueOrSecret],
        Meta(description="Pairs for the query of the URL; a list repeats its key, null leaves it out."),
    ] = {}
    json: Annotated[ValueOrSecret, Meta(description="Body sent as JSON.")] = UNSET
    form: Annotated[
        dict[str, ValueOrSecret] | UnsetType,
        Meta(description="Body sent like a web form; lists and null as in `query`."),
    ] = UNSET
    text: Annotated[TextOrSecret | UnsetType, Meta(description="Body sent as text.")] = UNSET
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
        if (self.url is UNSET) is (self.connection is UNSET):
            raise ValueError("A request goes to a `url`, or through a `connection`. Give one of them.")
        if self.path is not UNSET and self.connection is UNSET:
            raise ValueError("`path` is below the address of a `connection`. Name the connection, or use `url`.")
        if isinstance(self.headers, dict):  # not while the flow is loaded, when it is one expression
            bodies.check_header_names(self.headers)


READ = Example(title="Read a record", config={"url": "https://api.example.com/items/${{ args.id }}"}, args={"id": 7})
SEARCH = Example(
    title="Search, with a key out of a connection of the kind `values`",
    config={
        "url": "https://api.example.com/search",
        "query": {"q": "${{ args.text }}", "limit": 10},
        "headers": {"X-Api-Key": "${{ secrets.search.api_key }}"},
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


THROUGH_A_CONNECTION = Example(
    title="Send it through a connection, which knows the address and the key",
    config={"connection": "shop", "path": "/orders/${{ args.id }}"},
    args={"id": 7},
)


@step(
    "http", config=HttpConfig, reaches_out=True, examples=(READ, SEARCH, CREATE, MAY_BE_MISSING, THROUGH_A_CONNECTION)
)
async def http(config: HttpConfig, context: StepContext) -> dict[str, Any]:
    """Send an HTTP request; the result has `status`, `headers` (names in lower case), `body` and `url`.

    Statuses that `ok` does not list fail the step with the code `http_<status>`.  The server only connects to public
    addresses unless its settings allow more.
    """
    # Imported with the first request: the HTTP client takes a good part of the time to start, and many flows need none.
    from flows.steps._http_exchange import run

    return await run(config, context)
