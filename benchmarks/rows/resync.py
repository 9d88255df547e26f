"""Row `resync`: what looking for changes costs with ten thousand flows that did not change."""

import asyncio
import http.client
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import mean, median

from msgspec import Struct

from benchmarks import flow_files
from benchmarks.headrace import Headrace
from benchmarks.report import Finding, Row, below, number, show
from benchmarks.suite import TEXT, Bench, says
from benchmarks.wire import MODERN, Request, call
from coordinator.catalog import Catalog
from coordinator.catalog.directory import FlowDirectory
from coordinator.catalog.store import FlowStore
from coordinator.db.engine import open_database
from coordinator.toolset import EMPTY, Toolset, build_toolset
from flows.plan import Plan

FLOWS = 10_000
TICKS = 24
"""Two rounds: each directory is looked at in one tick of twelve, whatever the kernel says of it."""
MAX_CPU_MS = 20.0
MAX_STALL_MS = 10.0
LIVE_RESYNC_SECONDS = 0.5
PROBE_SECONDS = 10.0
PROBE_PAUSE_SECONDS = 0.002


class Ticks(Struct):
    """What ticks cost, in milliseconds of CPU each; and how long they kept the event loop from turning."""

    load_seconds: float
    cpu_ms: list[float]
    stall_ms: list[float]


class Live(Struct):
    """What a server with that many flows does while it resyncs; times in milliseconds."""

    load_seconds: float
    cpu_ms: float
    waits_ms: list[float]


def ten_thousand_flows(bench: Bench) -> Row:
    """Measure the catalog alone, then a server that answers calls meanwhile."""
    room = bench.room("catalog")
    texts = [flow_files.ECHO, *flow_files.numbered(FLOWS - 1)]
    flow_files.write(room / "flows", *texts)
    bench.say("resync of the catalog alone")
    ticks = asyncio.run(_ticks(room))
    bench.say("resync of a server under calls")
    live = _live(bench, texts)
    return Row("resync", "resync with 10,000 unchanged flows", tuple(_findings(ticks, live)))


def _findings(ticks: Ticks, live: Live) -> list[Finding]:
    waits = sorted(live.waits_ms)
    return [
        below("CPU a tick, catalog alone, mean", mean(ticks.cpu_ms), MAX_CPU_MS, " ms"),
        below("CPU a tick, catalog alone, worst", max(ticks.cpu_ms), MAX_CPU_MS, " ms"),
        below("CPU a tick, whole server, mean", live.cpu_ms, MAX_CPU_MS, " ms"),
        below("event loop kept from turning, worst of a tick: median", median(ticks.stall_ms), MAX_STALL_MS, " ms"),
        below("event loop kept from turning, worst of all ticks", max(ticks.stall_ms), MAX_STALL_MS, " ms"),
        show(
            f"a call every 2 ms while ticks come each {LIVE_RESYNC_SECONDS:g} s: p50, p99, longest",
            " / ".join(number(waits[round(share * (len(waits) - 1))]) for share in (0.5, 0.99, 1)) + " ms",
        ),
        show("CPU to load 10,000 flows, catalog alone", f"{number(ticks.load_seconds)} s"),
        show("start of a server with 10,000 flows to its first answered call", f"{number(live.load_seconds)} s"),
    ]


async def _ticks(room: Path) -> Ticks:
    started = time.process_time()
    async with _catalog(room) as catalog:
        load_seconds = time.process_time() - started
        generation = await catalog.store.generation()
        await asyncio.sleep(3)  # files that are younger than two seconds are read again
        await catalog.refresh(generation)
        cpu_ms = [await _cpu_of_tick(catalog, generation) for _ in range(TICKS)]
        stall_ms = [await _stall_of_tick(catalog, generation) for _ in range(TICKS)]
    return Ticks(load_seconds, cpu_ms, stall_ms)


@asynccontextmanager
async def _catalog(room: Path) -> AsyncIterator[Catalog]:
    """Start the catalog as the coordinator does, with the tool set behind it."""
    served: list[Toolset] = [EMPTY]

    async def publish(plans: Mapping[str, Plan], generation: int) -> None:
        served[0] = build_toolset(plans.values(), generation, served[0])

    async with open_database(f"sqlite:///{room}/headrace.db") as database:
        catalog = Catalog(FlowStore(database), publish, directory=FlowDirectory(room / "flows"))
        await catalog.start()
        if len(served[0].tools) != FLOWS:
            raise RuntimeError(f"{len(served[0].tools)} of {FLOWS} flows are served: {catalog.problems[:3]}")
        yield catalog
        await catalog.close()


async def _cpu_of_tick(catalog: Catalog, generation: int) -> float:
    before = time.process_time()
    await _unchanged(catalog, generation)
    return (time.process_time() - before) * 1000


async def _stall_of_tick(catalog: Catalog, generation: int) -> float:
    """Let the loop turn as fast as it can, and find the longest time between two turns.

    It is counted in CPU time of this process, so that other processes on the machine do not count.
    """
    tick = asyncio.create_task(_unchanged(catalog, generation))
    longest, last = 0.0, time.process_time()
    while not tick.done():
        await asyncio.sleep(0)
        now = time.process_time()
        longest, last = max(longest, now - last), now
    await tick
    return longest * 1000


async def _unchanged(catalog: Catalog, generation: int) -> None:
    if await catalog.refresh(generation):
        raise RuntimeError("The tick found a change where there was none.")


def _live(bench: Bench, texts: list[str]) -> Live:
    room = bench.room("headrace")
    env = {"HEADRACE_RESYNC_SECONDS": str(LIVE_RESYNC_SECONDS), "HEADRACE_REQUIRE_AUTH": "false"}
    request = call("echo", {"text": TEXT}, MODERN)
    with Headrace(room, *texts, env=env, wait=False) as server:
        load_seconds = server.wait_until(request, says(TEXT))
        time.sleep(3)
        before, started = server.cpu_seconds(), time.monotonic()
        time.sleep(TICKS * LIVE_RESYNC_SECONDS)
        ticks = (time.monotonic() - started) / LIVE_RESYNC_SECONDS
        cpu_ms = (server.cpu_seconds() - before) / ticks * 1000
        return Live(load_seconds, cpu_ms, _probe(server, request))


def _probe(server: Headrace, request: Request) -> list[float]:
    """Call again and again on one connection; return how long each answer took."""
    waits = []
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    end = time.monotonic() + PROBE_SECONDS
    while time.monotonic() < end:
        sent = time.perf_counter()
        connection.request("POST", "/mcp", request.bodies[0], request.headers)
        connection.getresponse().read()
        waits.append((time.perf_counter() - sent) * 1000)
        time.sleep(PROBE_PAUSE_SECONDS)
    connection.close()
    return waits
