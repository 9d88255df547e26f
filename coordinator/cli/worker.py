"""`worker`: a process that runs flows for coordinators elsewhere.  Its options are those settings that concern it."""

import os
import platform
import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from coordinator.cli.serve import declare_options, run
from flows.errors import HeadraceError
from flows.wire import SubjectPart

CONCERNED: Final = ("worker_slots", "shutdown_grace", "log_level", "log_format")
MAX_HOST_CHARACTERS: Final = 80


class UnusableName(HeadraceError):
    """A name that cannot be part of a subject of NATS."""

    code = "settings_invalid"


class NoNatsNamed(HeadraceError):
    """There is no NATS to meet at."""

    code = "settings_invalid"


def worker(
    config: Path | None = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Its name, also in the subjects of NATS; the machine's by default."),
    ] = None,
    **flags: Any,
) -> None:
    """Run flows for the coordinators that share a NATS, until told to stop.

    It needs nothing but NATS: flows, credentials and limits come from the coordinators.
    """
    from coordinator.logs import configure_logging
    from coordinator.settings_sources import load_settings
    from coordinator.version import VERSION
    from workers.fleet import Identity
    from workers.service import WorkerOptions, run_worker

    settings = load_settings(flags, config=config).settings
    if settings.nats is None:
        raise NoNatsNamed(
            "A worker and its coordinators meet at a NATS, and none is named.",
            fix="Name it with --nats or HEADRACE_NATS_URL. On one machine, `headrace serve --workers N` brings one.",
        )
    configure_logging(settings.log_level, settings.log_format)
    options = WorkerOptions(
        access=settings.nats,
        identity=Identity(worker=secrets.token_hex(6), name=_name(name), release=VERSION),
        slots=settings.worker_slots,
        grace=settings.shutdown_grace,
    )
    run(run_worker(options))


def _name(given: str | None) -> str:
    """Return a name that can be part of a subject.  Raises UnusableName for a given one that cannot."""
    if given is None:
        return f"{re.sub('[^A-Za-z0-9_-]', '-', platform.node())[:MAX_HOST_CHARACTERS]}-{os.getpid()}"
    try:
        return msgspec.convert(given, SubjectPart)
    except msgspec.ValidationError:
        raise UnusableName(
            f"A worker cannot be named {given!r}: its name is part of the subjects on which it listens at NATS.",
            fix="Give --name up to 100 letters, digits, `-` and `_`.",
        ) from None


declare_options(worker, lambda setting: setting in CONCERNED or setting.startswith("nats_"))
