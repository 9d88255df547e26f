"""Decide what a request is, or why it is refused: the order of the checks is part of the protocol.

`climb` is pure: method, headers and body in, a Route, a Batch or an HttpError out.  Two rungs stand elsewhere: Host and
Origin in `coordinator.access.guard`, the token in `endpoint` (between `refuse_early` and `read_message`).
Source: MCP transports and versioning, revisions 2024-11-05 to 2026-07-28.
"""

from collections.abc import Container, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from coordinator.mcp.envelope import (
    MAX_BATCH,
    ClientResponse,
    Message,
    NotAMessage,
    RequestId,
    RpcError,
    decode_body,
    decode_member,
)
from coordinator.mcp.headers import Accept, is_json, mirror_problem, read_accept
from coordinator.mcp.protocol import (
    BATCHING,
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    LEGACY,
    META_CLIENT_CAPABILITIES,
    META_VERSION,
    METHOD_NOT_FOUND,
    MODERN,
    NEWEST_LEGACY,
    SUPPORTED,
    UNSUPPORTED_VERSION,
)

Headers = Mapping[bytes, bytes]


class Route(Struct, frozen=True):
    """A message that is in order.

    `revision` is the one to answer in.  Without `id` it is a notification; without `method` a client's response.
    """

    revision: str
    method: str
    id: RequestId | UnsetType
    params: dict[str, Any]
    accept: Accept

    @property
    def is_modern(self) -> bool:
        """Whether the request stands alone, without a handshake before it."""
        return self.revision == MODERN


class HttpError(Struct, frozen=True, kw_only=True):
    """A refusal: the HTTP status, and where there is something to say a JSON-RPC error."""

    status: int
    error: RpcError | None = None
    id: RequestId | UnsetType | None = UNSET
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Batch(Struct, frozen=True):
    """Several messages of revision 2025-03-26 in one body; refused ones in their places."""

    members: tuple[Route | HttpError, ...]
    accept: Accept


_REVISION_OF_HEADER: dict[bytes | None, str] = {revision.encode(): revision for revision in LEGACY}
# Who sends no version may be of any legacy revision; old proxies leave it out, so nothing is held back from them.
_REVISION_OF_HEADER[None] = NEWEST_LEGACY
_BATCHING_HEADERS = (None, BATCHING.encode())


def climb(
    method: str, headers: Headers, body: bytes, methods: Mapping[str, Container[str]], max_body_bytes: int
) -> Route | Batch | HttpError:
    """Check a whole request.  `methods` names the served methods, by `"modern"` and `"legacy"`."""
    refusal = refuse_early(method, headers, max_body_bytes)
    if refusal is None and len(body) > max_body_bytes:
        refusal = BODY_TOO_LARGE
    return refusal or read_message(headers, body, methods)


METHOD_NOT_ALLOWED = HttpError(
    status=405,
    error=RpcError(INVALID_REQUEST, "Send messages by POST; there is no stream to GET and no session to DELETE."),
    headers=((b"allow", b"POST"),),
)
BODY_TOO_LARGE = HttpError(status=413, error=RpcError(INVALID_REQUEST, "The body is larger than this server reads."))
NOT_JSON = HttpError(status=415, error=RpcError(INVALID_REQUEST, "The Content-Type of a message is application/json."))
NOT_ACCEPTABLE = HttpError(
    status=406,
    error=RpcError(INVALID_REQUEST, "Answers are application/json or text/event-stream: Accept both."),
)


def refuse_early(method: str, headers: Headers, max_body_bytes: int) -> HttpError | None:
    """Check what can be checked before the body is read."""
    if method != "POST":
        return METHOD_NOT_ALLOWED
    length = headers.get(b"content-length")
    if length is not None and not _is_length_within(length, max_body_bytes):
        return BODY_TOO_LARGE
    return _unusable(headers.get(b"content-type"), headers.get(b"accept"))


@lru_cache(maxsize=256)
def _unusable(content_type: bytes | None, accept: bytes | None) -> HttpError | None:
    # Remembered, because a client sends the same two headers with every request.
    if not is_json(content_type):
        return NOT_JSON
    return None if any(read_accept(accept)) else NOT_ACCEPTABLE


def read_message(headers: Headers, body: bytes, methods: Mapping[str, Container[str]]) -> Route | Batch | HttpError:
    """Decode the body and decide in which era and for which method it is."""
    accept = read_accept(headers.get(b"accept"))
    try:
        decoded = decode_body(body)
        if isinstance(decoded, list):
            return _batch(headers, decoded, accept, methods["legacy"])
    except NotAMessage as problem:
        return _unreadable(problem, _revision(headers, None))
    revision = _revision(headers, decoded)
    if isinstance(decoded, ClientResponse):
        if revision is not None:
            return Route(revision, "", UNSET, {}, accept)
        return HttpError(status=400, error=RpcError(INVALID_REQUEST, "No request was sent to the client."))
    if revision is not None:
        return _legacy_route(decoded, revision, accept, methods["legacy"])
    return _modern_route(headers, decoded, accept, methods["modern"])


