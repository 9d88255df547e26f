"""The commands that talk to a running server, against a real one that asks for tokens."""

import json
import time
from pathlib import Path

import pytest

from tests.coordinator.cli.command import Command
from tests.headrace_process import HeadraceProcess

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("cli")]

ANOTHER_TOKEN = "Put one into HEADRACE_TOKEN: where the server runs, `headrace token create LABEL --admin` makes it."
MILL = """\
flow: mill
description: Turn.
input: {mcp_tool: {params: {times: integer}}}
steps:
- map: ${{ args.times }}
"""


def test_a_tool_is_called_by_name_with_text_and_json(beside: Command, tmp_path: Path) -> None:
    (tmp_path / "mill.yaml").write_text(MILL)
    beside("flow apply mill.yaml")

    text = beside("call hello name=Ada")
    number = beside("call mill times=3")
    as_json = beside("call mill times:=3 --json")

    assert (text.code, json.loads(text.out)) == (0, {"text": "Hello, Ada!"})
    assert (number.code, number.out) == (0, "3\n")
    assert json.loads(as_json.out)["value"] == 3


def test_a_call_that_fails_says_why_and_ends_with_one(beside: Command) -> None:
    rejected = beside("call hello nam=Ada")
    unknown = beside("call helo")
    nonsense = beside("call hello Ada")
    no_json = beside("call hello name:=Ada")

    assert (rejected.code, rejected.out) == (1, "")
    assert "There is no argument 'nam'. Did you mean 'name'?" in rejected.err
    assert unknown.err == "headrace: There is no tool 'helo'. Did you mean 'hello'?\n"
    assert nonsense.err == "headrace: 'Ada' is no argument. Write name=text, or name:=json.\n"
    assert no_json.err.endswith("For text write name=Ada\n")


def test_flows_are_stored_listed_shown_and_switched(beside: Command, tmp_path: Path) -> None:
    (tmp_path / "mill.yaml").write_text(MILL)

    applied = beside("flow apply mill.yaml")
    beside("flow disable mill")
    off = beside("flow list")
    beside("flow enable mill")
    on = beside("flow list --search mill")
    shown = beside("flow show mill")

    assert (applied.code, applied.out.split()[0]) == (0, "mill")
    assert "hello\tlive\thello.yaml\tGreet somebody.\n" in off.out
    assert "mill\toff\tapi\tTurn.\n" in off.out
    assert on.out == "mill\tlive\tapi\tTurn.\n"
    assert shown.out == MILL


def test_a_flow_with_mistakes_is_refused_with_their_places_in_the_file(beside: Command, tmp_path: Path) -> None:
    (tmp_path / "mill.yaml").write_text(MILL.replace("map", "mpa"))

    ended = beside("flow apply mill.yaml")

    assert ended.code == 1
    assert ended.out == "mill.yaml:5:3: Unknown step 'mpa'. Did you mean 'map'?   [flow.unknown-step]\n"


def test_a_flow_of_a_file_is_not_written_over(beside: Command, server: HeadraceProcess, tmp_path: Path) -> None:
    (tmp_path / "hello.yaml").write_text(MILL.replace("mill", "hello"))

    ended = beside("flow apply hello.yaml")

    assert ended.code == 1
    assert ended.err == (
        "hello.yaml: The flow 'hello' comes from the file hello.yaml. "
        "Change it there, or give your flow another name.\n"
    )


def test_versions_are_compared_and_brought_back(beside: Command, tmp_path: Path) -> None:
    (tmp_path / "wheel.yaml").write_text(MILL.replace("mill", "wheel"))
    beside("flow apply wheel.yaml")
    alone = beside("flow diff wheel")
    (tmp_path / "wheel.yaml").write_text(MILL.replace("mill", "wheel").replace("Turn.", "Turn around."))
    beside("flow apply wheel.yaml")

    diff = beside("flow diff wheel")
    versions = beside("flow versions wheel")
    back = beside("flow rollback wheel 1")
    again = beside("flow diff wheel 1")
    beside("flow delete wheel --yes")
    gone = beside("flow show wheel")

    assert alone.err == "headrace: There is only one version of flow 'wheel', so nothing to compare.\n"
    assert "-description: Turn.\n+description: Turn around.\n" in diff.out
    assert [line.split("\t")[0] for line in versions.out.splitlines()] == ["2", "1"]
    assert back.code == 0
    assert again.err == "Nothing changed.\n"
    assert gone.code == 1
    assert gone.err.startswith("headrace: There is no flow 'wheel'.")
    assert gone.err.endswith("`headrace flow list` shows what there is.\n")


def test_flows_are_exported_and_nothing_is_written_over_unasked(beside: Command, tmp_path: Path) -> None:
    first = beside("flow export out")
    second = beside("flow export out")
    third = beside("flow export out --force")

    assert first.code == 0
    assert (tmp_path / "out" / "hello.yaml").read_text().startswith("flow: hello\n")
    assert (second.code, "Give --force to do it." in second.err) == (1, True)
    assert third.code == 0


def test_a_token_is_made_used_listed_and_revoked(beside: Command, server: HeadraceProcess) -> None:
    made = json.loads(beside("token create 'Ada and co' --tools 'hel*' --expires 90d --json").out)
    end = made["info"]["expires"] / 1000 - time.time()

    listed = beside("token list")
    beside.env(HEADRACE_TOKEN=made["token"])
    called = beside("call hello name=Ada")
    forbidden = beside("token list")
    beside.env(HEADRACE_TOKEN="")
    revoked = beside(f"token revoke {made['info']['id']}")
    beside.env(HEADRACE_TOKEN=made["token"])
    refused = beside("call hello name=Ada")

    assert 89 * 86400 < end <= 90 * 86400
    assert made["info"]["tools"] == ["hel*"]
    assert "\tAda and co\tuntil " in listed.out
    assert called.code == 0
    assert forbidden.err == (
        "headrace: The token 'Ada and co' may call tools, but not use this part of the API. "
        "Use a token that was made with `headrace token create --admin`.\n"
    )
    assert revoked.err == "The token 'Ada and co' is revoked.\n"
    assert (refused.code, refused.err.startswith("headrace: This token is not valid")) == (1, True)
    assert made["token"] not in server.log()


