"""`/api/workers` of a single process."""

from pathlib import Path

from tests.coordinator.in_process import coordinator


async def test_a_single_process_is_its_own_worker(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        seen = (await headrace.client.get("/api/workers", headers=headrace.admin)).raise_for_status().json()
        status = (await headrace.client.get("/api/status", headers=headrace.admin)).raise_for_status().json()

    (worker,) = seen["workers"]
    assert (worker["kind"], worker["state"], worker["slots"]) == ("local", "ready", 1000)
    assert (seen["nats"], seen["nats_up"], seen["waiting"]) == ("", True, 0)
    assert status["workers"] == [worker]
