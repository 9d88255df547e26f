"""The pack `headrace` for real: an assistant with an MCP client looks after a server, and writes a flow on it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients.clients import Connection, python_sdk
from tests.headrace_process import HeadraceProcess

pytestmark = pytest.mark.processes

GREET = """\
flow: greet
description: Greet somebody in capital letters.
input: {mcp_tool: {params: {name: string}, annotations: {readOnly: true, openWorld: false}}}
steps:
  - id: loud
    map: ${{ args.name.upper() }}
output: {reply: "Hello, ${{ loud }}!"}
tests:
  - {name: Ada, args: {name: Ada}, expect: "Hello, ADA!"}
"""
FETCH = """\
flow: fetch
description: Fetch something.
input: {mcp_tool: {annotations: {readOnly: true}}}
steps:
  - id: asked
    http: {url: "https://example.com/"}
output: {reply: "${{ asked.body }}"}
"""


class Assistant:
    """Calls the tools of the pack."""

    def __init__(self, client: Connection, server: HeadraceProcess, token_id: str) -> None:
        self.client = client
        self.server = server
        self.token_id = token_id
        """Of the token that the pack's connection has."""

    async def __call__(self, tool: str, /, **arguments: Any) -> Any:
        """Return what a tool of the pack answers: a value, or the words of its error."""
        text = await self.client.call(f"headrace_{tool}", arguments)
        try:
            return json.loads(text)
        except ValueError:
            return text


@asynccontextmanager
async def assistant(directory: Path, *groups: str, scopes: tuple[str, ...] = ("admin",)) -> AsyncIterator[Assistant]:
    """Serve, install the pack on its own server with a token of these scopes, and connect a client."""
    async with HeadraceProcess(directory, {}, HEADRACE_REQUIRE_AUTH="true") as server:
        made = server.api("POST", "/tokens", {"label": "of the connection", "scopes": list(scopes)})
        config = {"kind": "http", "base_url": f"{server.url}/api", "auth": {"type": "bearer"}, "allow_private": True}
        server.api("PUT", "/connections/this", {"config": config, "secrets": {"token": made["token"]}})
        choices = {"connections": {"server": "this"}, "groups": list(groups)}
        server.api("POST", "/packs/installs", {"source": {"pack": "headrace"}, "choices": choices})
        own = server.api("POST", "/tokens", {"label": "assistant"})["token"]
        async with python_sdk("auto")(server.mcp_url, own) as client:
            yield Assistant(client, server, made["info"]["id"])


async def test_an_assistant_writes_checks_tries_and_publishes_a_flow_and_calls_it(tmp_path: Path) -> None:
    async with assistant(tmp_path) as call:
        about = await call("describe_component", name="map")
        wrong = await call("check_flow", text=GREET.replace("map:", "mop:"))
        right = await call("check_flow", text=GREET)
        tried = await call("try_flow", text=GREET, arguments={"name": "Bob"})
        tested = await call("test_flow", text=GREET)
        refused = await call("create_flow", text=GREET.replace("map:", "mop:"))
        made = await call("create_flow", text=GREET)
        tools = await call.client.tools()
        greeted = await call.client.call("greet", {"name": "Cy"})
        runs = await call("list_runs", tool="greet")

    assert about["examples"]
    assert [(each["line"], each["column"]) for each in wrong["problems"]] == [(6, 5)]
    assert "Did you mean 'map'?" in wrong["problems"][0]["message"]
    assert right["is_valid"] is True
    assert (tried["value"], tried["is_error"]) == ("Hello, BOB!", False)
    assert tried["steps"][0]["output"] == "BOB"
    assert (tested["passed"], tested["failed"]) == (1, 0)
    assert "6:5 Unknown step 'mop'. Did you mean 'map'?" in refused
    assert made["is_served"] is True
    assert tools["greet"] == "Greet somebody in capital letters."
    assert greeted == "Hello, CY!"
    assert [(run["tool"], run["outcome"], run["caller"]) for run in runs["runs"]] == [("greet", "ok", "assistant")]


