"""Speak REST with a running server: find it, show a key to it, turn its answers into values and errors.

The server is at `--url`, HEADRACE_URL, or where the server of the data directory says it is.  The key is
HEADRACE_TOKEN, or the one that the server leaves in its data directory for the same user.
Raises ServerAway, Refused.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import typer

from flows.errors import HeadraceError, InputRejected

if TYPE_CHECKING:
    from http.client import HTTPConnection

NO_ROUTE: Final = "There is nothing under this path."
"""How a server begins to say that it has no such route."""
CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 330.0
"""A little more than the longest call."""
URL_VARIABLE: Final = "HEADRACE_URL"
TOKEN_VARIABLE: Final = "HEADRACE_TOKEN"  # noqa: S105  the name of a variable
OTHER_TOKEN: Final = (
    f"Put one into {TOKEN_VARIABLE}: where the server runs, `headrace token create LABEL --admin` makes it."
)

ServerUrl = Annotated[
    str | None, typer.Option("--url", help="The server, for example http://127.0.0.1:8080.", envvar=URL_VARIABLE)
]


class ServerAway(HeadraceError):
    """No server answers."""

    code = "no_server"


class Refused(HeadraceError):
    """The server said no; code, message and fix are its own."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        message = str(problem.get("detail") or problem.get("title") or f"The server answered {status}.")
        super().__init__(message, code=str(problem.get("code", "error")), fix=str(problem.get("fix", "")))
        self.status = status
        self.problems: list[dict[str, Any]] = list(problem.get("problems", ()))


class Server:
    """A server and the key that opens it."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputRejected(f"{url!r} is not the URL of a server.", fix="It looks like http://127.0.0.1:8080.")
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._token = token

    def get(self, path: str, **query: Any) -> Any:
        """Read something; what is None is left out of the query."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.request("GET", f"{path}?{urlencode(given)}" if given else path)

    def post(self, path: str, body: Any = None) -> Any:
        """Do something."""
        return self.request("POST", path, {} if body is None else body)

    def put(self, path: str, body: Any) -> Any:
        """Write something."""
        return self.request("PUT", path, body)

    def delete(self, path: str, **query: Any) -> Any:
        """Delete something."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.request("DELETE", f"{path}?{urlencode(given)}" if given else path)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request; return what the answer holds.  Raises ServerAway, Refused."""
        status, content_type, answer = self._exchange(method, path, body)
        try:
            value = msgspec.json.decode(answer) if answer else None
        except msgspec.DecodeError:
            value = None
        if status < 400 and (value is not None or not answer):
            return value
        if isinstance(value, dict) and content_type.startswith("application/problem+json"):
            raise self._refused(status, value)
        raise ServerAway(
            f"What answers at {self.url} is no Headrace server (status {status}).", fix=f"Check {URL_VARIABLE}."
        )

    def _refused(self, status: int, problem: dict[str, Any]) -> HeadraceError:
        """Return what the server said, in the words of whoever types commands."""
        if status == 401:
            return Refused(status, problem | {"detail": _without_fix(problem), "fix": OTHER_TOKEN})
        if status == 404 and self._prefix and str(problem.get("detail", "")).startswith(NO_ROUTE):
            origin = self.url.removesuffix(self._prefix)
            return ServerAway(
                f"There is nothing for commands under {self.url}.", fix=f"Leave the path out, as in {origin}."
            )
        return Refused(status, problem)

    def _exchange(self, method: str, path: str, body: Any) -> tuple[int, str, bytes]:
        headers = {"Accept": "application/json", "User-Agent": "headrace-cli"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        from http.client import HTTPException

        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = msgspec.json.encode(body)
        connection = self._connect()
        try:
            connection.request(method, f"{self._prefix}{path}", content, headers)
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type", ""), response.read()
        except (OSError, HTTPException) as error:
            raise ServerAway(f"The server at {self.url} went away: {error or type(error).__name__}.") from error
        finally:
            connection.close()

    def _connect(self) -> "HTTPConnection":
        # Imported here: `serve` imports the other commands too, and has no use for it.
        from http.client import HTTPConnection, HTTPSConnection

        kind = HTTPSConnection if self._secure else HTTPConnection
        connection = kind(self._host, self._port, timeout=CONNECT_SECONDS)
        try:
            connection.connect()
        except OSError as error:
            raise ServerAway(
                f"No Headrace server answers at {self.url}{_reason(error)}.",
                fix=f"Start one with `headrace serve`, or name another one with --url or {URL_VARIABLE}.",
            ) from error
        connection.sock.settimeout(ANSWER_SECONDS)
        return connection


def server(url: str | None) -> Server:
    """Return the server that the commands talk to."""
    from coordinator.access.admin_key import read_admin_key
    from coordinator.presence import read_presence
    from coordinator.settings_sources import load_settings

    settings = load_settings().settings
    data = Path(settings.data)
    token = os.environ.get(TOKEN_VARIABLE) or None
    local = read_presence(data) or f"http://{_own_address(settings.host)}:{settings.port}"
    if url is None or url.rstrip("/") == local:
        # The key of the data directory is for its own server: it is not shown to any other.
        return Server(local, token or read_admin_key(data))
    return Server(url, token)


def _without_fix(problem: Mapping[str, Any]) -> str:
    """Return the first sentence of a refusal: the ones after it say how REST is told a token."""
    return f"{str(problem.get('detail', '')).partition('. ')[0].removesuffix('.')}."


def _reason(error: OSError) -> str:
    """Say why there is no connection, unless it is the usual: nobody listens."""
    from socket import gaierror
    from ssl import SSLError

    if isinstance(error, gaierror):
        return ": its name is not known"
    if isinstance(error, SSLError):
        return f": TLS fails ({error.reason or error}), perhaps it is http://"
    return "" if isinstance(error, ConnectionRefusedError) else f" ({error.strerror or error})"


def part(name: str) -> str:
    """Quote a name for a path."""
    return quote(name, safe="")


def _own_address(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):  # noqa: S104  compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
