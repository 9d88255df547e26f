"""Two coordinators on one database: what is changed at one is so at the other.

On PostgreSQL the second looks by itself only once an hour here, so what it knows the database told it.
"""

import secrets
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.coordinator.in_process import HELLO, bearer
from tests.headrace_process import HeadraceProcess, write_flows

pytestmark = pytest.mark.processes

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@contextmanager
def two_coordinators(directory: Path, database_url: str) -> Iterator[tuple[HeadraceProcess, HeadraceProcess]]:
    """Run two servers on one database, each with a data directory of its own, as on two machines."""
    shared = {
        "HEADRACE_DATABASE_URL": database_url,
        "HEADRACE_SECRET_KEY": b64encode(secrets.token_bytes(32)).decode(),
        "HEADRACE_REQUIRE_AUTH": "true",
        "HEADRACE_RESYNC_SECONDS": "3600" if database_url.startswith("postgresql") else "0.2",
    }
    for name in ("first", "second"):
        (directory / name).mkdir()
    flows = write_flows(directory, {})
    with (
        HeadraceProcess(directory / "first", flows, **shared) as first,
        HeadraceProcess(directory / "second", flows, **shared) as second,
    ):
        yield first, second


def ask(server: HeadraceProcess, token: str, method: str, **params: object) -> httpx.Response:
    """Send one MCP request."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    return httpx.post(server.mcp_url, json=message, headers=_headers(method, token, str(params.get("name", ""))))


@contextmanager
def changes(server: HeadraceProcess, token: str) -> Iterator[Iterator[str]]:
    """Subscribe to changes of the tools; give them as they are told."""
    method = "subscriptions/listen"
    params = {"notifications": {"toolsListChanged": True}, "_meta": META}
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    headers = _headers(method, token)
    with httpx.stream("POST", server.mcp_url, json=message, headers=headers, timeout=10) as response:
        lines = response.iter_lines()
        assert any("acknowledged" in line for line in iter(lambda: next(lines), ""))
        yield (line for line in lines if "list_changed" in line)


def names(server: HeadraceProcess, token: str) -> list[str]:
    return [tool["name"] for tool in ask(server, token, "tools/list").json()["result"]["tools"]]


def _headers(method: str, token: str, name: str = "") -> dict[str, str]:
    named = {"mcp-name": name} if name else {}
    accept = {"accept": "application/json, text/event-stream"}
    return {**accept, "mcp-protocol-version": MODERN, "mcp-method": method, **named, **bearer(token)}


def test_what_changes_at_one_is_heard_listed_and_called_at_the_other(tmp_path: Path, database_url: str) -> None:
    with two_coordinators(tmp_path, database_url) as (first, second):
        token = first.api("POST", "/tokens", {"label": "Ada"})["token"]
        _wait_until_known(second, token)
        with changes(second, token) as told:
            first.api("POST", "/flows", {"text": HELLO})
            assert next(told)

        assert names(second, token) == ["hello"]
        reply = ask(second, token, "tools/call", name="hello", arguments={"name": "Ada"}).json()
        assert reply["result"]["structuredContent"] == {"text": "Hello, Ada!"}


def test_a_token_revoked_at_one_stops_at_the_other(tmp_path: Path, database_url: str) -> None:
    with two_coordinators(tmp_path, database_url) as (first, second):
        kept = first.api("POST", "/tokens", {"label": "kept"})["token"]
        made = first.api("POST", "/tokens", {"label": "lost"})
        _wait_until_known(second, kept)
        assert ask(second, made["token"], "tools/list").status_code == 200
        with changes(second, kept) as told:
            first.api("DELETE", f"/tokens/{made['info']['id']}")
            first.api("POST", "/flows", {"text": HELLO})
            assert next(told)  # the second has looked since the token was revoked

        assert ask(second, made["token"], "tools/list").status_code == 401


def _wait_until_known(server: HeadraceProcess, token: str) -> None:
    """Ask until the server has heard of a token that another one made."""
    for _ in range(500):
        if ask(server, token, "tools/list").status_code == 200:
            return
    raise AssertionError("the second coordinator never heard of the token")
