"""Check what the type of a setting cannot say: forms of names and URLs, and rules between settings.  Touches the disk
only to see that the flow directory exists.
"""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from coordinator.settings import Settings

Rule = tuple[str, str, str]
"""The setting, the code, and the sentence."""

DATABASE_SCHEMES = ("sqlite", "postgresql", "postgres")
NATS_SCHEMES = ("nats", "tls", "ws", "wss")
_CONNECTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_HOST = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


def broken_rules(settings: Settings, given: frozenset[str]) -> Iterator[Rule]:
    """Name every rule that the settings break.  `given` are those that are not defaults."""
    yield from _openness(settings)
    yield from _addresses(settings)
    yield from _storage(settings, given)
    yield from _bus(settings)


def _openness(settings: Settings) -> Iterator[Rule]:
    if not settings.is_local and not settings.require_auth:
        message = (
            f"Other machines can reach {settings.host}, so calls must bring a token, but require_auth is off. "
            "Leave require_auth on and make a token with `headrace token create`, or listen on 127.0.0.1."
        )
        yield "require_auth", "settings.open-to-network", message


def _addresses(settings: Settings) -> Iterator[Rule]:
    if settings.public_url and not _is_origin(settings.public_url, path_allowed=True):
        message = f"public_url is a URL such as https://tools.example.com, not {settings.public_url[:200]!r}."
        yield "public_url", "settings.wrong-value", message
    for host in settings.allowed_hosts:
        if not _HOST.fullmatch(host):
            # A wildcard would let names in that nobody thought of, and each of them is a way to rebind.
            each = " Name each host by itself." if "*" in host else ""
            message = f"allowed_hosts names hosts such as tools.example.com, not {host[:200]!r}.{each}"
            yield "allowed_hosts", "settings.wrong-value", message
    for origin in settings.allowed_origins:
        if not _is_origin(origin, path_allowed=False):
            message = f"allowed_origins names origins such as https://app.example.com, not {origin[:200]!r}."
            yield "allowed_origins", "settings.wrong-value", message
    for proxy in settings.trusted_proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            message = f"trusted_proxies names addresses such as 10.0.0.5 or 10.0.0.0/8, not {proxy[:200]!r}."
            yield "trusted_proxies", "settings.wrong-value", message


def _storage(settings: Settings, given: frozenset[str]) -> Iterator[Rule]:
    scheme = settings.database_url.partition("://")[0].partition("+")[0]
    if scheme not in DATABASE_SCHEMES:
        message = f"database_url starts with sqlite:// or postgresql://, not with {scheme[:30]!r}."
        yield "database_url", "settings.wrong-value", message
    if "flows" in given and not Path(settings.flows).is_dir():
        message = f"There is no directory {settings.flows!r}. Create it, or name another one."
        yield "flows", "settings.no-directory", message
    for name, url in settings.connections.items():
        if not _CONNECTION_NAME.fullmatch(name):
            message = f"A connection's name has letters, digits, _ and -, and starts with a letter; not {name[:80]!r}."
            yield f"connections.{name}", "settings.wrong-value", message
        if "://" not in url:
            message = f"Connection {name!r} is a URL such as postgresql://user:password@host/database."
            yield f"connections.{name}", "settings.wrong-value", message


def _bus(settings: Settings) -> Iterator[Rule]:
    for name in ("nats_credentials", "nats_ca", "nats_cert", "nats_key"):
        path = getattr(settings, name)
        if path and not Path(path).is_file():
            yield name, "settings.no-file", f"There is no file {path!r}. Create it, or name another one."
    access = settings.nats
    if access is None:
        return
    for server in access.servers:
        scheme, _, place = server.partition("://")
        if scheme not in NATS_SCHEMES or not place:
            message = "nats_url is a URL such as nats://10.0.0.5:4222 or tls://nats.example.com:4222."
            yield "nats_url", "settings.wrong-value", message
            return
    if not access.is_local and not access.names_somebody:
        message = (
            f"Others can reach NATS at {', '.join(access.places)}, so it has to ask who is there. Give it users, and "
            "name one with nats_user and nats_password, nats_token, nats_credentials, or nats_cert."
        )
        yield "nats_url", "settings.nats-open", message


def _is_origin(url: str, *, path_allowed: bool) -> bool:
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    bare = not (parts.query or parts.fragment or parts.username) and (path_allowed or not parts.path)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port_fits and bare
