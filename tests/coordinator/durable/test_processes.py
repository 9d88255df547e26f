"""Durable runs when processes die, pause, or are two: counted at a service that does each thing once a key."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from coordinator.db import open_database
from coordinator.durable.queue import LEASE_SECONDS
from coordinator.durable.schedule_store import CLAIM_SECONDS, ScheduleStore
from coordinator.fleet.nats_server import nats_server
from tests.coordinator.durable.support import Counting, asking, counting_service
from tests.headrace_process import HeadraceProcess
from tests.nats import nats_process
from tests.workers.processes import WorkerProcess

pytestmark = pytest.mark.processes

DELIVERIES, UNDER_WAY = 30, 8
HOOK = "  webhook: {path: /mill, retries: {attempts: 10, delay: 100ms}}"
EVERY_SECOND = "  schedule: {every: 1s, missed: all}"


@pytest.fixture
async def service() -> AsyncIterator[Counting]:
    async with counting_service() as counting:
        yield counting


def flows_in(directory: Path, text: str) -> Path:
    flows = directory / "flows"
    flows.mkdir()
    (flows / "asking.yaml").write_text(text)
    return flows


@pytest.fixture(params=["database", "jetstream"])
async def queue_env(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The variables of a server whose queue is there: a single process, or a fleet with a NATS of its own."""
    if request.param == "database":
        yield {}
        return
    (tmp_path / "bus").mkdir()
    async with nats_server(tmp_path / "bus") as access:
        yield {
            "HEADRACE_NATS_URL": access.url,
            "HEADRACE_NATS_USER": access.user,
            "HEADRACE_NATS_PASSWORD": access.password,
            "HEADRACE_WORKERS": "1",
        }


