"""The open database of a connection, shared by all steps that query it."""

from functools import partial

from flows.connections import require_kind
from flows.sdk import StepContext
from flows.sql import Database, open_database


async def database_of(name: str, context: StepContext) -> Database:
    """Return the database of a connection; the first step opens it."""
    connection = require_kind(context.connection(name), "sql", "sql")
    key = ("sql", connection.name, connection.version)
    database: Database | None = context.resources.peek(key)
    if database is not None:
        return database
    return await context.resources.get(key, partial(open_database, connection), _close)


async def _close(database: Database) -> None:
    await database.close()
