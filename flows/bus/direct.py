"""The connection to NATS without detours: messages are written at once, and heard in the turn in which they arrive.

The library hands each message on through four tasks and queues, which costs several times what the message does.  It
still does everything else: it finds a server, signs in, pings, connects again, and speaks JetStream.
Source: NATS client protocol.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from urllib.parse import ParseResult

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.aio.transport import Transport

CRLF: Final = b"\r\n"
HEAD: Final = "NATS/1.0"
MAX_UNSENT_BYTES: Final = 8 * 1024 * 1024
"""What the socket may be behind before messages wait for it elsewhere."""
NO_LIMIT: Final = 0

ENCRYPTED: Final = "tls"
"""Under this name the library keeps a TLS context, and it is the scheme of servers that are to be encrypted."""

Listener = Callable[[str, bytes, bytes], None]
"""Takes the subject of a message, its head (empty for most) and its data."""

log = logging.getLogger(__name__)


class NotEncrypted(OSError):
    """The server does not encrypt, and was to.  An OSError, because the library tries again after those."""

    def __init__(self) -> None:
        super().__init__("it does not encrypt (it has no tls in its configuration)")


class NoCertificate(OSError):
    """The server lets in only those who show a certificate, and we have none."""

    def __init__(self) -> None:
        super().__init__("it asks for a certificate, and there is none to show")


class Sorter:
    """Cuts what a server sends: whole messages go to their listeners, by the ids of subscriptions.  Touches no I/O."""

    def __init__(self, listeners: Mapping[bytes, Listener]) -> None:
        self._listeners = listeners
        self._parts: list[bytes] = []
        self._held = 0
        self._needed = 0

    def take(self, data: bytes) -> bytes:
        """Take what arrived; return what is for nobody here, once it is whole."""
        if self._parts:
            self._parts.append(data)
            self._held += len(data)
            if self._held < self._needed:
                return b""
            data = b"".join(self._parts)
            self._parts = []
        others: list[bytes] = []
        at, end = 0, len(data)
        while at < end:
            body = data.find(CRLF, at) + 2
            if body < 2:
                self._keep(data[at:], end - at + 1)
                break
            has_head = data.startswith(b"HMSG ", at)
            if not has_head and not data.startswith(b"MSG ", at):
                others.append(data[at:body])
                at = body
                continue
            words = data[at:body].split()
            after = body + int(words[-1]) + 2
            if after > end:
                self._keep(data[at:], after - at)
                break
            listener = self._listeners.get(words[2])
            if listener is None:
                others.append(data[at:after])
            else:
                start = body + int(words[-2]) if has_head else body
                _tell(listener, words[1].decode(), data[body:start], data[start : after - 2])
            at = after
        return b"".join(others)

    def _keep(self, rest: bytes, needed: int) -> None:
        self._parts = [rest]
        self._held = len(rest)
        self._needed = needed


def _tell(listener: Listener, subject: str, head: bytes, data: bytes) -> None:
    try:
        listener(subject, head, data)
    except Exception:
        log.exception("a message on %s could not be taken", subject)


class _Protocol(asyncio.StreamReaderProtocol):
    """Gives listeners what is theirs, and the library the rest."""

    def __init__(self, reader: asyncio.StreamReader, listeners: Mapping[bytes, Listener]) -> None:
        super().__init__(reader)
        self._sort = Sorter(listeners).take

    def data_received(self, data: bytes) -> None:
        others = self._sort(data)
        if others:
            super().data_received(others)

    def eof_received(self) -> bool:
        super().eof_received()
        return False  # who says no more hears no more; over TLS nothing else is possible


class DirectTransport(Transport):
    """Implements the library's way to a server over TCP and TLS, with listeners of our own."""

    def __init__(self) -> None:
        self.listeners: dict[bytes, Listener] = {}
        self._open: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []  # below TLS lies the plain one

    @property
    def unsent(self) -> int:
        """How many bytes wait for the socket."""
        return self._writer.transport.get_write_buffer_size()

    @property
    def is_closing(self) -> bool:
        """Whether nothing can be written any more."""
        return self._writer.is_closing()

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: float) -> None:
        """Open a connection.  Raises OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(buffer_size, loop)
        protocol = _Protocol(reader, self.listeners)
        async with asyncio.timeout(connect_timeout):
            transport, _ = await loop.create_connection(lambda: protocol, uri.hostname or "", uri.port or 0)
        self._open = [(reader, asyncio.StreamWriter(transport, protocol, reader, loop))]

    async def connect_tls(
        self, uri: str | ParseResult, ssl_context: ssl.SSLContext, buffer_size: int, connect_timeout: float
    ) -> None:
        """Encrypt the open connection.  Raises OSError, TimeoutError."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(buffer_size, loop)
        protocol = _Protocol(reader, self.listeners)
        hostname = uri if isinstance(uri, str) else uri.hostname
        plain = self._writer.transport
        try:
            async with asyncio.timeout(connect_timeout):
                transport: Any = await loop.start_tls(plain, protocol, ssl_context, server_hostname=hostname)
        except BaseException:
            plain.abort()
            self._open = []  # its protocol is not told of the end any more, so nobody may wait for that
            raise
        self._open.append((reader, asyncio.StreamWriter(transport, protocol, reader, loop)))

    @property
    def is_encrypted(self) -> bool:
        """Whether what is written is encrypted."""
        return len(self._open) > 1

    def write(self, payload: bytes) -> None:
        """Write soon."""
        self._writer.write(payload)

    def writelines(self, payload: Iterable[bytes]) -> None:
        """Write one after the other, soon."""
        self._writer.writelines(payload)

    async def drain(self) -> None:
        """Wait until the socket keeps up.  Raises OSError."""
        await self._writer.drain()

    async def read(self, buffer_size: int) -> bytes:
        """Read what is there, if it is for nobody else.  Raises OSError."""
        return await self._reader.read(buffer_size)

    async def readline(self) -> bytes:
        """Read a line.  Raises OSError."""
        return await self._reader.readline()

    def at_eof(self) -> bool:
        """Whether the server said its last word."""
        return not self._open or self._reader.at_eof()

    def close(self) -> None:
        """Close the connection."""
        if self._open:
            self._writer.close()

    async def wait_closed(self) -> None:
        """Wait until it is closed.  Raises OSError."""
        if self._open:
            await self._writer.wait_closed()

    def __bool__(self) -> bool:
        """Always, so that the library takes no other way."""
        return True

    @property
    def _reader(self) -> asyncio.StreamReader:
        return self._open[-1][0]

    @property
    def _writer(self) -> asyncio.StreamWriter:
        return self._open[-1][1]


