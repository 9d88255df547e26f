"""Delete runs that are older, or more, than the settings keep.  Runs as a job, a slice at a time."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import delete, select

from coordinator.db.engine import Database
from coordinator.db.tables import runs as table
from coordinator.logs import get_logger
from coordinator.runs.queries import first_id_at
from coordinator.settings import Settings

SLICE_ROWS: Final = 1000
"""So many rows are deleted in one transaction, so that writers need not wait long."""
SECONDS_A_DAY: Final = 86_400

log = get_logger(__name__)


async def delete_old_runs(
    database: Database, settings: Settings, clock: Callable[[], float] = time.time, *, slice_rows: int = SLICE_ROWS
) -> int:
    """Delete what is past `history_days` or beyond `history_max_rows`; return how many rows went."""
    oldest = first_id_at(int((clock() - settings.history_days * SECONDS_A_DAY) * 1000))
    async with database.read() as connection:
        newest_too_many = await connection.scalar(
            select(table.c.id).order_by(table.c.id.desc()).offset(settings.history_max_rows).limit(1)
        )
    # The ids before this one go: too old, or older than the newest `history_max_rows`.
    end = max(oldest, f"{newest_too_many}~" if newest_too_many else "")
    deleted = await _delete_before(database, end, slice_rows)
    if deleted:
        log.info("old runs deleted", runs=deleted)
    return deleted


async def _delete_before(database: Database, end: str, slice_rows: int) -> int:
    deleted = 0
    some = select(table.c.id).where(table.c.id < end).order_by(table.c.id).limit(slice_rows)
    while True:
        async with database.write() as connection:
            count = (await connection.execute(delete(table).where(table.c.id.in_(some)))).rowcount
        deleted += count
        if count < slice_rows:
            return deleted
        await asyncio.sleep(0)
