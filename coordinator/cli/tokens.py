"""`token`: make, list and revoke what clients call with."""

import re
import time
from typing import Annotated, Any, Final

import typer

from coordinator.cli.client import ServerUrl, part, server
from coordinator.cli.console import AsJson, is_watched, moment, print_json, print_table, say
from flows.errors import InputRejected

UNIT_SECONDS: Final = {"m": 60, "h": 3600, "d": 86_400}
SPAN: Final = re.compile(r"(\d{1,5})([mhd])")

app = typer.Typer(no_args_is_help=True, help="Tokens, with which clients call.")


@app.command()
def create(
    label: Annotated[str, typer.Argument(help="Who will use it: shown in lists and history.")],
    expires: Annotated[str | None, typer.Option(help="When it ends, counted from now: 90d, 12h.")] = None,
    tools: Annotated[
        list[str] | None, typer.Option(help="A tool it may call, or a pattern such as 'get_*'; may be repeated.")
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="Let it use /api as well.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the token alone.")] = False,
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """Make a token and show it, once, with configuration to paste into clients."""
    made = server(url).post(
        "/api/tokens",
        {
            "label": label,
            "tools": [glob.strip() for each in tools or () for glob in each.split(",") if glob.strip()],
            "scopes": ["tools", "admin"] if admin else ["tools"],
            "expires": None if expires is None else _end(expires),
        },
    )
    if as_json:
        print_json(made)
    elif quiet:
        print(made["token"])
    else:
        _show(made)


@app.command("list")
def list_tokens(as_json: AsJson = False, url: ServerUrl = None) -> None:
    """List all tokens, and when, from where and by which client they were last used."""
    found = server(url).get("/api/tokens")["tokens"]
    if as_json:
        print_json(found)
        return
    columns = ("id", "label", "state", "tools", "scopes", "last used", "from", "client")
    print_table(columns, (_row(each) for each in found))


@app.command()
def revoke(
    token: Annotated[str, typer.Argument(help="The id of the token; `token list` shows it.")], url: ServerUrl = None
) -> None:
    """End a token for good; the next call with it is refused."""
    info = server(url).delete(f"/api/tokens/{part(token)}")
    say(f"The token {info['label']!r} is revoked.")


def _end(text: str) -> int:
    """Return the time that lies so far ahead, in milliseconds since the epoch."""
    found = SPAN.fullmatch(text.strip())
    if found is None:
        raise InputRejected(f"{text!r} is no span of time.", fix="Write 90d, 12h or 30m.")
    return int((time.time() + int(found[1]) * UNIT_SECONDS[found[2]]) * 1000)


def _row(info: dict[str, Any]) -> tuple[str, ...]:
    return (
        info["id"],
        info["label"],
        _state(info),
        ", ".join(info["tools"]) or "all",
        ", ".join(info["scopes"]),
        moment(info["last_used"]),
        info["last_address"] or "",
        info["last_client"] or "",
    )


def _state(info: dict[str, Any]) -> str:
    if info["revoked"] is not None:
        return "revoked"
    if info["expires"] is None:
        return "valid"
    end = moment(info["expires"])
    return f"expired {end}" if info["expires"] <= time.time() * 1000 else f"until {end}"


def _show(made: dict[str, Any]) -> None:
    """Print the token, and for each client its configuration."""
    if not is_watched():
        print(made["token"])
        print()
        for snippet in made["snippets"]:
            print(f"# {snippet['title']}: {snippet['where']}\n{snippet['text']}\n")
        return
    from rich.console import Console
    from rich.syntax import Syntax
    from rich.text import Text

    console = Console()
    console.print(Text(f"The token of {made['info']['label']!r}. It is shown this once; keep it safe.\n", style="bold"))
    print(made["token"])
    for snippet in made["snippets"]:
        console.print(Text(f"\n{snippet['title']}", style="bold"), Text(snippet["where"], style="dim"))
        language = "bash" if snippet["language"] == "shell" else snippet["language"]
        # Not wrapped: what is pasted must be what was meant.
        console.print(Syntax(snippet["text"], language, background_color="default"), soft_wrap=True)
