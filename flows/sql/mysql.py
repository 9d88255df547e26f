"""MySQL and MariaDB: `mysql://user:password@host:3306/database?ssl=true`, or `?unix_socket=/path`.

The driver has no parameters of its own, so values are written into the text as literals that hold nothing but digits:
numbers, and text as `_utf8mb4 0x...`.  There is no character in them that could end anything, whatever the mode or the
character set of the server.

Read-only is `START TRANSACTION READ ONLY` on connections whose session only reads.  One statement per call is the
server's doing too: the flag that allows several is taken off.  A cancelled statement is killed at the server, and its
connection is not used again.
"""

import asyncio
import re
import ssl
from functools import partial
from typing import Any, Final

import aiomysql
from aiomysql.connection import CLIENT, FIELD_TYPE
from msgspec import Struct

from flows.sdk import SqlStatement
from flows.sql import failures
from flows.sql.address import Address, not_a_url
from flows.sql.pool import Pool
from flows.sql.values import decimal_text, encode_json, json_rows, parse_json, rows_result, unique_names

CONNECTIONS: Final = 4
"""For each of reading and writing."""
CONNECT_SECONDS: Final = 10.0
KILL_SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 86400.0
IN_TRANSACTION: Final = 1
"""The bit of the server's status.  Source: MySQL's protocol, SERVER_STATUS_IN_TRANS."""

# Numbers of errors.  Source: the references of MySQL 8.4 and MariaDB 11, "error codes".
_TIMED_OUT = frozenset({1317, 1969, 3024})  # interrupted; MariaDB's and MySQL's limit for a statement
_LOST = frozenset({1053, 1927, 2006, 2013, 2014, 2055, 4031})  # shut down, killed, gone, idle for too long
_LOCKED = frozenset({1205, 1213})  # waited too long for a lock; deadlock
_REFUSED_LOGIN = frozenset({1044, 1045, 1049, 1698, 2059})  # no access, wrong password, no such database
_MISSING = 1146
_READ_ONLY = 1792
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() LIMIT 1000"
_MISSING_TABLE = re.compile(r"Table '(?:[^'.]+\.)?([^']+)' doesn't exist")
_DUPLICATE = re.compile(r"^Duplicate entry '.*' for key ", re.DOTALL)


