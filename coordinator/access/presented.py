"""Read what a request presents: its headers once, and the token in any of the ways a client may send it.

The query form of the token is taken out of the ASGI scope, because servers write the query into their access log.
"""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote_plus

from msgspec import Struct

Scope = MutableMapping[str, Any]

HEADERS_KEY = "headrace.headers"
QUERY_TOKEN_KEY = "headrace.query_token"  # noqa: S105  a key of the scope, not a secret


class TokenSources(Struct, frozen=True, kw_only=True):
    """Where a token is looked for beside `Authorization: Bearer`, which always counts and always wins."""

    api_key_header: bool = True
    query: bool = True


def folded_headers(scope: Scope) -> dict[bytes, bytes]:
    """Return the headers by lower-case name; those sent several times are joined by `, ` (RFC 9110, 5.3)."""
    headers: dict[bytes, bytes] | None = scope.get(HEADERS_KEY)
    if headers is None:
        raw = scope["headers"]
        headers = dict(raw)
        if len(headers) != len(raw):
            headers = {}
            for name, value in raw:
                headers[name] = headers[name] + b", " + value if name in headers else value
        scope[HEADERS_KEY] = headers
    return headers


def take_query_token(scope: Scope) -> str | None:
    """Return the `token` of the query, and leave it out of the query from now on."""
    query: bytes = scope.get("query_string", b"")
    if query:
        kept = []
        for pair in query.split(b"&"):
            name, _, value = pair.partition(b"=")
            if _decoded(name).strip().lower() == "token":
                scope.setdefault(QUERY_TOKEN_KEY, _decoded(value))
            else:
                kept.append(pair)
        scope["query_string"] = b"&".join(kept)
    return scope.get(QUERY_TOKEN_KEY)


def presented_token(scope: Scope, sources: TokenSources) -> str | None:
    """Return the token of the request, or None.  A header wins over the query."""
    in_query = take_query_token(scope)
    headers = folded_headers(scope)
    authorization = headers.get(b"authorization")
    if authorization is not None and authorization[:7].lower() == b"bearer ":
        token = authorization[7:].strip()
        if token:
            return token.decode("latin-1")
    if sources.api_key_header:
        key = headers.get(b"x-api-key", b"").strip()
        if key:
            return key.decode("latin-1")
    return (in_query or None) if sources.query else None


def _decoded(text: bytes) -> str:
    return unquote_plus(text.decode("latin-1"))
