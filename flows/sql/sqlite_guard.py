"""The authorizer of SQLite connections: what a statement may do, asked by SQLite before it runs.

Whether it writes depends on the connection.  What would change the connection itself, or reach another file, is never
possible.
"""

import sqlite3
from typing import Final

_WRITES: Final = frozenset(
    getattr(sqlite3, f"SQLITE_{name}")
    for name in (
        *("INSERT", "UPDATE", "DELETE", "ALTER_TABLE", "REINDEX", "ANALYZE"),
        *("CREATE_TABLE", "CREATE_INDEX", "CREATE_VIEW", "CREATE_TRIGGER", "CREATE_VTABLE"),
        *("DROP_TABLE", "DROP_INDEX", "DROP_VIEW", "DROP_TRIGGER", "DROP_VTABLE"),
    )
)
_REFUSED: Final = {
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_DETACH: "DETACH",
    sqlite3.SQLITE_TRANSACTION: "a transaction",
    sqlite3.SQLITE_SAVEPOINT: "a savepoint",
    sqlite3.SQLITE_CREATE_TEMP_TABLE: "a temporary table",
    sqlite3.SQLITE_CREATE_TEMP_INDEX: "a temporary index",
    sqlite3.SQLITE_CREATE_TEMP_VIEW: "a temporary view",
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER: "a temporary trigger",
}
_PRAGMAS_TO_READ: Final = frozenset(
    (
        *("application_id", "collation_list", "compile_options", "data_version", "encoding", "foreign_keys"),
        *("freelist_count", "journal_mode", "page_count", "page_size", "schema_version", "table_list", "user_version"),
    )
)
_PRAGMAS_ABOUT: Final = frozenset(
    ("foreign_key_list", "index_info", "index_list", "index_xinfo", "table_info", "table_list", "table_xinfo")
)
_SCHEMA_TABLES: Final = frozenset(("sqlite_master", "sqlite_temp_master"))


class Denied(Exception):
    """A statement does what its connection does not do."""

    def __init__(self, what: str, *, is_write: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.is_write = is_write


class Guard:
    """The authorizer of a connection.  `denied` is what it denied to the statement at hand, set to None before it."""

    def __init__(self, *, may_write: bool) -> None:
        self._may_write = may_write
        self.denied: Denied | None = None

    def __call__(self, action: int, first: str | None, second: str | None, *_where: str | None) -> int:
        """Answer SQLite for one action, and remember what was denied."""
        if action in _WRITES:
            # Functions that are tables declare themselves in the schema's table; real changes of it have actions of
            # their own, and SQLite refuses direct ones.
            if not self._may_write and first not in _SCHEMA_TABLES:
                self.denied = Denied("changing data", is_write=True)
        elif action in _REFUSED:
            self.denied = Denied(_REFUSED[action])
        elif action == sqlite3.SQLITE_PRAGMA:
            if str(first).lower() not in (_PRAGMAS_TO_READ if second is None else _PRAGMAS_ABOUT):
                self.denied = Denied(f"PRAGMA {first}")
        elif action == sqlite3.SQLITE_FUNCTION and second == "load_extension":
            self.denied = Denied("load_extension")
        return sqlite3.SQLITE_OK if self.denied is None else sqlite3.SQLITE_DENY
