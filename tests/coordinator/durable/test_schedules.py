"""Schedules in one coordinator: they fire, are listed, make up for pauses, and come and go with their flows."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from coordinator.db import Database
from coordinator.db.tables import schedules as table
from coordinator.durable.schedule_store import CLAIM_SECONDS, ScheduleStore
from tests.coordinator.durable.support import Counting, asking, counting_service
from tests.coordinator.in_process import InProcess, coordinator

DAY = 86_400_000


@pytest.fixture
async def service() -> AsyncIterator[Counting]:
    async with counting_service() as counting:
        yield counting


async def listed(headrace: InProcess) -> list[dict[str, Any]]:
    response = await headrace.client.get("/api/schedules", headers=headrace.admin)
    found: list[dict[str, Any]] = response.raise_for_status().json()["schedules"]
    return found


async def looked(headrace: InProcess) -> None:
    """Wait until the schedules were looked at once, which follows the start."""
    async with asyncio.timeout(5):
        while True:
            served = headrace.services.durable.schedules.served.values()
            if all(schedule.progress is not None for schedule in served):
                break
            await asyncio.sleep(0.01)  # it tells nobody


def daily(service: Counting, missed: str = "once") -> str:
    return asking(
        service.url, f"  schedule: {{every: 1d, missed: {missed}, missed_within: 10d, args: {{greeting: Hello}}}}"
    )


async def settled_days_ago(headrace: InProcess, days: int) -> None:
    """Make it look as if the last coordinator had stopped so long ago."""
    today = int(time.time() * 1000) // DAY * DAY
    async with headrace.services.durable.queue._database.write() as connection:  # type: ignore[attr-defined]
        values = {"settled": today - days * DAY, "fired": today - days * DAY}
        await connection.execute(update(table).values(**values))


async def test_a_schedule_fires_with_its_time_and_the_one_before(tmp_path: Path, service: Counting) -> None:
    given = asking(service.url, "  schedule: {every: 1s, args: {greeting: Hello}}")
    async with coordinator(tmp_path, {"asking": given}) as headrace:
        await service.until_done(3)
        shown = (await listed(headrace))[0]

    bodies = [json.loads(body) for _, body in service.sent[:3]]
    assert [body["greeting"] for body in bodies] == ["Hello"] * 3
    assert bodies[0]["previous"] is None
    assert [body["previous"] for body in bodies[1:]] == [body["scheduled"] for body in bodies[:-1]]
    assert (shown["flow"], shown["every"], shown["cron"], shown["time_zone"]) == ("asking", 1.0, "", "UTC")
    assert shown["last_run"] in service.asked
    assert [later - earlier for earlier, later in pairwise(shown["next"])] == [1000] * 4


async def test_a_new_schedule_waits_for_its_first_time(tmp_path: Path, service: Counting) -> None:
    async with coordinator(tmp_path, {"asking": daily(service)}) as headrace:
        shown = (await listed(headrace))[0]
        run_now = await headrace.client.post("/api/schedules/asking/run", headers=headrace.admin)
        await service.until_done(1)

    assert (shown["last"], shown["last_run"]) == (None, None)
    assert service.asked == {run_now.json()["run"]: 1}, "only the run that was asked for"


@pytest.mark.parametrize(("missed", "runs"), [("all", 3), ("once", 1)])
async def test_what_was_missed_while_nobody_was_there_is_made_up_for_after_the_start(
    tmp_path: Path, service: Counting, missed: str, runs: int
) -> None:
    flows = {"asking": daily(service, missed)}
    async with coordinator(tmp_path, flows) as headrace:
        await looked(headrace)
        await settled_days_ago(headrace, 3)

    async with coordinator(tmp_path, flows) as headrace:
        await service.until_done(runs)
        last = (await listed(headrace))[0]["last"]

    times = sorted(json.loads(body)["scheduled"] for _, body in service.sent)
    assert len(times) == runs
    assert last % DAY == 0


async def test_what_passed_while_a_schedule_was_switched_off_is_not_made_up_for(
    tmp_path: Path, service: Counting
) -> None:
    async with coordinator(tmp_path, {"asking": daily(service)}) as headrace:
        store = headrace.services.durable.schedules._store
        await looked(headrace)
        for enabled in (False, True):
            await headrace.services.editor.set_enabled("asking", enabled)
            async with asyncio.timeout(5):
                while True:
                    if bool(await store.known()) == enabled:
                        break
                    await asyncio.sleep(0.01)  # it follows the change at its next look
            if not enabled:
                assert await listed(headrace) == []
        progress = await store.progress("asking")

    assert progress is not None
    assert abs(progress.settled - time.time() * 1000) < 60_000
    assert service.asked == {}


async def test_other_times_begin_anew_and_other_arguments_do_not(database: Database) -> None:
    store = ScheduleStore(database)
    await store.adopt("mill", "times", 1000)
    assert await store.claim("mill", 0, 2000)
    assert await store.advance("mill", 1, 1500, 1500, "run")

    assert (await store.adopt("mill", "times", 9000)).settled == 1500
    assert (await store.adopt("mill", "other times", 9000)).settled == 9000


async def test_a_claim_is_one_coordinators_until_it_ends_and_a_late_one_writes_nothing(database: Database) -> None:
    one, two = ScheduleStore(database), ScheduleStore(database)
    await one.adopt("mill", "times", 1000)

    claims = await asyncio.gather(*(store.claim("mill", 0, 5000) for store in (one, two) * 5))
    assert sum(claims) == 1
    ended = 5000 + int(CLAIM_SECONDS * 1000)
    assert not await two.claim("mill", 1, ended - 1)
    assert await two.claim("mill", 1, ended)
    assert not await one.advance("mill", 1, 4000, 4000, "late")
    assert await two.advance("mill", 2, 5000, 5000, "run")

    progress = await one.progress("mill")
    assert progress is not None
    assert (progress.settled, progress.run, progress.number) == (5000, "run", 2)


async def test_an_idle_scheduler_does_nothing(tmp_path: Path, service: Counting) -> None:
    async with coordinator(tmp_path, {"asking": daily(service)}) as headrace:
        schedules = headrace.services.durable.schedules
        await looked(headrace)
        looks = 0
        look = schedules._look

        async def counted() -> float | None:
            nonlocal looks
            looks += 1
            return await look()

        schedules._look = counted  # type: ignore[method-assign]
        await asyncio.sleep(0.5)  # in which nothing may happen

    assert looks == 0


async def test_times_for_which_there_was_no_room_are_made_up_for(
    tmp_path: Path, service: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("schedules", "schedule_store"):
        monkeypatch.setattr(f"coordinator.durable.{module}.CLAIM_SECONDS", 0.2)
    service.held.clear()
    given = asking(service.url, "  schedule: {every: 1s, missed: all}")
    async with coordinator(tmp_path, {"asking": given}, max_waiting_runs="1") as headrace:
        await service.until_asked(1)
        store = headrace.services.durable.schedules._store
        async with asyncio.timeout(10):
            while True:
                progress = await store.progress("asking")
                if progress is not None and progress.number >= 3:  # claimed again, and found no room
                    break
                await asyncio.sleep(0.05)
        assert service.asked.total() == 1
        service.held.set()
        await service.until_done(4)

    times = [datetime.fromisoformat(json.loads(body)["scheduled"]) for _, body in service.sent]
    assert len(set(times)) == len(times)
    assert {(later - earlier).total_seconds() for earlier, later in pairwise(sorted(times))} == {1.0}
