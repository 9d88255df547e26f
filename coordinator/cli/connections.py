"""`connection`: make, list, test and remove what flows reach.  Secrets are asked for, never taken from the line."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from coordinator.cli.client import ServerUrl, part, server
from coordinator.cli.console import AsJson, moment, print_json, print_table, say
from flows.errors import InputRejected

app = typer.Typer(no_args_is_help=True, help="Connections: the services that flows reach, and their credentials.")

_DEPENDENTS = {"secret": "secrets", "flow": "dependents", "tool": "tools", "install": "installs", "token": "tokens"}

Name = Annotated[str, typer.Argument(help="The name of the connection.")]


@app.command("list")
def list_connections(as_json: AsJson = False, url: ServerUrl = None) -> None:
    """List all connections, what uses them, and whether they can be used."""
    found = server(url).get("/api/connections")["connections"]
    if as_json:
        print_json(found)
        return
    print_table(("name", "kind", "from", "state", "used by", "reaches"), (_row(each) for each in found))


@app.command()
def show(name: Name, as_json: AsJson = False, url: ServerUrl = None) -> None:
    """Show a connection without its secrets, and all that depends on it."""
    found = server(url).get(f"/api/connections/{part(name)}")
    if as_json:
        print_json(found)
        return
    say(f"{found['name']}: {found['kind']}, {_state(found)}")
    print_table(("what", "name"), [(what, each) for what, key in _DEPENDENTS.items() for each in found[key]])


@app.command("set")
def set_connection(
    name: Name,
    kind: Annotated[str, typer.Argument(help="http, sql or values.")],
    fields: Annotated[
        list[str] | None,
        typer.Argument(
            help="Settings as NAME=VALUE, or NAME:=JSON: base_url=https://api.example.com auth.type=bearer. "
            "The reference of REST has them all."
        ),
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option(
            help="A secret to enter: NAME asks for it (or reads a line of a pipe), NAME=@FILE reads a file, "
            "NAME=env:VARIABLE a variable."
        ),
    ] = None,
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """Make or change a connection.  What is not said of its settings goes back to the default; secrets stay.

    headrace connection set shop http base_url=https://shop.example/api auth.type=bearer --secret token
    """
    config: dict[str, Any] = {"kind": kind}
    for each in fields or ():
        _put(config, each)
    secrets = dict(read_secret(each) for each in secret or ())
    if kind == "values" and "fields" not in config:
        config["fields"] = list(secrets)
    made = server(url).put(f"/api/connections/{part(name)}", {"config": config, "secrets": secrets})
    if as_json:
        print_json(made)
        return
    say(f"The connection {name!r} is set.")
    sign_in = made.get("sign_in")
    if config.get("auth", {}).get("type") == "oauth2_authorization_code" and not sign_in["signed_in"]:
        say(f"Register {sign_in['redirect_uri']} at the provider, then run: headrace connection authorize {name}")


@app.command()
def authorize(name: Name, url: ServerUrl = None) -> None:
    """Print a URL at which a person signs in for a connection; it works once, for ten minutes."""
    started = server(url).post(f"/api/connections/{part(name)}/oauth/start")
    print(started["url"])


@app.command("test")
def try_connection(name: Name, as_json: AsJson = False, url: ServerUrl = None) -> None:
    """Reach what is behind a connection once, and say how that went."""
    result = server(url).post(f"/api/connections/{part(name)}/test")
    if as_json:
        print_json(result)
    else:
        print(result["message"])
    if not result["is_ok"]:
        raise typer.Exit(1)


@app.command()
def remove(
    name: Name,
    force: Annotated[bool, typer.Option("--force", help="Also while flows use it.")] = False,
    url: ServerUrl = None,
) -> None:
    """Delete a connection with its secrets."""
    server(url).delete(f"/api/connections/{part(name)}", force="true" if force else None)
    say(f"The connection {name!r} is gone, with its secrets.")


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    config = each["config"] or {}
    reaches = config.get("base_url") or ", ".join(config.get("fields", ()))
    used_by = each["dependents"]
    return each["name"], each["kind"], each["origin"], _state(each), ", ".join(used_by), reaches


def _state(each: dict[str, Any]) -> str:
    sign_in = each.get("sign_in")
    if each["problem"]:
        return str(each["problem"])
    if sign_in is None:
        return "ready"
    if sign_in["error"]:
        return str(sign_in["error"])
    if not sign_in["signed_in"]:
        return "not signed in"
    return f"signed in, last refreshed {moment(sign_in['refreshed'])}"


def _put(config: dict[str, Any], text: str) -> None:
    """Put `auth.type=bearer` where it belongs."""
    import msgspec

    name, separator, value = text.partition("=")
    if not separator or not name.strip(":"):
        raise InputRejected(f"{text!r} is no setting.", fix="Write NAME=VALUE, for example auth.type=bearer.")
    found: Any = value
    if name.endswith(":"):
        name = name[:-1]
        try:
            found = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise InputRejected(
                f"The value of {name!r} is not JSON.", fix="After := comes JSON; text goes after =."
            ) from None
    *outer, last = name.split(".")
    inside = config
    for each in outer:
        inside = inside.setdefault(each, {})
        if not isinstance(inside, dict):
            raise InputRejected(f"{each!r} is given twice, once as text.")
    inside[last] = found


def read_secret(text: str) -> tuple[str, str]:
    """Ask for the secret NAME, or read it from where NAME=@FILE or NAME=env:VARIABLE says.  Raises InputRejected."""
    name, separator, source = text.partition("=")
    if separator and source.startswith("env:"):
        if not (value := os.environ.get(source.removeprefix("env:"), "")):
            raise InputRejected(f"The variable of the secret {name!r} is not set.")
        return name, value
    if separator and not source.startswith("@"):
        raise InputRejected(
            "A secret on the command line can be seen by others on this machine.",
            fix=f"Write --secret {name} to be asked for it, --secret {name}=@FILE or --secret {name}=env:VARIABLE.",
        )
    if separator:
        try:
            return name, Path(source[1:]).read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise InputRejected(f"The file of the secret {name!r} cannot be read.") from None
    if sys.stdin.isatty():
        return name, str(typer.prompt(name, hide_input=True, err=True))
    return name, sys.stdin.readline().rstrip("\r\n")
