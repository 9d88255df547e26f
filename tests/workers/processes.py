"""A worker process, as `headrace worker` starts it, that a test can kill, stop in its tracks, and let go on."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

from tests.nats import NatsProcess

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 20.0


class WorkerProcess:
    """One worker.  Keyword arguments are variables of its environment."""

    def __init__(self, nats: NatsProcess, name: str = "worker", **env: str) -> None:
        self.name = name
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("HEADRACE_")}
        self._env = inherited | nats.environment | {"PYTHONPATH": str(ROOT)} | env
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def __enter__(self) -> "WorkerProcess":
        self._log = tempfile.TemporaryFile()
        command = [sys.executable, "-m", "coordinator.cli", "worker", "--name", self.name]
        self._process = subprocess.Popen(command, env=self._env, stdout=subprocess.DEVNULL, stderr=self._log)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._log is not None
        with self._log:
            self._stop()

    def _stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise RuntimeError(f"the worker {self.name} did not stop within {STOP_SECONDS:g} s") from None

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        """The process."""
        assert self._process is not None, "the worker was not started"
        return self._process

    def log(self) -> str:
        """Everything that it has written to standard error so far."""
        assert self._log is not None, "the worker was not started"
        return os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0).decode()

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end; return how it ended."""
        return await asyncio.to_thread(self.process.wait, STOP_SECONDS)
