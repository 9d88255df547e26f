"""PostgreSQL: `postgresql://user:password@host:5432/database?sslmode=require`, and every option that libpq knows.

A statement is prepared, so there is one of it and its parameters have types, and runs in a transaction of its own:
`READ ONLY` for a step that only reads, which PostgreSQL does not let a statement inside undo.  Afterwards the session
is reset.  A cancelled statement is cancelled at the server, and its connection is not used again.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement
from msgspec import Struct

from flows.errors import StepError
from flows.sdk import SqlStatement
from flows.sql import failures
from flows.sql.address import not_a_url
from flows.sql.pool import Pool
from flows.sql.postgres_params import convert_params
from flows.sql.values import json_rows, json_value, parse_json, rows_result, unique_names

CONNECTIONS: Final = 8
CONNECT_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 86400.0
STATEMENTS_CACHED: Final = 128

_LOST = (
    OSError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
_UNREADABLE = (ValueError, OverflowError)  # a year after 9999, the time 24:00: Python has no such values
_OUTDATED = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)
_RETRYABLE = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
)
_REFUSED_LOGIN = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
_TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = ANY (current_schemas(false)) LIMIT 1000"
)
_MISSING_TABLE = re.compile(r'relation "(?:\w+\.)?(.+)" does not exist')


class PostgresDatabase:
    """One PostgreSQL database."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._url = re.sub(r"^\w+(\+\w+)?:", "postgresql:", url)
        self._pool = Pool(self._open, _close, size=CONNECTIONS)

    async def query(self, statement: SqlStatement, *, read_only: bool, max_rows: int, seconds: float) -> dict[str, Any]:
        """Run one statement."""
        job = _Job(statement, read_only, max_rows, min(seconds, LONGEST_SECONDS))
        try:
            async with asyncio.timeout(job.seconds):
                return await self._run(await self._take(), job)
        except (TimeoutError, asyncpg.QueryCanceledError):
            raise failures.took_too_long(self._name, seconds) from None

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()

    async def _run(self, session: "_Session", job: "_Job") -> dict[str, Any]:
        try:
            result = await session.run(job)
        except (StepError, asyncpg.PostgresError, asyncpg.InterfaceError, *_LOST, *_UNREADABLE) as error:
            raise await self._after(error, session, job) from _cause(error)
        except BaseException:
            self._pool.drop(session)
            raise
        self._pool.give(session)
        return result

    async def _after(self, error: Exception, session: "_Session", job: "_Job") -> Exception:
        """Make the session ready for the next caller, and return the error for this one."""
        if session.is_closed or isinstance(error, _LOST):
            self._pool.drop(session)
            self._pool.drop_idle()
            return failures.lost(self._name, is_read_only=job.read_only)
        try:
            await session.roll_back()
            failure = await self._failure(error, session, job)
        except BaseException:
            self._pool.drop(session)
            raise
        self._pool.give(session)
        return failure

    async def _failure(self, error: Exception, session: "_Session", job: "_Job") -> Exception:
        if isinstance(error, StepError | asyncpg.QueryCanceledError):
            return error
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError) and job.read_only:
            return failures.read_only(self._name)
        says = getattr(error, "message", None) or str(error)
        fix = ""
        if _is_about_a_value(error):
            says = failures.HALF_CHARACTER if "surrogates" in says else "a value does not fit the type of its parameter"
        elif isinstance(error, _UNREADABLE):
            says, fix = f"a value of the result cannot be read ({says})", "Cast the column to text in the statement."
        elif isinstance(error, asyncpg.UndefinedTableError) and (found := _MISSING_TABLE.match(says)):
            fix = failures.did_you_mean_table(found[1], await session.tables())
        return failures.refused(self._name, says, fix=fix, retryable=isinstance(error, _RETRYABLE))

    async def _take(self) -> "_Session":
        while True:
            session = await self._pool.take()
            if not session.is_closed:
                return session
            self._pool.drop(session)

    async def _open(self) -> "_Session":
        try:
            connection = await asyncpg.connect(
                self._url,
                timeout=CONNECT_SECONDS,
                server_settings={"application_name": "headrace"},
            )
        except TimeoutError:
            raise failures.unreachable(self._name, "it did not answer") from None
        except ValueError:  # the driver's messages about a URL repeat pieces of it
            raise not_a_url(self._name) from None
        except _REFUSED_LOGIN as error:
            raise failures.unreachable(self._name, error.args[0], retryable=False) from error
        except OSError as error:
            raise failures.unreachable(self._name, error.strerror or "no connection") from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            raise failures.unreachable(self._name, str(error)) from error
        return _Session(connection)


async def _close(session: "_Session") -> None:
    await session.close()


def _is_about_a_value(error: Exception) -> bool:
    """Whether the driver, not the server, refused a value; it repeats the value."""
    return str(error).startswith("invalid input for query argument")


def _cause(error: Exception) -> Exception | None:
    return None if isinstance(error, StepError) or _is_about_a_value(error) else error


# -- one connection ------------------------------------------------------------------------------------------------


