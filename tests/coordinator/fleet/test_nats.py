"""The connection to NATS, with a nats-server of our own or with somebody else's."""

import asyncio
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from coordinator.fleet.nats import open_nats
from coordinator.fleet.nats_server import NatsServerTaken, nats_server
from coordinator.settings import Settings
from flows.bus.access import NatsAccess
from flows.bus.client import NatsUnavailable, connected
from tests.nats import nats_process

SOON = 15.0


async def test_without_workers_and_without_a_url_there_is_no_nats(tmp_path: Path) -> None:
    async with open_nats(Settings(data=str(tmp_path))) as nats:
        assert nats is None


async def test_workers_bring_a_nats_server_that_lets_in_only_us(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as access:
        async with connected(access, "test") as client:
            await client.jetstream().add_stream(name="runs", subjects=["runs.>"])
            acknowledged = await client.jetstream().publish("runs.one", b"water")
        with pytest.raises(NatsUnavailable, match="Authorization Violation"):
            async with connected(NatsAccess(url=access.url), "stranger", tries=1):
                pass

    configuration = tmp_path / "nats" / "nats-server.conf"
    assert acknowledged.seq == 1
    assert stat.S_IMODE(configuration.stat().st_mode) == 0o600
    assert access.is_local
    assert access.password not in repr(access)


async def test_what_a_stream_acknowledged_is_there_after_the_server_was_killed(tmp_path: Path) -> None:
    back = asyncio.Event()

    async def note() -> None:
        back.set()

    async with nats_server(tmp_path) as access, connected(access, "test", back=note) as client:
        stream = client.jetstream()
        await stream.add_stream(name="runs", subjects=["runs.>"])
        await stream.publish("runs.one", b"water")
        _kill_server(tmp_path)
        await asyncio.wait_for(back.wait(), SOON)

        kept = await asyncio.wait_for(_first(client), SOON)

    assert kept == b"water"


async def test_servers_that_start_at_once_listen_each_at_a_port_of_its_own(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        servers = [nats_server(tmp_path / str(number)) for number in range(6)]
        accesses = await asyncio.gather(*(stack.enter_async_context(server) for server in servers))
        for access in accesses:
            async with connected(access, "test", tries=1) as client:
                assert client.is_connected, "each has a password of its own"

    assert len({access.url for access in accesses}) == len(accesses)


async def test_a_server_whose_port_was_taken_while_it_was_dead_comes_back_there_when_it_is_free(tmp_path: Path) -> None:
    back = asyncio.Event()

    async def note() -> None:
        back.set()

    async with nats_server(tmp_path) as access, connected(access, "test", back=note) as client:
        port = urlsplit(access.url).port
        assert port is not None
        _kill_server(tmp_path)
        with _occupied(port), capture_logs() as logs:  # nothing is awaited before it is, so nobody is faster
            while not _died_twice(logs):  # noqa: ASYNC110  nobody tells that the second life found it taken
                await asyncio.sleep(0.01)
        await asyncio.wait_for(back.wait(), SOON)
        assert client.is_connected


async def test_two_servers_never_write_the_same_streams(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as access:
        with pytest.raises(NatsServerTaken) as caught:
            async with nats_server(tmp_path):
                pass
        async with connected(access, "test", tries=1) as client:
            await client.jetstream().add_stream(name="runs", subjects=["runs.>"])
    async with nats_server(tmp_path):
        pass  # it is free again

    assert str(tmp_path / "nats") in str(caught.value)
    assert "HEADRACE_DATA" in caught.value.fix


def test_no_server_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom coordinator.fleet.nats_server import nats_server\n"
        "async def main():\n    async with nats_server(Path(sys.argv[1])):\n"
        "        print('ready', flush=True)\n        await asyncio.sleep(600)\nasyncio.run(main())\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        (child,) = _servers(tmp_path)
        gone = os.pidfd_open(child)
        parent.kill()
        ended, _, _ = select.select([gone], [], [], SOON)
        os.close(gone)

    assert ended


@pytest.mark.parametrize("user", ["", "tester"], ids=["nobody is asked", "users are asked"])
async def test_a_server_on_the_network_has_to_ask_who_is_there(tmp_path: Path, user: str) -> None:
    with nats_process(tmp_path, host="0.0.0.0", user=user) as server:
        if user:
            async with connected(server.access, "test") as client:
                assert client.is_connected
        else:
            with pytest.raises(NatsUnavailable, match="lets anybody in"):
                async with connected(server.access, "test"):
                    pass


async def test_a_server_that_does_not_let_us_in_is_not_asked_for_ever(tmp_path: Path) -> None:
    with nats_process(tmp_path) as server, pytest.raises(NatsUnavailable) as caught:
        async with asyncio.timeout(SOON), connected(NatsAccess(url=server.access.url), "stranger"):
            pass

    where = server.access.url.removeprefix("nats://")
    assert str(caught.value).startswith(f"NATS at {where} does not let us in: ")
    assert "HEADRACE_NATS_USER" in caught.value.fix


async def test_a_server_that_is_not_there_is_named_and_its_password_is_not() -> None:
    access = NatsAccess(url="nats://somebody:canary123@127.0.0.1:1")

    with pytest.raises(NatsUnavailable) as caught:
        async with connected(access, "test", tries=2):
            pass

    assert str(caught.value).startswith("NATS at 127.0.0.1:1 cannot be used: ")
    assert "canary123" not in str(caught.value)


async def _first(client: object) -> bytes:
    from nats.errors import TimeoutError as NatsTimeoutError
    from nats.js.errors import APIError

    while True:
        with suppress(APIError, NatsTimeoutError):
            message = await client.jetstream().get_msg("runs", seq=1)  # type: ignore[attr-defined]
            data: bytes = message.data
            return data


@contextmanager
def _occupied(port: int) -> Iterator[None]:
    """Listen at the port, as soon as it is free, and say nothing."""
    deadline = time.monotonic() + SOON
    while True:
        try:
            listener = socket.create_server(("127.0.0.1", port))
        except OSError:
            assert time.monotonic() < deadline
        else:
            with listener:
                yield
            return


def _died_twice(logs: list[Any]) -> bool:
    return any(event["event"] == "a child process died" and event["failures"] == 2 for event in logs)


def _kill_server(data: Path) -> None:
    for pid in _servers(data):
        os.kill(pid, signal.SIGKILL)


def _servers(data: Path) -> list[int]:
    """Return the nats-servers that were started with the configuration in this directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments = (process / "cmdline").read_bytes().split(b"\0")
            if arguments[0].endswith(b"nats-server") and str(data / "nats" / "nats-server.conf").encode() in arguments:
                found.append(int(process.name))
    return found
