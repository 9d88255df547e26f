"""Where state is kept: SQLite by default, PostgreSQL by a change of URL; the same statements run on both."""

from coordinator.db.engine import Database, open_database

__all__ = ["Database", "open_database"]
