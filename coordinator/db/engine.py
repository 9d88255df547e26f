"""Open the database of a URL, bring it up to date, and give out transactions.

Raises DatabaseUnusable with a sentence for the operator when it cannot be opened.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, func, select, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from coordinator.db.migrate import migrate
from coordinator.db.tables import generations
from coordinator.scrub import mask_url, scrub_text
from flows.errors import HeadraceError

BUSY_TIMEOUT_SECONDS: Final = 10
POOL_SIZE: Final = 5
IDLE_SECONDS: Final = 10
"""How long a transaction in PostgreSQL may do nothing: one whose process was paused must not hold up all others."""
CHANNEL: Final = "headrace"
"""Where PostgreSQL tells of changes; `coordinator.db.notices` listens."""
DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class DatabaseUnusable(HeadraceError):
    """The database cannot be opened, or is not one that this version can work with."""

    code = "database_unusable"


class Database:
    """An open database.  Every statement runs in a transaction of `read` or `write`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(headrace_write=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite, where one transaction writes at a time."""
        return self.engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Give a transaction that sees one state of the database."""
        async with self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Give a transaction that may write; it is committed at the end, or rolled back by an error."""
        async with self._writer.begin() as connection:
            yield connection

    async def generations(self) -> dict[str, int]:
        """Return the change counters by topic: what a coordinator asks to learn whether anything changed."""
        async with self.read() as connection:
            rows = await connection.execute(select(generations.c.topic, generations.c.value))
            return dict(rows.all())

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


async def bump(connection: AsyncConnection, topic: str) -> int:
    """Count a change inside the transaction that makes it; return the new value of the counter."""
    counter = update(generations).where(generations.c.topic == topic).values(value=generations.c.value + 1)
    await connection.execute(counter)
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_notify(CHANNEL, topic)))
    value = await connection.scalar(select(generations.c.value).where(generations.c.topic == topic))
    return int(value or 0)


async def hold(connection: AsyncConnection, topic: str) -> None:
    """Let no other transaction change what belongs to the topic until this one ends."""
    # SQLite lets only one transaction write anyway; there the words FOR UPDATE are left out.
    await connection.execute(select(generations.c.value).where(generations.c.topic == topic).with_for_update())


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[Database]:
    """Open, migrate, and at the end close.  Creates a SQLite file with its directory.  Raises DatabaseUnusable."""
    parsed = _parsed(url)
    database = Database(_engine(parsed))
    try:
        await _bring_up(database, url, parsed.database)
        yield database
    finally:
        await database.close()


async def _bring_up(database: Database, url: str, file: str | None) -> None:
    try:
        if database.is_sqlite and file:
            await asyncio.to_thread(_make_file, Path(file))
        async with database.write() as connection:
            await migrate(connection)
    except (SQLAlchemyError, OSError) as error:
        cause = scrub_text(str(getattr(error, "orig", None) or error).splitlines()[0])
        raise DatabaseUnusable(
            f"The database {mask_url(url)} cannot be used: {cause}.",
            fix="Check HEADRACE_DATABASE_URL, and that the server or the directory is there and may be written.",
        ) from error


def _make_file(path: Path) -> None:
    """Make the file for its owner alone: it holds what people's assistants did."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        return parsed.set(drivername=DRIVERS[parsed.get_backend_name()])
    except (ArgumentError, KeyError) as error:
        raise DatabaseUnusable(
            f"{mask_url(url)[:200]!r} is not the URL of a database.",
            fix="Set HEADRACE_DATABASE_URL to sqlite:///path/to/file.db or postgresql://user:password@host/database.",
        ) from error


def _engine(url: URL) -> AsyncEngine:
    if not url.drivername.startswith("sqlite"):
        limits = {"idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s"}
        return create_async_engine(
            url,
            pool_size=POOL_SIZE,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"server_settings": limits},
        )
    engine = create_async_engine(
        url, pool_size=POOL_SIZE, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_SECONDS}
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver would begin transactions by itself, too late and never for reads; `_begin_sqlite` does it.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # NORMAL may lose the last commits when the power fails.  A revoked token or an edited flow must not come back,
    # and writes are few because they come in batches, so each commit is synced.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # A transaction that reads first and writes later fails at once if another one wrote meanwhile; one that says
    # from the start that it will write waits its turn.
    writes = connection.get_execution_options().get("headrace_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
