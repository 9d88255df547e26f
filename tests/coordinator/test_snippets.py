"""What people paste into their clients: one place, the same for the command line, REST and the pages."""

import json
import shlex
from typing import Any

import pytest

from coordinator.snippets import Snippet, snippets

TOKEN = "hr_" + "A1b2C3d4" * 5 + "xyz"
ALL = ["claude-code", "claude-desktop", "claude-desktop-query", "cursor", "vscode", "curl"]


def by_client(base_url: str, token: str = TOKEN, **options: Any) -> dict[str, Snippet]:
    return {snippet.client: snippet for snippet in snippets(base_url, token, **options)}


def remote_args(snippet: Snippet) -> list[str]:
    args: list[str] = json.loads(snippet.text)["mcpServers"]["headrace"]["args"]
    return args


def test_claude_code_takes_the_token_as_a_header() -> None:
    command = shlex.split(by_client("http://127.0.0.1:8080")["claude-code"].text)

    assert command[:6] == ["claude", "mcp", "add", "--transport", "http", "headrace"]
    assert command[6:] == ["http://127.0.0.1:8080/mcp", "--header", f"Authorization: Bearer {TOKEN}"]


def test_claude_desktop_starts_mcp_remote_with_the_token_in_a_variable() -> None:
    server = json.loads(by_client("https://tools.example.com/")["claude-desktop"].text)["mcpServers"]["headrace"]

    assert server == {
        "command": "npx",
        "args": [
            "-y",
            "mcp-remote",
            "https://tools.example.com/mcp",
            "--header",
            "Authorization:${HEADRACE_AUTHORIZATION}",
        ],
        "env": {"HEADRACE_AUTHORIZATION": f"Bearer {TOKEN}"},
    }


def test_claude_desktop_can_carry_the_token_in_the_url() -> None:
    args = remote_args(by_client("http://localhost:8080")["claude-desktop-query"])

    assert args == ["-y", "mcp-remote", f"http://localhost:8080/mcp?token={TOKEN}"]


@pytest.mark.parametrize(
    ("base_url", "told"),
    [
        ("http://localhost:8080", False),
        ("http://127.0.0.1:8080", False),
        ("https://192.168.1.5:8080", False),
        ("http://192.168.1.5:8080", True),
        ("http://[::1]:8080", True),
    ],
)
def test_mcp_remote_is_told_that_plain_http_is_meant_where_it_would_refuse(base_url: str, told: bool) -> None:
    for client in ("claude-desktop", "claude-desktop-query"):
        assert ("--allow-http" in remote_args(by_client(base_url)[client])) is told


def test_editors_take_the_url_and_a_header() -> None:
    found = by_client("https://tools.example.com")

    entry = {"url": "https://tools.example.com/mcp", "headers": {"Authorization": f"Bearer {TOKEN}"}}
    assert json.loads(found["cursor"].text) == {"mcpServers": {"headrace": entry}}
    assert json.loads(found["vscode"].text) == {"servers": {"headrace": {"type": "http", **entry}}}


def test_curl_lists_the_tools() -> None:
    command = shlex.split(by_client("http://127.0.0.1:8080")["curl"].text)

    assert command[:3] == ["curl", "-s", "http://127.0.0.1:8080/mcp"]
    assert f"Authorization: Bearer {TOKEN}" in command
    assert json.loads(command[-1]) == {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def test_without_a_token_nothing_about_one_is_said() -> None:
    found = by_client("http://127.0.0.1:8080", "")

    assert list(found) == [client for client in ALL if client != "claude-desktop-query"]
    assert not any("uthorization" in snippet.text for snippet in found.values())


def test_a_server_that_takes_no_token_in_the_url_suggests_none() -> None:
    assert list(by_client("http://127.0.0.1:8080")) == ALL
    assert "claude-desktop-query" not in by_client("http://127.0.0.1:8080", token_in_query=False)
