"""Take the URL of a database apart.

Nothing here repeats the URL in an error: it may hold a password, and so may any piece of a URL that was mistyped.
"""

from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

from flows.errors import StepError


class Address(Struct, frozen=True, kw_only=True):
    """Where a database is.  `scheme` goes without the driver of `postgresql+asyncpg`; `path` has no leading slash."""

    scheme: str
    host: str
    port: int | None
    user: str | None
    password: str | None
    path: str
    options: dict[str, str]

    def __repr__(self) -> str:
        return f"Address({self.scheme!r})"


def parse_address(name: str, url: str) -> Address:
    """Return the parts of the URL of connection `name`.  Raises StepError."""
    try:
        parts = urlsplit(url)
        return Address(
            scheme=parts.scheme.partition("+")[0].lower(),
            host=parts.hostname or "",
            port=parts.port,
            user=_decoded(parts.username),
            password=_decoded(parts.password),
            path=unquote(parts.path.removeprefix("/")),
            options=dict(parse_qsl(parts.query, keep_blank_values=True)),
        )
    except ValueError:
        raise not_a_url(name) from None


def not_a_url(name: str) -> StepError:
    """Return the error for a URL that cannot be used."""
    return StepError(
        f"The URL of connection {name!r} cannot be read.",
        code="invalid_connection",
        fix="Write scheme://user:password@host:port/database, with special characters in the password percent-encoded.",
    )


def _decoded(text: str | None) -> str | None:
    return None if text is None else unquote(text)
