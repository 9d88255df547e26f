"""`serve`: the whole of Headrace in one process.  Its options are the settings, so they are made from them."""

import asyncio
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coordinator.settings import SettingDoc, describe_settings

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from coordinator.settings import Settings
    from coordinator.settings_sources import Loaded
    from flows.connections import ConnectionSource
    from flows.runs import Dispatcher, PlanSource


def serve(config: Path | None = None, **flags: Any) -> None:
    """Serve flows as MCP tools, with REST and health beside them, until told to stop.

    Every option can also be set in the environment: --require-auth is HEADRACE_REQUIRE_AUTH.
    """
    from coordinator.running import run_coordinator
    from coordinator.settings_sources import load_settings

    def load(stored: "Mapping[str, Any]") -> "Loaded":
        return load_settings(flags, config=config, stored=stored)

    _run(run_coordinator(load, local_dispatcher))


def _run(main: "Coroutine[Any, Any, None]") -> None:
    try:
        import uvloop
    except ImportError:  # on systems where there is none
        asyncio.run(main)
    else:
        uvloop.run(main)


def local_dispatcher(plans: "PlanSource", settings: "Settings", connections: "ConnectionSource") -> "Dispatcher":
    """Make the dispatcher that runs flows in this process."""
    from coordinator.lifecycle import network_policy
    from workers.connections import Connections
    from workers.local import LocalDispatcher

    return LocalDispatcher(plans, Connections(connections), network_policy(settings))


def _option(doc: SettingDoc) -> inspect.Parameter:
    is_switch = doc.flag.startswith("--") and "/" in doc.flag
    option = typer.Option(doc.flag, help=doc.description, show_default=doc.default)
    kind: Any = bool if is_switch else str
    annotation = Annotated[kind | None, option]
    return inspect.Parameter(doc.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _declare_options() -> None:
    """Give `serve` one option for each setting that fits on a command line."""
    config = Annotated[Path | None, typer.Option("--config", help="The settings file; headrace.yaml if it is there.")]
    given = [inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=config)]
    given += [_option(doc) for doc in describe_settings() if doc.name != "connections"]
    signature = inspect.Signature(given, return_annotation=None)
    serve.__signature__ = signature  # type: ignore[attr-defined]  # what `inspect.signature` looks at first
    serve.__annotations__ = {each.name: each.annotation for each in given}


_declare_options()