class MysqlDatabase:
    """One MySQL or MariaDB database."""

    def __init__(self, name: str, address: Address) -> None:
        self._name = name
        self._address = address
        self._readers = Pool(partial(self._open, read_only=True), _close, size=CONNECTIONS)
        self._writers = Pool(partial(self._open, read_only=False), _close, size=CONNECTIONS)

    async def query(self, statement: SqlStatement, *, read_only: bool, max_rows: int, seconds: float) -> dict[str, Any]:
        """Run one statement."""
        job = _Job(_with_literals(self._name, statement), read_only, max_rows, min(seconds, LONGEST_SECONDS))
        try:
            async with asyncio.timeout(job.seconds):
                return await self._run(job)
        except TimeoutError:
            raise failures.took_too_long(self._name, seconds) from None

    async def close(self) -> None:
        """Close the pools."""
        await self._readers.close()
        await self._writers.close()

    async def _run(self, job: "_Job") -> dict[str, Any]:
        pool = self._readers if job.read_only else self._writers
        session = await _take(pool)
        try:
            result = await session.run(job)
        except aiomysql.MySQLError as error:
            raise await self._after(error, pool, session, job) from _cause(error)
        except BaseException:
            pool.finish(self._kill(session.number))
            pool.drop(session)
            raise
        if session.has_more_rows:
            # There is no way to stop the server from sending them all but to hang up.
            pool.drop(session)
        else:
            pool.give(session)
        return result

    async def _after(self, error: Exception, pool: "Pool[_Session]", session: "_Session", job: "_Job") -> Exception:
        """Make the session ready for the next caller, and return the error for this one."""
        if session.is_closed or _number(error) in _LOST:
            pool.drop(session)
            pool.drop_idle()
            return failures.lost(self._name, is_read_only=job.read_only)
        try:
            await session.roll_back()
            failure = await self._failure(error, session, job)
        except BaseException:
            pool.drop(session)
            raise
        pool.give(session)
        return failure

    async def _failure(self, error: Exception, session: "_Session", job: "_Job") -> Exception:
        number, says = _number(error), str(error.args[-1])
        if number in _TIMED_OUT:
            return failures.took_too_long(self._name, job.seconds)
        if number == _READ_ONLY and job.read_only:
            return failures.read_only(self._name)
        fix = ""
        if number == _MISSING and (found := _MISSING_TABLE.match(says)):
            fix = failures.did_you_mean_table(found[1], await session.tables())
        says = _DUPLICATE.sub("Duplicate entry for key ", says)
        return failures.refused(self._name, says, fix=fix, retryable=number in _LOCKED)

    async def _open(self, *, read_only: bool) -> "_Session":
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                session = _Session(await _connect(self._address))
                if read_only:
                    await session.command("SET SESSION TRANSACTION READ ONLY")
                return session
        except TimeoutError:
            raise failures.unreachable(self._name, "it did not answer") from None
        except ValueError:  # a password outside of the driver's alphabet; the error holds it
            raise not_a_url(self._name) from None
        except aiomysql.MySQLError as error:
            says, retryable = str(error.args[-1]), _number(error) not in _REFUSED_LOGIN
            raise failures.unreachable(self._name, says, retryable=retryable) from error
        except OSError as error:
            raise failures.unreachable(self._name, error.strerror or "no connection") from error

    async def _kill(self, number: int) -> None:
        """Stop what a connection runs at the server, over a connection of its own."""
        try:
            async with asyncio.timeout(KILL_SECONDS):
                session = _Session(await _connect(self._address))
                try:
                    await session.command(f"KILL {number}")
                finally:
                    await session.close()
        except (aiomysql.MySQLError, OSError):
            pass  # the server ends it at its own limit for the statement


async def _take(pool: "Pool[_Session]") -> "_Session":
    while True:
        session = await pool.take()
        if not session.is_closed:
            return session
        pool.drop(session)


async def _close(session: "_Session") -> None:
    await session.close()


def _number(error: BaseException) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def _cause(error: Exception) -> Exception | None:
    return None if _DUPLICATE.match(str(error.args[-1])) else error


# -- one connection ------------------------------------------------------------------------------------------------


class _Job(Struct, frozen=True):
    """One statement, its values in it, and its limits."""

    sql: str
    read_only: bool
    max_rows: int
    seconds: float


async def _connect(address: Address) -> aiomysql.Connection:
    options = address.options
    connection = aiomysql.Connection(
        host=address.host or "localhost",
        port=address.port or 3306,
        user=address.user or "",
        password=address.password or "",
        db=address.path or None,
        unix_socket=options.get("unix_socket"),
        charset="utf8mb4",
        init_command="SET NAMES utf8mb4",
        autocommit=True,
        ssl=ssl.create_default_context() if options.get("ssl") in {"true", "1"} else None,
        conv=_DECODERS,
        program_name="headrace",
    )
    # The driver asks for several statements per query; a step runs one.
    connection.client_flag &= ~CLIENT.MULTI_STATEMENTS
    await connection._connect()
    return connection


