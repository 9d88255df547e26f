"""One behaviour suite, three databases: `database` is each of them in turn, empty."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiomysql
import asyncpg
import pytest

from flows.expr import Template, compile_template
from flows.sdk import Connection, SqlStatement
from flows.sql import Database, open_database
from flows.sql.statement import compile_sql
from tests import servers

_NUMBERS = count(1)
CANARY = "hunter2canary"


class Subject:
    """A database under test, with the texts that differ from one kind to the next."""

    def __init__(self, kind: str, url: str, database: Database) -> None:
        self.kind = kind
        self.url = url
        self.database = database

    async def run(
        self, text: str, *, read_only: bool = False, max_rows: int = 1000, seconds: float = 10.0, **args: Any
    ) -> dict[str, Any]:
        """Run SQL with `${{ }}` in it."""
        template = compile_template(text) or Template((text,), {}, False)
        return await self.run_raw(
            compile_sql(template)({"args": args}), read_only=read_only, max_rows=max_rows, seconds=seconds
        )

    async def run_raw(
        self, statement: SqlStatement, *, read_only: bool = False, max_rows: int = 1000, seconds: float = 10.0
    ) -> dict[str, Any]:
        """Run a statement past the checks at load."""
        return await self.database.query(statement, read_only=read_only, max_rows=max_rows, seconds=seconds)

    @property
    def endless(self) -> str:
        """A statement that keeps the database busy for minutes."""
        return {
            "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) AS endless FROM n",
            "postgres": "SELECT count(*) AS endless FROM generate_series(1, 100000000000)",
            "mysql": "SELECT benchmark(1000000000000, sha2('x', 512)) AS endless",
        }[self.kind]

    async def running(self) -> int:
        """Return how many endless statements the server is at, as another session sees it."""
        if self.kind == "postgres":
            text = "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%AS endless%'"
        else:
            text = "SELECT count(*) AS n FROM information_schema.processlist WHERE info LIKE '%AS endless%'"
        found = await self.run(text)
        return int(found["rows"][0]["n"]) - 1  # this statement holds the words too


async def eventually(condition: Any) -> None:
    """Wait until an async condition holds, for at most five seconds."""
    async with asyncio.timeout(5):
        while not await condition():  # noqa: ASYNC110  what is awaited happens in a server, which tells nobody
            await asyncio.sleep(0.02)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with servers.postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def mysql_url() -> Iterator[str]:
    with servers.mysql_server() as url:
        yield url


def new_sqlite(folder: Path) -> str:
    path = folder / "test.db"
    path.touch()  # SQLite takes an empty file for an empty database
    return f"sqlite:///{path}"


async def new_postgres(url: str) -> str:
    connection = await asyncpg.connect(url)
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    return url.replace("postgres:@", f"postgres:{CANARY}@")


async def new_mysql(url: str) -> str:
    name = f"test{next(_NUMBERS)}"
    host, port = url.rpartition("@")[2].split(":")
    connection = await aiomysql.connect(host=host, port=int(port), user="root", autocommit=True)
    cursor = await connection.cursor()
    await cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    await cursor.execute(f"CREATE USER {name} IDENTIFIED BY '{CANARY}'")
    await cursor.execute(f"GRANT ALL ON {name}.* TO {name}")
    await cursor.execute(f"GRANT PROCESS ON *.* TO {name}")
    await connection.ensure_closed()
    return f"mysql://{name}:{CANARY}@{host}:{port}/{name}"


@asynccontextmanager
async def opened(kind: str, url: str) -> AsyncIterator[Subject]:
    database = await open_database(Connection(name="shop", kind="sql", url=url))
    try:
        yield Subject(kind, url, database)
    finally:
        async with asyncio.timeout(10):
            await database.close()


@pytest.fixture(params=["sqlite", "postgres", "mysql"])
def kind_and_server(request: pytest.FixtureRequest) -> tuple[str, str]:
    kind: str = request.param
    return kind, "" if kind == "sqlite" else request.getfixturevalue(f"{kind}_url")


@pytest.fixture
async def database(kind_and_server: tuple[str, str], tmp_path: Path) -> AsyncIterator[Subject]:
    kind, server = kind_and_server
    if kind == "sqlite":
        url = new_sqlite(tmp_path)
    else:
        url = await (new_postgres if kind == "postgres" else new_mysql)(server)
    async with opened(kind, url) as subject:
        yield subject


@pytest.fixture(params=["postgres", "mysql"])
def server_database(request: pytest.FixtureRequest) -> Subject:
    subject: Subject = request.getfixturevalue(request.param)
    return subject


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Subject]:
    async with opened("sqlite", new_sqlite(tmp_path)) as subject:
        yield subject


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[Subject]:
    async with opened("postgres", await new_postgres(postgres_url)) as subject:
        yield subject


@pytest.fixture
async def mysql(mysql_url: str) -> AsyncIterator[Subject]:
    async with opened("mysql", await new_mysql(mysql_url)) as subject:
        yield subject
