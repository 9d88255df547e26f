"""Give and read the cookie of a session, as safe as the connection of the browser allows.

Over https its name begins with `__Host-`, so that browsers take it from this host only and send it nowhere else.  Over
plain http there is no such promise, and browsers send a cookie of one port of a machine to all its ports, so the name
says the port: two servers on one machine do not sign each other's owners out.
"""

from typing import Any, Final
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from coordinator.services import Services

NAME: Final = "headrace_session"


def is_encrypted(connection: ASGIConnection[Any, Any, Any, Any], services: Services) -> bool:
    """Whether the browser speaks https: with this server, or with the proxy of the public URL."""
    public = urlsplit(services.settings.public_url)
    is_public = public.scheme == "https" and connection.headers.get("host", "").lower() == public.netloc.lower()
    return connection.scope.get("scheme") == "https" or is_public


def session_key(connection: ASGIConnection[Any, Any, Any, Any], services: Services) -> str:
    """Return the key of the session that the request brings; empty when it brings none."""
    return connection.cookies.get(_name(connection, services), "")


def session_cookie(
    connection: ASGIConnection[Any, Any, Any, Any], services: Services, key: str, seconds: int
) -> Cookie:
    """Return the cookie that gives a browser its key, or takes it away."""
    return Cookie(
        key=_name(connection, services),
        value=key,
        max_age=seconds,
        path="/",
        httponly=True,
        secure=is_encrypted(connection, services),
        samesite="strict",  # the pages themselves are open: they ask for everything from here
    )


def _name(connection: ASGIConnection[Any, Any, Any, Any], services: Services) -> str:
    if is_encrypted(connection, services):
        return f"__Host-{NAME}"
    server = connection.scope.get("server")
    return f"{NAME}_{server[1] if server else 0}"
