"""Functions that change how something is written: JSON, base64, hex, URLs, HTML, CSV, and hashes of text."""

import base64
import binascii
import csv
import hashlib
import hmac
import html
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

import msgspec

from flows.expr.errors import Fault
from flows.expr.function import Function, declare, deep_cost
from flows.expr.limits import LIST_ITEMS, TEXT_CHARACTERS, check_list, check_text
from flows.expr.values import json_text, kind_of, to_text

ENCODING_FUNCTIONS: dict[str, Function] = {}
_encoding = partial(declare, ENCODING_FUNCTIONS, "Encoding")

_INDENT = 8
_FIELDS = 1_000


@_encoding(name="json", cost=lambda values: len(values[0]) >> 3, example='json("{\\"a\\": [1, 2]}")',
           result={"a": [1, 2]})  # fmt: skip
def json_(text: str) -> Any:
    """Read JSON: text in, value out."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as exc:
        reason = str(exc) if isinstance(exc, msgspec.DecodeError) else "half a character (a lone surrogate)"
        raise Fault(f"the text is not JSON: {reason}.") from None
    except RecursionError:
        raise Fault("the JSON is nested too deeply.", costly=True) from None


@_encoding(cost=deep_cost, builds=False, example='to_json({"a": [1, 2]})', result='{"a":[1,2]}')
def to_json(value: Any, indent: int | None = None) -> str:
    """Write a value as JSON, compact or indented by so many spaces."""
    if indent is not None and not 0 <= indent <= _INDENT:
        raise Fault(f"`indent` goes from 0 to {_INDENT}.")
    if indent:
        check_text(_indentation(value, indent))
    return json_text(value, indent)


def _indentation(value: Any, indent: int) -> int:
    """Return how many spaces the indented JSON of a value has."""
    total, level, waiting = 0, 1, [value]
    while waiting and total <= TEXT_CHARACTERS:
        containers = [one for one in waiting if type(one) in (list, dict)]
        total += sum(map(len, containers)) * indent * level
        waiting = [item for one in containers for item in (one.values() if type(one) is dict else one)]
        level += 1
    return total


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Fault("the text holds half a character (a lone surrogate).") from None


def _decoded(decode: Callable[[bytes], bytes], text: str, name: str) -> str:
    try:
        return decode(_bytes(text)).decode()
    except UnicodeDecodeError:
        raise Fault(f"the {name} holds bytes that are not text.") from None
    except (binascii.Error, ValueError):
        raise Fault(f"the text is not {name}.") from None


@_encoding(example='base64_encode("hello")', result="aGVsbG8=")
def base64_encode(text: str) -> str:
    """Write text as base64 of its UTF-8 bytes."""
    return base64.b64encode(_bytes(text)).decode()


@_encoding(example='base64_decode("aGVsbG8=")', result="hello")
def base64_decode(text: str) -> str:
    """Read base64 whose bytes are UTF-8 text; line breaks and missing padding are forgiven."""
    return _decoded(lambda raw: base64.b64decode(_padded(raw), validate=True), text, "base64")


@_encoding(example='base64url_encode("a?b>c")', result="YT9iPmM")
def base64url_encode(text: str) -> str:
    """Write text as base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(_bytes(text)).decode().rstrip("=")


@_encoding(example='base64url_decode("YT9iPmM")', result="a?b>c")
def base64url_decode(text: str) -> str:
    """Read base64 for URLs whose bytes are UTF-8 text."""
    return _decoded(lambda raw: base64.b64decode(_padded(raw), b"-_", validate=True), text, "base64url")


def _padded(raw: bytes) -> bytes:
    raw = b"".join(raw.split()).rstrip(b"=")
    return raw + b"=" * (-len(raw) % 4)


@_encoding(example='hex_encode("hi")', result="6869")
def hex_encode(text: str) -> str:
    """Write the UTF-8 bytes of a text in hexadecimal."""
    return _bytes(text).hex()


@_encoding(example='hex_decode("6869")', result="hi")
def hex_decode(text: str) -> str:
    """Read hexadecimal whose bytes are UTF-8 text."""
    return _decoded(binascii.unhexlify, text, "hexadecimal")


@_encoding(example='url_encode("a b&c")', result="a%20b%26c")
def url_encode(text: str) -> str:
    """Percent-encode text for one part of a URL.  The `url` field of a step does this by itself."""
    return quote(_bytes(text), safe="")


@_encoding(example='url_decode("a%20b%26c")', result="a b&c")
def url_decode(text: str) -> str:
    """Read percent-encoded text."""
    return unquote(text)


