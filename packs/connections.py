"""Declare the connections of a pack: where requests go, how they prove who sends them, what is asked for at install.

The names are those of connections themselves (`coordinator.connections.model`); what such a connection needs and the
pack does not say is asked of whoever installs it.  Secrets are never part of a pack.  Touches no I/O.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from flows.problems import Problem, did_you_mean
from flows.source import Path, Source
from packs.addresses import (
    SETTING_NAME,
    address_problem,
    matches,
    pattern_problem,
    placeholders,
    unknown_placeholders,
)

AuthType = Literal["none", "bearer", "basic", "api_key", "oauth2_client_credentials", "oauth2_authorization_code"]
_OAUTH: Final = ("client_id", "token_url", "scopes", "token_params", "client_auth", "token_header")
AUTH_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "none": (),
    "bearer": (),
    "basic": ("username",),
    "api_key": ("name", "place", "prefix"),
    "oauth2_client_credentials": _OAUTH,
    "oauth2_authorization_code": (
        *_OAUTH, "preset", "preset_values", "authorize_url", "scope_separator", "authorize_params", "token_body",
    ),
}  # fmt: skip
"""The fields of each way to sign in."""
SETTABLE: Final = ("base_url", "allow_private", "username", "client_id", "token_url", "authorize_url", "scopes")
"""What whoever installs a pack may say of an `http` connection besides the settings that the pack declares."""
AUTH_SECRETS: Final[Mapping[str, str]] = {
    "none": "",
    "bearer": "token",
    "basic": "password",
    "api_key": "key",
    "oauth2_client_credentials": "client_secret",
    "oauth2_authorization_code": "client_secret",
}
"""The secret of each way to sign in."""


_TITLES: Final = {
    "base_url": "Base URL",
    "username": "User name",
    "client_id": "Client id",
    "authorize_url": "Where people sign in",
    "token_url": "Where tokens are fetched",
    "token": "Access token",
    "password": "Password",
    "key": "API key",
    "client_secret": "Client secret",
}


class AuthFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How requests of an `http` connection prove who sends them.  What is unset is asked for, or takes its default."""

    type: Annotated[AuthType, Meta(description="The way.")]
    name: Annotated[str | UnsetType, Meta(description="api_key: name of the header or of the pair in the query.")] = (
        UNSET
    )
    place: Annotated[Literal["header", "query"] | UnsetType, Meta(description="api_key: where the key goes.")] = UNSET
    prefix: Annotated[str | UnsetType, Meta(description="api_key: text before the key, for example `Token `.")] = UNSET
    username: Annotated[str | UnsetType, Meta(description="basic: the user name, where the service fixes it.")] = UNSET
    preset: Annotated[str | UnsetType, Meta(description="A well-known OAuth provider, for example google.")] = UNSET
    preset_values: Annotated[
        dict[str, str] | UnsetType, Meta(description="What the preset asks for; may hold placeholders.")
    ] = UNSET
    client_id: Annotated[str | UnsetType, Meta(description="The id of a public OAuth application.")] = UNSET
    authorize_url: Annotated[str | UnsetType, Meta(description="Where people sign in; a preset knows it.")] = UNSET
    token_url: Annotated[str | UnsetType, Meta(description="Where tokens are fetched; a preset knows it.")] = UNSET
    scopes: Annotated[list[str] | UnsetType, Meta(description="OAuth scopes that the tools need.")] = UNSET
    scope_separator: Annotated[str | UnsetType, Meta(description="What stands between scopes.")] = UNSET
    authorize_params: Annotated[dict[str, str] | UnsetType, Meta(description="More to send with the sign-in.")] = UNSET
    token_params: Annotated[dict[str, str] | UnsetType, Meta(description="More to send for tokens.")] = UNSET
    client_auth: Annotated[
        Literal["basic", "body"] | UnsetType, Meta(description="Whether the OAuth secret goes in a header or the body.")
    ] = UNSET
    token_body: Annotated[Literal["form", "json"] | UnsetType, Meta(description="How requests for tokens are.")] = UNSET
    token_header: Annotated[str | UnsetType, Meta(description="The header that takes the OAuth token.")] = UNSET

    def said(self) -> dict[str, Any]:
        """Return the fields that the pack says, as JSON has them."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


class Asked(Struct, frozen=True, kw_only=True):
    """One thing that whoever makes a connection for a pack supplies."""

    name: Annotated[str, Meta(description="Its name: under `secrets` if it is secret, else under `settings`.")]
    title: Annotated[str, Meta(description="Its name for people.")]
    description: Annotated[str, Meta(description="What it is and where to find it.")] = ""
    secret: Annotated[bool, Meta(description="Whether it is hidden.")] = False
    required: Annotated[bool, Meta(description="Whether it must be given.")] = True
    pattern: Annotated[str, Meta(description="The pattern (RE2) that the whole value fits.")] = ""
    example: Annotated[str, Meta(description="A value, to show what is meant.")] = ""


class SettingFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of an address that differs from one account to the next, such as the name of a shop."""

    title: Annotated[str, Meta(description="Its name for people.")] = ""
    description: Annotated[str, Meta(description="What it is and where to find it.")] = ""
    pattern: Annotated[str, Meta(description="The pattern (RE2) that the whole value fits.")] = ""
    example: Annotated[str, Meta(description="A value, to show what is meant.")] = ""


class ValueFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value of a `values` connection."""

    title: Annotated[str, Meta(description="Its name for people.")] = ""
    description: Annotated[str, Meta(description="What it is and where to find it.")] = ""
    secret: Annotated[bool, Meta(description="Whether it is hidden while it is entered.")] = True
    required: Annotated[bool, Meta(description="Whether it must be given.")] = True


class ConnectionFields(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection that the pack's flows name, and that an install binds to one that exists or is made for it."""

    kind: Annotated[Literal["http", "sql", "values"], Meta(description="What it reaches.")]
    title: Annotated[str, Meta(description="Its name for people.")] = ""
    description: Annotated[str, Meta(description="What to supply, and where to find it.")] = ""
    required: Annotated[bool, Meta(description="Whether the tools that use it are hidden without it.")] = True
    base_url: Annotated[
        str, Meta(description="Where requests go, unless whoever installs says otherwise; may hold `{settings}`.")
    ] = ""
    settings: Annotated[
        dict[str, SettingFields], Meta(description="What is filled into the addresses, by the name between braces.")
    ] = {}
    auth: Annotated[AuthFields | None, Meta(description="What an `http` connection asks for.")] = None
    headers: Annotated[dict[str, str], Meta(description="Sent with every request; nothing secret.")] = {}
    allow_private: Annotated[
        bool, Meta(description="Whether the service may be on this machine or in a private network.")
    ] = False
    test_path: Annotated[str, Meta(description="The path that a test of the connection asks for.")] = ""
    values: Annotated[dict[str, ValueFields], Meta(description="What a `values` connection asks for.")] = {}

    def asks(self) -> list[Asked]:
        """Return what is to be supplied for a connection like this, in the order in which to ask."""
        if self.kind == "sql":
            return [Asked(name="url", title="URL of the database", secret=True)]
        if self.kind == "values":
            return [
                Asked(
                    name=name,
                    title=each.title or name,
                    description=each.description,
                    secret=each.secret,
                    required=each.required,
                )
                for name, each in self.values.items()
            ]
        said = {"type": "none"} if self.auth is None else self.auth.said()
        settings = [
            Asked(
                name=name,
                title=each.title or name,
                description=each.description,
                pattern=each.pattern,
                example=each.example,
            )
            for name, each in self.settings.items()
        ]
        left = [Asked(name=name, title=_TITLES[name]) for name in left_open(said, self.base_url)]
        secret = AUTH_SECRETS[said["type"]]
        # An OAuth application without a secret proves itself by PKCE alone.
        needed = said["type"] != "oauth2_authorization_code"
        hidden = [Asked(name=secret, title=_TITLES[secret], secret=True, required=needed)] if secret else []
        return [*settings, *left, *hidden]


def left_open(said: Mapping[str, Any], base_url: Any) -> list[str]:
    """Return what of an `http` connection is not known yet.  `said` are the fields of `auth`."""
    needed = {"basic": ["username"], "oauth2_client_credentials": ["client_id", "token_url"]}.get(said["type"], [])
    if said["type"] == "oauth2_authorization_code":
        needed = ["client_id"] if said.get("preset") else ["client_id", "authorize_url", "token_url"]
    return [name for name, value in {"base_url": base_url, **{n: said.get(n) for n in needed}}.items() if not value]


