"""The command line in a directory of its own, and a server for the commands that talk to one."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.coordinator.cli.command import Command
from tests.coordinator.in_process import HELLO
from tests.headrace_process import HeadraceProcess


@pytest.fixture
def headrace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run commands in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return Command(monkeypatch, capsys)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadraceProcess]:
    """Serve one flow, and ask for tokens."""
    directory = tmp_path_factory.mktemp("server")
    with HeadraceProcess(directory, {"hello": HELLO}, HEADRACE_REQUIRE_AUTH="true") as process:
        yield process


@pytest.fixture
def beside(headrace: Command, server: HeadraceProcess) -> Command:
    """Run commands as the same user on the same machine as the server: the data directory is all they know."""
    headrace.env(HEADRACE_DATA=str(server.data))
    return headrace


@pytest.fixture
def unused_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
