"""Look every few seconds whether flows, tokens or settings changed, here on disk or in the database, and take it in.

When nothing changed a tick costs one small query and a look at what the kernel reports of the flow directory.
"""

from collections.abc import Awaitable, Callable, Mapping

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
        self.database_error = ""
        """Why the database could not be asked at the last tick; empty while all is well."""

    async def tick(self) -> bool:
        """Look once; say whether the flows changed.  Without the database, files are still followed."""
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
