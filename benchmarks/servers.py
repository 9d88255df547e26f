"""Run a server on a core of its own, wait until it gives the right answer, and read what it costs from /proc."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.wire import Request, WrongAnswer, result_of

SERVER_CORE = 0
LOAD_CORE = 1
BOTH_CORES = f"{SERVER_CORE},{LOAD_CORE}"
"""For servers of several processes, whose gain is what is measured."""
START_SECONDS = 120.0
STOP_SECONDS = 15.0
_TICKS = os.sysconf("SC_CLK_TCK")

Check = Callable[[dict[str, Any]], object]
"""Looks at a result; raises WrongAnswer when it is not the right one."""


class ServerFailed(Exception):
    """A server did not come up; the message holds the end of what it printed."""


def on_core(core: int | str, command: Sequence[str]) -> list[str]:
    """Return the command that runs another on one core, or on several with commas between them."""
    return ["taskset", "-c", str(core), *command]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class ServerProcess:
    """A server that runs while it is entered.  `{port}` in the command is replaced."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        path: str = "/mcp",
        env: Mapping[str, str] | None = None,
        cores: int | str = SERVER_CORE,
    ) -> None:
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self._path = path
        self._command = on_core(cores, [part.replace("{port}", str(self.port)) for part in command])
        self._env = {**os.environ, **(env or {})}
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that serves."""
        if self._process is None:
            raise ServerFailed(f"{self.name} does not run.")
        return self._process.pid

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, env=self._env, stdout=log, stderr=subprocess.STDOUT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process: by SIGTERM, after a while by force."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def ask(self, request: Request, path: str = "", timeout: float = 10.0) -> dict[str, Any]:
        """Send one request on a connection of its own and return the result.  Raises WrongAnswer, OSError."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("POST", path or self._path, request.bodies[0], request.headers)
            response = connection.getresponse()
            return result_of(response.status, response.read())
        except http.client.HTTPException as error:
            raise WrongAnswer(repr(error)) from error
        finally:
            connection.close()

    def wait_until(self, request: Request, check: Check, pause: float = 0.05) -> float:
        """Ask until the right answer comes; return the seconds that it took.  Raises ServerFailed."""
        started = time.monotonic()
        while True:
            try:
                check(self.ask(request))
                return time.monotonic() - started
            except (OSError, WrongAnswer) as error:
                self._give_up(started, error)
            time.sleep(pause)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process so far."""
        return cpu_seconds(self.pid)

    def memory_mb(self) -> float:
        """Return the resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def open_files(self) -> int:
        """Return how many file descriptors are open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def printed(self) -> str:
        """Return the end of what the server printed."""
        return self._log.read_text(errors="replace")[-1500:]

    def _give_up(self, started: float, error: Exception) -> None:
        if self._process is None or self._process.poll() is not None:
            raise ServerFailed(f"{self.name} ended: {self.printed()}") from error
        if time.monotonic() - started > START_SECONDS:
            raise ServerFailed(f"{self.name} gives no right answer: {error}\n{self.printed()}") from error


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process used so far, in user and system mode.  Source: proc_pid_stat(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
