"""What the command line says about Headrace itself."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from coordinator.cli import client
from coordinator.version import VERSION
from tests.coordinator.cli.command import Command
from tests.headrace_process import ROOT


@pytest.mark.parametrize("said", ["version", "--version"])
def test_the_version_is_printed_without_loading_what_serves(said: str) -> None:
    code = (
        f"import sys; sys.argv = ['headrace', {said!r}]\n"
        "from coordinator.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'litestar', 'sqlalchemy', 'uvicorn', 'flows.compile', 'workers'} & set(sys.modules)))"
    )

    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.stdout.splitlines() == [f"headrace {VERSION}", "[]"]


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "coordinator.cli", "version"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert ended.stdout == f"headrace {VERSION}\n"


def test_the_schema_is_the_one_that_the_examples_name(headrace: Command, tmp_path: Path) -> None:
    printed = headrace("schema")
    headrace("schema -o flow.schema.json")

    assert json.loads(printed.out)["title"] == "A Headrace flow"
    assert (tmp_path / "flow.schema.json").read_text() == printed.out


def test_a_data_directory_that_cannot_be_made_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "coordinator.cli", "serve", "--port", "0", "--data", str(tmp_path / "file" / "x")]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr == (
        f"headrace: The data directory '{tmp_path}/file/x' cannot be made: Not a directory. "
        "Name one that can with --data or HEADRACE_DATA.\n"
    )


def test_settings_are_shown_with_their_origin_and_without_passwords(headrace: Command) -> None:
    headrace.env(HEADRACE_PORT="9000", HEADRACE_CONNECTION_SHOP="postgresql://u:canary@db/x")

    plain = headrace("settings")
    as_json = headrace("settings --json")

    assert "port\t9000\tHEADRACE_PORT\n" in plain.out
    assert "canary" not in plain.out + as_json.out
    assert json.loads(as_json.out)["port"] == {"value": 9000, "origin": "HEADRACE_PORT"}


def test_wrong_settings_are_all_told_and_end_with_two(headrace: Command) -> None:
    headrace.env(HEADRACE_PROT="9000", HEADRACE_HISTORY="some")

    ended = headrace("settings")

    assert ended.code == 2
    assert ended.err.splitlines() == [
        "headrace: HEADRACE_HISTORY: history is one of: off, outcome, full, not 'some'.   [settings.wrong-value]",
        "HEADRACE_PROT: Unknown variable. Did you mean 'HEADRACE_PORT'?   [settings.unknown]",
    ]


@pytest.mark.parametrize("line", ["", "--help", "serve --help", "flow", "token --help"])
def test_help_is_given_for_every_command(headrace: Command, line: str) -> None:
    ended = headrace(line)

    assert ended.code in (0, 2)
    assert "Usage:" in ended.out + ended.err


def test_the_first_help_groups_every_command_by_what_it_needs(headrace: Command) -> None:
    groups = re.findall(r"^╭─ (.+?) ─", headrace("--help").out, re.MULTILINE)

    assert groups == ["Options", "Serve", "Flow files, without a server", "A running server", "Headrace itself"]


def test_every_setting_but_the_connections_is_an_option_of_serve(headrace: Command) -> None:
    from coordinator.settings import describe_settings

    listed = {each.split("/")[0] for doc in describe_settings() for each in [doc.flag] if doc.name != "connections"}
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    serve = page.partition("## `headrace serve`")[2].partition("\n## ")[0]

    assert listed <= set(re.findall(r"--[a-z-]+", serve))


def test_a_wrong_option_ends_with_two(headrace: Command) -> None:
    assert headrace("check --colour").code == 2


@pytest.mark.parametrize("line", ["flow list", "token list", "runs", "call hello name=Ada"])
def test_without_a_server_one_sentence_says_what_to_do(headrace: Command, line: str, unused_port: int) -> None:
    headrace.env(HEADRACE_URL=f"http://127.0.0.1:{unused_port}")

    ended = headrace(line)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"headrace: No Headrace server answers at http://127.0.0.1:{unused_port}. "
        "Start one with `headrace serve`, or name another one with --url or HEADRACE_URL.\n"
    )


def test_what_is_no_url_is_told(headrace: Command) -> None:
    ended = headrace("flow list --url ftp://x")

    assert ended.err == "headrace: 'ftp://x' is not the URL of a server. It looks like http://127.0.0.1:8080.\n"


def test_the_names_of_the_variables_are_known_to_the_settings() -> None:
    from coordinator.settings_sources import OTHER_VARIABLES

    assert {client.URL_VARIABLE, client.TOKEN_VARIABLE} <= OTHER_VARIABLES