class _Session:
    """A connection, and the limit for statements that is set in it."""

    def __init__(self, connection: aiomysql.Connection) -> None:
        self._connection = connection
        self._limit = 0
        self.number: int = connection.thread_id()
        self.has_more_rows = False

    @property
    def is_closed(self) -> bool:
        """Whether the connection is gone, as far as is known on this side."""
        reader = self._connection._reader
        return self._connection.closed or reader.at_eof() or reader.exception() is not None

    async def run(self, job: _Job) -> dict[str, Any]:
        """Run a statement; one that only reads in a transaction that only reads."""
        await self._set_limit(job.seconds)
        if not job.read_only:
            result = await self._execute(job)
            if self._connection.server_status & IN_TRANSACTION:
                await self.command("ROLLBACK")
            return result
        await self.command("START TRANSACTION READ ONLY")
        result = await self._execute(job)
        if not self.has_more_rows:
            await self.command("ROLLBACK")
        return result

    async def roll_back(self) -> None:
        """End the transaction that a failed statement was in."""
        await self.command("ROLLBACK")

    async def command(self, sql: str) -> None:
        """Run a statement that has no result."""
        await self._connection.query(sql)

    async def tables(self) -> list[str]:
        """Return the names of the tables of the database."""
        result = await self._execute(_Job(_TABLES, read_only=True, max_rows=1000, seconds=1.0))
        return [next(iter(row.values())) for row in result["rows"]]

    async def close(self) -> None:
        """Close the connection; say good-bye where nothing is under way."""
        try:
            if not (self.has_more_rows or self.is_closed):
                async with asyncio.timeout(1.0):
                    await self._connection.ensure_closed()
        except (aiomysql.MySQLError, OSError):
            pass
        finally:
            self._connection.close()

    async def _execute(self, job: _Job) -> dict[str, Any]:
        await self._connection.query(job.sql, unbuffered=True)
        answer = self._connection._result
        if answer.description is None:
            result = {"affected": answer.affected_rows}
            return {**result, "last_id": answer.insert_id} if answer.insert_id else result
        columns = unique_names([column[0] for column in answer.description])
        rows: list[tuple[Any, ...]] = []
        while len(rows) <= job.max_rows and (row := await answer._read_rowdata_packet_unbuffered()) is not None:
            rows.append(row)
        self.has_more_rows = answer.unbuffered_active
        return rows_result(json_rows(columns, rows), columns, job.max_rows)

    async def _set_limit(self, seconds: float) -> None:
        limit = int(seconds) + 1
        if limit == self._limit:
            return
        if "mariadb" in self._connection.get_server_info().lower():
            await self.command(f"SET SESSION max_statement_time = {limit}")
        else:
            await self.command(f"SET SESSION max_execution_time = {limit * 1000}")
        self._limit = limit


# -- values --------------------------------------------------------------------------------------------------------


def _with_literals(name: str, statement: SqlStatement) -> str:
    """Return the text with every value as a literal."""
    pieces = [statement.texts[0]]
    for value, text in zip(statement.params, statement.texts[1:], strict=True):
        pieces += (_literal(name, value), text)
    return "".join(pieces)


def _literal(name: str, value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return repr(value) if value >= 0 else f"({value!r})"
    text = value if isinstance(value, str) else encode_json(value).decode()
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise failures.refused(name, failures.HALF_CHARACTER) from None
    return f"_utf8mb4 0x{encoded.hex()}" if encoded else "''"


def _date_and_time(text: str) -> str:
    return text.replace(" ", "T")


_DECODERS: Final = {
    FIELD_TYPE.TINY: int,
    FIELD_TYPE.SHORT: int,
    FIELD_TYPE.LONG: int,
    FIELD_TYPE.LONGLONG: int,
    FIELD_TYPE.INT24: int,
    FIELD_TYPE.YEAR: int,
    FIELD_TYPE.FLOAT: float,
    FIELD_TYPE.DOUBLE: float,
    FIELD_TYPE.DECIMAL: decimal_text,
    FIELD_TYPE.NEWDECIMAL: decimal_text,
    FIELD_TYPE.DATETIME: _date_and_time,
    FIELD_TYPE.TIMESTAMP: _date_and_time,
    FIELD_TYPE.JSON: parse_json,
}
"""From the server's text to JSON values.  Dates and times are ISO 8601 already, but for the blank between them."""
