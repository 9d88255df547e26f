"""`schedule`, `webhook`, `dead-letter`: flows that run without a call, and runs that were set aside."""

from typing import Annotated, Any

import typer

from coordinator.cli.client import ServerUrl, part, server
from coordinator.cli.console import AsJson, moment, plural, print_json, print_table, say

schedules = typer.Typer(no_args_is_help=True, help="Flows that run at times.")
webhooks = typer.Typer(no_args_is_help=True, help="Flows that requests of other servers start.")
dead_letters = typer.Typer(no_args_is_help=True, help="Runs that nobody waits for, and that failed for good.")

RunId = Annotated[str, typer.Argument(help="The id of the run.")]


@schedules.command("list")
def list_schedules(as_json: AsJson = False, url: ServerUrl = None) -> None:
    """List schedules with their next times."""
    found = server(url).get("/api/schedules")
    if as_json:
        print_json(found)
        return
    columns = ("flow", "times", "zone", "next", "last")
    print_table(columns, (_schedule_row(each) for each in found["schedules"]))


@schedules.command("run")
def run_schedule(
    flow: Annotated[str, typer.Argument(help="The name of the flow.")], as_json: AsJson = False, url: ServerUrl = None
) -> None:
    """Run a schedule's flow now, beside its times."""
    started = server(url).post(f"/api/schedules/{part(flow)}/run")
    if as_json:
        print_json(started)
    else:
        print(started["run"])


@webhooks.command("list")
def list_webhooks(as_json: AsJson = False, url: ServerUrl = None) -> None:
    """List webhooks with their addresses."""
    found = server(url).get("/api/webhooks")
    if as_json:
        print_json(found)
        return
    columns = ("flow", "url", "methods", "proof", "reply")
    print_table(columns, (_webhook_row(each) for each in found["webhooks"]))


@dead_letters.command("list")
def list_dead_letters(
    flow: Annotated[str | None, typer.Option(help="Only runs of this flow.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many at most.", min=1, max=500)] = 20,
    after: Annotated[str | None, typer.Option(help="Continue after this run.")] = None,
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """List the runs that were set aside, the newest first."""
    page = server(url).get("/api/dead-letters", flow=flow, limit=limit, after=after)
    if as_json:
        print_json(page)
        return
    columns = ("run", "flow", "died", "tries", "code", "message")
    print_table(columns, (_letter_row(letter) for letter in page["dead_letters"]))
    if page["waiting"]:
        say(f"{plural(page['waiting'], 'run')} wait or are under way.")


@dead_letters.command("show")
def show_dead_letter(run: RunId, url: ServerUrl = None) -> None:
    """Show a run that was set aside, with its arguments."""
    print_json(server(url).get(f"/api/dead-letters/{part(run)}"))


@dead_letters.command("rerun")
def rerun_dead_letter(run: RunId, url: ServerUrl = None) -> None:
    """Run it again, on the current version of its flow."""
    server(url).post(f"/api/dead-letters/{part(run)}/rerun")
    say(f"{run} waits to be run again.")


@dead_letters.command("drop")
def drop_dead_letter(run: RunId, url: ServerUrl = None) -> None:
    """Forget it."""
    server(url).delete(f"/api/dead-letters/{part(run)}")
    say(f"{run} is dropped.")


def _schedule_row(schedule: dict[str, Any]) -> tuple[str, ...]:
    times = schedule["cron"] or f"every {schedule['every']:g} s"
    following = moment(schedule["next"][0]) if schedule["next"] else "never"
    return schedule["flow"], times, schedule["time_zone"], following, moment(schedule["last"])


def _webhook_row(webhook: dict[str, Any]) -> tuple[str, ...]:
    proof = " ".join(each for each in (webhook["signature"], webhook["token"]) if each) or "none"
    return webhook["flow"], webhook["url"], " ".join(webhook["methods"]), proof, webhook["reply"]


def _letter_row(letter: dict[str, Any]) -> tuple[str, ...]:
    error = letter["error"]
    return (
        letter["run"],
        letter["flow"],
        moment(letter["died"]),
        str(letter["attempts"]),
        error["code"],
        error["message"],
    )
