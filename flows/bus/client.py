"""A connection to NATS that is opened once and comes back by itself for as long as the process lives."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from flows.bus.access import NatsAccess
from flows.errors import HeadraceError

if TYPE_CHECKING:
    from nats.aio.client import Client

    from flows.bus.direct import DirectClient

CONNECT_SECONDS: Final = 2
RECONNECT_SECONDS: Final = 0.25
PING_SECONDS: Final = 5
REFUSED: Final = "authorization violation"
"""What NATS says to somebody whom it does not know; waiting does not change that."""
OTHER_NAME: Final = frozenset({62, 64})
"""How OpenSSL says that a certificate is good, but for another name or address."""

WAITING: Final = ". Waiting for it"
FORBIDDEN: Final = "permissions violation"
FORBIDDEN_ADVICE: Final = ". Its user may not do that: a worker uses the subjects of its own --name, see docs/fleet.md"

MAX_BUFFERED_BYTES: Final = 64 * 1024 * 1024
"""What waits in this process while NATS is away or slow; more is refused."""

Told = Callable[[], Awaitable[None]]

log = logging.getLogger(__name__)


class NatsUnavailable(HeadraceError):
    """NATS cannot be used."""

    code = "nats_unavailable"


@asynccontextmanager
async def connected(
    access: NatsAccess, name: str, *, lost: Told | None = None, back: Told | None = None, tries: int = -1
) -> AsyncIterator["DirectClient"]:
    """Connect, and close at the end.  `name` is what NATS shows of us.

    Waits until NATS is there, however long, or fails after so many `tries`, or when it does not let us in.
    `lost` and `back` are told when the connection breaks and when it is there again.  Raises NatsUnavailable.
    """
    from flows.bus.direct import DirectClient

    client = DirectClient(over_websocket=access.is_over_websocket, has_certificate=bool(access.cert))
    watch = _Watch(access, lost, back, lambda: client.connect(**access.options(), **options))
    options: dict[str, Any] = {
        "name": name,
        "connect_timeout": CONNECT_SECONDS,
        "reconnect_time_wait": RECONNECT_SECONDS,
        "max_reconnect_attempts": -1,
        "ping_interval": PING_SECONDS,
        "pending_size": MAX_BUFFERED_BYTES,
        "error_cb": watch.failed,
        "disconnected_cb": watch.lost,
        "reconnected_cb": watch.back,
        "closed_cb": watch.closed,
    }
    try:
        connecting = asyncio.ensure_future(client.connect(**access.options(), **options))
    except (OSError, ValueError) as error:
        message = f"What NATS is to be reached with cannot be used: {error}."
        raise NatsUnavailable(message, fix="Check the nats_* settings and the files that they name.") from error
    watch.give_up = (tries, connecting)
    try:
        await connecting
        _refuse_open(client, access)
        watch.is_up = True
        yield client
    except asyncio.CancelledError:
        if watch.refusal is None:
            raise
        raise watch.refusal from None
    finally:
        watch.is_closing = True
        connecting.cancel()
        if watch.reopening is not None:
            watch.reopening.cancel()
        await _close(client)


async def _close(client: "Client") -> None:
    if not client.is_closed:
        try:
            await client.close()
        except (OSError, RuntimeError) as error:  # NATS is away: the library writes to a transport that is closed
            log.debug("what waited for NATS was not sent: %s", error)
    transport: Any = client._transport  # the library leaves it open when a try to connect is broken off
    if transport is not None:
        transport.close()
        with suppress(Exception):
            await transport.wait_closed()


def _refuse_open(client: "Client", access: NatsAccess) -> None:
    """Refuse a server on the network that asks nobody who he is: credentials of connections travel over it."""
    said: dict[str, Any] = client._server_info  # the library has no other way to ask
    if not access.is_local and not said.get("auth_required") and not said.get("tls_verify"):
        raise NatsUnavailable(
            f"NATS at {', '.join(access.places)} lets anybody in, and others can reach it.",
            fix="Give it users (authorization in its configuration), or listen on 127.0.0.1 only.",
        )


def _refusal(where: str, error: Exception, cause: str) -> NatsUnavailable | None:
    """Return what to tell about an error that waiting does not mend."""
    from flows.bus.direct import NoCertificate, NotEncrypted

    if REFUSED in cause.lower():
        return NatsUnavailable(
            f"NATS at {where} does not let us in: {cause}.",
            fix="Say who this is with HEADRACE_NATS_USER and HEADRACE_NATS_PASSWORD, or another nats_* setting.",
        )
    if isinstance(error, NotEncrypted):
        return NatsUnavailable(
            f"NATS at {where} is to be reached over TLS, and {cause}.",
            fix="Give it a certificate, or name it without tls:// and without HEADRACE_NATS_CA and HEADRACE_NATS_CERT.",
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        if error.verify_code in OTHER_NAME:
            fix = "Name it in HEADRACE_NATS_URL as its certificate does."
        else:
            fix = "Name the file of the authority that vouches for it with HEADRACE_NATS_CA."
        return NatsUnavailable(f"The certificate of NATS at {where} is not believed: {why}.", fix=fix)
    if isinstance(error, NoCertificate) or (isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "")):
        return NatsUnavailable(
            f"NATS at {where} does not let us in: {cause}.",
            fix="Show it a certificate that it trusts with HEADRACE_NATS_CERT and HEADRACE_NATS_KEY.",
        )
    return None


class _Watch:
    """Says what happens to a connection, each thing once."""

    def __init__(self, access: NatsAccess, lost: Told | None, back: Told | None, connect: Told) -> None:
        self._where = ", ".join(access.places)
        self._lost = lost
        self._back = back
        self._connect = connect
        self._said: set[str] = set()
        self._failures = 0
        self.is_up = False
        self.is_closing = False
        self.give_up: tuple[int, asyncio.Future[None]] | None = None
        self.refusal: NatsUnavailable | None = None
        self.reopening: asyncio.Task[None] | None = None

    async def failed(self, error: Exception) -> None:
        """Take an error; each is said once until the connection is back."""
        cause = str(error) or type(error).__name__
        is_waited_for = not self.is_up and self.give_up is not None and not self._gives_up(error, cause)
        if cause not in self._said and not self.is_closing:
            self._said.add(cause)
            advice = WAITING if is_waited_for else FORBIDDEN_ADVICE if FORBIDDEN in cause.lower() else ""
            log.warning("NATS at %s: %s%s", self._where, cause, advice)

    def _gives_up(self, error: Exception, cause: str) -> bool:
        """Count a failure before the first connection; give up when it was the last, or waiting does not help."""
        self._failures += 1
        tries, connecting = self.give_up or (-1, None)
        if connecting is None or self.refusal is not None:
            return True
        self.refusal = _refusal(self._where, error, cause)
        if self.refusal is None and 0 < tries <= self._failures:
            fix = "Start it, or check the nats_* settings."
            self.refusal = NatsUnavailable(f"NATS at {self._where} cannot be used: {cause}.", fix=fix)
        if self.refusal is not None:
            connecting.cancel()
        return self.refusal is not None

    async def lost(self) -> None:
        """Take that the connection broke."""
        if self.is_closing:
            return
        log.warning("the connection to NATS at %s is lost", self._where)
        if self._lost is not None:
            await self._lost()

    async def back(self) -> None:
        """Take that the connection is there again."""
        self._said.clear()
        log.warning("the connection to NATS at %s is there again", self._where)
        if self._back is not None:
            await self._back()

    async def closed(self) -> None:
        """Take that the library gave up: it does when the server sends an error that it does not know."""
        if self.is_up and not self.is_closing:
            self.reopening = asyncio.create_task(self._reopen(), name="connect to NATS again")

    async def _reopen(self) -> None:
        while True:
            await asyncio.sleep(RECONNECT_SECONDS)
            try:
                await self._connect()
            except Exception as error:
                await self.failed(error)
            else:
                await self.back()
                return
