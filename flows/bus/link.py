"""One side of the conversation over NATS: listens on subjects, sends messages whole and in order."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from msgspec import MsgspecError, Struct

from flows.wire import Decoder, Joiner, encoded, pieces

if TYPE_CHECKING:
    from nats.aio.subscription import Subscription

    from flows.bus.direct import DirectClient, Listener

MAX_PIECE_BYTES: Final = 512 * 1024
"""Smaller than NATS allows by default, so that a large message does not keep small ones waiting."""
BYTES_BETWEEN_FLUSHES: Final = 8 * 1024 * 1024
NOBODY_LISTENS: Final = b"NATS/1.0 503"

Handle = Callable[[Any, str], None]
"""Takes a message, and the subject that it came on."""
Nobody = Callable[[str], None]

log = logging.getLogger(__name__)


class Link:
    """Sends and receives.  `nobody` is told the subject for answers of messages for which nobody listened."""

    def __init__(self, client: "DirectClient", nobody: Nobody = lambda _subject: None) -> None:
        self._client = client
        self._nobody = nobody
        self._heard: dict[str, tuple[Listener, Subscription]] = {}
        self._outbox: deque[tuple[str, bytes, str]] = deque()
        self._posting: asyncio.Task[None] | None = None

    @property
    def is_up(self) -> bool:
        """Whether NATS can be reached now."""
        return bool(self._client.is_connected)

    @property
    def is_behind(self) -> bool:
        """Whether messages wait to be sent."""
        return bool(self._outbox)

    @asynccontextmanager
    async def listening(self, subject: str, decode: Decoder, handle: Handle) -> AsyncIterator[None]:
        """Give every message on a subject to `handle` until the block ends."""
        joiner = Joiner()

        def take(came_on: str, head: bytes, piece: bytes) -> None:
            data = joiner.take(piece)
            if not data:
                if head.startswith(NOBODY_LISTENS):
                    self._nobody(came_on)
                return
            try:
                decoded = decode(data)
            except MsgspecError as error:
                log.warning("a message on %s was not understood: %s", came_on, error)
                return
            handle(decoded, came_on)

        self._heard[subject] = take, await self._client.hear(subject, take)
        await self._client.flush()  # whoever is told of us from now on reaches us
        try:
            yield
        finally:
            _, subscription = self._heard.pop(subject)
            await self._client.hear_no_more(subscription)

    async def listen_again(self) -> None:
        """Listen as before on a connection that was closed and opened anew: that one forgot its subscriptions."""
        for subject, (take, subscription) in list(self._heard.items()):
            if not self._client.hears(subscription):
                self._heard[subject] = take, await self._client.hear(subject, take)

    def send(self, subject: str, message: Struct, reply: str = "") -> int:
        """Send a message after all that were sent before, and return how many bytes it has.

        A large one, and what NATS cannot take now, is sent later; should that fail, it is logged.  Raises
        UnicodeEncodeError, TooLarge.
        """
        data = encoded(message)
        if self._outbox or len(data) > MAX_PIECE_BYTES or not self._client.tell(subject, data, reply):
            self._outbox.append((subject, data, reply))
            if self._posting is None:
                self._posting = asyncio.get_running_loop().create_task(self._post_all(), name="send what waits")
        return len(data)

    async def sent(self) -> None:
        """Wait until nothing waits to be sent."""
        if self._posting is not None:
            await asyncio.wait([self._posting])

    async def _post_all(self) -> None:
        try:
            while self._outbox:
                subject, data, reply = self._outbox[0]
                try:
                    await self._post(subject, data, reply)
                except Exception as error:
                    log.warning("a message to %s could not be sent: %s", subject, error)
                self._outbox.popleft()
        finally:
            self._posting = None

    async def _post(self, subject: str, data: bytes, reply: str) -> None:
        unflushed = 0
        for piece in pieces(data, min(MAX_PIECE_BYTES, self._client.max_payload)):
            await self._client.publish(subject, piece, reply)
            unflushed += len(piece)
            if unflushed > BYTES_BETWEEN_FLUSHES:
                unflushed = 0
                await self._client.flush()
