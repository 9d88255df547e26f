"""A flow that names a connection which is not there, or does not hold what it needs, is told so while it is edited."""

from pathlib import Path
from typing import Any

import pytest

from tests.coordinator.in_process import InProcess, coordinator

HOOK = """\
flow: orders
description: Take an order.
input: {webhook: {path: /orders, PROOF}}
steps: [{map: 1}]
"""
SIGNED = HOOK.replace("PROOF", "signature: {connection: shop, header: X-Sign}")
SHOWN = HOOK.replace("PROOF", "token: {connection: shop}")
ASK = """\
flow: orders
description: Look for orders.
input: {mcp_tool: {}}
steps:
  - id: it
    http: {connection: sop, path: /orders}
output: {reply: "${{ it.body }}"}
"""
REFUSED = "Until then all its requests are refused."
MAKE = "Make one with `headrace connection set`, or name one under `connections` in the settings."


async def make(headrace: InProcess, config: dict[str, Any], **secrets: str) -> None:
    body = {"config": config, "secrets": secrets}
    (await headrace.client.put("/api/connections/shop", json=body, headers=headrace.admin)).raise_for_status()


@pytest.mark.parametrize(
    ("text", "connection", "message", "line"),
    [
        (SIGNED, {}, f"There is no connection 'shop'. Known: sample. {MAKE} {REFUSED}", 3),
        (ASK, {"config": {"kind": "values", "fields": ["x"]}, "x": "1"}, "Did you mean 'shop'?", 6),
        (
            SIGNED,
            {"config": {"kind": "values", "fields": ["secrets"]}, "secrets": "1"},
            f"The connection 'shop' has no value 'secret'. Did you mean 'secrets'? {REFUSED}",
            3,
        ),
        (
            SHOWN,
            {"config": {"kind": "sql"}, "url": "sqlite:///:memory:"},
            "The connection 'shop' is of the kind `sql`; the webhook needs one of the kind `values`.",
            3,
        ),
    ],
    ids=["a signature", "a step", "another value", "another kind"],
)
async def test_what_a_flow_lacks_is_a_warning_wherever_its_problems_are_told(
    tmp_path: Path, text: str, connection: dict[str, Any], message: str, line: int
) -> None:
    async with coordinator(tmp_path) as headrace:
        if connection:
            await make(headrace, **connection)
        checked = (await headrace.client.post("/api/check", json={"text": text}, headers=headrace.admin)).json()
        stored = (await headrace.client.post("/api/flows", json={"text": text}, headers=headrace.admin)).json()
        told = (await headrace.client.get("/api/problems", headers=headrace.admin)).json()
        listed = (await headrace.client.get("/api/flows?status=problems", headers=headrace.admin)).json()["flows"]

    for problems in (checked["problems"], stored["problems"], told["problems"]):
        (problem,) = problems
        assert message in problem["message"]
        assert (problem["code"], problem["severity"]) == ("flow.unknown-connection", "warning")
        assert problem["line"] == line
    assert [(each["name"], each["warnings"]) for each in listed] == [("orders", 1)]


async def test_the_warning_goes_when_the_connection_comes(tmp_path: Path) -> None:
    async with coordinator(tmp_path, {"orders": SIGNED}) as headrace:
        before = (await headrace.client.get("/api/problems", headers=headrace.admin)).json()["problems"]
        await make(headrace, {"kind": "values", "fields": ["secret"]}, secret="1")
        after = (await headrace.client.get("/api/problems", headers=headrace.admin)).json()["problems"]
        flow = (await headrace.client.get("/api/flows/orders", headers=headrace.admin)).json()

    assert [problem["file"] for problem in before] == ["orders.yaml"]
    assert (after, flow["problems"]) == ([], [])
