"""Tools through REST: the same tools, results, limits and history as through MCP."""

from pathlib import Path
from typing import Any

from tests.coordinator.in_process import HELLO, InProcess, bearer, coordinator

FAILS = """\
flow: fails
description: Never works.
input: {mcp_tool: {}}
steps:
  - fail: {code: no_luck, message: It did not work.}
"""
PICTURE = """\
flow: picture
description: Draws.
input: {mcp_tool: {}}
output:
  content:
    blocks:
      - {type: text, text: a dot}
"""


async def call(headrace: InProcess, tool: str, **body: Any) -> Any:
    response = await headrace.client.post(f"/api/tools/{tool}/call", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_call_gives_the_value_that_mcp_gives(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        rest = await call(headrace, "hello", arguments={"name": "Ada"})
        mcp = (await headrace.mcp("tools/call", {"name": "hello", "arguments": {"name": "Ada"}})).json()

    assert rest["value"] == mcp["result"]["structuredContent"] == {"text": "Hello, Ada!"}
    assert rest["is_error"] is False


async def test_a_tool_that_fails_is_an_answer_and_no_http_error(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={"fails": FAILS, "hello": HELLO}) as headrace:
        failed = await call(headrace, "fails")
        rejected = await call(headrace, "hello", arguments={"nam": "Ada"})

    assert (failed["is_error"], failed["error"]["code"], failed["error"]["message"]) == (
        True,
        "no_luck",
        "It did not work.",
    )
    assert rejected["error"]["code"] == "invalid_arguments"
    assert "There is no argument 'nam'. Did you mean 'name'?" in rejected["error"]["message"]


async def test_a_tool_that_does_not_exist_is_named_with_the_nearest(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.post("/api/tools/helo/call", json={})

    assert (response.status_code, response.json()["detail"]) == (
        404,
        "There is no tool 'helo'. Did you mean 'hello'?",
    )


async def test_a_token_sees_and_calls_its_own_tools_only(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={"fails": FAILS, "hello": HELLO}, require_auth="true") as headrace:
        headers = bearer(await headrace.new_token(tools=["hel*"]))
        listed = (await headrace.client.get("/api/tools", headers=headers)).json()
        called = await headrace.client.post("/api/tools/fails/call", json={}, headers=headers)

    assert [tool["name"] for tool in listed["tools"]] == ["hello"]
    assert called.status_code == 404


async def test_tools_look_as_clients_see_them(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        tool = (await headrace.client.get("/api/tools/hello")).json()

    assert tool == {
        "name": "hello",
        "title": "Say hello",
        "description": "Greet somebody.",
        "inputSchema": {
            "type": "object",
            "properties": {"name": {"type": "string", "description": "Whom to greet"}},
            "required": ["name"],
            "additionalProperties": False,
        },
    }


async def test_calls_are_in_the_history_with_their_source(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await call(headrace, "hello", arguments={"name": "Ada"})
        await headrace.client.post(
            "/api/tools/hello/call", json={"arguments": {"name": "Bo"}}, headers={"user-agent": "headrace-cli"}
        )
        await headrace.mcp("tools/call", {"name": "hello", "arguments": {"name": "Cy"}})

        runs = (await headrace.client.get("/api/runs")).json()["runs"]
        record = (await headrace.client.get(f"/api/runs/{runs[2]['id']}")).json()

    assert [run["source"] for run in runs] == ["mcp", "cli", "api"]
    assert record["detail"]["args"] == {"name": "Ada"}
    assert record["detail"]["result"] == {"text": "Hello, Ada!"}
    assert [step["id"] for step in record["detail"]["steps"]] == ["greeting"]


async def test_the_history_is_filtered_and_paged(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={"fails": FAILS, "hello": HELLO}) as headrace:
        for name in ("Ada", "Bo", "Cy"):
            await call(headrace, "hello", arguments={"name": name})
        await call(headrace, "fails")

        first = (await headrace.client.get("/api/runs?tool=hello&limit=2")).json()
        second = (await headrace.client.get(f"/api/runs?tool=hello&limit=2&after={first['next']}")).json()
        failed = (await headrace.client.get("/api/runs?outcome=failed")).json()["runs"]
        missing = await headrace.client.get("/api/runs/nothing")

    assert (len(first["runs"]), len(second["runs"]), second["next"]) == (2, 1, None)
    assert [run["code"] for run in failed] == ["no_luck"]
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no run 'nothing'.")


async def test_a_page_sees_the_exact_result_that_a_client_gets(tmp_path: Path) -> None:
    modern = {
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
    }
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    async with coordinator(tmp_path, flows={"fails": FAILS, "hello": HELLO, "picture": PICTURE}) as headrace:
        for tool, arguments in (("hello", {"name": "Ada"}), ("fails", {}), ("picture", {})):
            params = {"name": tool, "arguments": arguments, "_meta": meta}
            client = await headrace.mcp("tools/call", params, headers=modern | {"mcp-name": tool})
            page = await call(headrace, tool, arguments=arguments, as_mcp=True)

            assert page["mcp"] == client.json()["result"], tool
        unasked = await call(headrace, "hello", arguments={"name": "Ada"})

    assert "mcp" not in unasked


async def test_the_owner_sees_how_tools_do_and_who_called_them(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={"fails": FAILS, "hello": HELLO}) as headrace:
        token = await headrace.new_token()
        for _ in range(3):
            await headrace.mcp("tools/call", {"name": "fails", "arguments": {}}, headers=bearer(token))
        await call(headrace, "fails")
        await headrace.services.history.flush()
        facts = (await headrace.client.get("/api/tools")).json()["facts"]
        shown = (await headrace.client.get("/api/tools/fails/statistics?range=1h")).json()
        unknown = await headrace.client.get("/api/tools/fial/statistics")

    assert {name: (each["origin"], each["counts"]["errors"]) for name, each in facts.items()} == {
        "fails": ("file", 4),
        "hello": ("file", 0),
    }
    assert (shown["counts"]["calls"], shown["counts"]["errors"]) == (4, 4)
    assert shown["counts"]["p95"] >= shown["counts"]["p50"] > 0
    assert sum(point["calls"] for point in shown["points"]) == 4
    callers = [(each["caller"], each["source"], each["calls"], each["errors"]) for each in shown["callers"]]
    assert callers == [("anonymous", "api", 1, 1), ("test", "mcp", 3, 3)]
    assert unknown.status_code == 404


async def test_a_token_for_tools_does_not_see_what_others_called(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        tools = bearer(await headrace.new_token())
        listed = await headrace.client.get("/api/tools", headers=tools)
        statistics = await headrace.client.get("/api/tools/hello/statistics", headers=tools)

    assert (listed.json()["facts"], statistics.status_code) == ({}, 403)
