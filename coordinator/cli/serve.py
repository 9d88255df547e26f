"""`serve`: the whole of Headrace, with workers in this process or in some of their own.

Its options are the settings, so they are made from them.
"""

import asyncio
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from coordinator.settings import SettingDoc, describe_settings

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from coordinator.settings import Settings
    from coordinator.settings_sources import Loaded
    from flows.connections import ConnectionSource
    from flows.runs import Dispatcher, PlanSource


WORKER_COMMAND: Final = (sys.executable, "-m", "coordinator.cli.child")
SHORTER: Final = {"nats_url": ("--nats",)}
"""Other spellings of flags."""


def serve(config: Path | None = None, **flags: Any) -> None:
    """Serve flows as MCP tools, with REST and health beside them, until told to stop.

    Every option can also be set in the environment: --require-auth is HEADRACE_REQUIRE_AUTH.
    """
    from coordinator.settings_sources import load_settings

    def load(stored: "Mapping[str, Any]") -> "Loaded":
        return load_settings(flags, config=config, stored=stored)

    run(serve_with(load))


async def serve_with(load: "Callable[[Mapping[str, Any]], Loaded]") -> None:
    """Serve until told to stop, with what the settings say runs flows.  Raises HeadraceError."""
    from coordinator.dispatching import Runners
    from coordinator.running import run_coordinator

    await run_coordinator(load, Runners(local_dispatcher, WORKER_COMMAND))


def run(main: "Coroutine[Any, Any, None]") -> None:
    """Run a coroutine to its end on the fastest loop there is."""
    try:
        import uvloop
    except ImportError:  # on systems where there is none
        asyncio.run(main)
    else:
        uvloop.run(main)


def local_dispatcher(plans: "PlanSource", settings: "Settings", connections: "ConnectionSource") -> "Dispatcher":
    """Make the dispatcher that runs flows in this process."""
    from coordinator.dispatching import network_policy
    from workers.connections import Connections
    from workers.local import LocalDispatcher

    return LocalDispatcher(plans, Connections(connections), network_policy(settings))


def _option(doc: SettingDoc) -> inspect.Parameter:
    is_switch = doc.flag.startswith("--") and "/" in doc.flag
    option = typer.Option(doc.flag, *SHORTER.get(doc.name, ()), help=doc.description, show_default=doc.default)
    kind: Any = bool if is_switch else str
    annotation = Annotated[kind | None, option]
    return inspect.Parameter(doc.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def declare_options(command: "Callable[..., None]", concerns: Callable[[str], bool]) -> None:
    """Give a command one option for each setting that concerns it, beside those that it declares itself."""
    own = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, each in inspect.signature(command).parameters.items()
        if name not in ("config", "flags")
    ]
    config = Annotated[Path | None, typer.Option("--config", help="The settings file; headrace.yaml if it is there.")]
    given = [inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=config), *own]
    given += [_option(doc) for doc in describe_settings() if concerns(doc.name)]
    signature = inspect.Signature(given, return_annotation=None)
    command.__signature__ = signature  # type: ignore[attr-defined]  # what `inspect.signature` looks at first
    command.__annotations__ = {each.name: each.annotation for each in given}


declare_options(serve, lambda setting: setting != "connections")
