"""The protocol in front of the application: requests that do not arrive hold no connection."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvloop
from uvicorn.server import ServerState

from coordinator import serving
from coordinator.settings import Settings

SECONDS = 5
HEAD = b"POST / HTTP/1.1\r\nhost: localhost\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the body, once it is there."""
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": body})
            return


async def hasty(scope: Any, receive: Any, send: Any) -> None:
    """Answer without the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"no"})


@asynccontextmanager
async def connection(app: Any = echo) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = serving._config(app, Settings())
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}),  # type: ignore[call-arg, operator, union-attr]
        "127.0.0.1",
        0,
    )
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()
        await server.wait_closed()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.1)


PARTS = {
    "nothing": b"",
    "half a line": b"PO",
    "half a head": HEAD,
    "no body": HEAD + b"content-length: 2\r\n\r\n",
    "half a body": HEAD + b"content-length: 2\r\n\r\nx",
    "chunks without end": HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n",
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("sent", PARTS.values(), ids=PARTS)
async def test_a_request_that_does_not_arrive_ends_its_connection(sent: bytes) -> None:
    async with connection() as (reader, writer):
        writer.write(sent)

        async with asyncio.timeout(SECONDS):
            assert await reader.read() == b""


@pytest.mark.usefixtures("impatient")
async def test_a_body_that_drips_in_ends_its_connection_even_after_the_answer() -> None:
    async with connection(hasty) as (reader, writer):
        writer.write(HEAD + b"content-length: 1000000\r\n\r\n")

        async def drip() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(0.01)  # the pace of the attack

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(SECONDS):
            answer = await reader.readuntil(b"no")
            with suppress(ConnectionError):  # what was still under way is answered by a reset
                assert await reader.read() == b""
        dripping.cancel()

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.usefixtures("impatient")
async def test_a_connection_that_waits_for_its_next_request_is_kept() -> None:
    async with connection() as (reader, writer), asyncio.timeout(SECONDS):
        for _ in range(2):
            writer.write(HEAD + b"content-length: 2\r\n\r\n")
            writer.write(b"ok")
            answer = await reader.readuntil(b"ok")
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            await asyncio.sleep(0.2)  # twice as long as a request may take


async def test_the_head_of_an_answer_comes_with_its_body() -> None:
    async with connection() as (reader, writer), asyncio.timeout(SECONDS):
        writer.write(HEAD + b"content-length: 2\r\n\r\nok")

        answer = await reader.read(100_000)

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nok")


async def test_each_part_of_a_stream_comes_before_the_next_one_is_made() -> None:
    read = asyncio.Event()

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one", b"two", b"x" * 1_000_000):
            await read.wait()
            read.clear()
            await send({"type": "http.response.body", "body": part, "more_body": True})

    async with connection(stream) as (reader, writer), asyncio.timeout(SECONDS):
        writer.write(HEAD + b"content-length: 0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        read.set()
        first = await reader.readuntil(b"one\r\n")
        read.set()
        second = await reader.readuntil(b"two\r\n")
        read.set()
        size = await reader.readline()
        third = await reader.readexactly(1_000_000)

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (first, second) == (b"3\r\none\r\n", b"3\r\ntwo\r\n")
    assert (int(size, 16), third) == (1_000_000, b"x" * 1_000_000)


CLIENTS = 200


def test_clients_that_come_at_once_do_not_wait_for_each_others_calls() -> None:
    """Counted in answers and not in time: how many the first ones had when the last one got its first."""
    answers: dict[int, int] = {}
    most: list[int] = []

    async def scenario() -> None:
        listener = serving.listen("127.0.0.1", 0)
        ready, done = asyncio.Event(), asyncio.Event()

        async def client(number: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", serving.bound_port(listener))
            while not done.is_set():
                writer.write(HEAD + b"content-length: 2\r\n\r\nok")
                await reader.readuntil(b"ok")
                answers[number] = answers.get(number, 0) + 1
                if len(answers) == CLIENTS:
                    most.append(max(answers.values()))
                    done.set()
            writer.close()

        async def drain() -> None:
            """Nothing is left to do."""

        server = asyncio.create_task(serving.serve_until_told(echo, listener, Settings(), drain=drain, ready=ready.set))
        await ready.wait()
        async with asyncio.timeout(SECONDS * 10):
            await asyncio.gather(*map(client, range(CLIENTS)))
        os.kill(os.getpid(), signal.SIGTERM)
        await server

    uvloop.run(scenario())  # the loop of the server, which takes one connection a turn

    assert most[0] < CLIENTS / 2
