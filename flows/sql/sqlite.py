"""SQLite: `sqlite:///file.db` (beside the working directory), `sqlite:////abs/file.db`, `sqlite:///:memory:`.

A statement is one hop to the thread of an aiosqlite connection: it executes, fetches and converts there.  Statements
run on connections that can only read; one that is denied there, because it writes, goes to the one connection that may.
A file that Headrace creates gets a write-ahead log; a file that was there keeps the journal it has.

Read-only is `mode=ro` and an authorizer.  The authorizer also keeps both kinds of connections as they are: no ATTACH,
no PRAGMA that sets something, no transactions, no temporary tables, no extensions.
"""

import asyncio
import os
import re
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar
from urllib.parse import quote

import aiosqlite

from flows.errors import StepError
from flows.sdk import SqlStatement
from flows.sql import failures
from flows.sql.address import Address, not_a_url
from flows.sql.pool import Pool
from flows.sql.sqlite_guard import Denied, Guard
from flows.sql.statement import first_word
from flows.sql.values import bind_value, json_rows, rows_result, unique_names

READERS: Final = 4
LOCK_WAIT_SECONDS: Final = 5.0
LOCK_SLICE_SECONDS: Final = 0.1
INTERRUPT_EVERY_SECONDS: Final = 0.01
INSTRUCTIONS_BETWEEN_LOOKS: Final = 20_000  # of SQLite's virtual machine: about a millisecond
STATEMENTS_CACHED: Final = 256
WRITES_REMEMBERED: Final = 1000
MAX_VALUE_BYTES: Final = 64 * 1024 * 1024

ResultT = TypeVar("ResultT")


class SqliteDatabase:
    """One SQLite file, or one database in memory that lives as long as this object."""

    def __init__(self, name: str, address: Address) -> None:
        if address.host or address.options or not address.path:
            raise not_a_url(name)
        self._name = name
        self._path = Path(address.path)
        self._writes: set[str] = set()
        if address.path == ":memory:":
            self._readers = self._writers = Pool(partial(_open, _connect_memory), _close, size=1)
        else:
            read, write = partial(_connect_file, self._path, False), partial(_connect_file, self._path, True)
            self._readers = Pool(partial(_open, read), _close, size=READERS)
            self._writers = Pool(partial(_open, write), _close, size=1)

    async def query(self, statement: SqlStatement, *, read_only: bool, max_rows: int, seconds: float) -> dict[str, Any]:
        """Run one statement."""
        job = _Job(statement, read_only=read_only, max_rows=max_rows, seconds=seconds)
        try:
            return await self._dispatch(job)
        except Denied as denied:
            raise self._denied(denied) from None
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise await self._failure(error, job) from error
        except (OverflowError, UnicodeEncodeError) as error:
            says = (
                "a number is larger than SQLite can hold"
                if isinstance(error, OverflowError)
                else failures.HALF_CHARACTER
            )
            raise failures.refused(self._name, says) from None

    async def close(self) -> None:
        """Close the pools."""
        await self._readers.close()
        await self._writers.close()

    async def _dispatch(self, job: "_Job") -> dict[str, Any]:
        if job.sql in self._writes and not job.read_only:
            return await _run(self._writers, job)
        try:
            return await _run(self._readers, job)
        except Denied as denied:
            if job.read_only or not denied.is_write:
                raise
        except sqlite3.OperationalError as error:
            # The file is not there yet, and the statement may be the one that creates it.
            if job.read_only or _primary(error) != sqlite3.SQLITE_CANTOPEN or self._path.exists():
                raise
        result = await _run(self._writers, job)
        if len(self._writes) >= WRITES_REMEMBERED:
            self._writes.clear()
        self._writes.add(job.sql)
        return result

    def _denied(self, denied: Denied) -> StepError:
        if denied.is_write:
            return failures.read_only(self._name)
        return failures.refused(self._name, f"{denied.what} is not available in a step")

    async def _failure(self, error: Exception, job: "_Job") -> StepError:
        says = str(error)
        match _primary(error):
            case sqlite3.SQLITE_INTERRUPT:
                return failures.took_too_long(self._name, job.seconds)
            case sqlite3.SQLITE_READONLY if job.read_only:
                return failures.read_only(self._name)
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                says = "another program holds a lock on the file"
                return failures.refused(self._name, says, fix="Try again.", retryable=True)
            case sqlite3.SQLITE_CANTOPEN:
                fix = f"Check the path {str(self._path)!r}: a relative one begins at the working directory."
                return failures.unreachable(self._name, says, fix=fix, retryable=False)
        missing = _MISSING_TABLE.match(says)
        return failures.refused(self._name, says, fix=await self._nearest_table(missing[1]) if missing else "")

    async def _nearest_table(self, name: str) -> str:
        statement = SqlStatement(("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')",), ())
        job = _Job(statement, read_only=True, max_rows=1000, seconds=1.0)
        result = await _run(self._readers, job)
        return failures.did_you_mean_table(name, (row["name"] for row in result["rows"]))


