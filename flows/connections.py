"""What a connection is to a step, and where workers get connections from.  Touches no I/O."""

import hashlib
import html
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, Protocol
from urllib.parse import quote, quote_plus

from msgspec import Struct

from flows.errors import StepError
from flows.problems import did_you_mean

ConnectionKind = Literal["http", "sql", "values"]

MASK: Final = "***"
SECRET_CHARACTERS: Final = 8
"""What is shorter is not masked: too much would be, and a credential that short protects nothing."""
_SALT: Final = os.urandom(16)


class Connection(Struct, frozen=True, kw_only=True):
    """Named settings and credentials to reach one service, in one state.  Never shown by `repr`.

    `url` is that of the database (`sql`), or where all requests begin (`http`).  `headers` and `query` go along with
    every request, to this service only.  `signs_in` says that the credentials expire: a step asks
    `StepContext.authorize` for them.  `values` are the named fields of a connection of that kind.  `version` names the
    state: what was opened with another one is out of date.  `masks` are the secrets in every spelling in which they
    could come back.
    """

    name: str
    kind: ConnectionKind
    url: str = ""
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    values: Mapping[str, str] = {}
    has_auth: bool = False
    signs_in: bool = False
    allow_private: bool = False
    version: str = ""
    masks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Connection({self.name!r}, kind={self.kind!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("name", self.name), ("kind", self.kind)]


class ConnectionSource(Protocol):
    """Where a worker gets connections from: the coordinator's memory, or the coordinator over the wire."""

    def get(self, name: str) -> Connection | None:
        """Return the connection in its present state, without waiting."""
        ...

    def names(self) -> Iterable[str]:
        """Return the names of all connections."""
        ...

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        """Return the connection with credentials that are valid now; `refused` says that those it has are not.

        Raises StepError when there are none.
        """
        ...

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call back after every change of any connection."""
        ...


class FixedConnections:
    """Connections that never change: for the command line and for tests."""

    def __init__(self, connections: Iterable[Connection] = ()) -> None:
        self._connections = {connection.name: connection for connection in connections}

    def get(self, name: str) -> Connection | None:
        """Return the connection."""
        return self._connections.get(name)

    def names(self) -> Iterable[str]:
        """Return the names of all connections."""
        return self._connections

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        """Return the connection as it is: nothing here can sign in."""
        return connection

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Nothing here changes."""


def sql_connection(name: str, url: str) -> Connection:
    """Return the connection to a database."""
    return Connection(name=name, kind="sql", url=url, version=version_of(url), masks=masks_of([password_of(url)]))


def password_of(url: str) -> str:
    """Return what stands between `:` and `@`, as it is written."""
    authority = url.partition("://")[2].partition("/")[0]
    userinfo, at, _ = authority.rpartition("@")
    return userinfo.partition(":")[2] if at else ""


def unknown_connection(name: str, known: Iterable[str]) -> StepError:
    """Say that there is no connection of that name."""
    return StepError(
        f"There is no connection {name!r}.{did_you_mean(name, known)}",
        code="unknown_connection",
        fix="Make one with `headrace connection set`, or name one under `connections` in the settings.",
    )


def require_kind(connection: Connection, kind: ConnectionKind, step: str) -> Connection:
    """Return the connection if it is of the kind that a step needs.  Raises StepError."""
    if connection.kind != kind:
        raise StepError(
            f"Connection {connection.name!r} is of kind `{connection.kind}`; the step `{step}` needs one of kind "
            f"`{kind}`.",
            code="invalid_connection",
            fix="Name another connection.",
        )
    return connection


def version_of(*parts: str) -> str:
    """Name a state by its content, in a way that tells nothing about it and is of no use in another process."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), key=_SALT, digest_size=12).hexdigest()


def masks_of(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return every spelling of the secrets to look for, the longest first."""
    spellings = set()
    # Services leave out the space around a text, such as the last line end of a file.
    for secret in {text for given in secrets for text in (given, given.strip())}:
        if len(secret) >= SECRET_CHARACTERS:
            escaped = json.dumps(secret)[1:-1]
            spellings |= {secret, escaped, escaped.replace("/", "\\/"), quote(secret), quote(secret, safe="")}
            spellings.add(quote_plus(secret))
    return longest_first(spellings)


def longest_first(spellings: Iterable[str]) -> tuple[str, ...]:
    """Return spellings so that none hides a longer one that holds it."""
    return tuple(sorted(spellings, key=lambda spelling: (-len(spelling), spelling)))


def masked(text: str, masks: tuple[str, ...]) -> str:
    """Return the text without the secrets."""
    for mask in masks:
        if mask in text:
            text = text.replace(mask, MASK)
    for run, pattern in _mixed_spellings(masks):
        if run in text:
            text = pattern.sub(MASK, text)
    return text


_NEVER_ESCAPED: Final = re.compile(r"[A-Za-z0-9_.~-]*")


@lru_cache(maxsize=64)
def _mixed_spellings(masks: tuple[str, ...]) -> tuple[tuple[str, "re.Pattern[str]"], ...]:
    """Return what finds secrets of which only some characters are escaped: services differ in which they do.

    Before each pattern stands a part of the secret that every spelling has, because looking for it is quick.
    """
    found: list[tuple[str, re.Pattern[str]]] = []
    for mask in reversed(masks):  # the shortest spelling of a secret is the secret
        if _NEVER_ESCAPED.fullmatch(mask) or any(pattern.fullmatch(mask) for _, pattern in found):
            continue
        run = max(_NEVER_ESCAPED.findall(mask), key=len)
        found.append((run, re.compile("".join(map(_any_spelling, mask)))))
    return tuple(found)


@lru_cache(maxsize=1024)
def _any_spelling(character: str) -> str:
    """Return the pattern of a character as it is, or escaped in a URL, in JSON or in HTML."""
    if _NEVER_ESCAPED.fullmatch(character):
        return re.escape(character)
    in_url = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    in_json = json.dumps(character)[1:-1]
    code = ord(character)
    spellings = {character, in_json, f"\\{character}", html.escape(character), "+" if character == " " else character}
    escapes = f"(?i:{in_url}|\\\\u{code:04x}|&#0*{code};|&#x0*{code:x};)"
    return f"(?:{'|'.join(map(re.escape, sorted(spellings, key=len, reverse=True)))}|{escapes})"
