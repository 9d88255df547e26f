"""`/api/connections`: make, list, test and remove connections, and sign in for them.  Secrets go in and never out."""

import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated, Any

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, FromQuery, RequestBody
from msgspec import UNSET, Meta, Struct, UnsetType

from coordinator.access.tokens import TokenInfo
from coordinator.api.access import author_of
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.connections.dependents import Dependents
from coordinator.connections.grants import GrantHealth
from coordinator.connections.model import Config, oauth_of
from coordinator.connections.presets import PRESETS
from coordinator.connections.service import Entry
from coordinator.connections.sign_in import SignInStarted
from coordinator.connections.trial import TestOut, try_connection
from coordinator.services import Services
from flows.connections import ConnectionKind
from flows.errors import Conflict


class SignInOut(Struct, frozen=True, kw_only=True):
    """How a sign-in is.  Times are in milliseconds since the epoch."""

    signed_in: Annotated[bool, Meta(description="Whether there is a token, or one can be had.")]
    refreshed: Annotated[int | None, Meta(description="When the last token came.")]
    expires: Annotated[int | None, Meta(description="When it ends.")]
    error: Annotated[str, Meta(description="Why the last refresh failed; empty when it did not.")]
    redirect_uri: Annotated[str, Meta(description="What to register at the provider, letter by letter.")]


class ConnectionOut(Struct, frozen=True, kw_only=True):
    """One connection, without its secrets."""

    name: Annotated[str, Meta(description="Its name, which flows use.")]
    kind: Annotated[ConnectionKind, Meta(description="What it reaches.")]
    origin: Annotated[str, Meta(description="`api` can be changed here, `settings` cannot.")]
    config: Annotated[Any, Meta(description="Its settings; null for one of the settings.")]
    secrets: Annotated[tuple[str, ...], Meta(description="The names of the secrets that it has.")]
    dependents: Annotated[list[str], Meta(description="The flows that use it.")]
    tools: Annotated[
        list[str], Meta(description="The tools that are served and reach it, themselves or through flows they call.")
    ]
    installs: Annotated[list[str], Meta(description="The installs of packs that are bound to it, disabled ones too.")]
    tokens: Annotated[
        list[str],
        Meta(description="The labels of the tokens in force with which one of these tools can be called."),
    ]
    problem: Annotated[str, Meta(description="Why it cannot be used; empty when it can.")]
    lacking: Annotated[str, Meta(description="Why it cannot work yet, such as a sign-in; empty when it can.")]
    author: Annotated[str, Meta(description="Who changed it last.")] = ""
    changed: Annotated[int | None, Meta(description="When, in milliseconds since the epoch.")] = None
    sign_in: Annotated[SignInOut | UnsetType, Meta(description="How its OAuth sign-in is.")] = UNSET


class ConnectionsOut(Struct, frozen=True, kw_only=True):
    """All connections."""

    connections: Annotated[list[ConnectionOut], Meta(description="By name.")]


class ConnectionIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A connection to make or change."""

    config: Annotated[Config, Meta(description="Its settings; `kind` is http, sql or values.")]
    secrets: Annotated[
        Mapping[str, str],
        Meta(description="Its secrets by name; those left out stay, if they still go to the same address."),
    ] = {}

    def __repr__(self) -> str:
        return f"ConnectionIn(config={self.config!r})"


class PresetOut(Struct, frozen=True, kw_only=True):
    """A well-known OAuth provider."""

    name: Annotated[str, Meta(description="What to write as `preset`.")]
    title: Annotated[str, Meta(description="The provider, for people.")]
    base_url: Annotated[str, Meta(description="Where its API usually is.")]
    asks: Annotated[tuple[str, ...], Meta(description="What to give under `preset_values`.")]
    help_url: Annotated[str, Meta(description="Where applications are registered.")]


class PresetsOut(Struct, frozen=True, kw_only=True):
    """All presets."""

    presets: Annotated[list[PresetOut], Meta(description="By name.")]


class ConnectionController(Controller):
    """Connections."""

    path = "/connections"
    tags = ("connections",)

    @get("/", operation_id="listConnections")
    async def list_connections(self, services: GivenServices) -> ConnectionsOut:
        """List all connections, with what uses them, and without their secrets."""
        entries = services.connections.entries()
        tokens = await services.tokens.list()
        dependents = _dependents(services)
        return ConnectionsOut(connections=[await _shown(services, entry, tokens, dependents) for entry in entries])

    @get("/{name:str}", operation_id="getConnection")
    async def get_connection(self, services: GivenServices, name: FromPath[str]) -> ConnectionOut:
        """Show one connection."""
        return await _shown(services, services.connections.entry(name))

    @put("/{name:str}", operation_id="putConnection")
    async def put_connection(
        self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str], data: RequestBody[ConnectionIn]
    ) -> ConnectionOut:
        """Make or change a connection; all its flows use it from their next call on."""
        author = author_of(principal)
        entry = await services.connections.put(name, data.config, data.secrets, author=author)
        return await _shown(services, entry)

    @delete("/{name:str}", operation_id="deleteConnection", status_code=200)
    async def delete_connection(
        self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str], force: FromQuery[bool] = False
    ) -> ConnectionOut:
        """Delete a connection with its secrets; `force` does so even while flows use it."""
        shown = await _shown(services, services.connections.entry(name))
        users = [*shown.dependents, *(f"the install {install}" for install in shown.installs)]
        if users and not force:
            used_by = ", ".join(users[:5]) + (" and others" if len(users) > 5 else "")
            raise Conflict(f"The connection {name!r} is used by {used_by}.", fix="Change those first, or force it.")
        await services.connections.remove(name, author=author_of(principal))
        return shown

    @post("/{name:str}/test", operation_id="testConnection", status_code=200)
    async def test_connection(self, services: GivenServices, principal: GivenPrincipal, name: FromPath[str]) -> TestOut:
        """Reach what is behind a connection once, and say in a sentence how that went."""
        return await try_connection(services.connections.entry(name), services.trials, principal)

    @post("/{name:str}/oauth/start", operation_id="startSignIn", status_code=200)
    async def start_sign_in(self, services: GivenServices, name: FromPath[str]) -> SignInStarted:
        """Return a URL at which a person signs in for the connection."""
        return await services.sign_ins.start(name)


@get("/connection-presets", operation_id="listConnectionPresets", tags=["connections"], sync_to_thread=False)
def list_presets() -> PresetsOut:
    """List the OAuth providers whose addresses are known; any other one works by configuration."""
    return PresetsOut(
        presets=[
            PresetOut(name=name, title=each.title, base_url=each.base_url, asks=each.asks, help_url=each.help_url)
            for name, each in sorted(PRESETS.items())
        ]
    )


def _dependents(services: Services) -> Dependents:
    return Dependents(services.catalog.entries, services.tools.current.tools)


async def _shown(
    services: Services,
    entry: Entry,
    tokens: Sequence[TokenInfo] | None = None,
    dependents: Dependents | None = None,
) -> ConnectionOut:
    sign_in: SignInOut | UnsetType = UNSET
    if entry.config is not None and oauth_of(entry.config) is not None:
        sign_in = _sign_in_out(services, await services.connections.grants.health(entry.name))
    dependents = dependents or _dependents(services)
    tools = dependents.tools(entry.name)
    known = await services.tokens.list() if tokens is None else tokens
    return ConnectionOut(
        name=entry.name,
        kind=entry.kind,
        origin=entry.origin,
        config=entry.config,
        secrets=entry.secrets,
        dependents=dependents.flows(entry.name),
        tools=tools,
        installs=services.packs.using(entry.name),
        tokens=[token.label for token in known if _reaches(token, tools)],
        problem=entry.problem,
        lacking=services.connections.available()[entry.name].lacking,
        author=entry.author,
        changed=entry.changed,
        sign_in=sign_in,
    )


def _reaches(token: TokenInfo, tools: Sequence[str]) -> bool:
    """Whether a token that is in force may call one of these; one without a list of tools may call all."""
    if token.revoked is not None or (token.expires is not None and token.expires <= time.time() * 1000):
        return False
    return any(not token.tools or any(fnmatchcase(tool, glob) for glob in token.tools) for tool in tools)


def _sign_in_out(services: Services, health: GrantHealth) -> SignInOut:
    return SignInOut(
        signed_in=health.signed_in,
        refreshed=health.refreshed,
        expires=health.expires,
        error=health.error,
        redirect_uri=services.sign_ins.redirect_uri,
    )
