"""`coordinator`: serve flows and let workers elsewhere run them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from coordinator.cli.serve import declare_options, run, serve_with
from coordinator.cli.worker import NoNatsNamed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coordinator.settings_sources import Loaded


def coordinator(config: Path | None = None, **flags: Any) -> None:
    """Serve flows as MCP tools, and let workers that share a NATS run them: the coordinator alone.

    Every option can also be set in the environment: --require-auth is HEADRACE_REQUIRE_AUTH.
    """
    from coordinator.settings_sources import load_settings

    def load(stored: "Mapping[str, Any]") -> "Loaded":
        return load_settings({**flags, "workers": 0}, config=config, stored=stored)

    if load({}).settings.nats is None:
        raise NoNatsNamed(
            "A coordinator alone reaches its workers over NATS, and none is named.",
            fix="Name it with --nats or HEADRACE_NATS_URL, or use `headrace serve`, which runs flows itself.",
        )
    run(serve_with(load))


declare_options(coordinator, lambda setting: setting not in ("connections", "workers", "worker_slots"))
