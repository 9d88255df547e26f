"""The coordinator's connection to NATS: to the one that the settings name, else to a nats-server of its own."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from coordinator.fleet.nats_server import nats_server
from coordinator.logs import get_logger
from coordinator.settings import Settings
from flows.bus.access import NatsAccess
from flows.bus.client import connected

if TYPE_CHECKING:
    from flows.bus.direct import DirectClient

Told = Callable[[], Awaitable[None]]
Opened = TypeVar("Opened")

log = get_logger(__name__)


class Nats:
    """An open connection.  `coordinator_id` names this coordinator among all that share the NATS."""

    def __init__(self, client: "DirectClient", access: NatsAccess, coordinator_id: str, *, is_own: bool) -> None:
        self.client = client
        self.access = access
        self.coordinator_id = coordinator_id
        self.is_own = is_own
        self._when_lost: list[Callable[[], None]] = []
        self._when_back: list[Told] = []

    @property
    def is_up(self) -> bool:
        """Whether NATS can be reached now."""
        return bool(self.client.is_connected)

    def subscribe(self, *, lost: Callable[[], None], back: Told) -> None:
        """Call back when the connection breaks, and when it is there again; then subscriptions may be forgotten."""
        self._when_lost.append(lost)
        self._when_back.append(back)

    async def tell_lost(self) -> None:
        """Tell all that the connection broke."""
        for told in self._when_lost:
            told()

    async def tell_back(self) -> None:
        """Tell all that the connection is there again."""
        for told in self._when_back:
            await told()


@asynccontextmanager
async def open_nats(settings: Settings) -> AsyncIterator[Nats | None]:
    """Connect to NATS for as long as the block runs; None when the settings want a single process.

    Waits until a NATS that others run is there; a lost connection comes back by itself.  Raises NatsUnavailable,
    NoNatsServer.
    """
    access = settings.nats
    if access is not None:
        async with _opened(access, is_own=False) as nats:
            yield nats
    elif settings.workers > 0:
        async with nats_server(Path(settings.data)) as own, _opened(own, is_own=True) as nats:
            yield nats
    else:
        yield None


@asynccontextmanager
async def _opened(access: NatsAccess, *, is_own: bool) -> AsyncIterator[Nats]:
    coordinator_id = secrets.token_hex(6)
    opened: list[Nats] = []

    async def lost() -> None:
        for nats in opened:
            await nats.tell_lost()

    async def back() -> None:
        for nats in opened:
            await nats.tell_back()

    async with connected(access, f"headrace coordinator {coordinator_id}", lost=lost, back=back) as client:
        nats = Nats(client, access, coordinator_id, is_own=is_own)
        opened.append(nats)
        yield nats


async def with_jetstream(
    stack: AsyncExitStack, opening: AbstractAsyncContextManager[Opened], otherwise: str
) -> Opened | None:
    """Open what needs JetStream until the stack ends; None where NATS has none, with a warning what is done instead."""
    from nats.errors import NoRespondersError
    from nats.js.errors import ServiceUnavailableError

    try:
        return await stack.enter_async_context(opening)
    except (NoRespondersError, ServiceUnavailableError):
        log.warning(f"NATS has no JetStream, so {otherwise}")
        return None
