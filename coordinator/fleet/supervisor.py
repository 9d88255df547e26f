"""Keep worker processes running on this machine."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import msgspec

from coordinator.fleet.child import Child
from coordinator.settings import Settings
from flows.bus.access import NatsAccess
from flows.wire import WorkerStart

STOP_SECONDS: Final = 5.0
"""How long a worker may take to end after its grace."""

Lose = Callable[[str, str], None]
"""Takes the id of a worker that is gone, and why."""


@asynccontextmanager
async def worker_processes(
    settings: Settings, access: NatsAccess, command: Sequence[str], lose: Lose
) -> AsyncIterator[list[Child]]:
    """Run as many workers as the settings say until the block ends; one that dies is started again."""
    async with AsyncExitStack() as stack:
        made = [_Worker(number, settings, access, command, lose) for number in range(1, settings.workers + 1)]
        yield [await stack.enter_async_context(each.child.running()) for each in made]


class _Worker:
    """One worker process; each of its lives has an id of its own."""

    def __init__(self, number: int, settings: Settings, access: NatsAccess, command: Sequence[str], lose: Lose) -> None:
        self._name = f"worker-{number}"
        self._settings = settings
        self._access = access
        self._lose = lose
        self._id = ""
        stop_seconds = settings.shutdown_grace + STOP_SECONDS
        self.child = Child(self._name, command, stdin=self._start, stop_seconds=stop_seconds, died=self._died)

    def _start(self) -> bytes:
        self._id = secrets.token_hex(6)
        start = WorkerStart(
            worker=self._id,
            name=self._name,
            access=self._access,
            slots=self._settings.worker_slots,
            grace=self._settings.shutdown_grace,
            log_level=self._settings.log_level,
            log_format=self._settings.log_format,
        )
        return msgspec.json.encode(start) + b"\n"

    def _died(self) -> None:
        self._lose(self._id, "the process of its worker died")
