"""`headrace check` and `headrace test`: without a server, for people and for pipelines."""

import json
from pathlib import Path

import pytest

from tests.coordinator.cli.command import Command

MILL = """\
flow: mill
description: Turn.
input: {mcp_tool: {params: {times: integer}}}
steps:
  - id: wheel
    map: ${{ args.times * 2 }}
tests:
  - {name: once, args: {times: 1}, expect: 2}
  - {name: twice, args: {times: 2}, expect: 4}
"""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_flows_without_problems_are_counted_on_standard_error_only(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "flows" / "mill.yaml", MILL)

    ended = headrace("check")

    assert (ended.code, ended.out, ended.err) == (0, "", "1 flow file checked: no problems.\n")


def test_every_problem_has_its_file_line_and_column(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "flows" / "mill.yaml", MILL.replace("map:", "mpa:").replace("description", "descripton"))

    ended = headrace("check flows")

    assert ended.code == 1
    assert ended.out.splitlines() == [
        "flows/mill.yaml:2:1: Unknown key 'descripton'. Did you mean 'description'?   [flow.unknown-key]",
        "flows/mill.yaml:6:5: Unknown step 'mpa'. Did you mean 'map'?   [flow.unknown-step]",
    ]
    assert ended.err == "1 flow file checked: 2 errors.\n"


def test_a_warning_alone_is_no_failure(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "mill.yaml", MILL.replace("description: Turn.\n", ""))

    ended = headrace("check mill.yaml")

    assert (ended.code, ended.err) == (0, "1 flow file checked: 1 warning.\n")
    assert "warning: A tool without a description" in ended.out


def test_flows_are_checked_together(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "flows" / "a" / "mill.yaml", MILL)
    write(tmp_path / "flows" / "b.yaml", MILL)
    write(tmp_path / "flows" / "c.yml", MILL.replace("mill", "other").replace("map:", "call: mlil #"))
    write(tmp_path / "flows" / ".git" / "d.yaml", "not a flow")

    ended = headrace("check")

    assert ended.out.splitlines() == [
        "flows/b.yaml:1:1: The flow 'mill' is in flows/a/mill.yaml already. Rename one of them."
        "   [flow.duplicate-name]",
        "flows/c.yml:6:1: warning: The flow 'other' calls 'mlil', which does not exist. Did you mean 'mill'?"
        "   [flow.unknown-flow]",
    ]


def test_a_tool_that_could_not_be_served_is_found(headrace: Command, tmp_path: Path) -> None:
    odd = MILL.replace("times: integer", "times: {type: number, x-mcp-header: Times}")
    write(tmp_path / "mill.yaml", odd)

    ended = headrace("check mill.yaml")

    assert ended.code == 1
    assert "times has `x-mcp-header`, so its type is one of: string, integer, boolean." in ended.out


def test_a_pipeline_reads_problems_as_json(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "mill.yaml", MILL.replace("map:", "mpa:"))

    ended = headrace("check mill.yaml --json")

    found = json.loads(ended.out)
    assert (ended.code, found["files"]) == (1, ["mill.yaml"])
    assert [(each["code"], each["line"], each["column"]) for each in found["problems"]] == [("flow.unknown-step", 6, 5)]


def test_a_file_that_is_not_there_is_told_without_a_traceback(headrace: Command) -> None:
    ended = headrace("check nothing.yaml")
    full = headrace("check /nowhere/nothing.yaml")

    assert (ended.code, ended.err) == (
        1,
        f"headrace: There is no file or directory 'nothing.yaml' in '{Path.cwd()}'.\n",
    )
    assert full.err == "headrace: There is no file or directory '/nowhere/nothing.yaml'.\n"


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_directory_without_flows_is_most_likely_the_wrong_one(
    headrace: Command, tmp_path: Path, command: str
) -> None:
    write(tmp_path / "other" / "notes.txt", "no flow")

    ended = headrace(f"{command} other")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        "headrace: There are no flow files in 'other'. "
        "Flow files end in .yaml or .yml. Name them, or their directory.\n"
    )


def test_the_tests_of_flows_are_run_one_line_each(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "flows" / "mill.yaml", MILL)

    ended = headrace("test")

    assert (ended.code, ended.err) == (0, "2 tests: 2 passed.\n")
    assert [line.partition(" (")[0] for line in ended.out.splitlines()] == ["ok      mill: once", "ok      mill: twice"]
    assert not (tmp_path / "data").exists()


def test_a_broken_promise_is_shown_with_its_place(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "mill.yaml", MILL.replace("expect: 4", "expect: 5"))

    ended = headrace("test mill.yaml")

    assert (ended.code, ended.err) == (1, "2 tests: 1 passed, 1 failed.\n")
    assert ended.out.splitlines()[1:] == ["FAILED  mill: twice", "        mill.yaml:9: expected 5, got 4"]


def test_tests_are_chosen_by_a_part_of_their_name(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "mill.yaml", MILL)

    chosen = headrace("test mill.yaml -k once --json")
    missed = headrace("test mill.yaml -k never")

    assert [each["name"] for each in json.loads(chosen.out)["tests"]] == ["once"]
    assert (missed.code, missed.err) == (1, "No test holds 'never' in its name.\n")


def test_flows_with_mistakes_are_not_tested(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "mill.yaml", MILL.replace("map:", "mpa:"))

    ended = headrace("test mill.yaml")

    assert (ended.code, ended.err) == (1, "1 flow file checked: 1 error. No test was run.\n")


def test_a_person_sees_a_bar_and_the_failures_only(
    headrace: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "mill.yaml", MILL.replace("expect: 4", "expect: 5"))
    monkeypatch.setattr("coordinator.cli.checks.is_watched", lambda: True)

    ended = headrace("test mill.yaml")

    assert "FAILED  mill: twice" in ended.out
    assert "ok " not in ended.out


def test_the_examples_keep_their_promises_without_a_network(headrace: Command) -> None:
    ended = headrace("test")

    assert ended.code == 0, ended.out
