"""`flow`: list, show, store and switch the flows of a running server."""

from pathlib import Path
from typing import Annotated, Any

import typer

from coordinator.cli.client import Refused, Server, ServerUrl, part, server
from coordinator.cli.console import AsJson, is_watched, missing_file, moment, plural, print_json, print_table, say
from flows.errors import InputRejected, NotFound

app = typer.Typer(no_args_is_help=True, help="Flows of a running server.")

Name = Annotated[str, typer.Argument(help="The name of the flow.")]


@app.command("list")
def list_flows(
    search: Annotated[str, typer.Option("--search", "-s", help="Text that the name or description holds.")] = "",
    as_json: AsJson = False,
    url: ServerUrl = None,
) -> None:
    """List the flows."""
    flows = _all_flows(server(url), search)
    if as_json:
        print_json(flows)
        return
    rows = ((flow["name"], _state(flow), flow["file"] or flow["origin"], flow["description"]) for flow in flows)
    print_table(("flow", "state", "from", "description"), rows)


@app.command()
def show(name: Name, as_json: AsJson = False, url: ServerUrl = None) -> None:
    """Print the text of a flow, and what is wrong with it."""
    flow = server(url).get(f"/api/flows/{part(name)}")
    if as_json:
        print_json(flow)
        return
    print(flow["text"], end="")
    for problem in flow["problems"]:
        say(_problem_line(problem))


@app.command()
def apply(
    files: Annotated[list[Path], typer.Argument(help="Flow files.")],
    expected: Annotated[
        str | None, typer.Option(help="Only if the flow on the server has this digest; empty for a new flow.")
    ] = None,
    url: ServerUrl = None,
) -> None:
    """Store flow files on the server, under the names that they say; they are live at once."""
    found = server(url)
    failed = False
    for file in files:
        try:
            flow = found.post("/api/flows", {"text": _read(file), "expected": expected})
        except Refused as refusal:
            failed = True
            _show_refusal(refusal, file)
            continue
        print(f"{flow['summary']['name']} {flow['summary']['digest']}")
        for problem in flow["problems"]:
            say(_problem_line({**problem, "file": str(file)}))
    raise typer.Exit(1 if failed else 0)


@app.command()
def export(
    directory: Annotated[Path, typer.Argument(help="Where to write one file for each flow.")],
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    url: ServerUrl = None,
) -> None:
    """Write the flows of the server as files, but not those of packs."""
    found = server(url)
    flows = [flow for flow in _all_flows(found, "") if flow["origin"] != "pack"]
    targets = {flow["name"]: directory / f"{flow['name']}.yaml" for flow in flows}
    if there := [str(target) for target in targets.values() if target.exists() and not force]:
        raise InputRejected(
            f"{plural(len(there), 'file')} would be written over, {there[0]} first.", fix="Give --force to do it."
        )
    directory.mkdir(parents=True, exist_ok=True)
    for name, target in targets.items():
        target.write_text(found.get(f"/api/flows/{part(name)}")["text"], encoding="utf-8")
        print(target)


@app.command()
def versions(name: Name, as_json: AsJson = False, url: ServerUrl = None) -> None:
    """List the versions of a flow."""
    found = server(url).get(f"/api/flows/{part(name)}/versions")["versions"]
    if as_json:
        print_json(found)
        return
    rows = (
        (str(each["number"]), moment(each["created"]), each["author"] or each["file"], each["digest"]) for each in found
    )
    print_table(("version", "created", "by", "digest"), rows)


@app.command()
def diff(
    name: Name,
    first: Annotated[
        int | None, typer.Argument(help="The older version; the one before the last unless given.")
    ] = None,
    second: Annotated[int | None, typer.Argument(help="The newer version; the text as it is now unless given.")] = None,
    url: ServerUrl = None,
) -> None:
    """Show what changed between two versions."""
    found = server(url)
    path = f"/api/flows/{part(name)}"
    if first is None:
        numbers = [each["number"] for each in found.get(f"{path}/versions")["versions"]]
        if len(numbers) < 2:
            raise NotFound(f"There is only one version of flow {name!r}, so nothing to compare.")
        first = numbers[1]
    answer = found.get(f"{path}/diff", **{"from": first, "to": second})
    _print_diff(answer["diff"])


@app.command()
def rollback(
    name: Name,
    number: Annotated[int, typer.Argument(help="The version to bring back; `flow versions` lists them.")],
    url: ServerUrl = None,
) -> None:
    """Make an old version the current one, as a new version."""
    flow = server(url).post(f"/api/flows/{part(name)}/rollback", {"number": number})
    print(f"{flow['summary']['name']} {flow['summary']['digest']}")


@app.command()
def enable(name: Name, url: ServerUrl = None) -> None:
    """Switch a flow on."""
    server(url).post(f"/api/flows/{part(name)}/enable")


@app.command()
def disable(name: Name, url: ServerUrl = None) -> None:
    """Switch a flow off: clients do not see it any more."""
    server(url).post(f"/api/flows/{part(name)}/disable")


@app.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: ServerUrl = None,
) -> None:
    """Delete a flow that was stored here; its versions stay."""
    if not yes and is_watched():
        typer.confirm(f"Delete the flow {name!r}?", abort=True)
    server(url).delete(f"/api/flows/{part(name)}")


def _all_flows(found: Server, search: str) -> list[dict[str, Any]]:
    flows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = found.get("/api/flows", search=search or None, limit=500, after=after)
        flows += page["flows"]
        after = page["next"]
        if after is None:
            return flows


def _state(flow: dict[str, Any]) -> str:
    if not flow["enabled"]:
        return "off"
    if not flow["is_valid"]:
        return "broken, last good version served" if flow["is_served"] else "broken"
    return "live" if flow["is_served"] else "off in its text"


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise missing_file(file) from None
    except IsADirectoryError:
        raise InputRejected(
            f"{str(file)!r} is a directory.", fix=f"Name the flow files in it, for example {file}/*.yaml."
        ) from None
    except OSError as error:
        raise NotFound(f"{str(file)!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputRejected(f"{str(file)!r} is not UTF-8 text.", fix="Save it as UTF-8.") from error


def _show_refusal(refusal: Refused, file: Path) -> None:
    for problem in refusal.problems:
        print(_problem_line({**problem, "file": str(file)}))
    if not refusal.problems:
        say(f"{file}: {refusal}")


def _problem_line(problem: dict[str, Any]) -> str:
    level = "warning: " if problem["severity"] == "warning" else ""
    place = f"{problem['file']}:{problem['line']}:{problem['column']}"
    return f"{place}: {level}{problem['message']}   [{problem['code']}]"


def _print_diff(text: str) -> None:
    if not text:
        say("Nothing changed.")
    elif is_watched():
        from rich.console import Console
        from rich.syntax import Syntax

        Console().print(Syntax(text, "diff", background_color="default"))
    else:
        print(text)
