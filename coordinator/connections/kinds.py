"""Describe the kinds of connections, and the ways to sign in, for forms: fields as JSON Schemas, names of secrets."""

from functools import cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from coordinator.connections.model import (
    ApiKeyAuth,
    AuthorizationCode,
    BasicAuth,
    BearerAuth,
    ClientCredentials,
    HttpConnection,
    NoAuth,
    SqlConnection,
    ValuesConnection,
    secret_names,
)

AUTHS: Final = (NoAuth, BearerAuth, ApiKeyAuth, BasicAuth, ClientCredentials, AuthorizationCode)
_TITLES: Final = {
    "http": "A service over HTTP",
    "sql": "A database",
    "values": "Named secrets",
    "none": "Nothing",
    "bearer": "A token",
    "api_key": "An API key",
    "basic": "User name and password",
    "oauth2_client_credentials": "OAuth: the application itself",
    "oauth2_authorization_code": "OAuth: a person signs in",
}


class FormOut(Struct, frozen=True, kw_only=True):
    """What a form asks for."""

    name: Annotated[str, Meta(description="What to write as `kind`, or as `type` of `auth`.")]
    title: Annotated[str, Meta(description="It, for people.")]
    description: Annotated[str, Meta(description="What it does.")]
    fields: Annotated[dict[str, Any], Meta(description="The JSON Schema of its settings.")]
    secrets: Annotated[tuple[str, ...], Meta(description="The secrets that it needs; each is only ever written.")]


class KindsOut(Struct, frozen=True, kw_only=True):
    """All kinds of connections, and all ways in which an `http` one signs in."""

    kinds: Annotated[list[FormOut], Meta(description="The kinds.")]
    auths: Annotated[list[FormOut], Meta(description="The ways to sign in.")]


@cache
def kinds_out() -> KindsOut:
    """Return everything that a connection can be."""
    return KindsOut(
        kinds=[
            _form(HttpConnection, without=("kind", "auth")),
            _form(SqlConnection, without=("kind",), secrets=secret_names(SqlConnection())),
            _form(ValuesConnection, without=("kind", "fields")),
        ],
        auths=[_form(auth, without=("type",), secrets=_secrets_of(auth)) for auth in AUTHS],
    )


def _label(name: str) -> str:
    """Name a field for people."""
    return name.replace("_", " ").capitalize().replace("url", "URL")


def _secrets_of(auth: type[Any]) -> tuple[str, ...]:
    required = {field.name: "" for field in msgspec.structs.fields(auth) if field.required}
    return secret_names(HttpConnection(base_url="", auth=auth(**required)))


def _form(declared: type[Struct], *, without: tuple[str, ...], secrets: tuple[str, ...] = ()) -> FormOut:
    (_,), definitions = msgspec.json.schema_components([declared], ref_template="#/$defs/{name}")
    schema = definitions.pop(declared.__name__)
    fields = schema["properties"].items()
    properties = {name: {**field, "title": _label(name)} for name, field in fields if name not in without}
    required = [name for name in schema.get("required", ()) if name not in without]
    name = str(declared.__struct_config__.tag)
    return FormOut(
        name=name,
        title=_TITLES[name],
        description=str(schema.get("description", "")),
        fields={"type": "object", "properties": properties, "required": required, "additionalProperties": False},
        secrets=secrets,
    )
