"""`account`: make and look after the owner's account, which opens the web pages.

The passwords are asked for, or read from standard input; never taken from the command line, which others see.
"""

import sys
from typing import Annotated, Final

import typer

from coordinator.cli.client import ServerUrl, server
from coordinator.cli.console import AsJson, moment, plural, print_json, print_table, say

DEFAULT_NAME: Final = "owner"

app = typer.Typer(no_args_is_help=True, help="The owner's account, which opens the web pages.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What to sign in with.")] = DEFAULT_NAME, url: ServerUrl = None
) -> None:
    """Make the account; its password is asked for, or read from standard input."""
    found = server(url)
    found.post("/api/account/create", {"name": name, "password": _new_password()})
    say(f"The account {name!r} is made. Sign in at {found.url}")


@app.command()
def password(url: ServerUrl = None) -> None:
    """Set another password, without knowing the old one; whoever is signed in has to sign in again."""
    found = server(url).put("/api/account/password", {"password": _new_password()})
    say(f"The password of {found['name']!r} is changed, and all sessions are ended.")


@app.command("logout-all")
def logout_all(url: ServerUrl = None) -> None:
    """End all sessions: whoever is signed in anywhere has to sign in again."""
    ended = server(url).post("/api/account/logout-all")["ended"]
    say(f"{plural(ended, 'session')} ended.")


@app.command()
def sessions(as_json: AsJson = False, url: ServerUrl = None) -> None:
    """List where somebody is signed in."""
    found = server(url).get("/api/account")["sessions"]
    if as_json:
        print_json(found)
        return
    rows = (
        (each["id"], moment(each["created"]), moment(each["last_used"]), each["address"], each["client"])
        for each in found
    )
    print_table(("id", "signed in", "last used", "from", "browser"), rows)


def _new_password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
