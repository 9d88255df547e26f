"""Store packs by content, and installs with all their versions.

Every change is one transaction that counts as a change of flows, so that all coordinators take it in.
"""

import time
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.db.engine import Database, bump
from coordinator.db.tables import pack_install_versions, pack_installs, packs
from flows.errors import Conflict, NotFound
from packs.install import Choices
from packs.pack import Pack

MAX_VERSIONS: Final = 50
"""Versions that are kept of an install; older ones are deleted."""


class InstallVersion(Struct, frozen=True, kw_only=True):
    """A version of an install: the pack and the choices.  `created` is in milliseconds since the epoch."""

    number: int
    digest: str
    choices: Choices
    source: str
    author: str
    created: int


class StoredInstall(Struct, frozen=True, kw_only=True):
    """An install as it is now."""

    name: str
    enabled: bool
    version: InstallVersion


class InstallStore:
    """The tables of packs."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def load(self) -> list[StoredInstall]:
        """Return all installs by name."""
        joined = pack_installs.join(
            pack_install_versions,
            (pack_installs.c.name == pack_install_versions.c.name)
            & (pack_installs.c.number == pack_install_versions.c.number),
        )
        columns = (pack_installs.c.enabled, *pack_install_versions.c)
        statement = select(*columns).select_from(joined).order_by(pack_installs.c.name)
        async with self._database.read() as connection:
            rows = (await connection.execute(statement)).all()
        return [StoredInstall(name=row.name, enabled=row.enabled, version=_version(row)) for row in rows]

    async def files(self, digest: str) -> dict[str, bytes]:
        """Return the files of a pack.  Raises NotFound."""
        async with self._database.read() as connection:
            text: str | None = await connection.scalar(select(packs.c.files).where(packs.c.digest == digest))
        if text is None:
            raise NotFound(f"The pack {digest[:12]} is not stored here.")
        return {name: b64decode(content) for name, content in msgspec.json.decode(text, type=dict[str, str]).items()}

    async def versions(self, name: str) -> list[InstallVersion]:
        """Return the versions of an install, the newest first."""
        table = pack_install_versions
        statement = select(table).where(table.c.name == name).order_by(table.c.number.desc())
        async with self._database.read() as connection:
            return [_version(row) for row in await connection.execute(statement)]

    async def put(
        self,
        name: str,
        pack: Pack,
        choices: Choices,
        *,
        source: str,
        author: str,
        is_new: bool,
        also: Callable[[AsyncConnection], Awaitable[None]] | None = None,
    ) -> None:
        """Make a new version of an install the current one, with what `also` does: both or neither.

        Raises Conflict, NotFound, and what `also` raises.
        """
        now = int(self._clock() * 1000)
        async with self._database.write() as connection:
            await bump(connection, "flows")
            current = await _current(connection, name)
            if is_new and current is not None:
                raise Conflict(f"There is an install {name!r} already.", fix="Choose another name, or upgrade it.")
            if not is_new and current is None:
                raise NotFound(f"There is no install {name!r}.")
            await _keep_pack(connection, pack, now)
            number = (current or 0) + 1
            await connection.execute(
                insert(pack_install_versions).values(
                    name=name,
                    number=number,
                    digest=pack.digest,
                    choices=msgspec.json.encode(choices).decode(),
                    source=source[:200],
                    author=author,
                    created=now,
                )
            )
            if is_new:
                await connection.execute(insert(pack_installs).values(name=name, number=number, enabled=True))
            else:
                chosen = update(pack_installs).where(pack_installs.c.name == name)
                await connection.execute(chosen.values(number=number))
            table = pack_install_versions
            old = (table.c.name == name) & (table.c.number <= number - MAX_VERSIONS)
            await connection.execute(delete(table).where(old))
            await _forget_packs(connection)
            if also is not None:
                await also(connection)

    async def switch(self, name: str, *, enabled: bool) -> None:
        """Switch an install on or off.  Raises NotFound."""
        async with self._database.write() as connection:
            await bump(connection, "flows")
            statement = update(pack_installs).where(pack_installs.c.name == name).values(enabled=enabled)
            if not (await connection.execute(statement)).rowcount:
                raise NotFound(f"There is no install {name!r}.")

    async def remove(self, name: str) -> None:
        """Remove an install with all its versions.  Raises NotFound."""
        async with self._database.write() as connection:
            await bump(connection, "flows")
            gone = await connection.execute(delete(pack_installs).where(pack_installs.c.name == name))
            if not gone.rowcount:
                raise NotFound(f"There is no install {name!r}.")
            await connection.execute(delete(pack_install_versions).where(pack_install_versions.c.name == name))
            await _forget_packs(connection)


async def _current(connection: AsyncConnection, name: str) -> int | None:
    number: int | None = await connection.scalar(select(pack_installs.c.number).where(pack_installs.c.name == name))
    return number


async def _keep_pack(connection: AsyncConnection, pack: Pack, now: int) -> None:
    if await connection.scalar(select(packs.c.digest).where(packs.c.digest == pack.digest)) is not None:
        return
    files = {name: b64encode(content).decode() for name, content in pack.files.items()}
    manifest = pack.manifest
    values = {"digest": pack.digest, "name": manifest.name, "version": manifest.version, "created": now}
    await connection.execute(insert(packs).values(files=msgspec.json.encode(files).decode(), **values))


async def _forget_packs(connection: AsyncConnection) -> None:
    """Delete packs of which no install has a version."""
    used = select(pack_install_versions.c.digest)
    await connection.execute(delete(packs).where(packs.c.digest.not_in(used)))


def _version(row: Any) -> InstallVersion:
    return InstallVersion(
        number=row.number,
        digest=row.digest,
        choices=msgspec.json.decode(row.choices, type=Choices),
        source=row.source,
        author=row.author,
        created=row.created,
    )
