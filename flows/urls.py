"""Compile a URL template into a function of the scope, so that no value can change where the request goes.

Scheme, host, port and the literal part of the path are fixed when the flow is loaded.  A value inside the path is one
percent-encoded segment (or a piece of one), a value after `?` is percent-encoded too.  What would still move the path,
`.` and `..` in any encoding and empty segments, is refused.  So no template makes a URL that is only known at run time.

Raises UrlInvalid for a template that cannot be used, StepError for a value that cannot.  Touches no I/O.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, urljoin

from yarl import URL

from flows.errors import StepError
from flows.expr import Expression, Template
from flows.sdk import Scope


class UrlInvalid(ValueError):
    """A URL template that is refused at load.  `offset` counts characters of the template, None when not known."""

    def __init__(self, message: str, offset: int | None = 0) -> None:
        super().__init__(message)
        self.offset = offset


DECODINGS = 8  # more than any chain of proxies and servers does to a path
Piece = str | Callable[[Scope], str]


def compile_url(template: Template) -> Callable[[Scope], str]:
    """Return the function that builds the URL, fully encoded.  Raises UrlInvalid."""
    parts = template.parts
    head = parts[0] if parts else ""
    if not isinstance(head, str):
        raise UrlInvalid(
            "A URL begins with fixed text, so that no value can change where the request goes. "
            "Write scheme and host out, for example https://api.example.com/${{ args.id }}."
        )
    origin, rest = _split_origin(head, more=len(parts) > 1)
    walk = _Walk(offset=len(head) - len(rest))
    return _joined([origin, *walk.pieces_of((rest, *parts[1:]))])


def compile_path(template: Template) -> Callable[[Scope], str]:
    """Return the function that builds a path, and its query, below a base URL.  Raises UrlInvalid."""
    parts = template.parts
    head = parts[0] if parts else ""
    if not isinstance(head, str) or not head.startswith("/"):
        raise UrlInvalid(
            "A path begins with a slash, for example /orders/${{ args.id }}. Scheme and host are the connection's."
        )
    return _joined(_Walk(offset=0).pieces_of((head, *parts[1:])))


def parse_fixed_url(text: str) -> str:
    """Return a URL without expressions, query and fragment, in its usual spelling.  Raises UrlInvalid."""
    if "?" in text or "#" in text or "${{" in text:
        raise UrlInvalid("This URL is fixed text without query and fragment.")
    return compile_url(Template((text.strip(),), {}, False))({})


def parse_base_url(text: str) -> str:
    """Return a URL under which all requests of a connection are, without a slash at its end.  Raises UrlInvalid."""
    return parse_fixed_url(text).rstrip("/")


def is_below(base: str, url: str) -> bool:
    """Whether a URL is the base URL or below it, for whichever server reads it."""
    ours, theirs = URL(base, encoded=True), URL(url, encoded=True)
    if (ours.scheme, ours.host, ours.port) != (theirs.scheme, theirs.host, theirs.port) or _moves_the_path(
        theirs.raw_path
    ):
        return False
    prefix, path = ours.raw_path.rstrip("/"), theirs.raw_path
    return path == prefix or path.startswith(f"{prefix}/")


def without_pairs(url: str, names: Mapping[str, str]) -> str:
    """Return the URL without the pairs of its query that have one of these names, in whatever spelling."""
    head, mark, query = url.partition("?")
    kept = [pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) not in names]
    return f"{head}?{'&'.join(kept)}" if mark and any(kept) else head


def add_query(url: str, query: Mapping[str, Any], field: str = "query") -> str:
    """Return the URL with these pairs after those it has."""
    text = encode_pairs(query, field)
    if not text:
        return url
    if "?" not in url:
        return f"{url}?{text}"
    return url + text if url.endswith(("?", "&")) else f"{url}&{text}"


def encode_pairs(values: Mapping[str, Any], field: str) -> str:
    """Return `a=1&b=2`: lists repeat the key, null is left out.  Raises StepError for nested values."""
    pairs = []
    for key, value in values.items():
        for item in value if isinstance(value, list | tuple) else (value,):
            if item is not None:
                place = f"{field}.{key}"
                pairs.append(f"{_encode(key, place)}={_encode(scalar_text(item, place), place)}")
    return "&".join(pairs)


def scalar_text(value: Any, place: str) -> str:
    """Return text, a number or a boolean as text, the way JSON writes it.  Raises StepError for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        try:
            return str(value)
        except ValueError:  # Python writes no more than 4,300 digits
            raise _unusable(f"`{place}` is a number of too many digits.", "Give a smaller one.") from None
    kind = "null" if value is None else "a list" if isinstance(value, list | tuple) else "a mapping"
    raise _unusable(f"`{place}` is {kind}.", "Give text, a number or a boolean there.")


