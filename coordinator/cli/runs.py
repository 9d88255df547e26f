"""`runs`: the history of calls."""

from typing import Annotated, Any

import typer

from coordinator.cli.client import ServerUrl, part, server
from coordinator.cli.console import AsJson, moment, print_json, print_table, span

app = typer.Typer(invoke_without_command=True, help="The history of calls.")


@app.callback()
def runs(context: typer.Context, url: ServerUrl = None) -> None:
    """Read the history of calls; without a command, list the newest."""
    if context.invoked_subcommand is None:
        list_runs(url=url)


@app.command("list")
def list_runs(
    tool: Annotated[str | None, typer.Option(help="Only calls of this tool.")] = None,
    outcome: Annotated[
        str | None, typer.Option(help="Only runs that ended so: ok, failed, rejected, timeout, cancelled.")
    ] = None,
    caller: Annotated[str | None, typer.Option(help="Only calls by the token of this label.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many at most.", min=1, max=500)] = 20,
    after: Annotated[str | None, typer.Option(help="Continue after this run.")] = None,
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """List runs, the newest first."""
    page = server(url).get("/api/runs", tool=tool, outcome=outcome, caller=caller, limit=limit, after=after)
    if as_json:
        print_json(page)
        return
    columns = ("run", "started", "tool", "outcome", "took", "caller", "message")
    print_table(columns, (_row(run) for run in page["runs"]))


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="The id of the run.")], as_json: AsJson = False, url: ServerUrl = None
) -> None:
    """Show one run: its steps and, if the history keeps them, arguments and result."""
    record = server(url).get(f"/api/runs/{part(run)}")
    if as_json:
        print_json(record)
        return
    for name, value in _facts(record["summary"]):
        if value:
            print(f"{name + ':':<10} {value}")
    detail = record["detail"]
    if detail.get("steps"):
        print()
        columns = ("step", "component", "outcome", "after", "took", "tries", "error")
        print_table(columns, (_step_row(step) for step in detail["steps"]))
    for name in ("args", "result", "content"):
        if name in detail:
            print(f"\n{name}:")
            print_json(detail[name])


def _row(run: dict[str, Any]) -> tuple[str, ...]:
    return (
        run["id"],
        moment(run["started"]),
        run["tool"],
        run["outcome"],
        span(run["duration"]),
        run["caller"],
        run["message"],
    )


def _facts(summary: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("run", summary["id"]),
        ("tool", summary["tool"]),
        ("version", summary["digest"]),
        ("started", moment(summary["started"])),
        ("took", span(summary["duration"])),
        ("outcome", " ".join(part for part in (summary["outcome"], summary["code"]) if part)),
        ("message", summary["message"]),
        ("caller", summary["caller"]),
        ("from", summary["address"]),
        ("client", summary["client"]),
    ]


def _step_row(step: dict[str, Any]) -> tuple[str, ...]:
    return (
        step["id"],
        step["component"],
        step["outcome"],
        span(step["started"]),
        span(step["duration"]),
        str(step.get("attempts", 1)),
        step.get("error", ""),
    )
