"""Packs through REST and MCP: installed, seen, called, changed, brought back, removed."""

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any

from packs.archive import make_archive
from tests.coordinator.in_process import InProcess, coordinator
from tests.coordinator.packs.support import BOUND, install, post, tools, zipped
from tests.packs.support import COUNT, GRIND, MANIFEST, mill


def newer_pack() -> dict[str, str]:
    """Return version 2 of the mill: `grind` is gone, `count_sacks` says something else, `clean` is new."""
    files = mill(
        manifest=MANIFEST.replace("1.0.0", "2.0.0").replace("[grind]", "[clean]"),
        count=COUNT.replace("Say how many", "Count how many"),
        grind=None,
    )
    files["flows/clean.yaml"] = GRIND.replace("flow: grind", "flow: clean").encode()
    return {"zip": b64encode(make_archive(files)).decode()}


async def call(headrace: InProcess, name: str, path: str = "/mcp") -> Any:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": {}}}
    accept = {"accept": "application/json, text/event-stream"}
    return (await headrace.client.post(path, json=message, headers=accept)).json()


async def test_the_tools_of_a_pack_are_live_when_the_install_returns(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        made = await install(headrace)

        assert made["name"] == "mill"
        assert made["path"] == "/mcp/mill"
        assert made["missing"] == []
        assert [tool["name"] for tool in made["tools"]] == ["mill_count_sacks", "mill_grind"]
        assert await tools(headrace) == ["hello", "mill_count_sacks", "mill_grind"]
        called = await call(headrace, "mill_count_sacks")
        assert called["result"]["structuredContent"] == {"sacks": 7}


async def test_an_install_is_served_alone_at_a_path_of_its_own(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace)

        assert await tools(headrace, "/mcp/mill") == ["mill_count_sacks", "mill_grind"]
        called = await call(headrace, "mill_grind", "/mcp/mill")
        other = await call(headrace, "hello", "/mcp/mill")
        nobody = await headrace.client.post("/mcp/other", json={})

    assert called["result"]["structuredContent"] == {"ground": 2}
    assert other["error"]["message"] == "There is no tool 'hello'. List the tools again."
    assert nobody.status_code == 404


async def test_the_same_pack_twice_has_two_names_and_two_settings(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace, note="new")
        await install(headrace, "old-mill", variables={"load": 9}, groups=["write"], note="old")

        assert await tools(headrace) == ["hello", "mill_count_sacks", "mill_grind", "old_mill_grind"]
        assert await tools(headrace, "/mcp/old-mill") == ["old_mill_grind"]
        first = await call(headrace, "mill_grind")
        second = await call(headrace, "old_mill_grind")

    assert first["result"]["structuredContent"] == {"ground": 2}
    assert second["result"]["structuredContent"] == {"ground": 9}


async def test_a_preview_says_what_will_appear_and_changes_nothing(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        seen = await post(headrace, "/preview", {"source": zipped(), "choices": {"groups": ["read"]}})

        assert seen["name"] == "mill"
        assert seen["choices"]["prefix"] == "mill_"
        assert [tool["name"] for tool in seen["tools"]] == ["mill_count_sacks"]
        assert seen["missing"] == [
            "The connection 'store' is not bound: say which connection of the kind `sql` it means."
        ]
        assert await tools(headrace) == ["hello"]
        assert (await headrace.client.get("/api/packs/installs")).json() == {"installs": []}


async def test_an_install_that_is_not_configured_shows_its_tools_once_it_is(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        made = await install(headrace, connections={})
        before = await tools(headrace)

        changed = await headrace.client.put("/api/packs/installs/mill", json={"choices": BOUND})

        assert len(made["missing"]) == 1
        assert before == ["hello"]
        assert changed.json()["missing"] == []
        assert await tools(headrace) == ["hello", "mill_count_sacks", "mill_grind"]


async def test_a_name_that_a_flow_has_is_not_taken_from_it(tmp_path: Path) -> None:
    flows = {"grind": "flow: mill_grind\ndescription: Mine.\ninput: {mcp_tool: {}}\nsteps: [{map: 1}]\n"}
    async with coordinator(tmp_path, flows) as headrace:
        refused = await install(headrace)
        again = await install(headrace, prefix="stone_")

        assert refused["detail"] == "There is a flow 'mill_grind' already."
        assert refused["fix"] == "Choose another prefix, or fewer tools."
        assert [tool["name"] for tool in again["tools"]] == ["stone_count_sacks", "stone_grind"]


async def test_two_installs_do_not_share_a_name(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace)
        same_name = await install(headrace)
        same_tools = await install(headrace, "other", prefix="mill_")

    assert same_name["detail"] == "There is an install 'mill' already."
    assert same_tools["detail"] == "There is a flow 'mill_count_sacks' already."


async def test_an_install_that_is_disabled_leaves_the_list_and_comes_back(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace)

        await post(headrace, "/installs/mill/disable")
        without = await tools(headrace), await tools(headrace, "/mcp/mill")
        await post(headrace, "/installs/mill/enable")

        assert without == (["hello"], [])
        assert await tools(headrace) == ["hello", "mill_count_sacks", "mill_grind"]


async def test_an_upgrade_says_what_changes_and_keeps_the_choices(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace, variables={"load": 5}, note="by the river")

        seen = await post(headrace, "/installs/mill/upgrade/preview", {"source": newer_pack()})
        upgraded = await post(headrace, "/installs/mill/upgrade", {"source": newer_pack()})

        assert seen["changes"] == [
            {"name": "mill_clean", "change": "added", "parts": []},
            {"name": "mill_count_sacks", "change": "changed", "parts": ["description"]},
            {"name": "mill_grind", "change": "removed", "parts": []},
        ]
        assert upgraded["pack_version"] == "2.0.0"
        assert upgraded["choices"]["variables"] == {"load": 5}
        assert upgraded["choices"]["note"] == "by the river"
        assert await tools(headrace) == ["hello", "mill_clean", "mill_count_sacks"]


async def test_a_rollback_brings_back_the_pack_and_the_choices(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace, variables={"load": 5})
        await post(headrace, "/installs/mill/upgrade", {"source": newer_pack()})

        back = await post(headrace, "/installs/mill/rollback", {"number": 1})
        versions = (await headrace.client.get("/api/packs/installs/mill/versions")).json()["versions"]

        assert (back["pack_version"], back["number"]) == ("1.0.0", 3)
        assert [(each["number"], each["pack_version"]) for each in versions] == [
            (3, "1.0.0"),
            (2, "2.0.0"),
            (1, "1.0.0"),
        ]
        assert await tools(headrace) == ["hello", "mill_count_sacks", "mill_grind"]


async def test_an_upgrade_to_another_pack_is_refused(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace)
        refused = await post(headrace, "/installs/mill/upgrade", {"source": {"pack": "weather"}})

    assert refused["detail"] == "The install 'mill' is of the pack 'mill', not of 'weather'."


async def test_what_is_removed_is_said_and_gone(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace)

        gone = (await headrace.client.delete("/api/packs/installs/mill")).json()
        again = await headrace.client.get("/api/packs/installs/mill")

        assert [tool["name"] for tool in gone["tools"]] == ["mill_count_sacks", "mill_grind"]
        assert again.status_code == 404
        assert await tools(headrace) == ["hello"]
        assert (await headrace.client.post("/mcp/mill", json={})).status_code == 404


async def test_installs_are_there_after_a_restart(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace)
        await install(headrace, "off", prefix="off_")
        await post(headrace, "/installs/off/disable")

    async with coordinator(tmp_path) as headrace:
        assert await tools(headrace) == ["hello", "mill_count_sacks", "mill_grind"]
        assert await tools(headrace, "/mcp/off") == []


async def test_flows_of_packs_are_read_but_not_changed_in_the_editor(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace)

        shown = (await headrace.client.get("/api/flows/mill_grind")).json()
        text = GRIND.replace("flow: grind", "flow: mill_grind")
        refused = await headrace.client.put("/api/flows/mill_grind", json={"text": text})
        removed = await headrace.client.delete("/api/flows/mill_grind")

    assert shown["summary"]["origin"] == "pack"
    assert shown["summary"]["install"] == "mill"
    assert shown["text"] == GRIND
    assert refused.status_code == removed.status_code == 409
    assert refused.json()["detail"] == "The flow 'mill_grind' belongs to the pack that is installed as 'mill'."


async def test_the_catalog_is_listed_with_what_is_installed_of_it(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        made = await install(headrace, "sky", {"pack": "weather"}, connections={})
        listed = (await headrace.client.get("/api/packs")).json()["packs"]
        shown = (await headrace.client.get("/api/packs/weather")).json()
        unknown = await headrace.client.get("/api/packs/wether")

    weather = next(each for each in listed if each["name"] == "weather")
    assert made["source"] == "catalog"
    assert "sky_current_weather" in [tool["name"] for tool in made["tools"]]
    assert (weather["source"], weather["installs"]) == ("catalog", ["sky"])
    assert shown["summary"] == weather
    assert shown["readme"].startswith("# Weather\n")
    assert unknown.json()["detail"] == "There is no pack 'wether'. Did you mean 'weather'?"


async def test_an_upload_must_be_what_was_promised(tmp_path: Path) -> None:
    archive = make_archive(mill())
    source = {"zip": b64encode(archive).decode()}
    async with coordinator(tmp_path) as headrace:
        wrong = await install(headrace, source=source | {"sha256": "0" * 64})
        right = await install(headrace, source=source | {"sha256": hashlib.sha256(archive).hexdigest()})

    expected = hashlib.sha256(archive).hexdigest()
    assert wrong["detail"] == f"The archive is not the expected one: its SHA-256 is {expected}."
    assert right["name"] == "mill"


async def test_an_address_needs_https_a_digest_and_a_public_host(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        plain = await install(headrace, source={"url": "http://packs.example/mill.zip", "sha256": "0" * 64})
        blind = await install(headrace, source={"url": "https://packs.example/mill.zip"})
        inside = await install(headrace, source={"url": "https://10.0.0.1/mill.zip", "sha256": "0" * 64})
        nothing = await install(headrace, source={"sha256": "0" * 64})

    assert plain["detail"] == "The address of a pack starts with https://."
    assert blind["detail"] == "Give the SHA-256 of the zip as `sha256`: what the address gives may change."
    assert inside["code"] == "pack_unavailable"
    assert nothing["detail"] == "Say which pack: give one of `pack`, `zip` and `url`."


async def test_a_pack_with_mistakes_is_refused_with_all_of_them(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        refused = await install(headrace, source=zipped(count=COUNT.replace("map", "mpa").replace("sql:", "sqll:")))

        assert refused["code"] == "flow_invalid"
        assert [problem["file"] for problem in refused["problems"]] == ["flows/count_sacks.yaml"]
        assert await tools(headrace) == ["hello"]


async def test_tools_appear_with_the_connection_that_they_need_and_go_with_it(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        database = {"config": {"kind": "sql"}, "secrets": {"url": f"sqlite:///{tmp_path}/barn.db"}}
        (await headrace.client.put("/api/connections/barn", json=database, headers=headrace.admin)).raise_for_status()
        await install(headrace, connections={"store": "barn"})
        with_it = await tools(headrace)

        gone = await headrace.client.delete("/api/connections/barn?force=true", headers=headrace.admin)
        without = await tools(headrace)
        shown = (await headrace.client.get("/api/packs/installs/mill")).json()
        await headrace.client.put("/api/connections/barn", json=database, headers=headrace.admin)

        assert with_it == ["hello", "mill_count_sacks", "mill_grind"]
        assert gone.status_code < 300
        assert without == ["hello"]
        assert shown["missing"] == ["There is no connection 'barn', which 'store' means. Known: sample."]
        assert await tools(headrace) == with_it


async def test_a_connection_shows_the_tools_of_the_packs_that_use_it(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await install(headrace)

        shown = await headrace.client.get("/api/connections/sample", headers=headrace.admin)

    assert shown.json()["dependents"] == ["mill_count_sacks"]


async def test_the_path_of_an_install_asks_for_a_token_like_every_other(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        body = {"source": zipped(), "choices": BOUND}
        await headrace.client.post("/api/packs/installs", json=body, headers=headrace.admin)
        token = await headrace.new_token(tools=["mill_grind"])
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        headers = {"accept": "application/json, text/event-stream"}

        refused = await headrace.client.post("/mcp/mill", json=message, headers=headers)
        answer = await headrace.client.post("/mcp/mill", json=message, headers={**headers, "x-api-key": token})

    assert refused.status_code == 401
    assert [tool["name"] for tool in answer.json()["result"]["tools"]] == ["mill_grind"]
