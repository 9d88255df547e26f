"""Where NATS is and who we are there.  Touches no I/O but to read the files of TLS."""

import ipaddress
import ssl
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct


class NatsAccess(Struct, frozen=True, kw_only=True):
    """How to reach NATS: `url` is one URL, or several servers of a cluster with commas between them.

    `credentials`, `ca`, `cert` and `key` are paths of files.  Never shown by `repr`.
    """

    url: str
    user: str = ""
    password: str = ""
    token: str = ""
    credentials: str = ""
    ca: str = ""
    cert: str = ""
    key: str = ""

    def __repr__(self) -> str:
        return f"NatsAccess({', '.join(self.places)!r})"

    @property
    def servers(self) -> list[str]:
        """The URL of each server."""
        return [url.strip() for url in self.url.split(",") if url.strip()]

    @property
    def places(self) -> list[str]:
        """Host and port of each server, without what is secret."""
        return [urlsplit(url).netloc.rpartition("@")[2] for url in self.servers]

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the servers."""
        return all(_is_loopback(urlsplit(url).hostname or "") for url in self.servers)

    @property
    def names_somebody(self) -> bool:
        """Whether it says who we are: by a name, a token, a credentials file or a certificate."""
        in_url = any(urlsplit(url).username for url in self.servers)
        return in_url or bool(self.user or self.token or self.credentials or self.cert)

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection is encrypted from its beginning on."""
        return bool(self.ca or self.cert) or all(urlsplit(url).scheme in ("tls", "wss") for url in self.servers)

    @property
    def is_over_websocket(self) -> bool:
        """Whether some server is reached over a WebSocket."""
        return any(urlsplit(url).scheme in ("ws", "wss") for url in self.servers)

    def options(self) -> dict[str, Any]:
        """Return what the client library is to be told.  Raises OSError, ssl.SSLError."""
        options: dict[str, Any] = {"servers": self.servers}
        given = {"user": self.user, "password": self.password, "token": self.token}
        options |= {name: value for name, value in given.items() if value}
        if self.credentials:
            options["user_credentials"] = self.credentials
        if self.ca or self.cert:
            options["tls"] = self._tls()
        return options

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca or None)
        if self.cert:
            context.load_cert_chain(self.cert, self.key or None)
        return context


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
