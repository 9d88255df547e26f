"""`pack`: make and check packs."""

import re
from pathlib import Path
from typing import Annotated

import typer

from coordinator.cli import descriptions
from coordinator.cli.checks import show_findings
from coordinator.cli.console import AsJson, say
from flows.errors import Conflict, InputRejected

app = typer.Typer(no_args_is_help=True, help="Packs: sets of tools that share connections.")
app.command()(descriptions.from_openapi)


@app.command()
def check(
    folders: Annotated[list[Path], typer.Argument(help="Folders with a pack.yaml.")],
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with packs, with file, line and column."""
    from coordinator.cli.files import FlowFiles, take_pack

    found = FlowFiles()
    for folder in folders:
        take_pack(found, folder)
    show_findings(found, as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON Schema of pack.yaml, for editors."""
    from coordinator.cli.console import print_json
    from packs.schema import pack_schema

    print_json(pack_schema())


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="The pack's name: small letters, digits and -.")],
    into: Annotated[Path, typer.Option(help="Where the folder of the pack is made.")] = Path(),
) -> None:
    """Make the start of a pack: a manifest, a README, and one tool with a test."""
    from packs.manifest import PACK_NAME
    from packs.start import start_files

    if not re.fullmatch(PACK_NAME, name):
        raise InputRejected(
            f"{name!r} is no name for a pack.", fix="Use small letters, digits and -, for example my-shop."
        )
    folder = into / name
    if folder.exists():
        raise Conflict(f"There is {str(folder)!r} already.", fix="Choose another name.")
    for file, text in start_files(name).items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)
    say(f"Now change it, then try `headrace pack check {folder}` and `headrace test {folder}`.")
