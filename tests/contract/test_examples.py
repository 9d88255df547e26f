"""The example flows: valid in editors, valid here, and keeping their promises offline."""

from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from flows.compile import check_calls, check_flow, compile_flow
from flows.registry import default_registry
from flows.schema import flow_schema

ROOT = Path(__file__).parents[2]
FOLDERS = ("flows/examples", "tests/conformance/flows")
FLOWS = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.yaml"))
ALLOWED = {"json_schema_2020_12_tool": {"flow.portability"}}
"""What a fixture must do although we advise against it."""
VALIDATOR = jsonschema_rs.Draft202012Validator(flow_schema(default_registry()))


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_an_example_flow_names_the_schema_that_its_editor_checks_it_with(path: Path) -> None:
    first = path.read_text().splitlines()[0]

    prefix = "# yaml-language-server: $schema="
    assert first.startswith(prefix)
    assert (path.parent / first.removeprefix(prefix)).resolve() == ROOT / "flows/flow.schema.json"


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.stem)
def test_an_example_flow_fits_the_schema_and_has_no_problems(path: Path) -> None:
    text = path.read_text()

    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))] == []
    problems = [problem for problem in check_flow(text, path.name) if problem.code not in ALLOWED.get(path.stem, ())]
    assert [str(problem) for problem in problems] == []
    assert compile_flow(text).name == path.stem


def test_the_examples_call_only_each_other() -> None:
    plans = {path.stem: compile_flow(path.read_text(), path.name) for path in FLOWS}

    assert check_calls(plans) == []
