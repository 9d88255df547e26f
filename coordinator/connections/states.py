"""Turn a configuration and its secrets into what workers use: an immutable `flows.connections.Connection`."""

from base64 import b64encode
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from coordinator.connections.model import (
    ApiKeyAuth,
    Auth,
    AuthorizationCode,
    BasicAuth,
    BearerAuth,
    ClientCredentials,
    Config,
    HttpConnection,
    OAuth,
    SqlConnection,
    oauth_of,
)
from flows.connections import Connection, masks_of, sql_connection, version_of

VERSION_MARK = "+"
"""Stands in the version of a connection before that of its token."""


class Application(Struct, frozen=True, kw_only=True):
    """What is needed to fetch tokens for a connection.  Never shown by `repr`."""

    connection: str
    oauth: OAuth
    client_secret: str
    allow_private: bool

    def __repr__(self) -> str:
        return f"Application({self.connection!r})"


def state_of(name: str, config: Config, secrets: Mapping[str, str]) -> Connection:
    """Return the present state of a connection."""
    if isinstance(config, SqlConnection):
        return sql_connection(name, secrets["url"])
    if not isinstance(config, HttpConnection):
        return Connection(
            name=name,
            kind="values",
            values=dict(secrets),
            version=_version(config, secrets),
            masks=masks_of(secrets.values()),
        )
    headers, query = _credentials(config.auth, secrets)
    return Connection(
        name=name,
        kind="http",
        url=config.base_url,
        headers={**config.headers, **headers},
        query=query,
        has_auth=bool(headers or query) or oauth_of(config) is not None,
        signs_in=oauth_of(config) is not None,
        allow_private=config.allow_private,
        version=_version(config, secrets),
        masks=masks_of([*secrets.values(), *(value.rpartition(" ")[2] for value in headers.values())]),
    )


def application_of(name: str, config: Config, secrets: Mapping[str, str]) -> Application | None:
    """Return what fetches tokens for a connection, if anything does."""
    oauth = oauth_of(config)
    if oauth is None or not isinstance(config, HttpConnection):
        return None
    return Application(
        connection=name,
        oauth=oauth,
        client_secret=secrets.get("client_secret", ""),
        allow_private=config.allow_private,
    )


def signed_in(connection: Connection, oauth: OAuth, token: str, version: int) -> Connection:
    """Return the connection with a token in its headers."""
    name = oauth.token_header
    value = f"Bearer {token}" if name.lower() == "authorization" else token
    return msgspec.structs.replace(
        connection,
        headers={**connection.headers, name: value},
        version=f"{connection.version.partition(VERSION_MARK)[0]}{VERSION_MARK}{version}",
        masks=masks_of([*connection.masks, token]),
    )


def token_version(connection: Connection) -> int:
    """Return which token a connection was signed in with; 0 for none."""
    return int(connection.version.partition(VERSION_MARK)[2] or 0)


def _credentials(auth: Auth, secrets: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return headers and pairs of the query."""
    match auth:
        case BearerAuth():
            return {"Authorization": f"Bearer {secrets['token']}"}, {}
        case ApiKeyAuth(place="header"):
            return {auth.name: auth.prefix + secrets["key"]}, {}
        case ApiKeyAuth():
            return {}, {auth.name: auth.prefix + secrets["key"]}
        case BasicAuth():
            pair = b64encode(f"{auth.username}:{secrets['password']}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}, {}
        case ClientCredentials() | AuthorizationCode():
            return {}, {}
    return {}, {}


def _version(config: Config, secrets: Mapping[str, str]) -> str:
    return version_of(msgspec.json.encode(config, order="sorted").decode(), msgspec.json.encode(secrets).decode())
