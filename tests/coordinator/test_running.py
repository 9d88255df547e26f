"""What a server says when it is ready, and under which address."""

import io
from pathlib import Path

import pytest

from coordinator.running import address_of, announce
from tests.coordinator.in_process import HELLO, coordinator


class Terminal(io.StringIO):
    """A stream with a person in front of it."""

    def isatty(self) -> bool:
        return True


async def test_a_person_reads_where_it_is_and_what_is_open(tmp_path: Path) -> None:
    terminal = Terminal()
    async with coordinator(tmp_path) as headrace:
        announce(headrace.coordinator, terminal)

    lines = terminal.getvalue().splitlines()
    assert lines[1:8] == [
        "  pages   http://127.0.0.1:8080",
        "  MCP     http://127.0.0.1:8080/mcp",
        "  REST    http://127.0.0.1:8080/api",
        f"  flows   {tmp_path / 'flows'}",
        "  tools   1",
        "  workers in this process",
        "  tokens  not required",
    ]
    assert lines[8].startswith("Calls need no token, because only this machine can reach the server")
    assert lines[9].startswith("Flows may connect to services on this machine")
    assert lines[10] == "The web pages are open to every program on this machine. Make an account to close them."


async def test_problems_of_flows_are_told_at_the_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    broken = HELLO.replace("map:", "mpa:")
    flows = {f"hello{number}": broken.replace("flow: hello", f"flow: hello{number}") for number in range(30)}
    async with coordinator(tmp_path, flows=flows) as headrace:
        announce(headrace.coordinator, io.StringIO())

    told = [record.getMessage() for record in caplog.records if "flow.unknown-step" in record.getMessage()]
    assert len(told) == 20
    assert "and 10 more problems; GET /api/problems lists all" in caplog.text


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("localhost", "http://localhost:80"),
        ("::1", "http://[::1]:80"),
        ("[::1]", "http://[::1]:80"),
    ],
)
def test_the_address_is_written_as_in_a_url(host: str, url: str) -> None:
    assert address_of(host, 80) == url


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_for_all_networks_is_written_as_one_that_others_can_use(host: str) -> None:
    assert "0.0.0.0" not in address_of(host, 80)
    assert "[::]" not in address_of(host, 80)
