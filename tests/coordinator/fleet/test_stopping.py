"""SIGTERM to a server with workers of its own: calls under way get their answer, or a word; nothing stays behind."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.coordinator.fleet.support import SOON, call, children_of, still_there, text_of, until_workers
from tests.headrace_process import HeadraceProcess, write_flows

pytestmark = pytest.mark.processes

ASKING = """\
flow: asking
description: Ask a service that takes its time.
input: {{mcp_tool: {{}}}}
steps: [{{id: answer, http: {{url: '{url}'}}}}, {{map: "${{{{ answer.body }}}}"}}]
"""


class Service:
    """A service that answers when it may.  `gone` says that whoever asked did not wait for it."""

    def __init__(self) -> None:
        self.asked, self.may, self.gone = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        hung_up, may = asyncio.ensure_future(reader.read()), asyncio.ensure_future(self.may.wait())
        await asyncio.wait((hung_up, may), return_when=asyncio.FIRST_COMPLETED)
        if may.done():
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\ndone")
        else:
            self.gone.set()
        may.cancel()
        writer.close()
        await hung_up


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    listener = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
    async with listener:
        yield made


@asynccontextmanager
async def in_the_middle_of_a_call(
    folder: Path, service: Service, grace: str
) -> AsyncIterator[tuple[HeadraceProcess, asyncio.Task[Any], list[int]]]:
    """Run a server with a worker, and a call that the service holds up."""
    flows = write_flows(folder, {"asking": ASKING.format(url=service.url)})
    server = HeadraceProcess(folder, flows, HEADRACE_WORKERS="1", HEADRACE_SHUTDOWN_GRACE=grace)
    async with server:
        await asyncio.to_thread(until_workers, server, {"worker-1"})
        calling = asyncio.create_task(asyncio.to_thread(call, server, "asking"))
        await asyncio.wait_for(service.asked.wait(), SOON)
        yield server, calling, children_of(server.pid)


async def until_logged(server: HeadraceProcess, event: str) -> None:
    async with asyncio.timeout(SOON):
        while f'"event": "{event}"' not in server.log():  # noqa: ASYNC110  a log tells nobody
            await asyncio.sleep(0.02)


async def ended(server: HeadraceProcess) -> int:
    """Wait for its end, and do not tell it again."""
    async with asyncio.timeout(SOON):
        while (code := server.returncode) is None:  # noqa: ASYNC110  it was started elsewhere
            await asyncio.sleep(0.02)
    return code


async def test_a_call_that_a_worker_runs_finishes_within_the_grace(tmp_path: Path, service: Service) -> None:
    async with in_the_middle_of_a_call(tmp_path, service, "15s") as (server, calling, children):
        os.kill(server.pid, signal.SIGTERM)
        await until_logged(server, "stopping")
        service.may.set()
        status, _, answer = await asyncio.wait_for(calling, SOON)
        code = await ended(server)

    assert (status, text_of(answer)) == (200, "done")
    assert code == 0
    assert len(children) == 2, "a worker and a nats-server"
    assert not still_there(children)
    assert "Traceback" not in server.log()


async def test_a_call_that_outlasts_the_grace_is_stopped_and_its_caller_is_told(
    tmp_path: Path, service: Service
) -> None:
    async with in_the_middle_of_a_call(tmp_path, service, "300ms") as (server, calling, children):
        os.kill(server.pid, signal.SIGTERM)
        status, _, answer = await asyncio.wait_for(calling, SOON)
        await asyncio.wait_for(service.gone.wait(), SOON)
        code = await ended(server)

    assert status == 200
    assert answer["result"]["isError"]
    assert "[stopping]" in text_of(answer)
    assert code == 0
    assert not still_there(children)
    assert "Traceback" not in server.log()
