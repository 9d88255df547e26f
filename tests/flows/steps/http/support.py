"""A real server on this machine, and the run around a step, for the tests of the `http` step."""

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from flows.errors import StepError
from flows.events import Event
from flows.sdk import Connection, NetworkPolicy, Scope
from flows.steps import _http_client as http_client
from flows.steps.http import HttpConfig, http
from tests.listening import listen

PATIENCE_SECONDS = 5
NO_TYPE = "none/none"
ConfigT = TypeVar("ConfigT")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class OpenResources:
    """Resources as a worker keeps them, without the locking."""

    def __init__(self) -> None:
        self.open: dict[tuple[str, ...], tuple[Any, Callable[[Any], Awaitable[None]]]] = {}

    async def get(
        self,
        key: tuple[str, ...],
        open_resource: Callable[[], Awaitable[Any]],
        close: Callable[[Any], Awaitable[None]],
    ) -> Any:
        if key not in self.open:
            self.open[key] = (await open_resource(), close)
        return self.open[key][0]

    def peek(self, key: tuple[str, ...]) -> Any | None:
        return self.open[key][0] if key in self.open else None

    async def discard(self, key: tuple[str, ...]) -> None:
        if key in self.open:
            resource, close = self.open.pop(key)
            await close(resource)

    async def close(self) -> None:
        for key in list(self.open):
            await self.discard(key)


class Run:
    """The run around the step: what a StepContext offers, with nothing behind what this step never uses."""

    def __init__(self, network: NetworkPolicy, remaining: float = PATIENCE_SECONDS) -> None:
        self.scope: Scope = {"args": {}, "caller": {"name": "ada", "authorization": "Bearer inbound"}}
        self.run_id = "r1"
        self.step_key = "s1"
        self.read_only = False
        self.network = network
        self.resources = OpenResources()
        self.remaining = remaining

    def connection(self, name: str) -> Connection:
        raise NotImplementedError

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        raise NotImplementedError

    def reveal(self, config: ConfigT) -> tuple[ConfigT, tuple[str, ...]]:
        return config, ()

    def evaluate(self, condition: Any, extra: Scope | None = None) -> Any:
        raise NotImplementedError

    async def run_steps(self, steps: Any, extra: Scope | None = None) -> Any:
        raise NotImplementedError

    async def call_flow(self, name: str, args: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def emit(self, event: Event) -> None:
        raise NotImplementedError


class Upstream:
    """A server that notes what it is asked and gives the answer of the test."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.peers: set[Any] = set()
        self.answer: Answer = fixed()
        self.url = ""
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        assert request.transport is not None
        self.peers.add(request.transport.get_extra_info("peername"))
        self.bodies.append(await request.read())
        return await self.answer(request)

    async def start(self, tls: ssl.SSLContext | None = None) -> web.AppRunner:
        application = web.Application(client_max_size=64 * 1024 * 1024)
        application.router.add_route("*", "/{path:.*}", self.handle)
        application.on_response_prepare.append(leave_out_the_type)
        runner, self.url = await listen(application, tls)
        self.port = runner.addresses[0][1]
        return runner


@asynccontextmanager
async def upstream_server(answer: Answer | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    """Run such a server."""
    server = Upstream()
    server.answer = answer or server.answer
    runner = await server.start(tls)
    try:
        yield server
    finally:
        await runner.cleanup()


async def leave_out_the_type(_request: web.Request, response: web.StreamResponse) -> None:
    if response.headers.get("Content-Type") == NO_TYPE:
        del response.headers["Content-Type"]


def fixed(body: Any = "{}", status: int = 200, content_type: str = "application/json", **headers: str) -> Answer:
    """Return an answer with this body; header names with `_` for `-`."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        data = body.encode() if isinstance(body, str) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=data, status=status, headers={**named, "Content-Type": content_type or NO_TYPE})

    return answer


async def ask(run: Run, url: str, **config: Any) -> dict[str, Any]:
    result: dict[str, Any] = await http.run(HttpConfig(url=url, **config), run)
    return result


async def failure(run: Run, url: str, **config: Any) -> StepError:
    with pytest.raises(StepError) as failed:
        await ask(run, url, **config)
    return failed.value


def redirect(location: str, status: int = 302) -> Answer:
    return fixed(b"moved", status, "text/plain", Location=location)


def first_then(first: Answer, then: Answer) -> Answer:
    answers = iter([first])

    async def answer(request: web.Request) -> web.StreamResponse:
        return await next(answers, then)(request)

    return answer


class Answers(AbstractResolver):
    """A name server that answers each question with the next list of addresses; the last one stays."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            {"hostname": host, "host": address, "port": port, "family": 0, "proto": 0, "flags": 0}
            for address in addresses
        ]

    async def close(self) -> None:
        pass


async def resolving(run: Run, resolver: Answers) -> aiohttp.ClientSession:
    """Open the pool of the run with this name server behind it."""
    client = http_client.open_client(run.network, resolver)

    async def opened() -> aiohttp.ClientSession:
        return client

    await run.resources.get(http_client.pool_key(run.network), opened, http_client.close_client)
    return client