def failure(route: Route, code: int, message: str, data: Any = UNSET) -> HttpError:
    """Word a JSON-RPC error of a handler in the way of the era.

    Legacy clients take an HTTP error for a broken transport; modern ones read the body of a 400.
    """
    return HttpError(status=400 if route.is_modern else 200, error=RpcError(code, message, data), id=route.id)


def _revision(headers: Headers, message: Message | ClientResponse | None) -> str | None:
    """Return the legacy revision to answer in, or None for a message of the modern era."""
    sent = headers.get(b"mcp-protocol-version")
    revision = _REVISION_OF_HEADER.get(sent)
    if revision is None and sent is not None:
        revision = _REVISION_OF_HEADER.get(sent.strip())
    if not isinstance(message, Message):
        return revision
    if message.method == "initialize":
        # Clients put odd versions into the header of a handshake; only the modern one means something there.
        return None if sent is not None and sent.strip() == MODERN.encode() else revision or NEWEST_LEGACY
    if sent is None and message.params:
        meta = message.params.get("_meta")
        if isinstance(meta, dict) and META_VERSION in meta:
            return None
    return revision


def _legacy_route(message: Message, revision: str, accept: Accept, methods: Container[str]) -> Route | HttpError:
    route = Route(revision, message.method, message.id, message.params or {}, accept)
    if message.id is not UNSET and message.method not in methods:
        return failure(route, METHOD_NOT_FOUND, f"There is no method {message.method[:100]!r} here.")
    return route


def _modern_route(headers: Headers, message: Message, accept: Accept, methods: Container[str]) -> Route | HttpError:
    params = message.params or {}
    route = Route(MODERN, message.method, message.id, params, accept)
    if message.id is UNSET:
        return route
    meta = params.get("_meta")
    if not isinstance(meta, dict):
        return failure(route, INVALID_PARAMS, "params._meta is missing.")
    version = meta.get(META_VERSION)
    if not isinstance(version, str):
        return failure(route, INVALID_PARAMS, f"params._meta has no {META_VERSION}, which is a string.")
    if not isinstance(meta.get(META_CLIENT_CAPABILITIES), dict):
        return failure(route, INVALID_PARAMS, f"params._meta has no {META_CLIENT_CAPABILITIES}, which is an object.")
    mismatch = mirror_problem(headers, version, message.method, params)
    if mismatch is not None:
        return failure(route, HEADER_MISMATCH, mismatch)
    if version != MODERN:
        data = {"supported": list(SUPPORTED), "requested": version}
        return failure(route, UNSUPPORTED_VERSION, f"This server does not speak {version[:100]!r}.", data)
    if message.method not in methods:
        error = RpcError(METHOD_NOT_FOUND, f"There is no method {message.method[:100]!r} here.")
        return HttpError(status=404, error=error, id=message.id)
    return route


def _batch(headers: Headers, members: list[msgspec.Raw], accept: Accept, methods: Container[str]) -> Batch | HttpError:
    if headers.get(b"mcp-protocol-version") not in _BATCHING_HEADERS:
        return _unreadable(
            NotAMessage(RpcError(INVALID_REQUEST, f"Only revision {BATCHING} has batches.")),
            _revision(headers, None),
        )
    if not 0 < len(members) <= MAX_BATCH:
        reason = RpcError(INVALID_REQUEST, f"A batch holds 1 to {MAX_BATCH} messages.")
        return _unreadable(NotAMessage(reason), BATCHING)
    return Batch(tuple(_member(member, accept, methods) for member in members), accept)


def _member(raw: msgspec.Raw, accept: Accept, methods: Container[str]) -> Route | HttpError:
    try:
        message = decode_member(raw)
    except NotAMessage as problem:
        return _unreadable(problem, BATCHING)
    if isinstance(message, ClientResponse):
        return Route(BATCHING, "", UNSET, {}, accept)
    route = _legacy_route(message, BATCHING, accept, methods)
    if message.method == "initialize" and message.id is not UNSET:
        return failure(
            Route(BATCHING, "", message.id, {}, accept), INVALID_REQUEST, "A handshake is not part of a batch."
        )
    return route


def _unreadable(problem: NotAMessage, legacy_revision: str | None) -> HttpError:
    """Refuse a body that is no message.  Without an id to echo, the legacy era says null and the modern nothing."""
    is_legacy = legacy_revision is not None
    status = 200 if is_legacy and problem.error.code == INVALID_PARAMS else 400
    absent = None if is_legacy else UNSET
    return HttpError(status=status, error=problem.error, id=absent if problem.id is None else problem.id)


def _is_length_within(length: bytes, limit: int) -> bool:
    return length.isdigit() and len(length) < 20 and int(length) <= limit
