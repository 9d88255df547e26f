"""The owner's account from the command line, against a real server that asks for tokens."""

import io
import re
from pathlib import Path

import httpx
import pytest

from tests.coordinator.cli.command import Command
from tests.coordinator.in_process import HELLO
from tests.headrace_process import HeadraceProcess

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("cli")]


def sign_in(client: httpx.Client, password: str) -> httpx.Response:
    return client.post("/api/session/login", json={"name": "Ada", "password": password})


def test_the_account_is_made_changed_and_left_everywhere(
    headrace: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def typed(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    with HeadraceProcess(tmp_path, {"hello": HELLO}, HEADRACE_REQUIRE_AUTH="true") as server:
        headrace.env(HEADRACE_DATA=str(server.data))
        typed("short\n")
        short = headrace("account create Ada")
        told = re.findall(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", server.log())
        typed("four words are enough\n")
        made = headrace("account create Ada")
        with httpx.Client(base_url=server.url) as browser:
            first = sign_in(browser, "four words are enough")
            sessions = headrace("account sessions")
            typed("four other words now\n")
            changed = headrace("account password")
            after = browser.get("/api/flows")
            second = sign_in(browser, "four other words now")
            ended = headrace("account logout-all")
            last = browser.get("/api/session").json()

    assert len(told) == 1
    assert (short.code, short.err) == (1, "headrace: A password has 10 to 1024 characters. Take a longer one.\n")
    assert (made.code, made.err) == (0, f"The account 'Ada' is made. Sign in at {server.url}\n")
    assert (first.status_code, after.status_code, second.status_code) == (200, 401, 200)
    assert "python-httpx" in sessions.out
    assert len(sessions.out.splitlines()) == 1
    assert changed.err == "The password of 'Ada' is changed, and all sessions are ended.\n"
    assert ended.err == "1 session ended.\n"
    assert last["state"] == "signed_out"
    for secret in ("four words are enough", "four other words now", *browser.cookies.values()):
        assert secret not in server.log()