async def test_what_was_accepted_before_a_kill_is_run_after_the_next_start_and_never_doubled(
    tmp_path: Path, service: Counting, queue_env: dict[str, str]
) -> None:
    flows = flows_in(tmp_path, asking(service.url, HOOK))
    server = HeadraceProcess(tmp_path, flows, HEADRACE_MAX_DURABLE_RUNS=str(UNDER_WAY), **queue_env)
    await asyncio.to_thread(server.start)
    accepted = []
    async with httpx.AsyncClient(base_url=server.url) as client:
        for number in range(DELIVERIES):
            if number == DELIVERIES // 2:
                await service.until_done(number)
                service.held.clear()  # from here on runs are under way and cannot end
            response = await client.post("/hooks/mill", json={}, headers={"Idempotency-Key": f"delivery {number}"})
            assert response.status_code == 202
            accepted.append(response.json()["run"])
    await service.until_asked(DELIVERIES // 2 + UNDER_WAY)
    asked, before = service.asked.total(), service.done.total()
    await asyncio.to_thread(server.stop, signal.SIGKILL)
    service.held.set()

    async with HeadraceProcess(tmp_path, flows, **queue_env) as again:
        await service.until_asked(asked + DELIVERIES - DELIVERIES // 2, seconds=LEASE_SECONDS + 20)
        await service.until_done(DELIVERIES)
        async with httpx.AsyncClient(base_url=again.url) as client:
            repeated = await client.post("/hooks/mill", json={}, headers={"Idempotency-Key": "delivery 0"})

    print(f"\naccepted {len(accepted)}; before the kill asked {asked} times and done {before}; ", end="")
    print(f"in all asked {service.asked.total()} times and done {service.done.total()}")
    assert service.done == dict.fromkeys(accepted, 1)
    assert repeated.json() == {"run": accepted[0], "status": "duplicate"}


async def test_a_schedule_fires_once_a_time_whoever_of_two_coordinators_is_paused_or_killed(
    tmp_path: Path, database_url: str, service: Counting
) -> None:
    flows = flows_in(tmp_path, asking(service.url, EVERY_SECOND))
    servers = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        servers.append(HeadraceProcess(tmp_path / name, flows, HEADRACE_DATABASE_URL=database_url))
    one, two = servers
    await asyncio.to_thread(one.start)
    await asyncio.to_thread(two.start)
    try:
        await service.until_done(4)
        if database_url.startswith("postgresql"):  # of SQLite a process that is paused may hold the one lock there is
            os.kill(one.pid, signal.SIGSTOP)
            paused_at = service.done.total()
            await service.until_done(paused_at + 3, seconds=LEASE_SECONDS + 40)
            os.kill(one.pid, signal.SIGCONT)
            await service.until_done(service.done.total() + 3)
        await asyncio.to_thread(one.stop, signal.SIGKILL)
        killed_at = service.done.total()
        await service.until_done(killed_at + 3, seconds=LEASE_SECONDS + 40)
    finally:
        await asyncio.to_thread(two.stop)
        if one.returncode is None:
            os.kill(one.pid, signal.SIGCONT)
            await asyncio.to_thread(one.stop)

    each_time_has_one_run(service)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_schedule_fires_once_a_time_when_the_coordinator_of_a_fleet_that_claimed_it_is_killed(
    tmp_path: Path, database_url: str, service: Counting
) -> None:
    """It is killed while it puts a run into NATS: that takes what was sent, and the other one knows nothing of it."""
    flows = flows_in(tmp_path, asking(service.url, EVERY_SECOND))
    for name in ("bus", "one", "two"):
        (tmp_path / name).mkdir()
    with nats_process(tmp_path / "bus") as nats, WorkerProcess(nats):
        shared = {"HEADRACE_DATABASE_URL": database_url, **nats.environment}
        one, two = (HeadraceProcess(tmp_path / name, flows, command="coordinator", **shared) for name in ("one", "two"))
        await asyncio.to_thread(one.start)
        await asyncio.to_thread(two.start)
        try:
            await service.until_done(4)
            os.kill(two.pid, signal.SIGSTOP)
            await service.until_done(service.done.total() + 2, seconds=CLAIM_SECONDS + 40)
            assert nats._process is not None
            nats._process.send_signal(signal.SIGSTOP)
            await _until_claimed_for_long(database_url)
            await asyncio.to_thread(one.stop, signal.SIGKILL)
            nats._process.send_signal(signal.SIGCONT)
            os.kill(two.pid, signal.SIGCONT)
            await service.until_done(service.done.total() + 3, seconds=CLAIM_SECONDS + LEASE_SECONDS + 40)
        finally:
            os.kill(two.pid, signal.SIGCONT)
            await asyncio.to_thread(two.stop)
            if one.returncode is None:
                await asyncio.to_thread(one.stop)

    each_time_has_one_run(service)


async def _until_claimed_for_long(database_url: str) -> None:
    """Wait until the same claim is seen for longer than it takes to put a run."""
    seen: dict[int, int] = {}
    async with open_database(database_url) as database, asyncio.timeout(20):
        store = ScheduleStore(database)
        while max(seen.values(), default=0) < 10:
            progress = await store.progress("asking")
            if progress is not None and progress.claimed_until:
                seen[progress.number] = seen.get(progress.number, 0) + 1
            await asyncio.sleep(0.05)


def each_time_has_one_run(service: Counting) -> None:
    """Check that no time has two runs, that none is missing, and that none was done twice."""
    runs_of_a_time: dict[str, set[str]] = {}
    for key, body in service.sent:
        runs_of_a_time.setdefault(json.loads(body)["scheduled"], set()).add(key)
    times = sorted(runs_of_a_time)
    print(f"\n{len(times)} times, {service.asked.total()} requests, {service.done.total()} done")
    assert Counter(len(keys) for keys in runs_of_a_time.values()) == {1: len(times)}
    seconds = [int(time[17:19]) for time in times]
    assert all((later - earlier) % 60 == 1 for earlier, later in pairwise(seconds)), times
    assert set(service.done.values()) == {1}


async def test_runs_of_a_killed_worker_are_made_by_another_and_never_doubled(tmp_path: Path, service: Counting) -> None:
    flows = flows_in(tmp_path, asking(service.url, HOOK))
    limits = {"HEADRACE_WORKERS": "2", "HEADRACE_MAX_DURABLE_RUNS": str(UNDER_WAY)}
    async with HeadraceProcess(tmp_path, flows, **limits) as server:
        service.held.clear()
        accepted = await asyncio.to_thread(_deliver, server, DELIVERIES)
        await service.until_asked(UNDER_WAY)
        workers = (await asyncio.to_thread(server.api, "GET", "/workers"))["workers"]
        os.kill(workers[0]["pid"], signal.SIGKILL)
        service.held.set()
        await service.until_done(DELIVERIES, seconds=60)
        async with asyncio.timeout(60):
            while True:
                letters = await asyncio.to_thread(server.api, "GET", "/dead-letters")
                if not letters["waiting"]:
                    break
                await asyncio.sleep(0.1)  # the queue tells nobody about its ends

    print(f"\naccepted {len(accepted)}, asked {service.asked.total()} times, done {service.done.total()}")
    assert service.done == dict.fromkeys(accepted, 1)
    assert letters["dead_letters"] == []


def _deliver(server: HeadraceProcess, number: int) -> list[str]:
    answers = [httpx.post(f"{server.url}/hooks/mill", json={}) for _ in range(number)]
    assert {answer.status_code for answer in answers} == {202}
    return [answer.json()["run"] for answer in answers]


async def test_an_outage_of_nats_loses_no_accepted_run_and_accepts_none_that_it_could_lose(
    tmp_path: Path, service: Counting
) -> None:
    flows = flows_in(tmp_path, asking(service.url, HOOK))
    (tmp_path / "bus").mkdir()
    with nats_process(tmp_path / "bus") as nats:
        async with (
            HeadraceProcess(tmp_path, flows, HEADRACE_WORKERS="1", **nats.environment) as server,
            httpx.AsyncClient(base_url=server.url, timeout=30) as client,
        ):
            service.held.clear()
            accepted = await asyncio.to_thread(_deliver, server, UNDER_WAY)
            await service.until_asked(UNDER_WAY)
            await asyncio.to_thread(nats.kill)
            refused = await client.post("/hooks/mill", json={}, headers={"Idempotency-Key": "again"})
            service.held.set()
            await asyncio.to_thread(nats.start)
            accepted.append(await _delivered(client, "again"))
            await service.until_done(len(accepted), seconds=LEASE_SECONDS + 40)

    print(f"\naccepted {len(accepted)}, asked {service.asked.total()} times, done {service.done.total()}")
    assert (refused.status_code, "retry-after" in refused.headers) == (503, True), refused.text
    assert service.done == dict.fromkeys(accepted, 1)


async def _delivered(client: httpx.AsyncClient, key: str) -> str:
    """Send until it is accepted, as a sender does: nobody tells it that NATS is back."""
    for _ in range(600):
        answer = await client.post("/hooks/mill", json={}, headers={"Idempotency-Key": key})
        if answer.status_code == 202:
            return str(answer.json()["run"])
        await asyncio.sleep(0.1)
    raise AssertionError(answer.text)
