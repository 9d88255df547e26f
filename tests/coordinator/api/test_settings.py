"""Settings through REST: all are shown, without secrets; the live ones can be changed."""

from pathlib import Path
from typing import Any

import jsonschema_rs

from coordinator.settings import describe_settings
from coordinator.settings_groups import GROUPS
from tests.coordinator.in_process import InProcess, coordinator


async def settings_of(headrace: InProcess) -> dict[str, Any]:
    found = (await headrace.client.get("/api/settings", headers=headrace.admin)).json()["settings"]
    return {setting["name"]: setting for setting in found}


async def test_every_setting_is_shown_with_its_origin(tmp_path: Path) -> None:
    async with coordinator(tmp_path, history_days="7") as headrace:
        settings = await settings_of(headrace)

    assert list(settings) == [doc.name for doc in describe_settings()]
    assert (settings["history_days"]["value"], settings["history_days"]["origin"]) == (7, "HEADRACE_HISTORY_DAYS")
    assert (settings["port"]["origin"], settings["port"]["can_change"]) == ("default", False)
    assert settings["require_auth"]["can_change"] is True


async def test_passwords_are_not_shown(tmp_path: Path) -> None:
    url = "postgresql://user:canary-password@db/shop"
    async with coordinator(tmp_path, connection_shop=url) as headrace:
        response = await headrace.client.get("/api/settings")

    assert "canary-password" not in response.text
    assert '"shop":"[redacted]"' in response.text


async def test_a_live_setting_is_in_force_when_the_call_returns(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        changed = await headrace.client.patch("/api/settings", json={"values": {"require_auth": True}})
        refused = await headrace.client.get("/api/flows")
        settings = await settings_of(headrace)
        await headrace.client.patch("/api/settings", json={"values": {"require_auth": None}}, headers=headrace.admin)
        again = await headrace.client.get("/api/flows")

    assert (changed.status_code, refused.status_code, again.status_code) == (200, 401, 200)
    assert (settings["require_auth"]["value"], settings["require_auth"]["can_change"]) == (True, True)


async def test_what_cannot_be_changed_here_says_where(tmp_path: Path) -> None:
    async with coordinator(tmp_path, history_days="7") as headrace:
        fixed = await headrace.client.patch("/api/settings", json={"values": {"history_days": 8}})
        unknown = await headrace.client.patch("/api/settings", json={"values": {"port": 1}})
        wrong = await headrace.client.patch("/api/settings", json={"values": {"history": "some"}})

    assert (fixed.status_code, fixed.json()["detail"]) == (409, "history_days is set by HEADRACE_HISTORY_DAYS.")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "invalid_arguments")
    assert (wrong.status_code, wrong.json()["detail"]) == (
        400,
        "history is one of: off, outcome, full, not 'some'.",
    )


async def test_the_status_summarises_the_installation(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        status = (await headrace.client.get("/api/status")).json()

    assert (status["flows"], status["tools"], status["errors"], status["require_auth"]) == (1, 1, 0, False)
    (worker,) = status["workers"]
    assert (worker["name"], worker["state"], worker["running"]) == ("local", "ready", 0)
    assert len(status["notices"]) == 2


async def test_metrics_count_calls_in_the_words_of_prometheus(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await headrace.client.post("/api/tools/hello/call", json={"arguments": {"name": "Ada"}})
        await headrace.services.history.flush()
        response = await headrace.client.get("/metrics")

    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'headrace_tool_calls_total{status="ok",tool="hello"} 1.0' in response.text
    assert "headrace_tools 1.0" in response.text
    assert "headrace_workers 1.0" in response.text


async def test_every_setting_has_one_group_and_a_schema_that_its_value_fits(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        shown = (await headrace.client.get("/api/settings")).json()

    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(setting["name"] for setting in shown["settings"])
    assert {setting["group"] for setting in shown["settings"]} == {group["id"] for group in shown["groups"]}
    for setting in shown["settings"]:
        assert jsonschema_rs.is_valid(setting["json_schema"], setting["value"]), setting["name"]
