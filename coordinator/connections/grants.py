"""Keep the OAuth tokens of connections fresh: one refresh at a time, whoever asks, in whichever process.

In a process, all who need a token wait for the same task.  Between processes a lease in the database decides: it is
taken by a conditional UPDATE, ends by itself, and has a number, so that whoever held it too long writes nothing.  Those
who did not get it look again until the token is there.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.connections.provider import (
    Answer,
    GrantRefused,
    Provider,
    ProviderFailed,
    is_interactive,
    sign_in_again,
)
from coordinator.connections.states import Application
from coordinator.db.engine import Database, bump, hold
from coordinator.db.tables import oauth_grants as table
from coordinator.logs import get_logger
from coordinator.vault.vault import TOPIC, Vault
from flows.errors import StepError

LEASE_SECONDS: Final = 30.0
"""Longer than a provider is given to answer."""
EARLY_SECONDS: Final = 60.0
"""A token is replaced so long before it ends, or after four fifths of its time if that is later."""
QUIET_SECONDS: Final = 5.0
"""How long nobody asks a provider again that failed."""
LOOK_SECONDS: Final = 0.1

log = get_logger(__name__)


class Held(Struct, frozen=True, kw_only=True):
    """A token in memory.  `good_until` is in milliseconds since the epoch.  Never shown by `repr`."""

    version: int
    access: str
    good_until: int | None

    def __repr__(self) -> str:
        return f"Held(version={self.version})"


class Kept(Struct, frozen=True, kw_only=True):
    """Tokens as the vault keeps them."""

    access: str
    refresh: str = ""
    good_until: int | None = None

    def __repr__(self) -> str:
        return "Kept()"


class GrantHealth(Struct, frozen=True, kw_only=True):
    """What may be shown of a sign-in.  Times are in milliseconds since the epoch."""

    signed_in: bool
    refreshed: int | None
    expires: int | None
    error: str


async def _nobody() -> None:
    """Tell nobody."""


class Grants:
    """The tokens of all connections.  `changed` is awaited when somebody signed in, or a sign-in was lost."""

    def __init__(
        self, database: Database, vault: Vault, provider: Provider, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._vault = vault
        self._provider = provider
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._renewing: dict[str, asyncio.Task[Held]] = {}
        self.changed: Callable[[], Awaitable[None]] = _nobody

    async def token(self, application: Application, *, refused: int = 0) -> Held:
        """Return a token that is good now and newer than the one that was `refused`.  Raises StepError."""
        name = application.connection
        held = self._held.get(name)
        if held is not None and self._is_good(held, refused):
            return held
        while True:
            if (renewing := self._renewing.get(name)) is None:
                renewing = asyncio.create_task(self._renew(application, refused))
                self._renewing[name] = renewing
                renewing.add_done_callback(lambda task: self._renewed(name, task))
            # Shielded: a caller who gives up must not leave the others without the token that is on its way.
            held = await asyncio.shield(renewing)
            if held.version > refused:  # fresh from the provider, it is used once however short its life
                return held

    def forget(self, name: str) -> None:
        """Read the token from the database when it is needed next."""
        self._held.pop(name, None)

    async def keep(self, application: Application, answer: Answer) -> None:
        """Keep the tokens of a sign-in; a refresh that is under way comes too late."""
        name = application.connection
        async with self._database.write() as connection:
            await hold(connection, TOPIC)
            row = await _row(connection, name, make=True)
            await self._write(connection, row, answer, lease=row.lease + 1)
            await bump(connection, TOPIC)
        self.forget(name)
        log.info("connection signed in", connection=name)
        await self.changed()

    async def remove(self, connection: AsyncConnection, name: str) -> None:
        """Forget the sign-in of a connection, inside a transaction."""
        await connection.execute(delete(table).where(table.c.connection == name))
        await self._vault.remove(connection, _place(name))
        self.forget(name)

    async def signed_in(self, connection: AsyncConnection) -> frozenset[str]:
        """Return the names of the connections that have a sign-in which is not lost."""
        statement = select(table.c.connection).where(table.c.version > 0, table.c.is_lost.is_(False))
        return frozenset((await connection.scalars(statement)).all())

    async def health(self, name: str) -> GrantHealth:
        """Say how the sign-in of a connection is."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(table).where(table.c.connection == name))).one_or_none()
        if row is None:
            return GrantHealth(signed_in=False, refreshed=None, expires=None, error="")
        has_token = row.version > 0 and not row.is_lost
        return GrantHealth(signed_in=has_token, refreshed=row.refreshed, expires=row.expires, error=row.error)

    async def close(self) -> None:
        """Wait for refreshes under way: their tokens must be written."""
        await asyncio.gather(*self._renewing.values(), return_exceptions=True)

    # -- one refresh -----------------------------------------------------------------------------------------------

    async def _renew(self, application: Application, refused: int) -> Held:
        while True:
            found = await self._claim(application, refused)
            if isinstance(found, Held):
                return found
            if found is not None:
                lease, kept = found
                if (held := await self._refresh(application, lease, kept)) is not None:
                    return held
            else:
                await asyncio.sleep(LOOK_SECONDS)  # another process refreshes, and can tell us in no other way

    async def _claim(self, application: Application, refused: int) -> Held | tuple[int, Kept | None] | None:
        """Return a good token, or a lease with what there is to refresh, or None while another has the lease."""
        name, now = application.connection, self._now()
        async with self._database.write() as connection:
            await hold(connection, TOPIC)
            row = await _row(connection, name, make=not is_interactive(application))
            kept = await self._kept(connection, name)
            if row is None or row.is_lost or (kept is None and is_interactive(application)):
                raise _not_signed_in(name, "" if row is None else row.error)
            if kept is not None:
                held = Held(version=row.version, access=kept.access, good_until=kept.good_until)
                if self._is_good(held, refused):
                    self._held[name] = held
                    return held
            if row.quiet_until > now:
                raise ProviderFailed(row.error, fix="Try again in a few seconds.", retryable=True)
            until = now + int(LEASE_SECONDS * 1000)
            take = update(table).where(
                table.c.connection == name, table.c.lease == row.lease, table.c.lease_until <= now
            )
            taken = await connection.execute(take.values(lease=row.lease + 1, lease_until=until))
            return (row.lease + 1, kept) if taken.rowcount else None

    async def _refresh(self, application: Application, lease: int, kept: Kept | None) -> Held | None:
        """Ask the provider and write what it says; None when the lease was lost meanwhile."""
        try:
            answer = await self._answer(application, kept)
        except StepError as error:
            if not await self._failed(application.connection, lease, error):
                return None
            raise
        async with self._database.write() as connection:
            await hold(connection, TOPIC)
            row = await _row(connection, application.connection, make=False)
            if row is None or row.lease != lease:
                return None
            held = await self._write(connection, row, answer, lease=lease)
        self._held[application.connection] = held
        log.info("token refreshed", connection=application.connection, version=held.version)
        return held

    async def _answer(self, application: Application, kept: Kept | None) -> Answer:
        if not is_interactive(application):
            return await self._provider.with_own_credentials(application)
        if kept is None or not kept.refresh:
            name = application.connection
            raise GrantRefused(
                f"The token of connection {name!r} has ended, and the provider gave none to refresh it with.",
                fix=sign_in_again(name),
                is_lost=True,
            )
        return await self._provider.with_refresh_token(application, kept.refresh)

    async def _failed(self, name: str, lease: int, error: StepError) -> bool:
        """Note why there is no token, and give the lease back; False when it was another's already."""
        is_lost = isinstance(error, GrantRefused) and error.is_lost
        quiet_until = self._now() + int(QUIET_SECONDS * 1000)
        note = update(table).where(table.c.connection == name, table.c.lease == lease)
        values = note.values(error=error.message, is_lost=is_lost, quiet_until=quiet_until, lease_until=0)
        async with self._database.write() as connection:
            written = await connection.execute(values)
            if written.rowcount and is_lost:
                await bump(connection, TOPIC)
        if written.rowcount:
            log.warning("token not refreshed", connection=name, error=error.message)
            if is_lost:
                await self.changed()
        return bool(written.rowcount)

    async def _write(self, connection: AsyncConnection, row: Row[Any], answer: Answer, *, lease: int) -> Held:
        now = self._now()
        good_until = None if answer.lifetime is None else now + _good_for(answer.lifetime)
        kept = Kept(access=answer.access, refresh=answer.refresh, good_until=good_until)
        await self._vault.put(connection, _place(row.connection), msgspec.json.encode(kept))
        change = update(table).where(table.c.connection == row.connection)
        await connection.execute(
            change.values(
                version=row.version + 1,
                expires=None if answer.lifetime is None else now + int(answer.lifetime * 1000),
                refreshed=now,
                error="",
                is_lost=False,
                quiet_until=0,
                lease=lease,
                lease_until=0,
            )
        )
        return Held(version=row.version + 1, access=answer.access, good_until=good_until)

    async def _kept(self, connection: AsyncConnection, name: str) -> Kept | None:
        raw = await self._vault.get(connection, _place(name))
        return None if raw is None else msgspec.json.decode(raw, type=Kept)

    def _is_good(self, held: Held, refused: int) -> bool:
        return held.version > refused and (held.good_until is None or self._now() < held.good_until)

    def _renewed(self, name: str, task: asyncio.Task[Held]) -> None:
        self._renewing.pop(name, None)
        if not task.cancelled():
            task.exception()  # seen here, so that a failure nobody waited for is not reported as lost

    def _now(self) -> int:
        return int(self._clock() * 1000)


async def _row(connection: AsyncConnection, name: str, *, make: bool) -> Any:
    found = (await connection.execute(select(table).where(table.c.connection == name))).one_or_none()
    if found is None and make:
        new = {"version": 0, "error": "", "is_lost": False, "quiet_until": 0, "lease": 0, "lease_until": 0}
        await connection.execute(insert(table).values(connection=name, **new))
        return await _row(connection, name, make=False)
    return found


def _good_for(lifetime: float) -> int:
    """Return for how many milliseconds a token is used."""
    return int(max(lifetime - EARLY_SECONDS, lifetime * 0.8) * 1000)


def _not_signed_in(name: str, error: str) -> GrantRefused:
    return GrantRefused(
        error or f"Nobody has signed in for connection {name!r} yet.", fix=sign_in_again(name).replace(" again", "", 1)
    )


def _place(name: str) -> str:
    return f"grant/{name}"
