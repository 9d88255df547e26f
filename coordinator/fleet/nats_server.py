"""Run a nats-server of our own: on loopback, with credentials made at its start, with JetStream in the data directory.

It is ours alone: it ends with this process, also when that is killed.  It chooses its port itself, and keeps it when it
is started again.
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from coordinator.fleet.child import Child
from flows.bus.access import NatsAccess
from flows.errors import HeadraceError

START_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.02
STOP_SECONDS: Final = 5.0
MAX_PENDING: Final = "512MB"
USER: Final = "headrace"
ANY_PORT: Final = -1

CONFIGURATION: Final = """\
# Written by Headrace at each start.
listen: "127.0.0.1:{port}"
ports_file_dir: {ports}
server_name: headrace
max_pending: {max_pending}
logfile: {log}
logfile_size_limit: 10MB
authorization {{ user: "{user}", password: "{password}" }}
jetstream {{
  store_dir: {store}
  # By default it syncs every two minutes: what was acknowledged could be lost.
  sync_interval: always
}}
"""


class NoNatsServer(HeadraceError):
    """There is no nats-server to start, or it did not start."""

    code = "no_nats_server"


class NatsServerTaken(HeadraceError):
    """Another process runs the nats-server of this data directory."""

    code = "nats_server_taken"


class _Ports(msgspec.Struct):
    """What the server writes about where it listens."""

    nats: list[str]


@asynccontextmanager
async def nats_server(data: Path) -> AsyncIterator[NatsAccess]:
    """Run a nats-server that keeps its streams under `data`; it is started again when it dies.

    Raises NoNatsServer, NatsServerTaken.
    """
    server = _Server(find_nats_server(), (data / "nats").absolute())
    await asyncio.to_thread(server.make_directories)
    with _only_one(server.directory):
        await asyncio.to_thread(server.forget_ports)
        await asyncio.to_thread(server.configure, ANY_PORT)
        command = [str(server.binary), "-c", str(server.configuration)]
        async with Child("nats-server", command, stop_seconds=STOP_SECONDS).running() as child:
            port = await _listening(server, child)
            yield NatsAccess(url=f"nats://127.0.0.1:{port}", user=USER, password=server.password)


def find_nats_server() -> Path:
    """Return the nats-server on PATH, else the one that the wheel brought.  Raises NoNatsServer."""
    found = shutil.which("nats-server") or shutil.which("nats-server", path=str(Path(sys.executable).parent))
    if found is None:
        raise NoNatsServer(
            "Workers in processes of their own are reached over NATS, and there is no nats-server here.",
            fix='Install it with `pip install "headrace[fleet]"`, or name a running one with HEADRACE_NATS_URL.',
        )
    return Path(found)


class _Server:
    """The files of our server, and its password."""

    def __init__(self, binary: Path, directory: Path) -> None:
        self.binary = binary
        self.directory = directory
        self.configuration = directory / "nats-server.conf"
        self.log_file = directory / "nats-server.log"
        self.ports = directory / "ports"
        self.password = secrets.token_urlsafe(32)

    def make_directories(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ports.mkdir(mode=0o700, exist_ok=True)

    def configure(self, port: int) -> None:
        """Write what it reads at its next start."""
        text = CONFIGURATION.format(
            port=port,
            ports=_quoted(str(self.ports)),
            user=USER,
            password=self.password,
            max_pending=MAX_PENDING,
            log=_quoted(str(self.log_file)),
            store=_quoted(str(self.directory / "jetstream")),
        )
        _write_private(self.configuration, text)

    def forget_ports(self) -> None:
        """Delete what earlier servers wrote that were killed: process ids come again."""
        for file in self.ports.iterdir():
            file.unlink()

    def port_of(self, pid: int | None) -> int | None:
        """Return where the process listens; None while it does not."""
        try:
            ports = msgspec.json.decode((self.ports / f"{self.binary.name}_{pid}.ports").read_bytes(), type=_Ports)
        except (FileNotFoundError, msgspec.DecodeError):  # not there yet, or not whole
            return None
        return urlsplit(ports.nats[0]).port

    def last_line(self) -> str:
        try:
            lines = self.log_file.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        return f"Its last words: {lines[-1]}" if lines else ""


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Hold the directory: two servers that write the same streams destroy them.  Raises NatsServerTaken."""
    with open(directory / "lock", "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NatsServerTaken(
                f"Another Headrace with workers runs its nats-server in {directory}.",
                fix="Stop it, give this one another HEADRACE_DATA, or let both use one NATS (HEADRACE_NATS_URL).",
            ) from None
        yield


async def _listening(server: _Server, child: Child) -> int:
    """Wait until the server listens, and have it come back at the same port; return that."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while True:
        pid = child.pid
        port = await asyncio.to_thread(server.port_of, pid)
        if port is not None:
            await asyncio.to_thread(server.configure, port)
            if child.pid == pid:  # else it may have chosen anew meanwhile
                return port
        if child.failures or asyncio.get_running_loop().time() > deadline:
            raise NoNatsServer(
                f"The nats-server that Headrace started does not answer. {server.last_line()}".strip(),
                fix=f"{server.log_file} says more.",
            )
        await asyncio.sleep(LOOK_SECONDS)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _write_private(path: Path, text: str) -> None:
    aside = path.with_name(f"{path.name}.new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    aside.replace(path)
