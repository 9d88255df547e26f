"""`connection` and `secret`, against a real server; the tests stand in for a person with a browser nowhere."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.coordinator.cli.command import Command

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("cli")]

CANARY = "canary-of-the-command-line"
AUTH = "auth.type=oauth2_authorization_code auth.client_id=x"


def test_a_connection_is_set_listed_tested_and_removed(
    beside: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("sqlite:///:memory:\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{CANARY}\n"))

    made = beside("connection set books sql 'description=All books' --secret url=@url")
    web = beside("connection set web http base_url=http://127.0.0.1:9 auth.type=bearer --secret token --json")
    listed = beside("connection list")
    good, bad = beside("connection test books"), beside("connection test web")
    removed = beside("connection remove books")

    assert (made.code, made.err) == (0, "The connection 'books' is set.\n")
    assert json.loads(web.out)["secrets"] == ["token"]
    assert [line.split("\t")[:4] for line in listed.out.splitlines()] == [
        ["books", "sql", "api", "ready"],
        ["sample", "sql", "settings", "ready"],
        ["web", "http", "api", "ready"],
    ]
    assert (good.code, good.out) == (0, "The database answers.\n")
    assert bad.code == 1
    assert bad.out.startswith("Cannot connect to 127.0.0.1:9: ")
    assert removed.err == "The connection 'books' is gone, with its secrets.\n"
    assert beside("connection remove web").code == 0
    assert all(CANARY not in each.out + each.err for each in (made, web, listed, bad))


def test_a_secret_on_the_command_line_is_refused_without_being_repeated(beside: Command) -> None:
    refused = beside(f"connection set web http base_url=https://a.example auth.type=bearer --secret token={CANARY}")

    assert refused.code == 1
    assert refused.err == (
        "headrace: A secret on the command line can be seen by others on this machine. "
        "Write --secret token to be asked for it, --secret token=@FILE or --secret token=env:VARIABLE.\n"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("base_url", "'base_url' is no setting. Write NAME=VALUE, for example auth.type=bearer."),
        ("auth:=bearer", "The value of 'auth' is not JSON. After := comes JSON; text goes after =."),
        ("auth=x auth.type=bearer", "'auth' is given twice, once as text."),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(beside: Command, fields: str, message: str) -> None:
    refused = beside(f"connection set web http {fields}")

    assert (refused.code, refused.err) == (1, f"headrace: {message}\n")


def test_what_a_connection_lacks_or_has_wrong_is_told_with_what_there_is(beside: Command) -> None:
    lacks = beside("connection set web http base_url=https://a.example auth.type=bearer")
    wrong = beside("connection set web http base_url=https://a.example auth.type=beare")

    assert lacks.err == (
        "headrace: The connection 'web' needs its secret `token`. "
        "On the command line --secret asks for it; REST takes it under `secrets`.\n"
    )
    assert "It is one of: none, bearer, api_key, basic, " in wrong.err
    assert wrong.err.endswith("Did you mean 'bearer'?\n")


def test_a_connection_to_sign_in_for_says_how_to_go_on(beside: Command) -> None:
    made = beside(f"connection set git http base_url=https://api.github.com {AUTH} auth.preset=github")
    url = beside("connection authorize git")
    state = beside("connection list").out.splitlines()[0].split("\t")[3]
    beside("connection remove git")

    assert "/oauth/callback at the provider, then run: headrace connection authorize git" in made.err
    assert "/oauth/start?ticket=" in url.out
    assert state == "not signed in"


def test_the_key_of_the_vault_is_rotated(beside: Command) -> None:
    first, second = beside("secret rotate-key"), beside("secret rotate-key")

    assert (first.code, second.code) == (0, 0)
    assert first.err.startswith("0 secrets sealed with the key ")
    assert first.err != second.err
