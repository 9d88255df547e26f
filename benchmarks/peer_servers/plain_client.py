"""Fetch a document many times with a plain aiohttp client; print the CPU time and the latency of one fetch."""

import asyncio
import json
import sys
import time
from statistics import median

import aiohttp
import uvloop

IN_FLIGHT = 32


async def fetch_many(url: str, count: int) -> list[float]:
    """Return the seconds of each fetch."""
    seconds: list[float] = []
    turns = iter(range(count))

    async def fetch(session: aiohttp.ClientSession) -> None:
        for _ in turns:
            started = time.perf_counter()
            async with session.get(url) as response:
                if (await response.json())["name"] != "Ada":
                    raise SystemExit("The document is not the expected one.")
            seconds.append(time.perf_counter() - started)

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(fetch(session))
    return seconds


count = int(sys.argv[2])
uvloop.run(fetch_many(sys.argv[1], count // 10))
before = time.process_time()
measured = uvloop.run(fetch_many(sys.argv[1], count))
cpu = time.process_time() - before
print(json.dumps({"cpu_us": cpu / count * 1e6, "p50_ms": median(measured) * 1000}))
