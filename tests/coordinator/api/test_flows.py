"""Flows through REST: the text goes in, is live at once, and can be brought back."""

from pathlib import Path
from typing import Any

from tests.coordinator.in_process import HELLO, InProcess, coordinator

MILL = """\
flow: mill
description: Turn.
input: {mcp_tool: {}}
steps:
  - map: 1
"""


async def put(headrace: InProcess, text: str, **more: Any) -> tuple[int, Any]:
    response = await headrace.client.put("/api/flows/mill", json={"text": text, **more})
    return response.status_code, response.json()


async def served(headrace: InProcess) -> list[str]:
    result = (await headrace.mcp("tools/list")).json()["result"]
    return [tool["name"] for tool in result["tools"]]


async def test_a_flow_that_is_put_is_a_tool_when_the_call_returns(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        status, flow = await put(headrace, MILL)

        assert status == 200
        assert flow["text"] == MILL
        assert flow["summary"]["origin"] == "api"
        assert await served(headrace) == ["hello", "mill"]


async def test_a_flow_with_mistakes_is_refused_with_all_of_them(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        status, problem = await put(headrace, MILL.replace("map", "mpa").replace("input", "inputs"))

        assert (status, problem["code"], problem["detail"]) == (422, "flow_invalid", "The flow has 3 problems.")
        found = [(each["code"], each["line"]) for each in problem["problems"]]
        assert found == [("flow.missing-key", 1), ("flow.unknown-key", 3), ("flow.unknown-step", 5)]
        assert await served(headrace) == ["hello"]


async def test_a_change_to_a_text_that_somebody_else_changed_is_a_conflict(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        _, first = await put(headrace, MILL, expected="")
        seen = first["summary"]["digest"]
        await put(headrace, MILL.replace("1", "2"))

        status, problem = await put(headrace, MILL.replace("1", "3"), expected=seen)
        again, _ = await put(headrace, MILL, expected="")

    assert (status, problem["code"]) == (409, "conflict")
    assert problem["detail"] == "Somebody changed the flow 'mill' meanwhile."
    assert problem["fix"] == "Load it again and bring your change into the new text."
    assert again == 409


async def test_the_name_in_the_text_and_in_the_path_must_be_the_same(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        status, problem = await put(headrace, HELLO.replace("flow: hello", "flow: other"))

    assert (status, problem["code"]) == (400, "invalid_arguments")


async def test_a_flow_of_a_file_can_be_switched_but_not_changed_here(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        changed = await headrace.client.put("/api/flows/hello", json={"text": HELLO})
        deleted = await headrace.client.delete("/api/flows/hello")
        switched = await headrace.client.post("/api/flows/hello/disable", json={})
        without = await served(headrace)
        await headrace.client.post("/api/flows/hello/enable", json={})

        assert (changed.status_code, deleted.status_code) == (409, 409)
        assert changed.json()["detail"] == "The flow 'hello' comes from the file hello.yaml."
        assert (switched.json()["enabled"], switched.json()["is_served"]) == (False, False)
        assert without == []
        assert await served(headrace) == ["hello"]


async def test_lists_are_searched_and_paged_by_name(tmp_path: Path) -> None:
    flows = {name: MILL.replace("mill", name) for name in ("ash", "beech", "cedar", "date")}
    async with coordinator(tmp_path, flows=flows) as headrace:
        first = (await headrace.client.get("/api/flows?limit=3")).json()
        second = (await headrace.client.get("/api/flows", params={"limit": 3, "after": first["next"]})).json()
        found = (await headrace.client.get("/api/flows?search=EE")).json()

    assert [flow["name"] for flow in first["flows"]] == ["ash", "beech", "cedar"]
    assert ([flow["name"] for flow in second["flows"]], second["next"]) == (["date"], None)
    assert ([flow["name"] for flow in found["flows"]], found["total"]) == (["beech"], 1)


async def test_versions_can_be_read_compared_and_brought_back(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await put(headrace, MILL)
        await put(headrace, MILL.replace("map: 1", "map: 2"))

        versions = (await headrace.client.get("/api/flows/mill/versions")).json()["versions"]
        text = (await headrace.client.get("/api/flows/mill/versions/1")).json()["text"]
        diff = (await headrace.client.get("/api/flows/mill/diff?from=1")).json()["diff"]
        back = await headrace.client.post("/api/flows/mill/rollback", json={"number": 1})
        same = (await headrace.client.get("/api/flows/mill/diff?from=1&to=3")).json()["diff"]
        missing = await headrace.client.get("/api/flows/mill/versions/9")

    assert [version["number"] for version in versions] == [2, 1]
    assert text == MILL
    assert diff.splitlines()[:2] == ["--- mill version 1", "+++ mill now"]
    assert diff.splitlines()[-2:] == ["-  - map: 1", "+  - map: 2"]
    assert (back.status_code, back.json()["text"]) == (200, MILL)
    assert same == ""
    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no version 9 of flow 'mill'.")


async def test_a_deleted_flow_is_gone_at_once_and_its_versions_stay(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await put(headrace, MILL)
        response = await headrace.client.delete("/api/flows/mill")
        gone = await headrace.client.get("/api/flows/mill")
        versions = (await headrace.client.get("/api/flows/mill/versions")).json()["versions"]

        assert (response.status_code, response.content) == (204, b"")
        assert (gone.status_code, gone.json()["detail"]) == (404, "There is no flow 'mill'.")
        assert len(versions) == 1
        assert await served(headrace) == ["hello"]


async def test_a_check_says_what_is_wrong_and_stores_nothing(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        good = (await headrace.client.post("/api/check", json={"text": MILL})).json()
        bad = (await headrace.client.post("/api/check", json={"text": MILL.replace("map", "mpa")})).json()
        calls = MILL.replace("- map: 1", "- call: nobody")
        doubtful = (await headrace.client.post("/api/check", json={"text": calls})).json()

        assert (good["is_valid"], good["problems"]) == (True, [])
        assert (bad["is_valid"], bad["problems"][0]["line"], bad["problems"][0]["column"]) == (False, 5, 5)
        assert (doubtful["is_valid"], doubtful["problems"][0]["code"]) == (True, "flow.unknown-flow")
        assert await served(headrace) == ["hello"]


async def test_the_schema_of_flow_files_is_told_to_editors(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        schema = (await headrace.client.get("/api/schema")).json()

    assert schema["title"] == "A Headrace flow"


async def test_the_list_is_narrowed_by_origin_and_status_and_tells_the_last_run_when_asked(tmp_path: Path) -> None:
    broken = HELLO.replace("flow: hello", "flow: broken").replace("map:", "mpa:")
    async with coordinator(tmp_path, flows={"hello": HELLO, "broken": broken}) as headrace:
        await put(headrace, MILL)
        (await headrace.client.post("/api/flows/mill/disable", json={})).raise_for_status()
        await headrace.client.post("/api/tools/hello/call", json={"arguments": {"name": "Ada"}})

        async def listed(query: str) -> list[str]:
            page = (await headrace.client.get(f"/api/flows?{query}")).json()
            return [flow["name"] for flow in page["flows"]]

        assert await listed("origin=api") == ["mill"]
        assert await listed("origin=file") == ["broken", "hello"]
        assert await listed("status=live") == ["hello"]
        assert await listed("status=off") == ["mill"]
        assert await listed("status=problems") == ["broken"]
        assert await listed("status=problems&origin=api") == []
        page = (await headrace.client.get("/api/flows?with_runs=true")).json()
        assert {name: run["outcome"] for name, run in page["runs"].items()} == {"hello": "ok"}
