"""Declare what a connection consists of: settings that may be shown, and names of secrets that may not.

Touches no I/O.  Raises InputRejected.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from coordinator.connections.presets import AUTHORIZATION, FORM, PRESETS
from flows.connections import ConnectionKind
from flows.errors import InputRejected
from flows.problems import did_you_mean
from flows.steps._http_body import check_header_names
from flows.urls import UrlInvalid, parse_base_url, parse_fixed_url

MAX_SECRET_CHARACTERS: Final = 16 * 1024
MAX_FIELDS: Final = 50
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_IN_HEADER: Final = re.compile(r"[\x20-\x7e\t]*")


class NoAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="none"):
    """Send no credentials."""


class BearerAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="bearer"):
    """Send the secret `token` as `Authorization: Bearer`."""


class ApiKeyAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="api_key"):
    """Send the secret `key` under a name of its own."""

    name: Annotated[str, Meta(description="Name of the header or of the pair in the query.", min_length=1)]
    place: Annotated[Literal["header", "query"], Meta(description="Where the key goes.")] = "header"
    prefix: Annotated[str, Meta(description="Text before the key, for example `Token `.", max_length=100)] = ""


class BasicAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="basic"):
    """Send a user name and the secret `password` as `Authorization: Basic`."""

    username: Annotated[str, Meta(description="The user name.")]


class ClientCredentials(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="oauth2_client_credentials"
):
    """Fetch tokens with a client id and the secret `client_secret`."""

    client_id: Annotated[str, Meta(description="The id that the provider gave to this application.", min_length=1)]
    token_url: Annotated[str, Meta(description="Where tokens are fetched.")]
    scopes: Annotated[tuple[str, ...], Meta(description="What the tokens may do.")] = ()
    token_params: Annotated[Mapping[str, str], Meta(description="More to send, for example `audience`.")] = {}
    client_auth: Annotated[
        Literal["basic", "body"], Meta(description="Whether the secret goes in a header or in the body.")
    ] = "basic"
    token_header: Annotated[str, Meta(description="The header that takes the token to the service.")] = AUTHORIZATION


class AuthorizationCode(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="oauth2_authorization_code"
):
    """Let a person sign in at the provider, and keep the tokens fresh.  The secret is `client_secret`."""

    client_id: Annotated[str, Meta(description="The id that the provider gave to this application.", min_length=1)]
    preset: Annotated[str, Meta(description="A well-known provider, whose addresses are known.")] = ""
    preset_values: Annotated[
        Mapping[str, str], Meta(description="What the preset asks for, for example `shop` or `tenant`.")
    ] = {}
    authorize_url: Annotated[str, Meta(description="Where the person signs in; the preset knows it.")] = ""
    token_url: Annotated[str, Meta(description="Where tokens are fetched; the preset knows it.")] = ""
    scopes: Annotated[tuple[str, ...], Meta(description="What the tokens may do.")] = ()
    scope_separator: Annotated[str, Meta(description="What stands between scopes.")] = " "
    authorize_params: Annotated[Mapping[str, str], Meta(description="More to send with the sign-in.")] = {}
    token_params: Annotated[Mapping[str, str], Meta(description="More to send when tokens are fetched.")] = {}
    client_auth: Annotated[
        Literal["basic", "body"], Meta(description="Whether the secret goes in a header or in the body.")
    ] = "body"
    token_body: Annotated[Literal["form", "json"], Meta(description="How the provider takes requests.")] = FORM
    token_header: Annotated[str, Meta(description="The header that takes the token to the service.")] = AUTHORIZATION


OAuth = ClientCredentials | AuthorizationCode
Auth = NoAuth | BearerAuth | ApiKeyAuth | BasicAuth | ClientCredentials | AuthorizationCode


class HttpConnection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="http"):
    """A service that is reached over HTTP."""

    base_url: Annotated[str, Meta(description="Where all requests begin; none can leave it.")]
    auth: Annotated[Auth, Meta(description="How the service knows us.")] = NoAuth()
    headers: Annotated[Mapping[str, str], Meta(description="Sent with every request; nothing secret.")] = {}
    allow_private: Annotated[
        bool, Meta(description="Whether the service may be on this machine or in a private network.")
    ] = False
    test_path: Annotated[str, Meta(description="The path that a test asks for.")] = ""
    description: Annotated[str, Meta(description="For people.", max_length=1000)] = ""


class SqlConnection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="sql"):
    """A database; the secret `url` says which, and how to log in."""

    description: Annotated[str, Meta(description="For people.", max_length=1000)] = ""


class ValuesConnection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="values"):
    """Named secrets, for whatever a component needs."""

    fields: Annotated[tuple[str, ...], Meta(description="The names of its secrets.")]
    description: Annotated[str, Meta(description="For people.", max_length=1000)] = ""


Config = HttpConnection | SqlConnection | ValuesConnection

_SECRETS: Final[Mapping[type[Any], tuple[str, ...]]] = {
    NoAuth: (),
    BearerAuth: ("token",),
    ApiKeyAuth: ("key",),
    BasicAuth: ("password",),
    ClientCredentials: ("client_secret",),
    AuthorizationCode: ("client_secret",),
}


def secret_names(config: Config) -> tuple[str, ...]:
    """Return the names of the secrets that a connection needs."""
    match config:
        case HttpConnection():
            return _SECRETS[type(config.auth)]
        case SqlConnection():
            return ("url",)
    return config.fields


def optional_secrets(config: Config) -> frozenset[str]:
    """Return the secrets that may be left out: an application without one proves itself by PKCE alone."""
    return frozenset({"client_secret"}) if isinstance(oauth_of(config), AuthorizationCode) else frozenset()


def kind_of(config: Config) -> ConnectionKind:
    """Return what a connection reaches."""
    kind: ConnectionKind = config.__struct_config__.tag  # type: ignore[assignment]  # the tags are the kinds
    return kind


def oauth_of(config: Config | None) -> OAuth | None:
    """Return how a connection fetches tokens, if it does."""
    if isinstance(config, HttpConnection) and isinstance(config.auth, ClientCredentials | AuthorizationCode):
        return config.auth
    return None


def destination(config: Config) -> tuple[str, ...]:
    """Say to whom secrets are sent: when that changes, secrets that were entered for another one are not used."""
    if not isinstance(config, HttpConnection):
        return (type(config).__name__,)
    oauth = oauth_of(config)
    return (type(config.auth).__name__, config.base_url, "" if oauth is None else oauth.token_url)


def checked(name: str, config: Config) -> Config:
    """Return the configuration in its usual spelling, with what its preset knows.  Raises InputRejected."""
    if not _NAME.fullmatch(name):
        raise InputRejected(
            f"A connection's name has letters, digits, _ and -, and starts with a letter; not {name[:80]!r}."
        )
    if isinstance(config, ValuesConnection):
        _check_fields(config)
    if not isinstance(config, HttpConnection):
        return config
    auth = config.auth
    try:
        if isinstance(auth, AuthorizationCode):
            auth = _with_preset(auth)
            auth = msgspec.structs.replace(auth, authorize_url=parse_fixed_url(auth.authorize_url))
        if isinstance(auth, ClientCredentials | AuthorizationCode):
            auth = msgspec.structs.replace(auth, token_url=parse_fixed_url(auth.token_url))
        _check_headers(config, auth)
        return msgspec.structs.replace(config, base_url=parse_base_url(config.base_url), auth=auth)
    except (UrlInvalid, ValueError) as error:
        raise InputRejected(f"The connection {name!r} cannot be used. {error}") from None


def checked_secrets(config: Config, secrets: Mapping[str, str]) -> None:
    """Refuse secrets that no connection of this form has, or that cannot be sent.  Never repeats them."""
    known = secret_names(config)
    for name, value in secrets.items():
        if name not in known:
            there = f" It has: {', '.join(known)}." if known else " It has none."
            raise InputRejected(f"This connection has no secret {name[:80]!r}.{there}{did_you_mean(name, known)}")
        if not value or len(value) > MAX_SECRET_CHARACTERS:
            raise InputRejected(f"The secret {name!r} is empty or longer than {MAX_SECRET_CHARACTERS:,} characters.")
        if isinstance(config, HttpConnection) and not _IN_HEADER.fullmatch(value):
            raise InputRejected(f"The secret {name!r} has a line break or a character that cannot be sent.")


def _with_preset(auth: AuthorizationCode) -> AuthorizationCode:
    if not auth.preset:
        return auth
    if auth.preset not in PRESETS:
        raise ValueError(f"There is no preset {auth.preset!r}.{did_you_mean(auth.preset, PRESETS)}")
    known = PRESETS[auth.preset].filled(auth.preset_values)
    nothing_said = AuthorizationCode(client_id=auth.client_id)
    return msgspec.structs.replace(
        auth, **{name: value for name, value in known.items() if getattr(auth, name) == getattr(nothing_said, name)}
    )


def _check_headers(config: HttpConnection, auth: Auth) -> None:
    named = [*config.headers]
    if isinstance(auth, ApiKeyAuth) and auth.place == "header":
        named.append(auth.name)
    if isinstance(auth, ClientCredentials | AuthorizationCode):
        named.append(auth.token_header)
    check_header_names(named)
    if not all(_IN_HEADER.fullmatch(value) for value in config.headers.values()):
        raise ValueError("A header has a line break or a character that cannot be sent.")
    if config.test_path and not config.test_path.startswith("/"):
        raise ValueError("`test_path` begins with a slash.")


def _check_fields(config: ValuesConnection) -> None:
    if not 0 < len(config.fields) <= MAX_FIELDS or not all(map(_FIELD.fullmatch, config.fields)):
        raise InputRejected(f"`fields` are 1 to {MAX_FIELDS} names of letters, digits and _.")
