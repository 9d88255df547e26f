"""Look every few seconds whether flows, tokens or settings changed, here on disk or in the database, and take it in.

Where the database tells of changes (`coordinator.db.notices`), it is looked at at once.

When nothing changed a tick costs one small query and a look at what the kernel reports of the flow directory.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from coordinator.catalog.catalog import Catalog
from coordinator.db.engine import Database
from coordinator.logs import get_logger
from coordinator.scrub import scrub_text

Refresh = Callable[[int], Awaitable[object]]
"""Takes the counter of a topic and reads the topic again if it moved."""

log = get_logger(__name__)


class Resync:
    """The job that keeps this coordinator the same as its files and its database.

    `others` are what changes besides flows: `{"tokens": tokens.refresh, "settings": ...}`.
    """

    def __init__(self, database: Database, catalog: Catalog, others: Mapping[str, Refresh] | None = None) -> None:
        self._database = database
        self._catalog = catalog
        self._others = dict(others or {})
        self._lock = asyncio.Lock()
        self._prompted = asyncio.Event()
        self.database_error = ""
        """Why the database could not be asked at the last tick; empty while all is well."""

    def prompt(self) -> None:
        """Look soon, and once for all who asked until then."""
        self._prompted.set()

    @asynccontextmanager
    async def prompted(self) -> AsyncIterator[None]:
        """Look whenever `prompt` was called, until the block ends."""
        looking = asyncio.create_task(self._look_when_prompted(), name="resync when prompted")
        try:
            yield
        finally:
            async with self._lock:  # not in the middle of a transaction
                looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def tick(self) -> bool:
        """Look once; say whether the flows changed.  Without the database, files are still followed."""
        async with self._lock:
            return await self._tick()

    async def _look_when_prompted(self) -> None:
        while True:
            await self._prompted.wait()
            self._prompted.clear()
            try:
                await self.tick()
            except Exception:
                log.exception("looking at what changed failed")

    async def _tick(self) -> bool:
        generations = await self._generations()
        if generations is None:
            return await self._catalog.refresh(None)
        for topic, refresh in self._others.items():
            await refresh(generations[topic])
        return await self._catalog.refresh(generations["flows"])

    async def _generations(self) -> dict[str, int] | None:
        try:
            generations = await self._database.generations()
        except (SQLAlchemyError, OSError) as error:
            cause = scrub_text(str(getattr(error, "orig", None) or error))
            if not self.database_error:
                log.warning("the database cannot be asked; flows and tokens stay as they are", error=cause)
            self.database_error = cause
            return None
        if self.database_error:
            log.info("the database is back")
        self.database_error = ""
        return generations
