"""Run a coordinator as a process: listen, open, say what is here, serve until told to stop, close."""

import asyncio
import gc
import socket
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

from coordinator.app import WILDCARDS, LiveGuard, make_app
from coordinator.dispatching import Runners
from coordinator.lifecycle import Coordinator, open_coordinator
from coordinator.live_settings import Load
from coordinator.logs import configure_logging, get_logger
from coordinator.services import OPEN_PAGES, Services
from coordinator.serving import bound_port, listen, serve_until_told
from coordinator.settings import notices
from coordinator.snippets import mcp_url
from coordinator.version import VERSION

SHOWN_PROBLEMS: Final = 20
COLLECT_AFTER: Final = 100_000
"""New objects between two looks of the collector.

A call makes about a hundred, and hardly one of them in a cycle; those of a thousand calls under way are looked at for
nothing, which took a quarter of the time of each.  So did it while flows are loaded: their plans are here to stay.
"""

log = get_logger(__name__)


async def run_coordinator(load: Load, runners: Runners) -> None:
    """Serve until SIGTERM or SIGINT.  Raises HeadraceError when it cannot start."""
    settings = load({}).settings
    configure_logging(settings.log_level, settings.log_format)
    listener = listen(settings.host, settings.port)
    gc.set_threshold(COLLECT_AFTER)
    with listener:
        address = address_of(settings.host, bound_port(listener))
        async with open_coordinator(load, runners, address) as coordinator:
            _keep_what_is_loaded()
            app = make_app(coordinator)
            begun: list[asyncio.Task[None]] = []

            def ready() -> None:
                announce(coordinator)
                begun.append(asyncio.create_task(_warm_up(app)))

            await serve_until_told(app, listener, settings, drain=coordinator.drain, ready=ready)
    log.info("stopped")


async def _warm_up(app: LiveGuard) -> None:
    await app.warm_up()
    _keep_what_is_loaded()


def _keep_what_is_loaded() -> None:
    """Take the plans out of the collector's sight: walking ten thousand of them would hold up every call."""
    gc.collect()
    gc.freeze()


def address_of(host: str, port: int) -> str:
    """Return the URL of a socket as others on the network would write it."""
    host = _outward_address() if host in WILDCARDS else host.strip("[]")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def announce(coordinator: Coordinator, stream: TextIO | None = None) -> None:
    """Say that the server is ready and what is open: to a person in a few lines, else as one log event."""
    stream = sys.stdout if stream is None else stream
    services = coordinator.services
    tools, settings = len(services.tools.current.tools), services.settings
    problems = services.problems()
    if stream.isatty():
        lines = [
            f"Headrace {VERSION} is ready.",
            f"  pages   {services.base_url}",
            f"  MCP     {mcp_url(services.base_url)}",
            f"  REST    {services.base_url}/api",
            f"  flows   {settings.flows}",
            f"  tools   {tools}",
            f"  workers {_workers(services)}",
            f"  tokens  {'required' if settings.require_auth else 'not required'}",
            *notices(settings),
            *_about_pages(services),
        ]
        print("\n".join(lines), file=stream, flush=True)
    else:
        facts: Mapping[str, Any] = {
            "version": VERSION,
            "url": services.base_url,
            "mcp_url": mcp_url(services.base_url),
            "flows": settings.flows,
            "tools": tools,
            "workers": _workers(services),
            "authentication": settings.require_auth,
        }
        log.info("ready", **facts)
        for line in [*notices(settings), *_about_pages(services)]:
            log.info(line)
    if services.needs_account:
        services.owner.tell_code(services.base_url)
    for problem in problems[:SHOWN_PROBLEMS]:
        log.warning(str(problem))
    if len(problems) > SHOWN_PROBLEMS:
        log.warning(f"... and {len(problems) - SHOWN_PROBLEMS} more problems; GET /api/problems lists all")


def _about_pages(services: Services) -> list[str]:
    return [OPEN_PAGES] if services.is_open else []


def _workers(services: Services) -> str:
    if services.fleet is None:
        return "in this process"
    return f"{len(services.fleet.workers())} over NATS at {', '.join(services.fleet.nats.access.places)}"


def _outward_address() -> str:
    """Return the address of this machine that others most likely see; asks the kernel, sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # for documentation: nobody is there
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
