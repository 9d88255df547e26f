"""`secret`: what may be done with all secrets together."""

import typer

from coordinator.cli.client import ServerUrl, server
from coordinator.cli.console import plural, say

app = typer.Typer(no_args_is_help=True, help="The vault, in which secrets are encrypted.")


@app.callback()
def secret() -> None:
    """Make this a group, though it has one command."""


@app.command("rotate-key")
def rotate_key(url: ServerUrl = None) -> None:
    """Encrypt every secret with a new key; run it again if it was interrupted."""
    done = server(url).post("/api/secrets/rotate-key")
    say(f"{plural(done['secrets'], 'secret')} sealed with the key {done['key']}.")
    if not done["is_finished"]:
        say("Now leave the old key out of HEADRACE_SECRET_KEY, at the next start.")
