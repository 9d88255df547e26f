"""A worker process: connect to NATS, take calls until told to stop, finish what runs, leave."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Final, TypeVar

from msgspec import Struct

from flows.bus.access import NatsAccess
from flows.bus.client import connected
from flows.bus.link import Link
from workers.fleet import FleetWorker, Identity

Came = TypeVar("Came")

log = logging.getLogger("headrace.worker")

COLLECT_AFTER: Final = 100_000
"""As in the coordinator: a call makes about a hundred objects, and hardly one of them in a cycle."""


class WorkerOptions(Struct, frozen=True, kw_only=True):
    """What a worker is to be.  `grace` are the seconds that running calls get when it is told to stop.

    `ends_with_input` says that the end of standard input is the end of whoever started it.
    """

    access: NatsAccess
    identity: Identity
    slots: int = 1000
    grace: float = 10.0
    ends_with_input: bool = False


async def run_worker(options: WorkerOptions) -> None:
    """Serve until SIGTERM, SIGINT, or the end of standard input.  Raises NatsUnavailable."""
    told = asyncio.Event()
    with _told_by_signals(told):
        if options.ends_with_input:
            await _tell_at_end_of_input(told)
        links: list[Link] = []

        async def back() -> None:
            for link in links:
                await link.listen_again()

        async with AsyncExitStack() as stack:
            nats = connected(options.access, f"headrace worker {options.identity.name}", back=back)
            client = await _unless(told, stack.enter_async_context(nats))
            if client is None:
                return
            links.append(Link(client))
            worker = FleetWorker(links[0], options.identity, options.slots)
            async with worker.running():
                gc.collect()
                gc.freeze()
                gc.set_threshold(COLLECT_AFTER)
                if not options.ends_with_input:  # else whoever started it says so
                    log.info("takes calls as %r, %d at a time", options.identity.name, options.slots)
                await told.wait()
                await worker.drain(options.grace)


async def _unless(told: asyncio.Event, coming: Coroutine[Any, Any, Came]) -> Came | None:
    """Return what comes, however long that takes; None when we are told to stop first."""
    awaited = asyncio.create_task(coming)
    stop = asyncio.create_task(told.wait())
    try:
        await asyncio.wait((awaited, stop), return_when=asyncio.FIRST_COMPLETED)
        return awaited.result() if awaited.done() else None
    finally:
        stop.cancel()
        awaited.cancel()
        await asyncio.wait((awaited, stop))


@contextmanager
def _told_by_signals(told: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, told.set)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


class _UntilTheEnd(asyncio.Protocol):
    def __init__(self, told: asyncio.Event) -> None:
        self._told = told

    def eof_received(self) -> None:
        self._told.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._told.set()


async def _tell_at_end_of_input(told: asyncio.Event) -> None:
    await asyncio.get_running_loop().connect_read_pipe(lambda: _UntilTheEnd(told), sys.stdin)
