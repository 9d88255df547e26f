"""Keep a child process running: start it, start it again when it dies, stop it at the end.

No child outlives its parent, not even one that is killed: the kernel ends the child (Linux), and a child that reads
its standard input sees it end (everywhere).
"""

import asyncio
import ctypes
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from coordinator.logs import get_logger

FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 15.0
HEALTHY_SECONDS: Final = 30.0
"""Who lived so long is started again at once when he dies."""
_PR_SET_PDEATHSIG: Final = 1

log = get_logger(__name__)


class Child:
    """One child process.  `stdin` makes what it is given to read; its standard input stays open as long as we live.

    `died` is told of every end that nobody asked for.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        stdin: Callable[[], bytes] | None = None,
        stop_seconds: float,
        died: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self._command = command
        self._stdin = stdin
        self._stop_seconds = stop_seconds
        self._died = died
        self._process: Process | None = None
        self._stopping = False
        self.failures = 0
        """How often it died since it last was well."""

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is not running."""
        process = self._process
        return None if process is None or process.returncode is not None else process.pid

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Child"]:
        """Keep it running until the block ends, then stop it."""
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        keeping = asyncio.create_task(self._keep(started), name=f"keep {self.name} running")
        try:
            await started
            yield self
        finally:
            await self.stop()
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping

    async def stop(self) -> None:
        """Ask it to end, and kill it when it does not."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), self._stop_seconds)
        except TimeoutError:
            log.warning("a child process does not stop, so it is killed", child=self.name, pid=process.pid)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _keep(self, started: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping:
            try:
                began = loop.time()
                process = self._process = await self._start()
            except OSError as error:
                if not started.done():
                    started.set_exception(error)
                    return
                log.exception("a child process cannot be started", child=self.name)
                self.failures += 1
            else:
                if not started.done():
                    started.set_result(None)
                code = await process.wait()
                if self._stopping:
                    return
                self.failures = 1 if loop.time() - began > HEALTHY_SECONDS else self.failures + 1
                log.error("a child process died", child=self.name, pid=process.pid, code=code, failures=self.failures)
                self._died()
            await asyncio.sleep(_wait_before(self.failures))

    async def _start(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=DEVNULL if self._stdin is None else PIPE,
            stdout=DEVNULL,
            # Ctrl-C in a terminal goes to the parent, which stops its children in order.
            start_new_session=True,
            # Settings are ours: among them the key of the vault, and passwords.
            env={name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")},
            **_end_with_parent(),
        )
        if self._stdin is not None and process.stdin is not None:
            process.stdin.write(self._stdin())
        return process


def _wait_before(failures: int) -> float:
    """Return how long to wait before the next start: the first is at once, then twice as long each time."""
    return 0.0 if failures <= 1 else min(FIRST_WAIT_SECONDS * 2.0 ** (failures - 2), LONGEST_WAIT_SECONDS)


def _end_with_parent() -> dict[str, Any]:
    if not sys.platform.startswith("linux"):
        return {}
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    return {"preexec_fn": ask_kernel}