class DirectClient(Client):
    """The library's client, which also tells and hears directly, except over WebSockets."""

    def __init__(self, *, over_websocket: bool = False, has_certificate: bool = False) -> None:
        super().__init__()
        self._has_certificate = has_certificate
        self._direct = None if over_websocket else DirectTransport()
        self._transport = self._direct
        self._told: list[bytes] = []

    async def connect(self, *args: Any, **options: Any) -> None:
        """Connect as the library does: a client that was closed has forgotten its subscriptions, and their ids."""
        if self._direct is not None:
            self._direct.listeners.clear()
        await super().connect(*args, **options)

    def _connect_command(self) -> bytes:
        """Say who we are, but not in the open: the library encrypts only when the server asks for it."""
        server, direct = self._current_server, self._direct
        is_wanted = ENCRYPTED in self.options or (server is not None and server.uri.scheme == ENCRYPTED)
        if is_wanted and direct is not None and not direct.is_encrypted:
            raise NotEncrypted
        if self._server_info.get("tls_verify") and not self._has_certificate:
            raise NoCertificate  # it would hang up on us, mostly without a word
        command: bytes = super()._connect_command()
        return command

    def tell(self, subject: str, data: bytes, reply: str = "") -> bool:
        """Write a message in this turn of the event loop.

        False, and nothing is written, for one that has to wait or to be cut.  Raises ValueError for a subject that is
        none.
        """
        direct = self._direct
        if direct is None or not self.is_connected or self._pending or direct.unsent > MAX_UNSENT_BYTES:
            return False
        if len(data) > self.max_payload:
            return False
        head = f"PUB {subject} {reply} {len(data)}"
        if len(head.split()) != (4 if reply else 3):
            raise ValueError(f"{subject!r} or {reply!r} is no subject.")
        if not self._told:
            asyncio.get_running_loop().call_soon(self._write_told)
        self._told += (head.encode(), CRLF, data, CRLF)
        return True

    def _write_told(self) -> None:
        """Write what was told meanwhile as one: a write costs more than most messages do."""
        told = b"".join(self._told)
        self._told.clear()
        if self._direct is not None and self.is_connected and not self._direct.is_closing:
            self._direct.write(told)
        else:  # the connection broke in this very turn: the library sends what it holds when it is there again
            self._pending.append(told)
            self._pending_data_size += len(told)

    async def hear(self, subject: str, listener: Listener) -> Subscription:
        """Give all messages on a subject to a listener, which must not wait."""

        async def take(message: Msg) -> None:
            status = (message.headers or {}).get("Status", "")
            listener(message.subject, f"{HEAD} {status}".encode() if status else b"", message.data)

        subscription = await self.subscribe(subject, cb=take, pending_msgs_limit=NO_LIMIT, pending_bytes_limit=NO_LIMIT)
        if self._direct is not None:
            self._direct.listeners[str(subscription._id).encode()] = listener
        return subscription

    async def hear_no_more(self, subscription: Subscription) -> None:
        """End what `hear` began."""
        if self._direct is not None:
            self._direct.listeners.pop(str(subscription._id).encode(), None)
        if not self.is_closed:
            await subscription.unsubscribe()

    def hears(self, subscription: Subscription) -> bool:
        """Whether the library still knows a subscription: it forgets them when it is closed."""
        return subscription in self._subs.values()
