"""Declare every setting of the coordinator once: type, default, bounds and the sentence that the docs show.

`coordinator.settings_sources` reads them from file, environment and flags.  Defaults that depend on other settings are
filled in there; the ones here are those of a coordinator on loopback in the current directory.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

import flows
from coordinator.scrub import REDACTED, mask_url
from flows.bus.access import NatsAccess
from flows.sdk import Duration

EXAMPLES: Final = Path(flows.__file__).parent / "examples"
DATABASE_FILE: Final = "headrace.db"
LIVE: Final = Meta(extra_json_schema={"x-live": True})
"""Marks a setting that can be changed while the coordinator runs; the others need a restart."""
SECRET: Final = Meta(extra_json_schema={"x-secret": True})
"""Marks a setting whose value is never shown whole."""

HistoryPolicy = Literal["off", "outcome", "full"]
LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["auto", "text", "json"]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of a coordinator."""

    host: Annotated[str, Meta(description="The address to listen on.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, Meta(description="The port to listen on; 0 takes a free one.", ge=0, le=65535)] = 8080
    data: Annotated[str, Meta(description="The directory of the database, keys and other state.")] = "data"
    flows: Annotated[str, Meta(description="The directory of flow files; watched, never written.")] = str(EXAMPLES)
    database_url: Annotated[
        str, Meta(description="Where state is kept: a `sqlite://` or `postgresql://` URL."), SECRET
    ] = f"sqlite:///data/{DATABASE_FILE}"
    public_url: Annotated[
        str, Meta(description="The URL under which clients reach this server, when it is behind a proxy."), LIVE
    ] = ""
    require_auth: Annotated[bool, Meta(description="Whether /mcp asks for a token."), LIVE] = False
    token_in_query: Annotated[
        bool, Meta(description="Whether a token may come as `?token=`, for clients that cannot send headers."), LIVE
    ] = True
    token_in_api_key_header: Annotated[
        bool, Meta(description="Whether a token may come as the header `X-API-Key`."), LIVE
    ] = True
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(description="Host names that requests may name, beside loopback and the public URL."),
        LIVE,
    ] = ()
    allowed_origins: Annotated[
        tuple[str, ...], Meta(description="Web origins that may call, beside the server's own."), LIVE
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...], Meta(description="Addresses or networks whose X-Forwarded-* headers are believed.")
    ] = ()
    allow_loopback: Annotated[
        bool, Meta(description="Whether the `http` step may connect to this machine (127.0.0.0/8, ::1).")
    ] = True
    allow_private_networks: Annotated[
        bool, Meta(description="Whether the `http` step may connect to private networks (10.0.0.0/8 and the like).")
    ] = False
    connections: Annotated[
        Mapping[str, str], Meta(description="Connections by name, each a database URL; flows use the name."), SECRET
    ] = MappingProxyType({})
    max_body_bytes: Annotated[int, Meta(description="The largest request body.", ge=1024, le=1024**3)] = 4 * 1024 * 1024
    call_timeout: Annotated[Duration, Meta(description="The longest that a call may take, whatever its flow says.")] = (
        300.0
    )
    max_concurrent_calls: Annotated[
        int, Meta(description="How many calls run at a time; more are told to come back.", ge=1, le=1_000_000)
    ] = 1000
    workers: Annotated[
        int,
        Meta(
            description="How many worker processes run flows on this machine. With 0 and no NATS they run in this one.",
            ge=0,
            le=256,
        ),
    ] = 0
    worker_slots: Annotated[
        int, Meta(description="How many calls a worker process runs at a time.", ge=1, le=100_000)
    ] = 1000
    call_queue: Annotated[
        int, Meta(description="How many calls wait for a free worker; more are told to come back.", ge=0, le=1_000_000)
    ] = 1000
    nats_url: Annotated[
        str, Meta(description="Where NATS is, over which workers are reached; several servers with commas."), SECRET
    ] = ""
    nats_user: Annotated[str, Meta(description="Who we are to NATS.")] = ""
    nats_password: Annotated[str, Meta(description="The password of that user."), SECRET] = ""
    nats_token: Annotated[str, Meta(description="The token for NATS, in place of a user."), SECRET] = ""
    nats_credentials: Annotated[
        str, Meta(description="The credentials file for NATS (`.creds`), in place of a user.")
    ] = ""
    nats_ca: Annotated[str, Meta(description="The file of the authorities whose NATS certificates are believed.")] = ""
    nats_cert: Annotated[str, Meta(description="The file of our certificate for NATS.")] = ""
    nats_key: Annotated[str, Meta(description="The file of the key of that certificate.")] = ""
    max_durable_runs: Annotated[
        int, Meta(description="How many runs of schedules and webhooks run at a time.", ge=1, le=10_000), LIVE
    ] = 50
    max_waiting_runs: Annotated[
        int,
        Meta(description="How many runs of schedules and webhooks may wait; more are refused.", ge=1, le=1_000_000),
        LIVE,
    ] = 10_000
    resync_seconds: Annotated[
        float, Meta(description="How often flow files and the database are looked at.", ge=0.1, le=3600)
    ] = 5.0
    history: Annotated[
        HistoryPolicy,
        Meta(description="What is kept of a run: nothing, its outcome, or also its arguments and result."),
        LIVE,
    ] = "full"
    history_days: Annotated[int, Meta(description="How many days runs are kept.", ge=1, le=3650), LIVE] = 30
    history_max_rows: Annotated[
        int, Meta(description="How many runs are kept at most.", ge=1000, le=1_000_000_000), LIVE
    ] = 1_000_000
    history_max_value_bytes: Annotated[
        int,
        Meta(description="How much of the arguments, and of the result, of a run is kept.", ge=256, le=1024**2),
        LIVE,
    ] = 16 * 1024
    shutdown_grace: Annotated[
        Duration, Meta(description="How long running calls may finish when the server stops.")
    ] = 10.0
    log_level: Annotated[LogLevel, Meta(description="The least important messages that are logged.")] = "info"
    log_format: Annotated[
        LogFormat, Meta(description="How log lines look; `auto` is text on a terminal and JSON elsewhere.")
    ] = "auto"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def is_forwarded(self) -> bool:
        """Whether a proxy brings requests of others, as far as settings tell."""
        return is_forwarded(self.public_url, self.allowed_hosts, self.trusted_proxies)

    @property
    def nats(self) -> NatsAccess | None:
        """How NATS is reached; None when none is named."""
        if not self.nats_url:
            return None
        names = (field.name for field in msgspec.structs.fields(NatsAccess))
        return NatsAccess(**{name: getattr(self, f"nats_{name}") for name in names})

    def shown(self) -> dict[str, Any]:
        """Return all values as they may be shown: without passwords."""
        values = msgspec.structs.asdict(self)
        values["database_url"] = mask_url(self.database_url)
        values["nats_url"] = mask_url(self.nats_url)
        for name in ("nats_password", "nats_token"):
            values[name] = REDACTED if values[name] else ""
        values["connections"] = dict.fromkeys(self.connections, REDACTED)
        return values

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in self.shown().items())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return list(self.shown().items())


