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


app.command()(serve.serve)
app.command("coordinator")(alone.coordinator)
app.command()(worker.worker)
app.command("check")(checks.check_files)
app.command("test")(checks.run_tests)
app.command()(calls.call)
app.add_typer(flows.app, name="flow")
installs.add_to(packs.app)
app.add_typer(packs.app, name="pack")
app.add_typer(tokens.app, name="token")
app.add_typer(account.app, name="account")
app.add_typer(connections.app, name="connection")
app.add_typer(secrets.app, name="secret")
app.add_typer(runs.app, name="runs")
durable.add_to(app)
app.command()(pages.schema)
app.command()(pages.docs)
app.command()(pages.settings)
app.command()(pages.version)


def main() -> None:
    """Run a command; what goes wrong as expected is a sentence on standard error, without a traceback."""
    try:
        app()
    except HeadraceError as error:
        print(f"headrace: {error}", file=sys.stderr)
        raise SystemExit(2 if error.code == "settings_invalid" else 1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