def check_connections(connections: Mapping[str, ConnectionFields], source: Source) -> Iterator[Problem]:
    """Yield what is wrong with the declared connections, each at its place in `pack.yaml`."""
    for name, declared in connections.items():
        path: Path = ("connections", name)
        if not declared.description:
            message = f"Say in `description` what to supply for {name!r} and where to find it."
            yield source.problem("pack.undescribed", message, path, at_key=True, severity="warning")
        yield from _check_kind(declared, source, path)
        yield from _check_addresses(declared, source, path)
        yield from _check_settings(declared, source, path)
        if declared.auth is not None:
            yield from _check_auth(declared.auth, source, (*path, "auth"))


def _check_kind(declared: ConnectionFields, source: Source, path: Path) -> Iterator[Problem]:
    of_http = ("base_url", "settings", "auth", "headers", "allow_private", "test_path")
    for field, kind in (*((each, "http") for each in of_http), ("values", "values")):
        if getattr(declared, field) and declared.kind != kind:
            message = f"`{field}` is for connections of the kind `{kind}`; this one is `{declared.kind}`."
            yield source.problem("pack.connection", message, (*path, field), at_key=True)
    if declared.kind == "values" and not declared.values:
        message = "A connection of the kind `values` says under `values` what it asks for."
        yield source.problem("pack.connection", message, path, at_key=True)
    if declared.test_path and not declared.test_path.startswith("/"):
        yield source.problem("pack.connection", "`test_path` begins with a slash.", (*path, "test_path"))


def _check_addresses(declared: ConnectionFields, source: Source, path: Path) -> Iterator[Problem]:
    used = set()
    for place, text, is_address in _texts(declared):
        used |= set(placeholders(text))
        for name in unknown_placeholders(text, declared.settings):
            message = f"Declare {name!r} under `settings` of the connection.{did_you_mean(name, declared.settings)}"
            yield source.problem("pack.connection", message, (*path, *place))
        if is_address and (message := address_problem(text)):
            yield source.problem("pack.connection", message, (*path, *place))
    for name in declared.settings:
        if name not in used:
            message = f"No address of the connection has {{{name}}}."
            yield source.problem("pack.connection", message, (*path, "settings", name), at_key=True)


def _texts(declared: ConnectionFields) -> Iterator[tuple[Path, str, bool]]:
    """Yield the texts that may hold placeholders: where, what, and whether it is an address."""
    if declared.base_url:
        yield ("base_url",), declared.base_url, True
    auth = declared.auth
    if auth is None:
        return
    for field in ("authorize_url", "token_url"):
        if isinstance(text := getattr(auth, field), str):
            yield ("auth", field), text, True
    if isinstance(auth.username, str):
        yield ("auth", "username"), auth.username, False
    for name, text in auth.preset_values.items() if isinstance(auth.preset_values, dict) else ():
        yield ("auth", "preset_values", name), text, False


def _check_settings(declared: ConnectionFields, source: Source, path: Path) -> Iterator[Problem]:
    for name, setting in declared.settings.items():
        place: Path = (*path, "settings", name)
        if not re.fullmatch(SETTING_NAME, name) or name in SETTABLE:
            message = (
                f"{name!r} is no name for a setting: small letters, digits and _, and none of {_listed(SETTABLE)}."
            )
            yield source.problem("pack.connection", message, place, at_key=True)
        if not setting.description:
            message = f"Say in `description` what {name!r} is and where to find it."
            yield source.problem("pack.undescribed", message, place, at_key=True, severity="warning")
        if setting.pattern and (message := pattern_problem(setting.pattern)):
            yield source.problem("pack.connection", message, (*place, "pattern"))
        elif setting.pattern and setting.example and not matches(setting.pattern, setting.example):
            message = "The example does not fit the pattern."
            yield source.problem("pack.connection", message, (*place, "example"))


def _check_auth(auth: AuthFields, source: Source, path: Path) -> Iterator[Problem]:
    allowed = AUTH_FIELDS[auth.type]
    for field in (each for each in auth.said() if each not in ("type", *allowed)):
        types = " or ".join(f"`{kind}`" for kind, fields in AUTH_FIELDS.items() if field in fields)
        message = f"`{field}` is for {types}; this is `{auth.type}`."
        yield source.problem("pack.connection", message, (*path, field), at_key=True)
    if auth.type == "api_key" and not auth.name:
        message = "Say under `name` which header, or which pair of the query, takes the API key."
        yield source.problem("pack.connection", message, path)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