class SettingDoc(Struct, frozen=True, kw_only=True):
    """One setting as the docs and the command line show it."""

    name: str
    variable: str
    flag: str
    type: str
    default: str
    description: str
    is_live: bool
    is_secret: bool


DEPENDENT_DEFAULTS: Final = {
    "flows": "the directory `flows` if there is one, else the bundled examples",
    "database_url": f"SQLite, `{DATABASE_FILE}` in the data directory",
    "require_auth": "false on loopback, true elsewhere and behind a proxy",
    "allow_loopback": "true on loopback, false elsewhere",
}
"""Defaults that depend on other settings, in words."""


@cache
def describe_settings() -> tuple[SettingDoc, ...]:
    """Return the documentation of every setting, in the order of their declaration."""
    return tuple(_describe(name, declared) for name, declared in declarations().items())


@cache
def declarations() -> Mapping[str, Any]:
    """Return the annotated type of every setting by name; reading annotations is slow."""
    return MappingProxyType(get_type_hints(Settings, include_extras=True))


def live_settings() -> frozenset[str]:
    """Return the names of the settings that can be changed while the coordinator runs."""
    return frozenset(doc.name for doc in describe_settings() if doc.is_live)


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"HEADRACE_{name.upper()}"


def flag_of(name: str) -> str:
    """Return the command-line flag of a setting."""
    return f"--{name.replace('_', '-')}"


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_forwarded(public_url: str, allowed_hosts: Iterable[str], trusted_proxies: Iterable[str]) -> bool:
    """Whether these settings say that a proxy brings requests of others to a server that only this machine reaches."""
    names = [public_url.partition("://")[2].partition("/")[0], *allowed_hosts]
    return any(trusted_proxies) or any(name and not is_loopback(_without_port(name)) for name in names)


