"""Sort the settings into groups with a title and a sentence each, for pages that show them.  Touches no I/O."""

from typing import Annotated, Final

from msgspec import Meta, Struct


class SettingGroup(Struct, frozen=True, kw_only=True):
    """Settings that belong together."""

    id: Annotated[str, Meta(description="Its name, stable.")]
    title: Annotated[str, Meta(description="Its name for people.")]
    description: Annotated[str, Meta(description="What its settings decide, in a sentence or two.")]


SERVER: Final = SettingGroup(
    id="server", title="Server", description="Where the server listens, keeps its state and finds flows."
)
GROUPS: Final[dict[SettingGroup, tuple[str, ...]]] = {
    SettingGroup(
        id="access",
        title="MCP authentication",
        description="Whether clients bring a token, and in which ways they may present it.",
    ): ("require_auth", "token_in_query", "token_in_api_key_header"),
    SettingGroup(
        id="address",
        title="Address",
        description="Under which URL clients reach the server, and which hosts and origins it answers.",
    ): ("public_url", "allowed_hosts", "allowed_origins", "trusted_proxies"),
    SettingGroup(
        id="history",
        title="History",
        description="What is kept of a run, how much of it, and for how long. What looks like a secret is never kept.",
    ): ("history", "history_days", "history_max_rows", "history_max_value_bytes"),
    SettingGroup(
        id="outbound",
        title="Outbound network",
        description="Where flows may connect to. The public internet is always open to them; addresses of cloud "
        "metadata never are.",
    ): ("allow_loopback", "allow_private_networks", "connections"),
    SettingGroup(
        id="limits",
        title="Limits",
        description="How many calls run at a time, how long they may take, and how large requests may be.",
    ): ("call_timeout", "max_concurrent_calls", "max_body_bytes", "max_durable_runs", "max_waiting_runs"),
    SettingGroup(
        id="fleet",
        title="Workers",
        description="How many processes run flows, and where they meet over NATS.",
    ): (
        "workers",
        "worker_slots",
        "call_queue",
        "nats_url",
        "nats_user",
        "nats_password",
        "nats_token",
        "nats_credentials",
        "nats_ca",
        "nats_cert",
        "nats_key",
    ),
    SERVER: (
        "host",
        "port",
        "data",
        "flows",
        "database_url",
        "resync_seconds",
        "shutdown_grace",
        "log_level",
        "log_format",
    ),
}
_GROUP_OF: Final = {name: group for group, names in GROUPS.items() for name in names}


def group_of(name: str) -> SettingGroup:
    """Return the group of a setting."""
    return _GROUP_OF.get(name, SERVER)
