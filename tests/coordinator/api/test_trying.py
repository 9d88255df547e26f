"""A flow can be tried before it is stored; what each step did is shown, secrets are not."""

from pathlib import Path
from typing import Any

from tests.coordinator.in_process import HELLO, InProcess, coordinator

REACHES_OUT = """\
flow: mill
description: Asks somebody.
input: {mcp_tool: {params: {city: string}}}
steps:
  - id: place
    http: {url: "https://example.com/${{ args.city }}"}
output: {reply: "${{ place.body }}"}
"""


async def attempt(headrace: InProcess, **body: Any) -> Any:
    response = await headrace.client.post("/api/try", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_text_is_run_with_a_trace_of_its_steps_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async with coordinator(tmp_path, flows={}) as headrace:
        trial = await attempt(headrace, text=HELLO, arguments={"name": "Ada"})
        runs = (await headrace.client.get("/api/runs")).json()["runs"]
        flows = (await headrace.client.get("/api/flows")).json()["flows"]

    assert (trial["value"], trial["is_error"]) == ({"text": "Hello, Ada!"}, False)
    assert [(step["id"], step["outcome"], step["output"]) for step in trial["steps"]] == [
        ("greeting", "ok", "Hello, Ada!")
    ]
    assert (runs, flows) == ([], [])


async def test_a_stored_flow_is_tried_by_its_name(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        trial = await attempt(headrace, name="hello", arguments={"name": "Ada"})

    assert trial["value"] == {"text": "Hello, Ada!"}


async def test_mocks_take_the_place_of_steps_that_reach_out(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        mocked = await attempt(
            headrace, text=REACHES_OUT, arguments={"city": "Oslo"}, mocks={"place": {"body": "cold"}}
        )
        unmocked = await attempt(headrace, text=REACHES_OUT, arguments={"city": "Oslo"}, mocks={})

    assert mocked["value"] == "cold"
    assert unmocked["error"]["code"] == "unmocked"


async def test_what_a_step_failed_with_is_shown_at_the_step(tmp_path: Path) -> None:
    broken = HELLO.replace("map: Hello, ${{ args.name }}!", "map: ${{ args.name.nothing }}")
    async with coordinator(tmp_path) as headrace:
        trial = await attempt(headrace, text=broken, arguments={"name": "Ada"})

    assert trial["is_error"] is True
    assert trial["error"]["step"] == "greeting"
    assert (trial["steps"][0]["outcome"], trial["steps"][0]["error"] != "") == ("failed", True)


async def test_arguments_that_do_not_fit_are_told(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        trial = await attempt(headrace, text=HELLO, arguments={})

    assert trial["error"]["code"] == "invalid_arguments"


async def test_secrets_in_the_values_of_steps_are_not_shown(tmp_path: Path) -> None:
    text = HELLO.replace("map: Hello, ${{ args.name }}!", "map: {password: '${{ args.name }}'}")
    async with coordinator(tmp_path) as headrace:
        trial = await attempt(headrace, text=text, arguments={"name": "canary-in-a-step"})

    assert "canary-in-a-step" not in str(trial["steps"])


async def test_a_text_with_mistakes_and_a_request_without_flow_are_refused(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        broken = await headrace.client.post("/api/try", json={"text": "flow: x"})
        nothing = await headrace.client.post("/api/try", json={})

    assert (broken.status_code, broken.json()["code"]) == (422, "flow_invalid")
    assert (nothing.status_code, nothing.json()["detail"]) == (400, "Give either `text` or `name`.")
