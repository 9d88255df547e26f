"""Hold a request to the signature and the token that its webhook asks for.  Compares in constant time; touches no I/O.

A refusal says nothing about what was wrong: that is for the log of this server alone.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterator, Mapping

from msgspec import UNSET

from flows.connections import Connection
from flows.errors import StepError
from flows.inputs.webhook import PLACEHOLDER, HookSignature, HookToken
from flows.problems import did_you_mean

Headers = Mapping[str, str]
"""Headers by lower-case name."""

SECRET_MARK = "whsec_"  # noqa: S105  what stands before a secret
MAX_CANDIDATES = 10


class NotGenuine(Exception):
    """The request is not from whom it should be; the message is for the log."""


def check_token(token: HookToken, connection: Connection, headers: Headers) -> None:
    """Compare the token that a request shows.  Raises NotGenuine, StepError."""
    shown = headers.get(token.header.lower(), "")
    if shown[:7].lower() == "bearer ":
        shown = shown[7:].strip()
    if not hmac.compare_digest(shown.encode("latin-1"), secret_of(connection, token.value).encode()):
        raise NotGenuine(f"the header {token.header} does not show the token")


def check_signature(
    signature: HookSignature, connection: Connection, headers: Headers, body: bytes, now: float
) -> None:
    """Compute the signature of a request and compare it.  Raises NotGenuine, StepError."""
    header = headers.get(signature.header.lower(), "")
    if not header:
        raise NotGenuine(f"there is no header {signature.header}")
    timestamp = _timestamp(signature, headers, header)
    signed = _signed(signature, headers, body, timestamp)
    expected = hmac.digest(_key(signature, connection), signed, signature.algorithm)
    if not any(hmac.compare_digest(each, expected) for each in _candidates(signature, header)):
        raise NotGenuine(f"the signature in {signature.header} is another")
    # The time is looked at last: before the signature is known to be good, it says nothing.
    if signature.timestamp is not UNSET and abs(now - _seconds(timestamp)) > signature.timestamp.tolerance:
        raise NotGenuine("the request was signed too long ago, or in the future")


def secret_of(connection: Connection, name: str) -> str:
    """Return a value of a connection.  Raises StepError."""
    found = connection.values.get(name, "")
    if connection.kind != "values" or not found:
        raise StepError(
            f"Connection {connection.name!r} has no value {name!r}.{did_you_mean(name, connection.values)}",
            code="invalid_connection",
            fix="Make it a connection of kind `values` that has one.",
        )
    return found


def _key(signature: HookSignature, connection: Connection) -> bytes:
    secret = secret_of(connection, signature.value)
    if signature.value_encoding == "text":
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_MARK), validate=True)
    except binascii.Error:
        key = b""
    if not key:  # anybody can sign with an empty key
        message = f"The value {signature.value!r} of connection {connection.name!r} is not base64."
        raise StepError(message, code="invalid_connection")
    return key


def _signed(signature: HookSignature, headers: Headers, body: bytes, timestamp: str) -> bytes:
    """Put together what was signed."""
    parts: list[bytes] = []
    for index, text in enumerate(PLACEHOLDER.split(signature.signs)):
        if index % 2 == 0:
            parts.append(text.encode())
        elif text.lower() == "body":
            parts.append(body)
        elif text.lower() == "timestamp":
            parts.append(timestamp.encode())
        else:
            parts.append(headers.get(text.lower(), "").encode("latin-1"))
    return b"".join(parts)


def _timestamp(signature: HookSignature, headers: Headers, header: str) -> str:
    stamp = signature.timestamp
    if stamp is UNSET:
        return ""
    if isinstance(stamp.part, str):
        return next(_parts(header, stamp.part), "")
    assert isinstance(stamp.header, str)  # noqa: S101  the flow was checked for it
    return headers.get(stamp.header.lower(), "")


def _seconds(timestamp: str) -> float:
    if not re.fullmatch(r"\d{1,15}", timestamp):
        raise NotGenuine("there is no time of the signature")
    return float(timestamp)


def _candidates(signature: HookSignature, header: str) -> Iterator[bytes]:
    """Return the signatures in a header: there may be several while a secret is changed."""
    texts = list(_parts(header, signature.part)) if isinstance(signature.part, str) else header.split()
    for text in texts[:MAX_CANDIDATES]:
        if text.startswith(signature.prefix):
            try:
                yield _decoded(text.removeprefix(signature.prefix), signature.encoding)
            except ValueError:
                continue


def _decoded(text: str, encoding: str) -> bytes:
    return bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)


def _parts(header: str, key: str) -> Iterator[str]:
    """Return the values of a key in a header such as `t=1,v1=2,v1=3`."""
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == key:
            yield value