_MISSING_TABLE = re.compile(r"no such table: (?:\w+\.)?(.+)")


def _primary(error: Exception) -> int:
    """Return the primary result code of SQLite, 0 for errors of the Python module."""
    code = getattr(error, "sqlite_errorcode", 0)
    return int(code) & 0xFF


async def _run(pool: "Pool[_Thread]", job: "_Job") -> dict[str, Any]:
    thread = await pool.take()
    try:
        result = await thread.run(job)
    except asyncio.CancelledError:
        job.is_stopped = True
        pool.finish(_settle(pool, thread))
        raise
    except BaseException:
        pool.give(thread)
        raise
    pool.give(thread)
    return result


async def _settle(pool: "Pool[_Thread]", thread: "_Thread") -> None:
    """Interrupt the thread until it is done with the statement that nobody waits for, then give it back."""
    idle = asyncio.ensure_future(thread.run(_nothing))
    while not idle.done():
        # Again and again: an interrupt that comes before the statement has begun has no effect.
        await thread.interrupt()
        await asyncio.wait({idle}, timeout=INTERRUPT_EVERY_SECONDS)
    pool.give(thread)


def _nothing(_connection: sqlite3.Connection) -> None:
    return None


# -- connections ---------------------------------------------------------------------------------------------------


class _Connection(sqlite3.Connection):
    """A connection with its guard and the job it is at.  `is_shared`: statements of both kinds run on it."""

    guard: Guard
    job: "_Job | None" = None
    is_shared = False
    _only_reads = False

    def must_stop(self) -> bool:
        """Tell SQLite, which asks every now and then, whether the statement has to end."""
        return self.job is not None and (self.job.is_stopped or monotonic() > self.job.deadline)

    def prepare_for(self, *, read_only: bool) -> None:
        """Switch a shared connection to what the next statement may do."""
        if read_only is not self._only_reads:
            self.set_authorizer(None)
            self.execute(f"PRAGMA query_only = {int(read_only)}").close()
            self.set_authorizer(self.guard)
            self._only_reads = read_only


class _Thread(aiosqlite.Connection):
    """A connection with its thread, which runs whole jobs rather than single calls."""

    async def run(self, job: Callable[[_Connection], ResultT]) -> ResultT:
        """Run a job in the thread: one hop there and back."""
        result: ResultT = await self._execute(job, self._conn)  # type: ignore[no-untyped-call]
        return result


async def _open(connect: Callable[[], _Connection]) -> _Thread:
    """Start a thread with a connection.  Whatever happens meanwhile, none is left behind."""
    failed: list[Exception] = []

    def attempt() -> sqlite3.Connection:
        try:
            return connect()
        except Exception as error:
            failed.append(error)
            return sqlite3.connect(":memory:")  # a thread with a connection can be ended in order

    thread = _Thread(attempt, iter_chunk_size=64)
    opening = asyncio.ensure_future(_wait(thread))
    try:
        await asyncio.shield(opening)
    except asyncio.CancelledError:
        await opening
        await thread.close()
        raise
    if failed:
        await thread.close()
        raise failed[0]
    return thread