def split_host_port(authority: str) -> tuple[str, str]:
    """Return the host in its usual spelling (IPv6 in brackets) and `:port` or nothing.  Raises ValueError."""
    if "@" in authority:
        raise ValueError("A URL holds no user name or password. Send them in the `Authorization` header.")
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise ValueError(f"{authority!r} is not a host.")
    host, port = found[1], found[2]
    if port and not 0 < int(port) < 65536:
        raise ValueError(f"{port} is not a port. A port is a number from 1 to 65535.")
    return _canonical_host(host), f":{int(port)}" if port else ""


def parse_foreign_url(text: str) -> str:
    """Return a URL that is only known at run time, fully encoded and without its fragment.  Raises ValueError.

    For steps that go where a caller says.  It goes through the same rules as the origin of a flow's URL.
    """
    if _CONTROL.search(text):
        raise ValueError("The address has a control character in it.")
    origin, rest = _split_origin(text.strip(" ").partition("#")[0], more=False)
    return origin + ("" if rest.startswith("/") else "/") + _encode_literal(rest)


def resolve_redirect(url: str, location: str) -> str:
    """Return the address that a `Location` header means, seen from `url`.  Raises ValueError.

    Its path is the other side's business.
    """
    if _CONTROL.search(location):
        raise ValueError("The address has a control character in it.")
    target = parse_foreign_url(urljoin(url, location.strip(" ")))
    if url.startswith("https:") and target.startswith("http:"):
        raise ValueError("It leads from https to http, where others can read along.")
    return target


# -- the fixed part ------------------------------------------------------------------------------------------------

_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)")
_UNFINISHED_ORIGIN = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)?:?/?")
_AUTHORITY = re.compile(r"(\[[^\[\]%]*\]|[^:\[\]%]+)(?::([0-9]{0,6}))?")
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_OCTET = re.compile(r"25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9]")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


def _split_origin(head: str, *, more: bool) -> tuple[str, str]:
    """Return `https://host:port` and the text after it."""
    found = _ORIGIN.match(head)
    if found is None:
        if more and _UNFINISHED_ORIGIN.fullmatch(head):
            raise UrlInvalid("The scheme of a URL is fixed text. Write https:// out.", len(head))
        raise UrlInvalid("A URL begins with https:// or http:// and a host.")
    scheme = found[1].lower()
    if scheme not in {"http", "https"}:
        raise UrlInvalid(f"A URL begins with https:// or http://, not with {found[1]}://.")
    if more and found.end() == len(head):
        raise UrlInvalid(
            "The host of a URL is fixed text and ends with a slash, so that no value can change where the request "
            "goes. Write it out, for example https://api.example.com/${{ args.id }}.",
            len(head),
        )
    if not found[2]:
        raise UrlInvalid("The URL has no host.", found.start(2))
    try:
        host, port = split_host_port(found[2])
    except ValueError as problem:
        raise UrlInvalid(str(problem), found.start(2)) from None
    return f"{scheme}://{host}{port}", head[found.end() :]


def _canonical_host(host: str) -> str:
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:-1])}]"
        except ValueError:
            raise ValueError(f"{host!r} is not an IPv6 address.") from None
    name = _ascii_host(host).lower()
    if len(name) > 253 or not _HOST_NAME.fullmatch(name):
        raise ValueError(f"{host!r} is not a host.")
    # Resolvers take `127.1`, `0x7f000001` and `017700000001` for addresses: they hide where a request goes.
    if _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]) and not _is_ipv4(name):
        raise ValueError(f"{host!r} is an unusual spelling of an address. Write four numbers from 0 to 255.")
    return name


def _ascii_host(host: str) -> str:
    if host.isascii():
        return host
    try:
        return URL.build(scheme="http", host=host).raw_host or ""
    except ValueError:
        return ""


def _is_ipv4(name: str) -> bool:
    octets = name.split(".")
    return len(octets) == 4 and all(map(_OCTET.fullmatch, octets))


# -- the path and the query ----------------------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TO_ENCODE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@%/?]")
# A piece `.` or `..` where some server would see a border: slashes of both kinds, `;` (path parameters), and with
# the blanks and control characters that some servers trim.
_DOT_PIECE = re.compile(r"(?:^|[/\\])[\x00-\x20]*\.\.?[\x00-\x20]*(?:\Z|[/\\;])")
_PLAIN = re.compile(r"[A-Za-z0-9_~-]+")


