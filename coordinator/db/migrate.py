"""Bring the schema of a database to what this version needs, in one transaction.

Raises SchemaTooNew for a database that a newer Headrace has changed.
"""

from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.errors import HeadraceError

MIGRATIONS: Final = Path(__file__).parent / "migrations"
HEAD: Final = "0006"
"""The newest migration; a test holds it to the directory."""
_LOCK: Final = 7_133_901_550_042
"""Any number: it names the lock under which coordinators that start together migrate one after the other."""


class SchemaTooNew(HeadraceError):
    """A newer version of Headrace changed the database."""

    code = "database_too_new"


async def migrate(connection: AsyncConnection) -> None:
    """Run the migrations that are missing.  The transaction must be one that may write."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    # On SQLite the transaction itself is the lock.
    await connection.run_sync(_migrate)


def _migrate(connection: Connection) -> None:
    current = _current(connection)
    if current == HEAD:
        return
    script = _script()
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise SchemaTooNew(
            f"A newer Headrace wrote this database (its schema is {current}, this version knows up to {HEAD}).",
            fix="Start that version again, or restore the backup that was made before the upgrade.",
        )
    _upgrade(connection, script)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    current: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return current


def _script() -> Any:
    # Alembic takes a tenth of a second to import, and most starts have nothing to migrate.
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(MIGRATIONS), version_locations=[str(MIGRATIONS)])


def _upgrade(connection: Connection, script: Any) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext

    def missing(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs(HEAD, revision)

    with EnvironmentContext(Config(), script, fn=missing) as environment:
        environment.configure(connection=connection, compare_type=True)
        environment.run_migrations()
