"""Hear at once that another coordinator changed the shared database: PostgreSQL tells, with LISTEN and NOTIFY.

A notice leaves with the commit of the change (`engine.bump` sends it).  It is only a hint to look now: whoever misses
one finds the change at the next resync, as everybody does on SQLite, which has no such thing.
Source: PostgreSQL documentation, NOTIFY.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from coordinator.db.engine import CHANNEL, Database
from coordinator.logs import get_logger

RETRY_SECONDS: Final = 2.0

log = get_logger(__name__)


@asynccontextmanager
async def listening(database: Database, changed: Callable[[], None]) -> AsyncIterator[None]:
    """Call `changed` whenever anybody, also this coordinator, committed a change, until the block ends."""
    if database.is_sqlite:
        yield
        return
    heard = asyncio.create_task(_listen_for_ever(database, changed), name="listen to the database")
    try:
        yield
    finally:
        heard.cancel()
        with suppress(asyncio.CancelledError):
            await heard


async def _listen_for_ever(database: Database, changed: Callable[[], None]) -> None:
    while True:
        try:
            await _listen(database, changed)
        except (SQLAlchemyError, OSError) as error:
            log.warning("the database does not tell of changes; they are looked for", error=type(error).__name__)
        await asyncio.sleep(RETRY_SECONDS)


async def _listen(database: Database, changed: Callable[[], None]) -> None:
    """Listen until the connection breaks."""
    broken = asyncio.Event()

    def on_notice(*_: Any) -> None:
        changed()

    def on_end(*_: Any) -> None:
        broken.set()

    async with database.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        driver.add_termination_listener(on_end)
        await driver.add_listener(CHANNEL, on_notice)
        changed()  # what was told while nobody listened
        try:
            await broken.wait()
        finally:
            if not broken.is_set():
                driver.remove_termination_listener(on_end)
                await driver.remove_listener(CHANNEL, on_notice)
            else:
                await connection.invalidate()