def test_a_new_token_comes_with_configuration_for_every_client(beside: Command, server: HeadraceProcess) -> None:
    plain = beside("token create Ada")
    quiet = beside("token create Ada -q")

    token = plain.out.splitlines()[0]
    assert token.startswith("hr_")
    for title in ("Claude Code", "Claude Desktop", "Cursor", "VS Code", "curl"):
        assert f"# {title}: " in plain.out
    assert f"claude mcp add --transport http headrace {server.mcp_url} --header 'Authorization: Bearer {token}'" in (
        plain.out
    )
    assert "--allow-http" not in plain.out
    assert len(quiet.out.splitlines()) == 1


def test_a_person_sees_tables_and_can_paste_what_they_see(beside: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("console", "tokens", "flows"):
        monkeypatch.setattr(f"coordinator.cli.{module}.is_watched", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")

    made = beside("token create Ada")
    flows = beside("flow list")
    beside("call hello name=Ada")
    newest = json.loads(beside("runs list -n 1 --json").out)["runs"][0]["id"]
    runs = beside("runs list -n 1")

    token = next(line for line in made.out.splitlines() if line.startswith("hr_"))
    commands = [line for line in made.out.splitlines() if line.startswith("claude mcp add")]
    assert len(commands) == 1
    assert commands[0].rstrip().endswith(f"'Authorization: Bearer {token}'")
    assert "description" in flows.out
    assert newest in runs.out


def test_a_wrong_duration_is_told(beside: Command) -> None:
    ended = beside("token create Ada --expires soon")

    assert ended.err == "headrace: 'soon' is no span of time. Write 90d, 12h or 30m.\n"


def test_runs_are_listed_and_shown(beside: Command) -> None:
    beside("call hello name=Grace")

    listed = beside("runs list -n 1")
    run = listed.out.split("\t")[0]
    shown = beside(f"runs show {run}")
    as_json = json.loads(beside(f"runs show {run} --json").out)
    bare = beside("runs")

    assert "\thello\tok\t" in listed.out
    assert "tool:      hello\n" in shown.out
    assert '"name": "Grace"' in shown.out
    assert as_json["summary"]["source"] == "cli"
    assert run in bare.out


def test_the_key_of_the_data_directory_is_shown_to_its_own_server_only(
    beside: Command, server: HeadraceProcess, headrace: Command
) -> None:
    elsewhere = server.url.replace("127.0.0.1", "localhost")

    own = beside(f"flow list --url {server.url}")
    other = beside(f"flow list --url {elsewhere}")

    assert own.code == 0
    assert (other.code, other.err) == (1, f"headrace: This server asks for a token. {ANOTHER_TOKEN}\n")


def test_a_wrong_token_is_told_where_another_one_goes(beside: Command) -> None:
    beside.env(HEADRACE_TOKEN="hr_wrong")

    ended = beside("flow list")

    assert ended.code == 1
    assert ended.err == (f"headrace: This token is not valid: it is unknown, revoked or expired. {ANOTHER_TOKEN}\n")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("{url}/mcp", "There is nothing for commands under {url}/mcp. Leave the path out, as in {url}."),
        ("https://{place}", "No Headrace server answers at https://{place}: TLS fails ("),
        ("http://nobody.invalid:80", "No Headrace server answers at http://nobody.invalid:80: its name is not known."),
    ],
    ids=["with a path", "with TLS", "of nobody"],
)
def test_a_url_at_which_no_commands_are_taken_is_told(
    beside: Command, server: HeadraceProcess, url: str, said: str
) -> None:
    known = {"url": server.url, "place": server.url.removeprefix("http://")}

    ended = beside(f"flow list --url {url.format(**known)}")

    assert ended.code == 1
    assert ended.err.startswith(f"headrace: {said.format(**known)}")


def test_arguments_that_do_not_fit_are_told_with_how_to_call_the_tool(beside: Command) -> None:
    ended = beside("call hello")

    assert ended.code == 1
    assert ended.err.splitlines()[-1] == "Call it so: headrace call hello name=..."


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("mill.yaml", None, "There is no file or directory 'mill.yaml' in '{here}'."),
        ("flows", "", "'flows' is a directory. Name the flow files in it, for example flows/*.yaml."),
        ("mill.yaml", b"\xff", "'mill.yaml' is not UTF-8 text. Save it as UTF-8."),
    ],
    ids=["nothing", "a directory", "no text"],
)
def test_what_cannot_be_applied_is_told(
    beside: Command, tmp_path: Path, file: str, content: bytes | str | None, said: str
) -> None:
    if isinstance(content, bytes):
        (tmp_path / file).write_bytes(content)
    elif content is not None:
        (tmp_path / file).mkdir()

    ended = beside(f"flow apply {file}")

    assert (ended.code, ended.err) == (1, f"headrace: {said.format(here=tmp_path)}\n")


def test_an_empty_file_is_told_to_be_empty(beside: Command, tmp_path: Path) -> None:
    (tmp_path / "mill.yaml").write_text("")

    ended = beside("flow apply mill.yaml")

    assert ended.out == (
        "mill.yaml:1:1: The file is empty. A flow is a mapping that starts with `flow: NAME`.   [flow.wrong-type]\n"
    )