def notices(settings: Settings) -> list[str]:
    """Say at start what is open, so that nobody finds out later."""
    lines = []
    if not settings.require_auth and settings.is_forwarded:
        lines.append("Nobody is asked for a token: whoever gets past the proxy may do all (HEADRACE_REQUIRE_AUTH).")
    elif not settings.require_auth:
        lines.append("Calls need no token, because only this machine can reach the server (HEADRACE_REQUIRE_AUTH).")
    if settings.allow_loopback:
        lines.append("Flows may connect to services on this machine (HEADRACE_ALLOW_LOOPBACK).")
    if settings.nats is not None and not settings.nats.is_local and not settings.nats.is_encrypted:
        lines.append("Credentials of connections travel to NATS unencrypted (tls:// in HEADRACE_NATS_URL).")
    if settings.allow_private_networks:
        lines.append("Flows may connect to private networks (HEADRACE_ALLOW_PRIVATE_NETWORKS).")
    return lines


def metas_of(declared: Any) -> list[Meta]:
    """Return what a type is annotated with."""
    return [meta for meta in get_args(declared)[1:] if isinstance(meta, Meta)] if _is_annotated(declared) else []


def expected(declared: Any) -> str:
    """Say in words what fits a type."""
    bare = get_args(declared)[0] if _is_annotated(declared) else declared
    if is_duration(declared):
        return "a duration such as 500ms, 5s, 2m or a number of seconds"
    if get_origin(bare) is Literal:
        return f"one of: {', '.join(get_args(bare))}"
    if get_origin(bare) is tuple:
        return "a list of texts"
    if get_origin(bare) is not None:
        return "a mapping of names to URLs"
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[bare]
    bounds = next(((meta.ge, meta.le) for meta in metas_of(declared) if meta.ge is not None), None)
    return words if bounds is None else f"{words} from {bounds[0]} to {bounds[1]}"


def is_duration(declared: Any) -> bool:
    """Whether a type is a `Duration`."""
    return any((meta.extra_json_schema or {}).get("x-kind") == "duration" for meta in metas_of(declared))


def _without_port(authority: str) -> str:
    return re.sub(r":[0-9]*$", "", authority)


def _is_annotated(declared: Any) -> bool:
    return get_origin(declared) is Annotated


def _describe(name: str, declared: Any) -> SettingDoc:
    metas = metas_of(declared)
    marks = {key for meta in metas for key in meta.extra_json_schema or {}}
    default = {field.name: field for field in msgspec.structs.fields(Settings)}[name].default
    is_switch = get_args(declared)[0] is bool
    return SettingDoc(
        name=name,
        variable=variable_of(name) if name != "connections" else "HEADRACE_CONNECTION_<NAME>",
        flag=f"{flag_of(name)}/--no-{name.replace('_', '-')}" if is_switch else flag_of(name),
        type=expected(declared),
        default=DEPENDENT_DEFAULTS.get(name) or _default_text(default),
        description=next(meta.description for meta in metas if meta.description is not None),
        is_live="x-live" in marks,
        is_secret="x-secret" in marks,
    )


def _default_text(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, float):
        return f"{default:g}"
    return str(default) if isinstance(default, int) or default else "none"
