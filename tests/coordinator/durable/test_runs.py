"""Durable runs from their acceptance to their end, in one coordinator with a real service behind the flow."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.coordinator.durable.support import PATIENCE, Counting, asking, counting_service
from tests.coordinator.in_process import InProcess, coordinator

HOOK = "  webhook: {path: /mill, retries: {attempts: 3, delay: 50ms}}"


@pytest.fixture
async def service() -> AsyncIterator[Counting]:
    async with counting_service() as counting:
        yield counting


async def accept(headrace: InProcess, **headers: str) -> str:
    response = await headrace.client.post("/hooks/mill", json={"n": 1}, headers=headers)
    assert response.status_code == 202, response.text
    run_id: str = response.json()["run"]
    return run_id


async def api(headrace: InProcess, method: str, path: str) -> Any:
    response = await headrace.client.request(method, f"/api/{path}", headers=headrace.admin)
    return response.raise_for_status().json() if response.content else None


async def until(headrace: InProcess, *, waiting: int, dead: int) -> None:
    """Wait until so many runs wait, and so many are set aside."""
    async with asyncio.timeout(PATIENCE):
        while True:
            counts = await headrace.services.durable.queue.counts()
            if (counts.waiting, counts.dead) == (waiting, dead):
                return
            await asyncio.sleep(0.02)  # the queue tells nobody about its ends


async def test_a_failing_run_is_tried_again_under_one_key_and_every_try_is_in_the_history(
    tmp_path: Path, service: Counting
) -> None:
    service.fails = 2
    async with coordinator(tmp_path, {"asking": asking(service.url, HOOK)}) as headrace:
        run_id = await accept(headrace)
        await service.until_done(1)
        await until(headrace, waiting=0, dead=0)
        found = (await api(headrace, "GET", "runs"))["runs"]

    assert service.asked == {run_id: 3}
    assert service.done == {run_id: 1}
    assert [(run["id"], run["outcome"]) for run in reversed(found)] == [
        (run_id, "failed"),
        (f"{run_id}.2", "failed"),
        (f"{run_id}.3", "ok"),
    ]


async def test_a_poison_run_is_set_aside_looked_at_run_again_and_dropped(tmp_path: Path, service: Counting) -> None:
    service.fails = 3
    async with coordinator(tmp_path, {"asking": asking(service.url, HOOK)}) as headrace:
        run_id = await accept(headrace)
        await until(headrace, waiting=0, dead=1)

        listed = await api(headrace, "GET", "dead-letters")
        assert [(each["run"], each["attempts"], each["flow"]) for each in listed["dead_letters"]] == [
            (run_id, 3, "asking")
        ]
        shown = await api(headrace, "GET", f"dead-letters/{run_id}")
        assert "503" in shown["error"]["message"]
        assert shown["args"]["body"] == {"n": 1}

        assert await api(headrace, "POST", f"dead-letters/{run_id}/rerun") == {"run": run_id}
        await service.until_done(1)
        await until(headrace, waiting=0, dead=0)
        assert service.asked == {run_id: 4}

        service.fails = 3
        second = await accept(headrace)
        await until(headrace, waiting=0, dead=1)
        await api(headrace, "DELETE", f"dead-letters/{second}")
        await until(headrace, waiting=0, dead=0)
        for method, path in (("GET", ""), ("POST", "/rerun"), ("DELETE", "")):
            answer = await headrace.client.request(method, f"/api/dead-letters/{second}{path}", headers=headrace.admin)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_run_of_a_flow_that_is_gone_is_set_aside_with_the_reason(tmp_path: Path, service: Counting) -> None:
    service.fails = 1
    slow = HOOK.replace("50ms", "300ms")
    async with coordinator(tmp_path, {"asking": asking(service.url, slow)}) as headrace:
        await accept(headrace)
        await service.until_asked(1)
        (headrace.flows / "asking.yaml").unlink()
        await headrace.services.resync.tick()
        await until(headrace, waiting=0, dead=1)
        (letter,) = (await api(headrace, "GET", "dead-letters"))["dead_letters"]

    assert letter["error"]["code"] == "unknown_flow"
    assert service.done == {}


async def test_a_run_goes_on_with_the_version_that_its_flow_has_by_then(tmp_path: Path, service: Counting) -> None:
    service.fails = 1
    slow = asking(service.url, HOOK.replace("50ms", "300ms"))
    async with coordinator(tmp_path, {"asking": slow}) as headrace:
        run_id = await accept(headrace)
        await service.until_asked(1)
        (headrace.flows / "asking.yaml").write_text(slow.replace("json: ${{ args }}", "json: {version: 2}"))
        await headrace.services.resync.tick()
        await service.until_done(1)

    assert service.sent[-1][1] == '{"version":2}'
    assert service.asked == {run_id: 2}


async def test_no_more_runs_are_under_way_than_may_be(tmp_path: Path, service: Counting) -> None:
    service.held.clear()
    async with coordinator(tmp_path, {"asking": asking(service.url, HOOK)}, max_durable_runs="2") as headrace:
        accepted = [await accept(headrace) for _ in range(5)]
        await service.until_asked(2)
        assert headrace.services.durable.runner.running == 2
        service.held.set()
        await service.until_done(5)
        await until(headrace, waiting=0, dead=0)

    assert service.asked == dict.fromkeys(accepted, 1)


async def test_what_cannot_end_before_a_stop_is_run_after_the_next_start(tmp_path: Path, service: Counting) -> None:
    flows = {"asking": asking(service.url, HOOK)}
    service.held.clear()
    async with coordinator(tmp_path, flows, shutdown_grace="100ms", max_durable_runs="1") as headrace:
        accepted = [await accept(headrace) for _ in range(3)]
        await service.until_asked(1)
        await headrace.coordinator.drain()

    assert service.done == {}
    service.held.set()
    async with coordinator(tmp_path, flows) as headrace:
        await service.until_done(3)
        await until(headrace, waiting=0, dead=0)

    assert service.done == dict.fromkeys(accepted, 1)


async def test_a_run_waits_while_its_flow_is_switched_off(
    tmp_path: Path, service: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coordinator.durable.outcomes.OFF_SECONDS", 0.1)
    service.fails = 1
    async with coordinator(tmp_path, {"asking": asking(service.url, HOOK)}) as headrace:
        run_id = await accept(headrace)
        await service.until_asked(1)
        await headrace.services.editor.set_enabled("asking", False)
        await asyncio.sleep(0.5)  # in which nothing may happen
        assert service.asked == {run_id: 1}
        await until(headrace, waiting=1, dead=0)

        await headrace.services.editor.set_enabled("asking", True)
        await service.until_done(1)

    assert service.asked == {run_id: 2}


async def test_a_run_is_stored_before_its_sender_is_told(tmp_path: Path, service: Counting) -> None:
    service.held.clear()
    async with coordinator(tmp_path, {"asking": asking(service.url, HOOK)}) as headrace:
        await accept(headrace)

        assert (await headrace.services.durable.queue.counts()).waiting == 1
        service.held.set()
        await until(headrace, waiting=0, dead=0)


async def test_nothing_is_accepted_that_cannot_be_stored(tmp_path: Path, service: Counting) -> None:
    async with coordinator(tmp_path, {"asking": asking(service.url, HOOK)}) as headrace:
        async with headrace.services.durable.queue._database.write() as connection:  # type: ignore[attr-defined]
            await connection.exec_driver_sql("ALTER TABLE durable_runs RENAME TO elsewhere")
        response = await headrace.client.post("/hooks/mill", json={})
        async with headrace.services.durable.queue._database.write() as connection:  # type: ignore[attr-defined]
            await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO durable_runs")

    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert service.asked == {}
