"""The editor of flows gets everything that it shows from the server, in one answer where it can."""

from pathlib import Path
from typing import Any

from tests.coordinator.in_process import HELLO, InProcess, coordinator

TESTED = (
    HELLO
    + """\
tests:
  - {name: kept, args: {name: Ada}, expect: {text: "Hello, Ada!"}}
  - {name: broken, args: {name: Ada}, expect: {text: Bye}}
"""
)


async def ask(headrace: InProcess, path: str, **body: Any) -> Any:
    response = await headrace.client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_check_brings_problems_fixes_outline_picture_and_arguments(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        good = await ask(headrace, "/api/check", text=TESTED)
        wrong = HELLO.replace("map:", "mpa:")
        bad = await ask(headrace, "/api/check", text=wrong)

    assert (good["name"], good["is_valid"], good["fixes"]) == ("hello", True, [])
    assert [part["id"] for part in good["outline"]] == ["input", "steps/0", "output"]
    assert [box["id"] for box in good["graph"]["boxes"]] == ["input", "steps/0", "output"]
    assert good["arguments"]["required"] == ["name"]
    assert [test["name"] for test in good["tests"]] == ["kept", "broken"]
    (fix,) = bad["fixes"]
    change = fix["change"]
    assert wrong[: change["start"]] + change["insert"] + wrong[change["end"] :] == HELLO
    assert (bad["outline"][1]["severity"], bad["arguments"]) == ("error", None)


async def test_the_tests_of_a_text_are_run_before_it_is_stored(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={}) as headrace:
        result = await ask(headrace, "/api/test", text=TESTED)
        runs = (await headrace.client.get("/api/runs")).json()["runs"]

    assert (result["passed"], result["failed"], runs) == (1, 1, [])
    assert [test["difference"] for test in result["tests"]] == [
        "",
        'expected {"text":"Bye"}, got {"text":"Hello, Ada!"}',
    ]


async def test_every_component_is_listed_with_fields_and_examples_that_can_be_inserted(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={}) as headrace:
        found = (await headrace.client.get("/api/components")).json()
        http = next(each for each in found["components"] if each["name"] == "http")
        change = await ask(
            headrace,
            "/api/editor/edit",
            text="flow: x\n",
            action="insert",
            line=1,
            value=http["examples"][0]["value"],
        )

    assert {each["kind"] for each in found["components"]} == {"input", "step", "output"}
    assert all(each["examples"] for each in found["components"])
    assert (http["reaches_out"], http["fields"]["properties"]["url"]["x-kind"]) == (True, "url")
    assert "retry" in found["step_fields"]["properties"]
    assert "https://api.example.com/items/${{ args.id }}" in change["insert"]


async def test_completion_knows_the_flows_and_connections_that_there_are(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        flows = await ask(headrace, "/api/editor/complete", text="steps:\n  - call: {flow: ", line=2, column=18)
        connections = await ask(
            headrace, "/api/editor/complete", text="steps:\n  - sql: {connection: ", line=2, column=24
        )
        explained = await ask(headrace, "/api/editor/hover", text="flow: x", line=1, column=2)

    assert "hello" in [item["label"] for item in flows["items"]]
    assert "sample" in [item["label"] for item in connections["items"]]
    assert explained["title"] == "flow"


async def test_a_change_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={}) as headrace:
        for body in (
            {"action": "set", "value": 1},
            {"action": "set", "path": ["a"]},
            {"action": "remove", "path": ["a"]},
        ):
            response = await headrace.client.post("/api/editor/edit", json={"text": "flow: x\n", **body})

            assert (response.status_code, response.json()["code"]) == (400, "invalid_arguments"), response.text
            assert response.json()["detail"]


async def test_the_kinds_of_connections_come_with_their_fields_and_the_names_of_their_secrets(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={}) as headrace:
        found = (await headrace.client.get("/api/connection-kinds")).json()

    kinds = {kind["name"]: kind for kind in found["kinds"]}
    auths = {auth["name"]: auth for auth in found["auths"]}
    assert (kinds.keys(), kinds["sql"]["secrets"]) == ({"http", "sql", "values"}, ["url"])
    assert kinds["http"]["fields"]["required"] == ["base_url"]
    assert {name: auth["secrets"] for name, auth in auths.items()} == {
        "none": [],
        "bearer": ["token"],
        "api_key": ["key"],
        "basic": ["password"],
        "oauth2_client_credentials": ["client_secret"],
        "oauth2_authorization_code": ["client_secret"],
    }
    assert all(field["description"] for auth in found["auths"] for field in auth["fields"]["properties"].values())