async def _wait(thread: _Thread) -> None:
    await thread


async def _close(thread: _Thread) -> None:
    await thread.close()


def _connect_file(path: Path, may_write: bool) -> _Connection:
    is_new = may_write and not path.exists()
    mode = "rwc" if may_write else "ro"
    connection = _connect(f"file:{quote(os.fspath(path.absolute()))}?mode={mode}")
    try:
        if is_new:
            connection.execute("PRAGMA journal_mode = WAL").close()
        return _guarded(connection, may_write=may_write)
    except BaseException:
        connection.close()
        raise


def _connect_memory() -> _Connection:
    connection = _guarded(_connect("file::memory:"), may_write=True)
    connection.is_shared = True
    return connection


def _connect(uri: str) -> _Connection:
    return sqlite3.connect(
        uri,
        uri=True,
        timeout=LOCK_SLICE_SECONDS,
        isolation_level=None,
        cached_statements=STATEMENTS_CACHED,
        factory=_Connection,
    )


def _guarded(connection: _Connection, *, may_write: bool) -> _Connection:
    connection.execute("PRAGMA foreign_keys = ON").close()
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
    connection.guard = Guard(may_write=may_write)
    connection.set_authorizer(connection.guard)
    connection.set_progress_handler(connection.must_stop, INSTRUCTIONS_BETWEEN_LOOKS)
    return connection


# -- statements, in the thread -------------------------------------------------------------------------------------


class _Job:
    """One statement with its values, to be run in the thread of a connection."""

    __slots__ = ("deadline", "is_stopped", "max_rows", "params", "read_only", "seconds", "sql", "statement")

    def __init__(self, statement: SqlStatement, *, read_only: bool, max_rows: int, seconds: float) -> None:
        self.statement = statement
        self.sql = "?".join(statement.texts)
        self.params = [bind_value(value) for value in statement.params]
        self.read_only = read_only
        self.max_rows = max_rows
        self.seconds = seconds
        self.deadline = monotonic() + seconds
        self.is_stopped = False

    def __call__(self, connection: _Connection) -> dict[str, Any]:
        connection.job = self
        if connection.is_shared:
            connection.prepare_for(read_only=self.read_only)
        try:
            return self._attempt(connection)
        except sqlite3.OperationalError as error:
            if not _is_locked(error):
                raise
            return self._insist(connection)

    def _insist(self, connection: _Connection) -> dict[str, Any]:
        """Try until the lock is gone: SQLite itself waits for it in slices, without looking at interrupts."""
        give_up = min(monotonic() + LOCK_WAIT_SECONDS, self.deadline)
        while True:
            try:
                return self._attempt(connection)
            except sqlite3.OperationalError as error:
                if not _is_locked(error) or self.is_stopped or monotonic() > give_up:
                    raise

    def _attempt(self, connection: _Connection) -> dict[str, Any]:
        connection.guard.denied = None
        try:
            return self._executed(connection)
        except sqlite3.DatabaseError:
            if connection.guard.denied is not None:
                raise connection.guard.denied from None
            raise

    def _executed(self, connection: _Connection) -> dict[str, Any]:
        cursor = connection.execute(self.sql, self.params)
        try:
            description = cursor.description
            if description is None:
                return self._written(cursor)
            columns = unique_names([column[0] for column in description])
            rows = json_rows(columns, cursor.fetchmany(self.max_rows + 1))
            return rows_result(rows, columns, self.max_rows)
        finally:
            cursor.close()

    def _written(self, cursor: sqlite3.Cursor) -> dict[str, Any]:
        result: dict[str, Any] = {"affected": max(cursor.rowcount, 0)}
        if result["affected"] and first_word(self.statement) in {"INSERT", "REPLACE"}:
            result["last_id"] = cursor.lastrowid
        return result


def _is_locked(error: sqlite3.OperationalError) -> bool:
    return _primary(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