class _Walk:
    """Goes once over text and expressions and sorts them into path segments and the query."""

    def __init__(self, offset: int) -> None:
        self._offset: int | None = offset
        self._pieces: list[Piece] = []
        self._segment: list[str | Expression] = []
        self._in_query = False

    def pieces_of(self, parts: tuple[str | Expression, ...]) -> list[Piece]:
        if not str(parts[0]).startswith("/"):
            self._pieces.append("/")
        for part in parts:
            if isinstance(part, str):
                self._text(part)
                continue
            self._offset = None
            if self._in_query:
                self._pieces.append(_query_value(part))
            else:
                self._segment.append(part)
        self._end_segment()
        return self._pieces

    def _text(self, text: str) -> None:
        if found := _CONTROL.search(text):
            raise UrlInvalid("The URL has a line break or control character in it.", self._at(found.start()))
        if "#" in text:
            raise UrlInvalid(
                "What follows `#` in a URL is never sent. Remove it, or write %23 for the character itself.",
                self._at(text.index("#")),
            )
        self._offset = self._at(len(text))
        if not self._in_query:
            path, mark, text = text.partition("?")
            self._path(path)
            if not mark:
                return
            self._end_segment()
            self._pieces.append("?")
            self._in_query = True
        self._pieces.append(_encode_literal(text))

    def _path(self, text: str) -> None:
        first, *others = text.split("/")
        self._segment.append(first)
        for other in others:
            self._end_segment()
            self._pieces.append("/")
            self._segment.append(other)

    def _end_segment(self) -> None:
        parts = tuple(part for part in self._segment if part != "")
        self._segment.clear()
        if len(parts) == 1 and not isinstance(parts[0], str):
            self._pieces.append(_whole_segment(parts[0]))
        elif not all(isinstance(part, str) for part in parts):
            self._pieces.append(_mixed_segment(parts))
        else:
            text = "".join(map(str, parts))
            if _moves_the_path(unquote(text)):
                raise UrlInvalid(f"The path segment {text!r} moves the path. Write the path that is meant.", None)
            self._pieces.append(_encode_literal(text))

    def _at(self, position: int) -> int | None:
        return None if self._offset is None else self._offset + position


def _joined(pieces: list[Piece]) -> Callable[[Scope], str]:
    """Return one function for all pieces; neighbouring constants become one."""
    merged: list[Piece] = []
    for piece in pieces:
        if merged and isinstance(piece, str) and isinstance(before := merged[-1], str):
            merged[-1] = before + piece
        else:
            merged.append(piece)
    if len(merged) == 1 and isinstance(constant := merged[0], str):
        return lambda _scope: constant
    return lambda scope: "".join([piece if isinstance(piece, str) else piece(scope) for piece in merged])


def _whole_segment(expression: Expression) -> Callable[[Scope], str]:
    place = _place(expression)

    def segment(scope: Scope) -> str:
        text = scalar_text(expression.evaluate(scope), place)
        if _PLAIN.fullmatch(text):
            return text
        _check_segment(text, place)
        return _encode(text, place)

    return segment


def _mixed_segment(parts: tuple[str | Expression, ...]) -> Callable[[Scope], str]:
    """Build a segment of text and expressions; what is checked is the whole of it: `.${{ x }}` may become `..`."""
    place = "".join(part if isinstance(part, str) else _place(part) for part in parts)
    pieces = [(unquote(part), _encode_literal(part)) if isinstance(part, str) else part for part in parts]

    def segment(scope: Scope) -> str:
        meant, encoded = "", ""
        for piece in pieces:
            if isinstance(piece, tuple):
                meant += piece[0]
                encoded += piece[1]
            else:
                text = scalar_text(piece.evaluate(scope), place)
                meant += text
                encoded += _encode(text, place)
        _check_segment(meant, place)
        return encoded

    return segment


def _query_value(expression: Expression) -> Callable[[Scope], str]:
    place = _place(expression)
    return lambda scope: _encode(scalar_text(expression.evaluate(scope), place), place)


def _check_segment(text: str, place: str) -> None:
    if not text:
        raise _unusable(f"`{place}` is empty, which would make it another path.", "Give it a value.")
    if _moves_the_path(text):
        raise _unusable(f"`{place}` has `.` or `..` as a part, which would move the path.", "Give another value.")


def _moves_the_path(text: str) -> bool:
    """Look at the text as a server sees it that decodes once, or again and again."""
    for _ in range(DECODINGS):
        if _DOT_PIECE.search(text):
            return True
        if "%" not in text:
            return False
        text = unquote(text)
    return False


def _encode(text: str, place: str) -> str:
    """Encode everything that is not a letter, a digit or one of `-._~`."""
    if _PLAIN.fullmatch(text):
        return text
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise _unusable(f"`{place}` holds half a character (a lone surrogate).", "Send whole characters.") from None


def _encode_literal(text: str) -> str:
    """Encode what may not stand in a URL and keep what the author encoded."""
    return _TO_ENCODE.sub(lambda found: quote(found[0], safe="", errors="surrogateescape"), text)


def _unusable(message: str, fix: str) -> StepError:
    return StepError(message, code="unusable_value", fix=fix)


def _place(expression: Expression) -> str:
    return f"${{{{ {expression.text} }}}}"
