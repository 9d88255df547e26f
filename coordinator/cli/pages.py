"""`schema`, `docs`, `settings` and `version`: what Headrace says about itself."""

from pathlib import Path
from typing import Annotated

import typer

from coordinator.cli.console import AsJson, print_json, print_table, say


def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file to write, instead of printing.")] = None,
) -> None:
    """Print the JSON Schema of flow files, for editors."""
    from coordinator.docs import schema_text

    if output is None:
        print(schema_text(), end="")
    else:
        output.write_text(schema_text(), encoding="utf-8")


def docs(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a page is out of date.")] = False,
) -> None:
    """Write the reference pages and the schema that are made from the code."""
    from coordinator.cli import app
    from coordinator.cli.reference import cli_page
    from coordinator.docs import CHECKOUT, is_checkout, pages, stale_pages, write_pages

    if not is_checkout():
        say("The reference pages are written in a checkout of Headrace; this is an installed one.")
        raise typer.Exit(2)
    files = pages(cli_page(app))
    changed = stale_pages(files) if check else write_pages(files)
    for path in changed:
        print(path.relative_to(CHECKOUT))
    if check and changed:
        say("These pages are out of date. Run `headrace docs` and commit what it writes.")
    raise typer.Exit(1 if check and changed else 0)


def settings(as_json: AsJson = False) -> None:
    """Show the settings as `serve` would see them here, and where each comes from."""
    from coordinator.settings_sources import load_settings

    loaded = load_settings()
    shown = loaded.settings.shown()
    if as_json:
        print_json({name: {"value": value, "origin": loaded.origins.get(name)} for name, value in shown.items()})
        return
    rows = ((name, _shown(value), loaded.origins.get(name, "default")) for name, value in shown.items())
    print_table(("setting", "value", "from"), rows)


def version() -> None:
    """Print the version."""
    from coordinator.version import VERSION

    print(f"headrace {VERSION}")


def end_with_version(wanted: bool) -> None:
    """Do for `--version` what the command does."""
    if wanted:
        version()
        raise typer.Exit


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {item}" for name, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
