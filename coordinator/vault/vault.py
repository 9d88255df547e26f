"""Keep secrets in the table `secrets`, and move them to a new key.

Callers bring the transaction, so that a secret is written together with what it belongs to.  A secret has a place, for
example `connection/shop`; nothing but its owner asks for it, and no interface gives it out.

A rotation has three steps, each of which may be the last before a power failure: a new key goes in front of the ring;
every secret is sealed again, a few at a time; the old keys are forgotten once nothing needs them.  While the ring
holds more than one key, another rotation goes on where that one stopped.
"""

import asyncio
from typing import Final

from msgspec import Struct
from sqlalchemy import Select, delete, insert, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.db.engine import Database, hold
from coordinator.db.tables import secrets as table
from coordinator.logs import get_logger
from coordinator.vault.key_source import VARIABLE, KeySource
from coordinator.vault.keys import FORMAT
from flows.errors import Conflict

BATCH: Final = 100
TOPIC: Final = "connections"
"""Whoever writes a secret holds this topic, so that no key is forgotten under a secret that is just being written."""

log = get_logger(__name__)


class Rotation(Struct, frozen=True, kw_only=True):
    """What a rotation did.  `is_finished` is False where the operator still has to take old keys away."""

    key: str
    secrets: int
    is_finished: bool


class Vault:
    """The secrets of the installation."""

    def __init__(self, database: Database, keys: KeySource) -> None:
        self._database = database
        self._keys = keys
        self._rotating = asyncio.Lock()

    async def put(self, connection: AsyncConnection, place: str, value: bytes) -> None:
        """Write a secret inside a transaction that may write; an older one of that place is gone."""
        await hold(connection, TOPIC)
        sealed = self._keys.ring().seal(place, value)
        changed = await connection.execute(update(table).where(table.c.place == place).values(sealed=sealed))
        if not changed.rowcount:
            await connection.execute(insert(table).values(place=place, sealed=sealed))

    async def get(self, connection: AsyncConnection, place: str) -> bytes | None:
        """Read a secret; None when there is none.  Raises SecretUnreadable."""
        sealed = await connection.scalar(select(table.c.sealed).where(table.c.place == place))
        return None if sealed is None else self._keys.ring().open(place, sealed)

    async def remove(self, connection: AsyncConnection, place: str) -> None:
        """Delete a secret, if it is there."""
        await connection.execute(delete(table).where(table.c.place == place))

    async def rotate(self) -> Rotation:
        """Seal every secret with a new key, and forget the old ones.  Raises Conflict, SecretUnreadable."""
        async with self._rotating:
            ring = self._keys.ring()
            if len(ring.ids) == 1:
                if self._keys.is_variable:
                    raise Conflict(
                        f"The key is in {VARIABLE}, where Headrace cannot change it.",
                        fix=f"Set {VARIABLE} to NEW,OLD, restart, and run this again.",
                    )
                ring = self._keys.add()
            count = 0
            while moved := await self._move_some(ring.current):
                count += moved
            await self._forget_old_keys(ring.current)
        log.info("vault key rotated", key=ring.current, secrets=count)
        return Rotation(key=ring.current, secrets=count, is_finished=not self._keys.is_variable)

    async def _move_some(self, current: str) -> int:
        """Seal some secrets of other keys with the current one; return how many."""
        async with self._database.write() as connection:
            await hold(connection, TOPIC)
            rows = (await connection.execute(_of_other_keys(current).limit(BATCH))).all()
            ring = self._keys.ring()
            for place, sealed in rows:
                moved = ring.seal(place, ring.open(place, sealed))
                await connection.execute(update(table).where(table.c.place == place).values(sealed=moved))
            return len(rows)

    async def _forget_old_keys(self, current: str) -> None:
        if self._keys.is_variable:
            return
        async with self._database.write() as connection:
            await hold(connection, TOPIC)
            if (await connection.execute(_of_other_keys(current).limit(1))).first() is None:
                self._keys.keep_newest()


def _of_other_keys(current: str) -> Select[str, str]:
    own = table.c.sealed.startswith(f"{FORMAT}.{current}.", autoescape=True)
    return select(table.c.place, table.c.sealed).where(not_(own)).order_by(table.c.place)
