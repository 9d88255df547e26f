"""One side of the conversation over NATS: listens on subjects, sends messages whole and in order."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from msgspec import MsgspecError, Struct

from flows.wire import Decoder, Joiner, encoded, pieces

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

MAX_PIECE_BYTES: Final = 512 * 1024
"""Smaller than NATS allows by default, so that a large message does not keep small ones waiting."""
BYTES_BETWEEN_FLUSHES: Final = 8 * 1024 * 1024
NO_LIMIT: Final = 0

Handle = Callable[[Any, str], Awaitable[None]]
"""Takes a message, and the subject that it came on."""
Nobody = Callable[[str], None]

log = logging.getLogger(__name__)


class Link:
    """Sends and receives.  `nobody` is told the subject for answers of messages for which nobody listened."""

    def __init__(self, client: "Client", nobody: Nobody = lambda _subject: None) -> None:
        self._client = client
        self._nobody = nobody
        self._heard: dict[str, tuple[Callable[[Msg], Awaitable[None]], Subscription]] = {}
        self._outbox: deque[tuple[str, Struct]] = deque()
        self._posting: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether NATS can be reached now."""
        return bool(self._client.is_connected)

    @asynccontextmanager
    async def listening(self, subject: str, decode: Decoder, handle: Handle) -> AsyncIterator[None]:
        """Give every message on a subject to `handle`, one after the other, until the block ends."""
        joiner = Joiner()

        async def take(message: "Msg") -> None:
            data = joiner.take(message.data)
            if not data:
                if message.headers and message.headers.get("Status") == "503":
                    self._nobody(message.subject)
                return
            try:
                decoded = decode(data)
            except MsgspecError as error:
                log.warning("a message on %s was not understood: %s", message.subject, error)
                return
            await handle(decoded, message.subject)

        await self._listen(subject, take)
        await self._client.flush()  # whoever is told of us from now on reaches us
        try:
            yield
        finally:
            _, subscription = self._heard.pop(subject)
            if not self._client.is_closed:
                await subscription.unsubscribe()

    async def listen_again(self) -> None:
        """Listen as before on a connection that was closed and opened anew: that one forgot its subscriptions."""
        known = set(self._client._subs.values())  # the library does not say so in another way
        for subject, (take, subscription) in list(self._heard.items()):
            if subscription not in known:
                await self._listen(subject, take)

    async def _listen(self, subject: str, take: "Callable[[Msg], Awaitable[None]]") -> None:
        subscription = await self._client.subscribe(
            subject, cb=take, pending_msgs_limit=NO_LIMIT, pending_bytes_limit=NO_LIMIT
        )
        self._heard[subject] = take, subscription

    async def send(self, subject: str, message: Struct, reply: str = "") -> int:
        """Send a message after all that were posted; return how many bytes it has.

        Raises UnicodeEncodeError, TooLarge, and errors of the client.
        """
        data = encoded(message)
        while self._posting is not None:
            await asyncio.wait([self._posting])
        if len(data) <= MAX_PIECE_BYTES:
            await self._client.publish(subject, data, reply)
        else:
            await self._send_pieces(subject, data, reply)
        return len(data)

    def post(self, subject: str, message: Struct) -> None:
        """Send a message soon, in the order of posting; what cannot be sent is logged."""
        self._outbox.append((subject, message))
        if self._posting is None:
            self._posting = asyncio.get_running_loop().create_task(self._post_all())

    async def _post_all(self) -> None:
        try:
            while self._outbox:
                subject, message = self._outbox.popleft()
                try:
                    data = encoded(message)
                    await self._send_pieces(subject, data, "")
                except Exception as error:
                    log.warning("a message to %s could not be sent: %s", subject, error)
        finally:
            self._posting = None

    async def _send_pieces(self, subject: str, data: bytes, reply: str) -> None:
        most = min(MAX_PIECE_BYTES, self._client.max_payload)
        unflushed = 0
        for piece in pieces(data, most):
            await self._client.publish(subject, piece, reply)
            unflushed += len(piece)
            if unflushed > BYTES_BETWEEN_FLUSHES:
                unflushed = 0
                await self._client.flush()
