"""Jobs at intervals."""

import asyncio

import pytest

from coordinator.scheduler import Job, scheduled

SECONDS = 5


async def test_a_job_runs_again_and_again() -> None:
    times = asyncio.Semaphore(0)

    async def work() -> None:
        times.release()

    async with scheduled([Job(name="work", run=work, seconds=0.01)]), asyncio.timeout(SECONDS):
        for _ in range(3):
            await times.acquire()


async def test_a_job_that_fails_is_logged_and_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    times = asyncio.Semaphore(0)

    async def work() -> None:
        times.release()
        raise RuntimeError("out of order")

    async with scheduled([Job(name="work", run=work, seconds=0.01)]), asyncio.timeout(SECONDS):
        for _ in range(2):
            await times.acquire()


async def test_a_job_never_runs_twice_at_once() -> None:
    running = most = 0
    times = asyncio.Semaphore(0)

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(20):
            await asyncio.sleep(0.001)  # longer than the interval, so that the next time comes meanwhile
        running -= 1
        times.release()

    async with scheduled([Job(name="work", run=work, seconds=0.005)]), asyncio.timeout(SECONDS):
        for _ in range(3):
            await times.acquire()

    assert most == 1


async def test_stopping_lets_a_job_under_way_finish() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    is_finished = False

    async def work() -> None:
        nonlocal is_finished
        begun.set()
        await may_end.wait()
        is_finished = True

    async def stop_soon() -> None:
        await begun.wait()
        asyncio.get_running_loop().call_later(0.01, may_end.set)

    async with asyncio.timeout(SECONDS), scheduled([Job(name="work", run=work, seconds=60, first=0)]):
        await stop_soon()

    assert is_finished


async def test_the_first_run_may_come_sooner_than_the_interval() -> None:
    ran = asyncio.Event()

    async def work() -> None:
        ran.set()

    async with scheduled([Job(name="work", run=work, seconds=3600, first=0)]), asyncio.timeout(SECONDS):
        await ran.wait()
