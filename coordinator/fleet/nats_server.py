"""Run a nats-server of our own: on loopback, with credentials made at its start, with JetStream in the data directory.

It is ours alone: it ends with this process, also when that is killed.
"""

import asyncio
import os
import secrets
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from coordinator.fleet.child import Child
from flows.bus.access import NatsAccess
from flows.errors import HeadraceError

START_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.02
STOP_SECONDS: Final = 5.0
MAX_PENDING: Final = "512MB"
USER: Final = "headrace"

CONFIGURATION: Final = """\
# Written by Headrace at each start.
listen: "127.0.0.1:{port}"
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


@asynccontextmanager
async def nats_server(data: Path) -> AsyncIterator[NatsAccess]:
    """Run a nats-server that keeps its streams under `data`; it is started again when it dies.  Raises NoNatsServer."""
    binary = find_nats_server()
    directory = data / "nats"
    await asyncio.to_thread(directory.mkdir, mode=0o700, parents=True, exist_ok=True)
    port, password = _free_port(), secrets.token_urlsafe(32)
    configuration, log_file = directory / "nats-server.conf", directory / "nats-server.log"
    text = CONFIGURATION.format(
        port=port,
        user=USER,
        password=password,
        max_pending=MAX_PENDING,
        log=_quoted(str(log_file.absolute())),
        store=_quoted(str(directory.absolute() / "jetstream")),
    )
    await asyncio.to_thread(_write_private, configuration, text)
    async with Child(
        "nats-server", [str(binary), "-c", str(configuration)], stop_seconds=STOP_SECONDS
    ).running() as child:
        await _wait_until_it_listens(port, child, log_file)
        yield NatsAccess(url=f"nats://127.0.0.1:{port}", user=USER, password=password)


def find_nats_server() -> Path:
    """Return the nats-server on PATH, else the one that the wheel brought.  Raises NoNatsServer."""
    found = shutil.which("nats-server") or shutil.which("nats-server", path=str(Path(sys.executable).parent))
    if found is None:
        raise NoNatsServer(
            "Workers in processes of their own are reached over NATS, and there is no nats-server here.",
            fix='Install it with `pip install "headrace[fleet]"`, or name a running one with HEADRACE_NATS_URL.',
        )
    return Path(found)


def _free_port() -> int:
    # Chosen here and not by the server, so that it comes back at the same address after a restart.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


async def _wait_until_it_listens(port: int, child: Child, log_file: Path) -> None:
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            if child.failures or asyncio.get_running_loop().time() > deadline:
                raise NoNatsServer(
                    f"The nats-server that Headrace started does not answer. {_last_line(log_file)}".strip(),
                    fix=f"{log_file} says more.",
                ) from error
            await asyncio.sleep(LOOK_SECONDS)
        else:
            writer.close()
            return


def _last_line(log_file: Path) -> str:
    try:
        lines = log_file.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return f"Its last words: {lines[-1]}" if lines else ""
