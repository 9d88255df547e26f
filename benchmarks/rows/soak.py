"""Row `soak`: many calls of all kinds, with clients that hang up, and what is left of them afterwards."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import aiohttp

from benchmarks import flow_files
from benchmarks.headrace import Headrace
from benchmarks.report import Finding, Row, below, holds, number, show
from benchmarks.rows.sql import create_shop
from benchmarks.suite import TEXT, Bench
from benchmarks.wire import LEGACY, MODERN, Request, call, listing

IN_FLIGHT = 64
FIRST_CALLS = 2000
WARM_UP_SHARE = 0.2
ABORT_AFTER_SECONDS = 0.02
SETTLE_SECONDS = 3.0
IDLE_SECONDS = 2.0
MAX_GROWTH = 1.05
MAX_IDLE_CPU = 0.05
MAX_NEW_FILES = 5


@dataclass
class Soak:
    """The calls so far, and the server's state at the moments that count."""

    server: Headrace
    calls: int
    done: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def note_state(self) -> None:
        """Read memory and open files."""
        self.memory.append(self.server.memory_mb())
        self.files.append(self.server.open_files())


Kind = Callable[[aiohttp.ClientSession, Soak], Awaitable[bool]]
"""Makes one call; returns whether the answer was the right one."""


def mixed_calls(bench: Bench) -> Row:
    """Run the mixture, then look at memory, files and CPU."""
    database = bench.room("shop") / "shop.db"
    create_shop(database)
    flows = (
        flow_files.ECHO,
        flow_files.FIND_ITEM,
        flow_files.FAILING,
        flow_files.WAITING,
        flow_files.COUNTING,
        *flow_files.numbered(20),
    )
    env = {"HEADRACE_CONNECTION_SHOP": f"sqlite:///{database}"}
    with Headrace(bench.room("headrace"), *flows, env=env) as server:
        asyncio.run(_run(Soak(server, FIRST_CALLS), bench.say))  # opens what the flows share
        before = server.open_files()
        soak = Soak(server, bench.calls)
        started = time.monotonic()
        asyncio.run(_run(soak, bench.say))
        seconds = time.monotonic() - started
        time.sleep(SETTLE_SECONDS)
        soak.note_state()
        idle = _idle_cpu(server)
        return Row(
            "soak", f"{bench.calls:,} mixed calls with client aborts", tuple(_findings(soak, before, idle, seconds))
        )


def _findings(soak: Soak, files_before: int, idle: float, seconds: float) -> Iterator[Finding]:
    warm, last = soak.memory[0], soak.memory[-1]
    yield below(f"memory after / at 20 % ({warm:.0f} MB)", last / warm, MAX_GROWTH)
    new_files = soak.files[-1] - files_before
    yield holds("files left open", f"<= {MAX_NEW_FILES}", str(new_files), new_files <= MAX_NEW_FILES)
    yield below(f"CPU of the idle server after, over {IDLE_SECONDS:g} s", idle * 100, MAX_IDLE_CPU * 100, "%")
    wrong = ", ".join(f"{count} {name}" for name, count in soak.wrong.items()) or "none"
    yield holds("wrong answers", "none", wrong, not soak.wrong)
    yield show("memory on the way", " ".join(f"{each:.0f}" for each in soak.memory) + " MB")
    yield show("files open on the way", " ".join(map(str, soak.files)))
    yield show("calls", ", ".join(f"{count:,} {name}" for name, count in sorted(soak.done.items())))
    yield show("calls/s, as fast as this client goes", number(soak.calls / seconds))


async def _run(soak: Soak, say: Callable[[str], None]) -> None:
    marks = {round(soak.calls * share) for share in (WARM_UP_SHARE, 0.4, 0.6, 0.8)}
    turns = itertools.count(1)
    connector = aiohttp.TCPConnector(limit=0)

    async def work(session: aiohttp.ClientSession) -> None:
        while (turn := next(turns)) <= soak.calls:
            name, kind = MIXTURE[turn % len(MIXTURE)]
            soak.done[name] += 1
            if not await kind(session, soak):
                soak.wrong[name] += 1
            if turn in marks:
                say(f"{turn:,} of {soak.calls:,} calls")
                soak.note_state()

    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(work(session))


def _idle_cpu(server: Headrace) -> float:
    before = server.cpu_seconds()
    time.sleep(IDLE_SECONDS)
    return (server.cpu_seconds() - before) / IDLE_SECONDS


def _asks(request: Request, expected: bytes) -> Kind:
    async def ask(session: aiohttp.ClientSession, soak: Soak) -> bool:
        headers = soak.server.signed(request).headers
        async with session.post(soak.server.url, data=request.bodies[0], headers=headers) as response:
            return response.status == 200 and expected in await response.read()

    return ask


def _hangs_up(request: Request) -> Kind:
    """Call, and close the connection before the answer: the way in which modern clients cancel."""
    headers = {**request.headers, "Connection": "close"}

    async def ask(session: aiohttp.ClientSession, soak: Soak) -> bool:
        signed = soak.server.signed(Request(headers, request.bodies)).headers
        try:
            async with asyncio.timeout(ABORT_AFTER_SECONDS):
                async with session.post(soak.server.url, data=request.bodies[0], headers=signed) as response:
                    await response.read()
        except TimeoutError:
            return True
        return False

    return ask


_ECHO = ("echo", _asks(call("echo", {"text": TEXT}, MODERN), TEXT.encode()))
_LEGACY_ECHO = ("echo", _asks(call("echo", {"text": TEXT}, LEGACY), TEXT.encode()))
_LIST = ("list", _asks(listing(MODERN), b'"tools":[{'))
_FAILING = ("failing", _asks(call("failing", {}, MODERN), b'"isError":true'))
_REJECTED = ("rejected", _asks(call("echo", {"text": 1}, LEGACY), b'"isError":true'))
_SQL = ("sql", _asks(call("find_item", {"id": 7}, MODERN), b"item 7"))
_PROGRESS = ("progress", _asks(call("counting", {}, MODERN, progress=True), b"notifications/progress"))
_ABORTED = ("aborted", _hangs_up(call("waiting", {}, MODERN)))
MIXTURE = (
    *(_ECHO, _LEGACY_ECHO, _SQL, _ECHO, _LIST, _ECHO, _FAILING, _LEGACY_ECHO, _PROGRESS, _ECHO),
    *(_SQL, _LEGACY_ECHO, _ECHO, _REJECTED, _ECHO, _LIST, _FAILING, _SQL, _ABORTED, _ECHO),
)
"""Twenty calls that are made over and over; one in twenty is given up by its client."""
