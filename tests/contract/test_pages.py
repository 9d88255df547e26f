"""What stands in the pages for users is true: their flows are held to what the examples are held to, their links lead
somewhere, and the commands and variables that they name are there.
"""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import fields
from typer.core import TyperGroup
from typer.main import get_command

from coordinator.cli import app
from coordinator.sample import ensure_sample
from coordinator.settings import Settings
from coordinator.settings_sources import OTHER_VARIABLES
from flows.compile import check_flow, compile_flow
from flows.testing import run_test
from workers.connections import Connections
from workers.local import LocalDispatcher, PlanTable

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```yaml\n(flow: .*?)^```$", re.MULTILINE | re.DOTALL)
FLOWS = [
    pytest.param(found[1], id=f"{page.name}: {found[1].splitlines()[0]}")
    for page in PAGES
    for found in FENCED.finditer(page.read_text())
]
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = [
    pytest.param(line, id=f"{page.name}: {line.partition('  #')[0].rstrip()}")
    for page in PAGES
    for block in SHELL.findall(page.read_text())
    for line in block.replace("\\\n", "").splitlines()
    if line.startswith("headrace ")
]


@pytest.mark.parametrize("text", FLOWS)
def test_a_flow_in_a_page_has_no_problems(text: str) -> None:
    assert [str(problem) for problem in check_flow(text)] == []


@pytest.mark.parametrize("text", FLOWS)
async def test_a_flow_in_a_page_keeps_its_promises(text: str, tmp_path: Path) -> None:
    plan = compile_flow(text)
    ensure_sample(tmp_path)
    sample = Connections.from_urls({"sample": f"sqlite:///{tmp_path / 'sample.db'}"})
    dispatcher = LocalDispatcher(PlanTable({plan.name: plan}), sample)

    reports = [await run_test(plan, test, dispatcher) for test in plan.tests]
    await dispatcher.close()

    assert [report.difference for report in reports if not report.passed] == []


def test_every_link_of_a_page_leads_somewhere() -> None:
    broken = [
        f"{page.name}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)\s]+)", page.read_text())
        if not target.startswith("http") and not leads_somewhere(page, target)
    ]

    assert broken == []


def test_the_readme_leads_to_every_page() -> None:
    linked = re.findall(r"\]\((docs/[^)#]+\.md)", PAGES[0].read_text())

    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")} == set(linked)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_in_a_page_is_there_with_its_options(command: str) -> None:
    found: Any = get_command(app)
    words = iter(shlex.split(command, comments=True)[1:])
    while isinstance(found, TyperGroup):
        found = found.commands[next(words)]
    known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}

    assert [word for word in words if re.match(r"--?[a-z]", word) and word not in known] == []


def test_every_variable_in_a_page_is_one_that_headrace_reads() -> None:
    of_a_client = {"HEADRACE_AUTHORIZATION"}
    known = {f"HEADRACE_{field.name.upper()}" for field in fields(Settings)} | OTHER_VARIABLES | of_a_client
    unknown = [
        f"{page.name}: {name}"
        for page in PAGES
        for name in re.findall(r"\bHEADRACE_\w+", page.read_text())
        if name not in known and not name.startswith("HEADRACE_CONNECTION_")
    ]

    assert unknown == []


def leads_somewhere(page: Path, target: str) -> bool:
    """Tell whether the file is there, and in it the heading."""
    path, _, heading = target.partition("#")
    file = page.parent / path if path else page
    return file.exists() and (not heading or heading in headings(file))


def headings(page: Path) -> set[str]:
    """Return the names of a page's headings in links: small letters, dashes for spaces, no other signs."""
    written = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in written}