@_encoding(cost=deep_cost, builds=False, example='query_string({"q": "a b", "tag": ["x", "y"], "page": null})',
           result="q=a%20b&tag=x&tag=y")  # fmt: skip
def query_string(params: dict[str, Any]) -> str:
    """Write a dict as a query string; a list repeats its key, null is left out."""
    pairs = [
        (_bytes(key), _bytes(to_text(item)))
        for key, value in params.items()
        for item in (value if type(value) is list else [value])
        if item is not None
    ]
    return urlencode(pairs, quote_via=quote)


@_encoding(example='parse_query("q=a+b&page=2")', result={"q": "a b", "page": "2"})
def parse_query(text: str) -> dict[str, str]:
    """Read a query string into a dict; the last of equal keys wins."""
    try:
        return dict(parse_qsl(text.removeprefix("?"), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError:
        raise Fault(f"the query string has more than {_FIELDS:,} fields.", costly=True) from None


@_encoding(example='html_escape("a < b")', result="a &lt; b")
def html_escape(text: str) -> str:
    """Write text so that HTML shows it as it is."""
    check_text(len(text))
    return html.escape(text)


@_encoding(example='html_unescape("Fish &amp; chips")', result="Fish & chips")
def html_unescape(text: str) -> str:
    """Read text in which HTML entities stand for characters."""
    return html.unescape(text)


@_encoding(cost=lambda values: len(values[0]) >> 2, example='parse_csv("id,name\\n1,Ada")',
           result=[{"id": "1", "name": "Ada"}])  # fmt: skip
def parse_csv(text: str, separator: str = ",") -> list[dict[str, str]]:
    """Read CSV whose first line names the columns, into a list of dicts of text."""
    check_text(len(text))
    rows = csv.reader(io.StringIO(text), delimiter=_separator(separator), strict=True)
    try:
        header = next(rows, [])
        found = [
            dict(zip(header, row, strict=False)) for row, _ in zip(rows, range(LIST_ITEMS + 1), strict=False) if row
        ]
    except csv.Error as exc:
        raise Fault(f"the text is not CSV: {exc}.") from None
    check_list(len(found))
    return found


@_encoding(cost=deep_cost, builds=False, example='to_csv([{"id": 1, "name": "Ada, Countess"}])',
           result='id,name\n1,"Ada, Countess"\n')  # fmt: skip
def to_csv(rows: list[Any], columns: list[Any] | None = None, separator: str = ",") -> str:
    """Write a list of dicts as CSV; `columns` says which keys, else those of the first row."""
    for row in rows:
        if type(row) is not dict:
            raise Fault(f"every row must be a dict, not {kind_of(row)}.")
    names = list(rows[0]) if columns is None and rows else [to_text(name) for name in columns or []]
    check_text(len(names) * len(rows))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=_separator(separator), lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow(_cells(row, names, out.tell()))
    check_text(out.tell())
    return out.getvalue()


def _cells(row: Mapping[str, Any], names: Sequence[str], written: int) -> list[str]:
    cells = []
    for name in names:
        cells.append("" if row.get(name) is None else to_text(row[name]))
        written += len(cells[-1])
        check_text(written)
    return cells


def _separator(text: str) -> str:
    if text not in (",", ";", "\t", "|"):
        raise Fault('`separator` is ",", ";", "|" or "\\t".')
    return text


def _hash(name: str, title: str, result: str) -> None:
    def digest(text: str) -> str:
        return hashlib.new(name, _bytes(text), usedforsecurity=False).hexdigest()

    digest.__name__ = name
    digest.__doc__ = f"Return the {title} hash of a text, in hexadecimal."
    _encoding(example=f'{name}("abc")', result=result)(digest)


_hash("sha256", "SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
_hash("sha1", "SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d")
_hash("md5", "MD5", "900150983cd24fb0d6963f7d28e17f72")


@_encoding(example='hmac_sha256("key", "message")',
           result="6e9ef29b75fffc5b7abae527d58fdadb2fe42e7219011976917343065f58ed4a")  # fmt: skip
def hmac_sha256(key: str, text: str, encoding: str = "hex") -> str:
    """Sign a text with a key: HMAC with SHA-256, written as "hex", "base64" or "base64url"."""
    digest = hmac.digest(_bytes(key), _bytes(text), "sha256")
    if encoding == "hex":
        return digest.hex()
    if encoding == "base64":
        return base64.b64encode(digest).decode()
    if encoding == "base64url":
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
    raise Fault('`encoding` is "hex", "base64" or "base64url".')
