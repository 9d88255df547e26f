"""Turn values into request bodies and headers, and response bodies into values, within limits."""

import base64
import binascii
import codecs
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from flows.errors import StepError
from flows.urls import encode_pairs, scalar_text

if TYPE_CHECKING:
    import aiohttp

ResponseKind = Literal["auto", "json", "text", "bytes"]

# Who sets these decides where a message ends or to whom it goes, so the client alone does.
REFUSED_HEADERS = frozenset(
    [
        *("connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    ]
)
# What goes along when a redirect leads to another origin.  Everything else may be a credential.
SHARED_HEADERS = frozenset(
    ["accept", "accept-encoding", "accept-language", "content-language", "content-type", "user-agent"]
)

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_REFUSED_IN_HEADER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_UTF8_MARK = b"\xef\xbb\xbf"
_ENCODINGS = """
    ascii utf-8 utf-16 utf-16-le utf-16-be iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7
    iso8859-8 iso8859-9 iso8859-10 iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp1250 cp1251 cp1252 cp1253 cp1254
    cp1255 cp1256 cp1257 cp1258 cp866 cp874 koi8-r koi8-u mac-roman mac-cyrillic gb2312 gbk gb18030 big5 big5hkscs
    euc_jp iso2022_jp shift_jis cp932 euc_kr cp949 tis-620
    """
_CHARSETS = frozenset(_ENCODINGS.split())
_TEXT_TYPES = frozenset({"application/xml", "application/javascript", "application/x-www-form-urlencoded"})


class BodyTooLarge(Exception):
    """The body is longer than it may be."""


# -- request -------------------------------------------------------------------------------------------------------


def check_header_names(names: Iterable[str]) -> None:
    """Raise ValueError for a name that is no header name, or that a flow may not set."""
    for name in names:
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a header name. Use letters, digits and dashes.")
        if name.lower() in REFUSED_HEADERS:
            raise ValueError(f"The header {name!r} is set by the HTTP client. Remove it.")


def header_texts(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers as text; null is left out.  Raises StepError for what cannot be in a header."""
    texts = {}
    for name, value in headers.items():
        if value is None:
            continue
        text = scalar_text(value, f"headers.{name}")
        if _REFUSED_IN_HEADER.search(text):
            raise StepError(
                f"`headers.{name}` has a line break or control character in it.",
                code="unusable_value",
                fix="Remove it from the value; `trim` helps at the ends.",
            )
        texts[name] = text
    return texts


def json_body(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except OverflowError:
        return json.dumps(value).encode()  # integers beyond 64 bits
    except (TypeError, ValueError, RecursionError) as problem:
        raise _unusable("json", f"cannot be written as JSON: {problem}") from problem


def form_body(pairs: Mapping[str, Any]) -> bytes:
    return encode_pairs(pairs, "form").encode()


def text_body(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as problem:
        raise _unusable("text", "holds half a character (a lone surrogate)") from problem


def base64_body(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as problem:
        raise _unusable("bytes", "is not base64") from problem


def _unusable(field: str, what: str) -> StepError:
    return StepError(f"`{field}` {what}.", code="unusable_value", fix="Check the value that the flow puts there.")


# -- response ------------------------------------------------------------------------------------------------------


async def read_body(response: "aiohttp.ClientResponse", limit: int) -> bytes:
    """Return the decompressed body.  Raises BodyTooLarge when it is longer than `limit`, having read little more.

    The stream is read as it comes: reading to the end in one call would lift the limit on decompression.
    """
    content = response.content
    chunks = []
    size = 0
    while not content.at_eof():
        chunk = await content.readany()
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def decode_body(body: bytes, kind: ResponseKind, response: "aiohttp.ClientResponse") -> Any:
    """Return the value that a body stands for.  Raises ValueError when it is not the JSON it should be."""
    if kind == "auto":
        content_type = response.headers.get("Content-Type", "")
        if not body and not content_type:
            return None
        kind = kind_of(content_type, body)
    if kind == "json":
        return _decode_json(body, response) if body else None
    if kind == "text":
        return decode_text(body, response)
    return base64.b64encode(body).decode()


def kind_of(content_type: str, body: bytes) -> Literal["json", "text", "bytes"]:
    """Choose by content type; without one, what is UTF-8 is text."""
    if content_type == "application/json":
        return "json"
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        return "json"
    if media_type.startswith("text/") or media_type.endswith("+xml") or media_type in _TEXT_TYPES:
        return "text"
    if media_type:
        return "text" if media_type in {"application/x-ndjson", "application/yaml"} else "bytes"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "bytes"
    return "text"


def _decode_json(body: bytes, response: "aiohttp.ClientResponse") -> Any:
    if _charset(response) not in {"utf-8", "utf8", "us-ascii", "ascii"}:
        body = decode_text(body, response).encode()
    try:
        return msgspec.json.decode(body.removeprefix(_UTF8_MARK))
    except msgspec.DecodeError as problem:
        raise ValueError(str(problem)) from problem
    except RecursionError as problem:
        raise ValueError("it is nested too deeply") from problem


def decode_text(body: bytes, response: "aiohttp.ClientResponse") -> str:
    """Return the text; what does not fit the charset becomes a replacement character."""
    return body.removeprefix(_UTF8_MARK).decode(_charset(response), "replace")


def known_charset(label: str) -> str | None:
    """Return Python's name of an encoding that the web has; None for any other.

    Python knows more, and takes quadratic time for some of them: punycode, for one.
    """
    try:
        name = codecs.lookup(label).name if label else ""
    except (LookupError, ValueError):
        return None
    return name if name in _CHARSETS else None


def _charset(response: "aiohttp.ClientResponse") -> str:
    if "charset" not in response.headers.get("Content-Type", ""):
        return "utf-8"  # most answers; saves parsing the header
    return known_charset(response.charset or "") or "utf-8"
