"""A real nats-server for tests: on a loopback port of its own, gone afterwards, and able to die and come back."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coordinator.fleet.nats_server import find_nats_server
from flows.bus.access import NatsAccess
from tests.servers import free_port

START_SECONDS = 20.0


class NatsProcess:
    """One nats-server with one user.  `kill` and `start` again make an outage."""

    def __init__(self, directory: Path, *arguments: str, host: str = "127.0.0.1", user: str = "tester") -> None:
        self.port = free_port()
        who = ["--user", user, "--pass", "secret"] if user else []
        binary = str(find_nats_server())
        self._command = [binary, "-a", host, "-p", str(self.port), *who, "-js", "-sd", str(directory), *arguments]
        self.access = NatsAccess(url=f"nats://{host}:{self.port}", user=user, password="secret" if user else "")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a coordinator or worker that uses it."""
        access = self.access
        given = {"URL": access.url, "USER": access.user, "PASSWORD": access.password}
        return {f"HEADRACE_NATS_{name}": value for name, value in given.items() if value}

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert self._process.poll() is None, "nats-server ended"
                assert time.monotonic() < deadline, "nats-server does not listen"
                time.sleep(0.02)

    def reload(self) -> None:
        """Let it read its configuration again."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """Let it die without a word."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()


@contextmanager
def nats_process(
    directory: Path, *arguments: str, host: str = "127.0.0.1", user: str = "tester"
) -> Iterator[NatsProcess]:
    """Run a nats-server."""
    server = NatsProcess(directory, *arguments, host=host, user=user)
    server.start()
    try:
        yield server
    finally:
        server.kill()
