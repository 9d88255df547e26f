"""The command line, and the one place that knows both the coordinator and the worker.

A module holds one group of commands.  What is heavy is imported inside the commands, so that a start is quick.
Exit codes: 0 all is well, 1 something was found or refused, 2 the command or the settings are wrong.
"""

import sys
from typing import Annotated

import typer

from coordinator.cli import (
    account,
    calls,
    checks,
    connections,
    durable,
    flows,
    installs,
    packs,
    pages,
    runs,
    secrets,
    serve,
    tokens,
    worker,
)
from coordinator.cli import coordinator as alone
from flows.errors import HeadraceError

app = typer.Typer(
    name="headrace",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=pages.end_with_version, is_eager=True),
    ] = False,
) -> None:
    """Headrace runs flows written in YAML and serves them as MCP tools."""


SERVE, FILES, SERVER, ITSELF = "Serve", "Flow files, without a server", "A running server", "Headrace itself"

app.command(rich_help_panel=SERVE)(serve.serve)
app.command("coordinator", rich_help_panel=SERVE)(alone.coordinator)
app.command(rich_help_panel=SERVE)(worker.worker)
app.command("check", rich_help_panel=FILES)(checks.check_files)
app.command("test", rich_help_panel=FILES)(checks.run_tests)
app.command(rich_help_panel=FILES)(pages.schema)
app.command(rich_help_panel=SERVER)(calls.call)
app.add_typer(flows.app, name="flow", rich_help_panel=SERVER)
installs.add_to(packs.app)
app.add_typer(packs.app, name="pack", rich_help_panel=SERVER)
app.add_typer(connections.app, name="connection", rich_help_panel=SERVER)
app.add_typer(tokens.app, name="token", rich_help_panel=SERVER)
app.add_typer(account.app, name="account", rich_help_panel=SERVER)
app.add_typer(runs.app, name="runs", rich_help_panel=SERVER)
app.add_typer(durable.schedules, name="schedule", rich_help_panel=SERVER)
app.add_typer(durable.webhooks, name="webhook", rich_help_panel=SERVER)
app.add_typer(durable.dead_letters, name="dead-letter", rich_help_panel=SERVER)
app.add_typer(secrets.app, name="secret", rich_help_panel=SERVER)
app.command(rich_help_panel=ITSELF)(pages.settings)
app.command(rich_help_panel=ITSELF)(pages.version)
app.command(rich_help_panel=ITSELF)(pages.docs)


def main() -> None:
    """Run a command; what goes wrong as expected is a sentence on standard error, without a traceback."""
    try:
        app()
    except HeadraceError as error:
        print(f"headrace: {error}", file=sys.stderr)
        raise SystemExit(2 if error.code == "settings_invalid" else 1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
