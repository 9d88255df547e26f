"""`check` and `test`: what can be said about flow files without a server."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from coordinator.cli.console import AsJson, is_watched, plural, print_json, say, span

Show = Callable[["TestReport"], None]

if TYPE_CHECKING:
    from coordinator.cli.files import FlowFiles
    from coordinator.settings import Settings
    from flows.plan import FlowTest, Plan
    from flows.testing import TestReport

Paths = Annotated[
    list[Path] | None, typer.Argument(help="Flow files, or directories of them; the flow directory unless given.")
]


def check_files(paths: Paths = None, as_json: AsJson = False) -> None:
    """Say what is wrong with flow files, with file, line and column."""
    show_findings(_read(paths), as_json=as_json)


def show_findings(found: "FlowFiles", *, as_json: bool) -> None:
    """Print what is wrong, and end the command."""
    if as_json:
        print_json({"files": found.files, "problems": found.problems})
    else:
        for problem in found.problems:
            print(problem)
        say(_summary(found))
    raise typer.Exit(1 if found.errors else 0)


def run_tests(
    paths: Paths = None,
    only: Annotated[str, typer.Option("-k", help="Only tests whose `flow: name` holds this text.")] = "",
    as_json: AsJson = False,
) -> None:
    """Run the tests that stand in flow files."""
    from coordinator.settings_sources import load_settings

    found = _read(paths)
    if found.errors:
        for problem in found.errors:
            print(problem)
        say(f"{_summary(found)} No test was run.")
        raise typer.Exit(1)
    chosen = [
        (plans, plan, each)
        for plans in (found.plans, *found.packs.values())
        for plan in plans.values()
        for each in plan.tests
        if only in f"{plan.name}: {each.fields.name}"
    ]
    if not chosen:
        say(f"No test holds {only!r} in its name." if only else "The flows have no tests.")
        raise typer.Exit(1 if only else 0)
    reports = asyncio.run(_run_tests(chosen, load_settings().settings, quiet=as_json))
    if as_json:
        print_json({"tests": [_as_json(report) for report in reports]})
    else:
        _say_totals(reports)
    raise typer.Exit(0 if all(report.passed for report in reports) else 1)


def _read(paths: list[Path] | None) -> "FlowFiles":
    from coordinator.cli.files import read_flow_files
    from coordinator.settings_sources import load_settings

    return read_flow_files(paths or [_as_seen_from_here(Path(load_settings().settings.flows))])


def _as_seen_from_here(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _summary(found: "FlowFiles") -> str:
    errors, warnings = len(found.errors), len(found.problems) - len(found.errors)
    said = " and ".join(plural(count, word) for count, word in ((errors, "error"), (warnings, "warning")) if count)
    return f"{plural(len(found.files), 'flow file')} checked: {said or 'no problems'}."


async def _run_tests(
    chosen: list[tuple[dict[str, "Plan"], "Plan", "FlowTest"]], settings: "Settings", *, quiet: bool
) -> list["TestReport"]:
    from flows.sdk import NetworkPolicy
    from flows.testing import run_test
    from workers.connections import Connections
    from workers.local import LocalDispatcher, PlanTable

    network = NetworkPolicy(allow_loopback=settings.allow_loopback, allow_private=settings.allow_private_networks)
    with _connections(settings) as urls, _shown(len(chosen), quiet=quiet) as show:
        connections, reports = Connections.from_urls(urls), []
        for _, group in groupby(chosen, key=lambda each: id(each[0])):
            together = list(group)
            dispatcher = LocalDispatcher(PlanTable(together[0][0]), connections, network)
            try:
                for _, plan, each in together:
                    reports.append(await run_test(plan, each, dispatcher))
                    show(reports[-1])
            finally:
                await dispatcher.close()
        return reports


@contextmanager
def _connections(settings: "Settings") -> Iterator[dict[str, str]]:
    """Give the connections of the settings, and the sample database: that of the server, or one for this time."""
    from coordinator.sample import FILE_NAME, ensure_sample, with_sample

    data = Path(settings.data)
    if (data / FILE_NAME).exists():
        yield with_sample(dict(settings.connections), data)
        return
    with TemporaryDirectory(prefix="headrace-") as temporary:
        ensure_sample(Path(temporary))
        yield with_sample(dict(settings.connections), Path(temporary))


def _say_line(report: "TestReport") -> None:
    if report.passed:
        print(f"ok      {report.flow}: {report.name} ({span(report.duration)})")
    else:
        print(_failure(report))


def _failure(report: "TestReport") -> str:
    return f"FAILED  {report.flow}: {report.name}\n        {report.file}:{report.line}: {report.difference}"


@contextmanager
def _shown(total: int, *, quiet: bool) -> Iterator[Show]:
    """Give what shows a report: a line each in a pipe, a moving bar and only the failures to a person."""
    if quiet:
        yield lambda report: None
    elif not is_watched():
        yield _say_line
    else:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.text import Text

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, transient=True) as progress:
            task = progress.add_task("testing", total=total)

            def show(report: "TestReport") -> None:
                if not report.passed:
                    progress.console.print(Text(_failure(report), style="red"))
                progress.advance(task)

            yield show


def _say_totals(reports: list["TestReport"]) -> None:
    passed = sum(report.passed for report in reports)
    failed = f", {len(reports) - passed} failed" if passed < len(reports) else ""
    say(f"{plural(len(reports), 'test')}: {passed} passed{failed}.")


def _as_json(report: "TestReport") -> dict[str, object]:
    import msgspec

    return {**msgspec.structs.asdict(report), "passed": report.passed}
