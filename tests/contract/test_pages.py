"""The flows that stand in the pages for users are held to what the examples are held to."""

import re
from pathlib import Path

import pytest

from coordinator.sample import ensure_sample
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
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text())
        if not target.startswith("http") and not (page.parent / target).exists()
    ]

    assert broken == []
