"""Write the reference page of the command line from the commands themselves."""

from collections.abc import Iterator
from typing import Any

import typer

from coordinator.docs import page, table


def cli_page(app: typer.Typer) -> str:
    """Describe every command."""
    root = typer.main.get_command(app)
    lines = [
        "Exit codes: 0 all is well, 1 something was found or refused, 2 the command or the settings are wrong.",
        "",
        "Commands that need a server find it by `--url`, `HEADRACE_URL`, or the data directory; "
        "their key is `HEADRACE_TOKEN`, or the one that the server leaves there for the same user.",
        "",
        "`headrace --version` prints the version, `--help` after any command what it takes.",
        "",
        *_command(root, "headrace"),
    ]
    return page("Command line", lines)


def _command(command: Any, path: str) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is not None:
        for name, each in inner.items():
            yield from _command(each, f"{path} {name}")
        return
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and each.name != "help"]
    yield f"## `{path}`"
    yield ""
    yield f"`{' '.join([path, *map(_placeholder, arguments), *(['[OPTIONS]'] if options else [])])}`"
    yield ""
    yield (command.help or "").strip()
    yield ""
    yield from table(("argument", ""), ((f"`{_label(each)}`", each.help or "") for each in arguments))
    yield from table(("option", ""), ((_names(each), each.help or "") for each in options))


def _placeholder(argument: Any) -> str:
    text = f"{_label(argument)}{'...' if argument.nargs == -1 else ''}"
    return text if argument.required else f"[{text}]"


def _label(argument: Any) -> str:
    return str(argument.name).upper()


def _names(option: Any) -> str:
    return ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
