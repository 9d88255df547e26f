"""Serve the ASGI application over HTTP until the process is told to stop, then end in order.

On SIGTERM or SIGINT: no new connections, then `drain` (calls finish or are cut off, streams say their last word), then
the connections close.  A second SIGINT does not wait.  Raises CannotListen.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from coordinator.access.guard import App
from coordinator.settings import Settings
from flows.errors import HeadraceError

BACKLOG: Final = 2048
ACCEPTED_AT_ONCE: Final = 16
"""How many connections are taken in one turn of the event loop, which takes one from each socket.

With one socket, a thousand clients that come back at once wait for each other's calls, the last for seconds.
"""
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the pools of common clients and proxies keep a connection, so that they close it first."""
MAX_HEAD_BYTES: Final = 64 * 1024
"""The request line and all headers."""
REQUEST_SECONDS: Final = 60.0
"""How long a request may take to arrive, body included, and a new connection to send anything."""
MAX_HELD_BYTES: Final = 64 * 1024
"""What is written soon instead of at once, for what follows to be written with it."""
PASSED_ON: Final = ("get_extra_info", "is_closing", "pause_reading", "resume_reading", "set_protocol")
"""What else uvicorn does with the transport of a connection."""
CLOSE_SECONDS: Final = 3
"""How long connections may take to send their last bytes, after the calls have ended."""


class CannotListen(HeadraceError):
    """The address to listen on cannot be had."""

    code = "cannot_listen"


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.  Raises CannotListen."""
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
    except OSError as error:
        raise CannotListen(
            f"Headrace cannot listen on {host} port {port}: {os.strerror(error.errno) if error.errno else error}.",
            fix="Stop what uses it, or choose another one with --port or HEADRACE_PORT.",
        ) from error
    listener.setblocking(False)
    return listener


async def serve_until_told(
    app: App,
    listener: socket.socket,
    settings: Settings,
    *,
    drain: Callable[[], Awaitable[None]],
    ready: Callable[[], None],
) -> None:
    """Serve on the socket; `ready` is called when requests are answered, `drain` when the server is to stop."""
    server = _Server(_config(app, settings), drain, ready)
    await server.serve(sockets=[listener, *(listener.dup() for _ in range(ACCEPTED_AT_ONCE - 1))])


def _config(app: App, settings: Settings) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        interface="asgi3",  # it would be guessed wrongly: the guard hands on a coroutine and is none
        http=_BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=CLOSE_SECONDS,
        backlog=BACKLOG,
    )
    config.load()
    return config


class _Server(uvicorn.Server):
    """Leaves the process alive after a signal, so that everything behind the application is closed as well."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], Awaitable[None]], ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain = drain
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        draining = asyncio.ensure_future(self._drain())
        while not draining.done() and not self.force_exit:
            await asyncio.wait([draining], timeout=0.1)
        draining.cancel()
        await super().shutdown(sockets)


class _JoinedWrites(asyncio.Transport):
    """Writes the head and the body of a response as one: a write costs more than it takes to make either."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._write = transport.write
        self._close = transport.close
        self._held: bytes = b""
        self.__dict__.update({name: getattr(transport, name) for name in PASSED_ON})  # without a layer in between

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._held and len(data) <= MAX_HELD_BYTES:
            self._held = bytes(data)
            self._loop.call_soon(self._write_held)
        else:
            held, self._held = self._held, b""
            self._write(held + data)

    def close(self) -> None:
        self._write_held()
        self._close()

    def _write_held(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            if not self.is_closing():  # the client may have gone meanwhile
                self._write(held)


class _BoundedProtocol(HttpToolsProtocol):
    """Refuses a request whose head does not end, and hangs up on one that does not arrive: both would wait forever."""

    _head = 0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_JoinedWrites(transport, self.loop))
        self._patience = self.loop.call_later(REQUEST_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # Looks at the state after each piece: overriding the parser's own events would cost with every request.
        super().data_received(data)
        cycle = self.cycle
        is_in_head = cycle is None or cycle.scope is not self.scope
        if not is_in_head and not cycle.more_body:
            self._head = 0
            if self._patience is not None:
                self._stop_waiting()
            return
        self._head = self._head + len(data) if is_in_head else 0
        if self._head > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The request line and headers are too large.")
        if self._patience is None:
            self._patience = self.loop.call_later(REQUEST_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def bound_port(listener: socket.socket) -> int:
    """Return the port that a socket listens on."""
    address: tuple[Any, ...] = listener.getsockname()
    return int(address[1])
