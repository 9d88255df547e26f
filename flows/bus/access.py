"""Where NATS is and who we are there.  Touches no I/O but to read the files that prove it."""

import ipaddress
import ssl
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from flows.bus.credentials import credentials_options


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
        """Return what the client library is to be told.  Raises OSError, ValueError; both name the file."""
        options: dict[str, Any] = {"servers": self.servers}
        given = {"user": self.user, "password": self.password, "token": self.token}
        options |= {name: value for name, value in given.items() if value}
        if self.credentials:
            options |= credentials_options(self.credentials)
        if self.ca or self.cert or self.key:
            options["tls"] = self._tls()
        return options

    def _tls(self) -> ssl.SSLContext:
        for path in filter(None, (self.ca, self.cert, self.key)):
            open(path, "rb").close()  # its error names the file, which those of `ssl` do not
        try:
            context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.ca or None)
        except ssl.SSLError as error:
            raise ValueError(f"{self.ca} (nats_ca) holds no certificate in PEM") from error
        if self.key and not self.cert:
            raise ValueError(f"{self.key} (nats_key) is a key, and nats_cert does not say for which certificate")
        if self.cert:
            files = f"{self.cert} (nats_cert)" + (f" and {self.key} (nats_key)" if self.key else "")
            try:
                context.load_cert_chain(self.cert, self.key or None, password=_no_password)
            except ssl.SSLError as error:
                raise ValueError(f"{files}: no certificate in PEM with its key") from error
        return context


def _no_password() -> str:
    """Refuse an encrypted key: otherwise OpenSSL asks whoever sits at the terminal, and waits."""
    raise ValueError("the key for NATS is encrypted, and there is no setting for its password")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