class _Job(Struct, frozen=True):
    """One statement and its limits."""

    statement: SqlStatement
    read_only: bool
    max_rows: int
    seconds: float


class _Prepared:
    """A prepared statement with what is known about its columns."""

    def __init__(self, statement: "PreparedStatement[asyncpg.Record]") -> None:
        self.statement = statement
        self.types = statement.get_parameters()
        attributes = statement.get_attributes()
        self.columns = unique_names([attribute.name for attribute in attributes])
        readers = ((at, _reader(attribute.type)) for at, attribute in enumerate(attributes))
        self._readers = [(at, read) for at, read in readers if read is not None]

    def rows(self, records: Iterable[asyncpg.Record]) -> list[dict[str, Any]]:
        """Return records as mappings of JSON values."""
        if not self._readers:
            return json_rows(self.columns, records)
        return json_rows(self.columns, [self._read(list(record)) for record in records])

    def _read(self, row: list[Any]) -> list[Any]:
        for at, read in self._readers:
            row[at] = _each(read, row[at])
        return row


def _reader(declared: Any) -> Callable[[Any], Any] | None:
    """Return what makes JSON of the values of a type, where the driver's values do not say it themselves."""
    name = declared.name.removesuffix("[]")
    if name in {"json", "jsonb"}:
        return parse_json
    if name in {"bit", "varbit"}:
        return asyncpg.BitString.as_string
    return _range_text if name.endswith("range") else None


def _each(read: Callable[[Any], Any], value: Any) -> Any:
    if value is None:
        return None
    return [_each(read, item) for item in value] if isinstance(value, list) else read(value)


def _range_text(value: Any) -> str:
    """Return a range the way PostgreSQL writes it: `[1,5)`, with nothing where it has no bound."""
    if value.isempty:
        return "empty"
    bounds = ["" if bound is None else str(json_value(bound)) for bound in (value.lower, value.upper)]
    return f"{'[' if value.lower_inc else '('}{','.join(bounds)}{']' if value.upper_inc else ')'}"


class _Session:
    """A connection with the statements that were prepared on it."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._reset = connection.get_reset_query()
        self._prepared: OrderedDict[str, _Prepared] = OrderedDict()

    @property
    def is_closed(self) -> bool:
        """Whether the connection is gone."""
        return self._connection.is_closed()

    async def run(self, job: _Job) -> dict[str, Any]:
        """Run a statement in a transaction of its own; prepare it again when tables changed meanwhile."""
        try:
            return await self._attempt(job)
        except _OUTDATED:
            await self.roll_back()
            self._prepared.clear()
            await self._connection.reload_schema_state()
            return await self._attempt(job)

    async def roll_back(self) -> None:
        """End the transaction and whatever the statement left in the session."""
        await self._connection.execute(f"ROLLBACK; {self._reset}")

    async def tables(self) -> list[str]:
        """Return the names of the tables that a statement sees."""
        return [record[0] for record in await self._connection.fetch(_TABLES)]

    async def close(self) -> None:
        """Close the connection; what it still runs is cancelled first."""
        try:
            await self._connection.close(timeout=CLOSE_SECONDS)
        except (TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, *_LOST):
            self._connection.terminate()

    async def _attempt(self, job: _Job) -> dict[str, Any]:
        mode = "READ ONLY" if job.read_only else "READ WRITE"
        milliseconds = max(1, int(job.seconds * 1000))
        await self._connection.execute(f"BEGIN {mode}; SET LOCAL statement_timeout = {milliseconds}")
        prepared = await self._prepare(_numbered(job.statement.texts))
        params = convert_params(prepared.types, job.statement.params)
        if prepared.columns:
            cursor = await prepared.statement.cursor(*params)
            rows = prepared.rows(await cursor.fetch(job.max_rows + 1))
            result = rows_result(rows, prepared.columns, job.max_rows)
        else:
            await prepared.statement.fetch(*params)
            result = {"affected": _affected(prepared.statement.get_statusmsg())}
        await self._connection.execute(f"{'ROLLBACK' if job.read_only else 'COMMIT'}; {self._reset}")
        return result

    async def _prepare(self, sql: str) -> _Prepared:
        prepared = self._prepared.get(sql)
        if prepared is None:
            prepared = self._prepared[sql] = _Prepared(await self._connection.prepare(sql))
            if len(self._prepared) > STATEMENTS_CACHED:
                self._prepared.popitem(last=False)
        else:
            self._prepared.move_to_end(sql)
        return prepared


@lru_cache(maxsize=1024)
def _numbered(texts: tuple[str, ...]) -> str:
    """Return the text with `$1`, `$2` ... between its pieces."""
    pieces = [texts[0]]
    for number, text in enumerate(texts[1:], 1):
        pieces += (f"${number}", text)
    return "".join(pieces)


def _affected(status: str | None) -> int:
    """Return the number of rows in `INSERT 0 3`; 0 for `CREATE TABLE`."""
    count = (status or "").rpartition(" ")[2]
    return int(count) if count.isdigit() else 0
