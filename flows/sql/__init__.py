"""Databases behind one interface: the URL of a connection becomes a `Database` that runs statements.

A driver is one module: `sqlite`, `postgres`, `mysql`.  Each is imported when the first connection needs it.
"""

from typing import Any, Protocol

from flows.errors import StepError
from flows.sdk import Connection, SqlStatement
from flows.sql.address import parse_address


class Database(Protocol):
    """One database with its pool of connections, shared by all runs of a worker."""

    async def query(self, statement: SqlStatement, *, read_only: bool, max_rows: int, seconds: float) -> dict[str, Any]:
        """Run one statement and return its result as JSON values.

        Rows come back as `{rows, columns, row_count, truncated}`, anything else as `{affected}`, with `last_id` where
        the database has one.  The statement is stopped when the caller is cancelled, or after that many `seconds`.
        Raises StepError (`sql_error`, `read_only`), ConnectionLost, RunTimeout.
        """
        ...

    async def close(self) -> None:
        """Close the pool."""
        ...


async def open_database(connection: Connection) -> Database:
    """Return the database of a connection.  It connects when the first statement is run."""
    address = parse_address(connection.name, connection.url)
    if address.scheme == "sqlite":
        from flows.sql.sqlite import SqliteDatabase

        return SqliteDatabase(connection.name, address)
    if address.scheme in {"postgresql", "postgres"}:
        from flows.sql.postgres import PostgresDatabase

        return PostgresDatabase(connection.name, connection.url)
    if address.scheme in {"mysql", "mariadb"}:
        try:
            from flows.sql.mysql import MysqlDatabase
        except ModuleNotFoundError:
            raise StepError(
                f"Connection {connection.name!r} needs a driver for MySQL, which is not installed.",
                code="missing_dependency",
                fix="Run: pip install 'headrace[mysql]'",
            ) from None
        return MysqlDatabase(connection.name, address)
    raise StepError(
        f"The URL of connection {connection.name!r} is for a database that is not supported.",
        code="invalid_connection",
        fix="Begin it with sqlite:///, postgresql:// or mysql://.",
    )
