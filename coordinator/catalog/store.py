"""Store flows of the API, the versions of all flows, and which flows are switched off.

Every change is one transaction that first counts the change: other coordinators see it, and wait for one another.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.catalog.entries import Origin
from coordinator.db.engine import Database, bump, hold
from coordinator.db.tables import flow_switches, flow_versions, flows
from flows.errors import Conflict, NotFound

MAX_VERSIONS: Final = 200
"""Versions that are kept of a flow; older ones are deleted."""
NAMES_AT_A_TIME: Final = 500
MAX_NUMBER: Final = 2**31 - 1  # what the column of version numbers holds


class StoredFlow(Struct, frozen=True, kw_only=True):
    """A flow of the API.  `updated` is in milliseconds since the epoch."""

    name: str
    digest: str
    text: str
    author: str
    updated: int


class VersionInfo(Struct, frozen=True, kw_only=True):
    """A version in a list.  `created` is in milliseconds since the epoch, `file` where it came from."""

    number: int
    digest: str
    origin: Origin
    file: str
    author: str
    created: int


class Version(Struct, frozen=True, kw_only=True):
    """A version with its text."""

    info: VersionInfo
    text: str


class FileVersion(Struct, frozen=True, kw_only=True):
    """A version that was read from a file."""

    name: str
    digest: str
    text: str
    file: str


class FlowStore:
    """The tables of the catalog."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def generation(self) -> int:
        """Return the counter of changes to flows."""
        return (await self._database.generations())["flows"]

    async def load(self) -> tuple[list[StoredFlow], frozenset[str]]:
        """Return all flows of the API, and the names of the flows of any origin that are switched off."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(flows).order_by(flows.c.name))).all()
            off = select(flow_switches.c.name).where(flow_switches.c.enabled.is_(False))
            names = (await connection.scalars(off)).all()
        found = [
            StoredFlow(name=row.name, digest=row.digest, text=row.text, author=row.author, updated=row.updated)
            for row in rows
        ]
        return found, frozenset(names)

    async def put(self, name: str, digest: str, text: str, *, expected: str | None, author: str) -> int:
        """Store a flow and its version; return the counter.  Raises Conflict when it is not as `expected`.

        `expected` is the digest that the author saw, "" for a flow that must be new, None to write over anything.
        """
        now = self._now()
        async with self._database.write() as connection:
            generation = await bump(connection, "flows")
            await _compare(connection, name, expected)
            values = {"digest": digest, "text": text, "author": author, "updated": now}
            changed = await connection.execute(update(flows).where(flows.c.name == name).values(**values))
            if not changed.rowcount:
                await connection.execute(insert(flows).values(name=name, created=now, **values))
            version = FileVersion(name=name, digest=digest, text=text, file="")
            await _add_versions(connection, [version], "api", author, now)
        return generation

    async def delete(self, name: str, *, expected: str | None) -> int:
        """Delete a flow; its versions stay, so that it can be brought back.  Return the counter."""
        async with self._database.write() as connection:
            generation = await bump(connection, "flows")
            await _compare(connection, name, expected)
            gone = await connection.execute(delete(flows).where(flows.c.name == name))
            if not gone.rowcount:
                raise NotFound(f"There is no flow {name!r}.")
        return generation

    async def switch(self, name: str, *, enabled: bool, author: str) -> int:
        """Switch a flow of any origin on or off; return the counter."""
        values = {"enabled": enabled, "author": author, "changed": self._now()}
        async with self._database.write() as connection:
            generation = await bump(connection, "flows")
            changed = await connection.execute(
                update(flow_switches).where(flow_switches.c.name == name).values(**values)
            )
            if not changed.rowcount:
                await connection.execute(insert(flow_switches).values(name=name, **values))
        return generation

    async def record(self, versions: Sequence[FileVersion]) -> None:
        """Note versions that were read from files, unless they are the newest noted already."""
        now = self._now()
        for start in range(0, len(versions), NAMES_AT_A_TIME):
            async with self._database.write() as connection:
                await hold(connection, "flows")
                await _add_versions(connection, versions[start : start + NAMES_AT_A_TIME], "file", "", now)

    async def versions(self, name: str) -> list[VersionInfo]:
        """Return the versions of a flow, the newest first."""
        statement = select(flow_versions).where(flow_versions.c.name == name).order_by(flow_versions.c.number.desc())
        async with self._database.read() as connection:
            return [_version_info(row) for row in await connection.execute(statement)]

    async def version(self, name: str, number: int) -> Version:
        """Return one version with its text.  Raises NotFound."""
        row = None
        if number <= MAX_NUMBER:
            statement = select(flow_versions).where(flow_versions.c.name == name, flow_versions.c.number == number)
            async with self._database.read() as connection:
                row = (await connection.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(
                f"There is no version {number} of flow {name!r}.",
                fix=f"`headrace flow versions {name}` lists what there is.",
            )
        return Version(info=_version_info(row), text=row.text)

    async def text(self, name: str) -> str:
        """Return the text of a flow of the API.  Raises NotFound."""
        async with self._database.read() as connection:
            text: str | None = await connection.scalar(select(flows.c.text).where(flows.c.name == name))
        if text is None:
            raise NotFound(f"There is no flow {name!r}.")
        return text

    async def last_text(self, name: str, origin: Origin, file: str) -> str | None:
        """Return the newest version that came from this place, None when there is none: it compiled then."""
        statement = (
            select(flow_versions.c.text)
            .where(flow_versions.c.name == name, flow_versions.c.origin == origin, flow_versions.c.file == file)
            .order_by(flow_versions.c.number.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            text: str | None = await connection.scalar(statement)
            return text

    def _now(self) -> int:
        return int(self._clock() * 1000)


async def _compare(connection: AsyncConnection, name: str, expected: str | None) -> None:
    """Compare the flow with what the author saw.  Raises Conflict."""
    current: str | None = await connection.scalar(select(flows.c.digest).where(flows.c.name == name))
    if expected is None or expected == (current or ""):
        return
    if not expected:
        raise Conflict(f"There is a flow {name!r} already.", fix="Choose another name, or open that flow.")
    raise Conflict(
        f"Somebody changed the flow {name!r} meanwhile.", fix="Load it again and bring your change into the new text."
    )


async def _add_versions(
    connection: AsyncConnection, versions: Sequence[FileVersion], origin: Origin, author: str, now: int
) -> None:
    newest = await _newest(connection, [version.name for version in versions])
    rows = []
    for version in versions:
        number, digest = newest.get(version.name, (0, ""))
        if digest == version.digest:
            continue
        newest[version.name] = number + 1, version.digest
        rows.append(
            {
                "name": version.name,
                "number": number + 1,
                "digest": version.digest,
                "text": version.text,
                "origin": origin,
                "file": version.file,
                "author": author,
                "created": now,
            }
        )
        if number >= MAX_VERSIONS:
            old = (flow_versions.c.name == version.name) & (flow_versions.c.number <= number + 1 - MAX_VERSIONS)
            await connection.execute(delete(flow_versions).where(old))
    if rows:
        await connection.execute(insert(flow_versions), rows)


async def _newest(connection: AsyncConnection, names: list[str]) -> dict[str, tuple[int, str]]:
    last = (
        select(flow_versions.c.name, func.max(flow_versions.c.number).label("number"))
        .where(flow_versions.c.name.in_(names))
        .group_by(flow_versions.c.name)
        .subquery()
    )
    statement = select(flow_versions.c.name, flow_versions.c.number, flow_versions.c.digest).join(
        last, (flow_versions.c.name == last.c.name) & (flow_versions.c.number == last.c.number)
    )
    return {name: (number, digest) for name, number, digest in await connection.execute(statement)}


def _version_info(row: Any) -> VersionInfo:
    return VersionInfo(
        number=row.number,
        digest=row.digest,
        origin=row.origin,
        file=row.file,
        author=row.author,
        created=row.created,
    )
