"""Decode JSON-RPC messages and encode the answers.

A body is decoded once, into a typed message.  Only a body that does not fit is looked at again, to say what is wrong.
Source: JSON-RPC 2.0; MCP base protocol.
"""

import re
from itertools import accumulate
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from coordinator.mcp.protocol import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR

MAX_DEPTH = 64
"""Nesting of a message: what works on arguments later may go down recursively, and must stay far from a full stack."""
MAX_BATCH = 50

RequestId = int | str


class Message(Struct):
    """A request, or without `id` a notification."""

    jsonrpc: Literal["2.0"]
    method: str
    id: RequestId | UnsetType = UNSET
    params: dict[str, Any] | None = None


class ClientResponse(Struct, frozen=True):
    """The answer of a client to a request of the server."""

    id: RequestId | None


class RpcError(Struct, frozen=True):
    """A JSON-RPC error object."""

    code: int
    message: str
    data: Any = UNSET


class NotAMessage(Exception):
    """A body cannot be read as JSON-RPC.  `id` is the request's, where it could be found."""

    def __init__(self, error: RpcError, request_id: RequestId | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.id = request_id


class Answer(Struct, kw_only=True):
    """A successful response."""

    jsonrpc: str = "2.0"
    id: RequestId | UnsetType
    result: Any


class Failure(Struct, kw_only=True):
    """An error response; `id` is UNSET or null when the request's could not be read."""

    jsonrpc: str = "2.0"
    id: RequestId | UnsetType | None
    error: RpcError


class Notification(Struct, kw_only=True):
    """A message that wants no answer."""

    jsonrpc: str = "2.0"
    method: str
    params: Any


encode = msgspec.json.Encoder().encode
_decode_message = msgspec.json.Decoder(Message).decode
_decode_anything = msgspec.json.Decoder().decode
_decode_batch = msgspec.json.Decoder(list[msgspec.Raw]).decode
# Possessive, and an unfinished string matches too: no body makes this go back.
_SCALARS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[^\[\]{}"]++', re.DOTALL)
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def decode_body(body: bytes) -> Message | ClientResponse | list[msgspec.Raw]:
    """Decode a body: one message, or the undecoded members of a batch.  Raises NotAMessage."""
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and is_too_deep(body):
        raise NotAMessage(RpcError(INVALID_REQUEST, f"The message nests deeper than {MAX_DEPTH} levels."))
    try:
        return _decode_message(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _explained(body)


def decode_member(member: msgspec.Raw) -> Message | ClientResponse:
    """Decode one message of a batch.  Raises NotAMessage."""
    decoded = decode_body(bytes(member))
    if isinstance(decoded, list):
        raise NotAMessage(RpcError(INVALID_REQUEST, "A batch holds messages, not batches."))
    return decoded


def is_too_deep(body: bytes) -> bool:
    """Whether brackets outside strings nest deeper than MAX_DEPTH."""
    brackets = _SCALARS.sub(b"", body)
    return any(depth > MAX_DEPTH for depth in accumulate(_STEP.get(byte, 0) for byte in brackets))


def find_id(body: bytes) -> RequestId | None:
    """Return the id of the request in a body of which nothing else is believed."""
    try:
        decoded = decode_body(body)
    except NotAMessage as problem:
        return problem.id
    return decoded.id if isinstance(decoded, Message) and decoded.id is not UNSET else None


def _explained(body: bytes) -> ClientResponse | list[msgspec.Raw]:
    """Look again at a body that is no request: it is a batch, a response, or raises NotAMessage with the reason."""
    try:
        value = _decode_anything(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotAMessage(RpcError(PARSE_ERROR, f"The body is not JSON: {error}.")) from error
    if isinstance(value, list):
        return _decode_batch(body)
    if not isinstance(value, dict):
        raise NotAMessage(RpcError(INVALID_REQUEST, "A message is a JSON object."))
    given = value.get("id")
    request_id = given if isinstance(given, int | str) and not isinstance(given, bool) else None
    if value.get("jsonrpc") != "2.0":
        reason = RpcError(INVALID_REQUEST, 'A message has "jsonrpc": "2.0".')
    elif "id" in value and request_id is None and not _is_response(value):
        reason = RpcError(INVALID_REQUEST, "The id of a request is a string or an integer.")
    elif _is_response(value):
        return ClientResponse(request_id)
    elif not isinstance(value.get("method"), str):
        reason = RpcError(INVALID_REQUEST, "A request has a method, which is a string.")
    else:
        reason = RpcError(INVALID_PARAMS, "params is an object.")
    raise NotAMessage(reason, request_id)


def _is_response(value: dict[str, Any]) -> bool:
    return "method" not in value and ("result" in value or "error" in value)