async def test_an_assistant_changes_a_flow_and_brings_the_old_one_back(tmp_path: Path) -> None:
    async with assistant(tmp_path) as call:
        await call("create_flow", text=GREET)
        first = await call("get_flow", name="greet")
        second = await call(
            "update_flow", name="greet", text=GREET.replace("Hello", "Good day"), expected=first["digest"]
        )
        late = await call("update_flow", name="greet", text=GREET, expected=first["digest"])
        changed = await call.client.call("greet", {"name": "Cy"})
        differs = await call("compare_versions", name="greet", first=1)
        versions = await call("list_versions", name="greet")
        back = await call("rollback_flow", name="greet", number=1)
        hidden = await call("set_flow_enabled", name="greet", enabled=False)
        tools = await call.client.tools()
        deleted = await call("delete_flow", name="greet", expected=back["digest"])
        gone = await call("get_flow", name="greet")

    assert second["digest"] != first["digest"]
    assert "changed" in late
    assert changed == "Good day, CY!"
    assert '+output: {reply: "Good day, ${{ loud }}!"}' in differs["diff"]
    assert [version["number"] for version in versions["versions"]] == [2, 1]
    assert back["text"] == GREET
    assert hidden["is_served"] is False
    assert "greet" not in tools
    assert deleted == {"deleted": "greet"}
    assert "There is no flow 'greet'" in gone


async def test_every_reading_tool_answers_and_none_makes_a_flow_reach_outside(tmp_path: Path) -> None:
    async with assistant(tmp_path, "read") as call:
        answers = {
            "get_overview": await call("get_overview"),
            "list_problems": await call("list_problems"),
            "list_workers": await call("list_workers"),
            "list_tools": await call("list_tools", search="overview"),
            "get_tool": await call("get_tool", name="headrace_get_overview"),
            "list_flows": await call("list_flows", limit=1),
            "list_components": await call("list_components", kind="output"),
            "list_packs": await call("list_packs"),
            "get_pack": await call("get_pack", pack="weather"),
            "list_installs": await call("list_installs"),
            "get_install": await call("get_install", name="headrace"),
            "preview_install": await call("preview_install", pack="weather", groups=["air"]),
            "list_connections": await call("list_connections"),
            "list_runs": await call("list_runs", limit=1, since_minutes=5),
        }
        run = await call("get_run", id=answers["list_runs"]["runs"][0]["id"])
        tried = await call("try_flow", text=FETCH)
        tested = await call("test_flow", text=FETCH + "tests: [{name: for real, live: true, expect: 1}]\n")
        tools = await call.client.tools()

    assert [name for name, answer in answers.items() if not isinstance(answer, dict)] == []
    assert answers["get_overview"]["errors"] == 0
    assert answers["list_workers"]["workers"][0]["state"] == "ready"
    assert answers["preview_install"]["tools"] == ["weather_air_quality"]
    assert run["run"]["id"] == answers["list_runs"]["runs"][0]["id"]
    assert tried["error"]["code"] == "unmocked"
    assert "failed with 'unmocked'" in tested["tests"][0]["difference"]
    assert {"headrace_create_flow", "headrace_try_flow_live", "headrace_install_pack"} & tools.keys() == set()


async def test_packs_are_installed_switched_and_removed(tmp_path: Path) -> None:
    async with assistant(tmp_path) as call:
        made = await call("install_pack", pack="weather", name="wind", prefix="wind_", groups=["air"])
        taken = await call("install_pack", pack="weather", name="wind")
        shown = await call.client.tools()
        switched = await call("set_install_enabled", name="wind", enabled=False)
        hidden = await call.client.tools()
        upgraded = await call("upgrade_install", name="wind")
        removed = await call("remove_install", name="wind")

    assert made["tools"] == ["wind_air_quality"]
    assert "wind" in taken
    assert "wind_air_quality" in shown
    assert switched["enabled"] is False
    assert "wind_air_quality" not in hidden
    assert upgraded["pack_version"] == made["pack_version"]
    assert removed == {"removed": "wind", "tools": ["wind_air_quality"]}


async def test_the_tools_may_what_the_token_of_the_connection_may_and_no_more(tmp_path: Path) -> None:
    async with assistant(tmp_path, scopes=("tools",)) as call:
        overview = await call("get_overview")
        made = await call("create_flow", text=GREET)

    assert "may call tools, but not use this part of the API" in overview
    assert "may call tools, but not use this part of the API" in made


async def test_revoking_the_token_of_the_connection_ends_what_the_tools_may(tmp_path: Path) -> None:
    async with assistant(tmp_path) as call:
        before = await call("get_overview")
        call.server.api("DELETE", f"/tokens/{call.token_id}")
        after = await call("get_overview")

    assert before["version"]
    assert "This token is not valid" in after
