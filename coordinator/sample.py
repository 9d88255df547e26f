"""Build the sample database that the example flows query, from the CSV files that come with them.

The file is built aside and renamed, so a reader sees a whole database or none.  What is there and up to date is left
alone; a change of the figures makes it anew.  Raises SampleUnusable when it cannot be written.
"""

import csv
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from coordinator.settings import EXAMPLES
from flows.errors import HeadraceError

FIGURES: Final = EXAMPLES / "data"
FILE_NAME: Final = "sample.db"
CONNECTION: Final = "sample"
"""The name under which flows find it, unless the settings give that name to another database."""

TABLES: Final = {
    "countries": """
        CREATE TABLE countries (
            code TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            continent TEXT NOT NULL,
            capital TEXT NOT NULL,
            area_km2 REAL NOT NULL,
            population INTEGER NOT NULL,
            currency TEXT NOT NULL
        ) WITHOUT ROWID""",
    "cities": """
        CREATE TABLE cities (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            country_code TEXT NOT NULL REFERENCES countries (code),
            population INTEGER NOT NULL,
            latitude REAL NOT NULL,
            longitude REAL NOT NULL,
            timezone TEXT NOT NULL
        )""",
}
INDEX: Final = "CREATE INDEX cities_of_a_country ON cities (country_code, population DESC)"


class SampleUnusable(HeadraceError):
    """The sample database cannot be made."""

    code = "sample_unusable"


def sample_url(data: Path) -> str:
    """Return the URL of the sample database in a data directory."""
    return f"sqlite:///{(data / FILE_NAME).absolute()}"


def with_sample(connections: dict[str, str], data: Path) -> dict[str, str]:
    """Add the connection to the sample database, unless there is one of that name."""
    return {CONNECTION: sample_url(data), **connections}


def ensure_sample(data: Path, figures: Path = FIGURES) -> Path:
    """Build `sample.db` in the data directory if it is missing or of other figures; return its path."""
    path = data / FILE_NAME
    try:
        edition = _edition(figures)
        if _edition_of(path) != edition:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)
            _build(path, figures, edition)
    except (OSError, sqlite3.Error) as error:
        raise SampleUnusable(
            f"The sample database {str(path)!r} cannot be made: {error}.",
            fix="Make the data directory writable, or choose another one with HEADRACE_DATA.",
        ) from error
    return path


def _edition(figures: Path) -> int:
    """Number the figures and the tables by their content, as a 31-bit `user_version`."""
    content = b"\0".join((figures / f"{name}.csv").read_bytes() + ddl.encode() for name, ddl in TABLES.items())
    return zlib.crc32(content + INDEX.encode()) & 0x7FFFFFFF


def _edition_of(path: Path) -> int | None:
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            version: int = connection.execute("PRAGMA user_version").fetchone()[0]
            return version
    except sqlite3.DatabaseError:
        return None  # not a database, or one that was cut short


def _build(path: Path, figures: Path, edition: int) -> None:
    aside = path.with_name(f"{FILE_NAME}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(aside)) as connection, connection:
            for name, ddl in TABLES.items():
                connection.execute(ddl)
                _fill(connection, name, figures / f"{name}.csv")
            connection.execute(INDEX)
            connection.execute(f"PRAGMA user_version = {edition}")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, table: str, file: Path) -> None:
    rows = _rows(file)
    columns = next(rows)
    marks = ", ".join("?" * len(columns))
    # The names come from files of this package, and SQLite would refuse others than those of the table.
    connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608


def _rows(file: Path) -> Iterator[list[Any]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.reader(lines)
