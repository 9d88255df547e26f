"""The SQL explorer on real servers of the other two databases; SQLite is what the pack's own tests use."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from flows.connections import sql_connection
from tests import servers
from tests.flow_runs import value_of
from tests.packs.installed import Failed, installed

TABLES = (
    "CREATE TABLE mills (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL, built INTEGER DEFAULT 1850)",
    "CREATE TABLE wheels (mill INTEGER NOT NULL, width INTEGER, FOREIGN KEY (mill) REFERENCES mills (id))",
    "INSERT INTO mills (id, name) VALUES (1, 'Old'), (2, 'New')",
)


@dataclass
class Explored:
    """A database with two tables."""

    dialect: str
    schema: str
    url: str

    async def ask(self, tool: str, **args: Any) -> Any:
        """Run a tool of the pack; return its value, or the code of its error."""
        async with installed("sql-explorer", connections=(sql_connection("database", self.url),)) as call:
            try:
                return await call(tool, **args)
            except Failed as failed:
                return failed.code


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def explored(request: pytest.FixtureRequest) -> Iterator[Explored]:
    """A server with the tables in it."""
    server = servers.postgres_server if request.param == "postgresql" else servers.mysql_server
    with server() as url:
        if request.param == "mysql":
            asyncio.run(_run(url, "CREATE DATABASE explored"))
            url += "/explored"
        for statement in TABLES:
            asyncio.run(_run(url, statement))
        yield Explored(request.param, "public" if request.param == "postgresql" else "explored", url)


async def test_tables_are_listed_with_their_schema(explored: Explored) -> None:
    found = await explored.ask("list_tables")

    assert found["dialect"] == explored.dialect
    assert found["tables"] == [
        {"schema": explored.schema, "name": "mills", "type": "table"},
        {"schema": explored.schema, "name": "wheels", "type": "table"},
    ]


async def test_a_table_is_described_with_its_keys(explored: Explored) -> None:
    mills = await explored.ask("describe_table", table="mills")
    wheels = await explored.ask("describe_table", table="wheels", schema=explored.schema)

    assert [(each["name"], each["nullable"], each["primary_key"]) for each in mills["columns"]] == [
        ("id", False, True),
        ("name", False, False),
        ("built", True, False),
    ]
    assert mills["columns"][2]["default"] == "1850"
    assert wheels["foreign_keys"] == [{"column": "mill", "table": "mills", "refers_to": "id"}]
    assert await explored.ask("describe_table", table="sails") == "not_found"


async def test_rows_are_shown_and_queried(explored: Explored) -> None:
    sample = await explored.ask("sample_rows", table="mills", schema=explored.schema)
    asked = await explored.ask("query", sql="SELECT name FROM mills ORDER BY id DESC", limit=1)
    plan = await explored.ask("explain", sql="SELECT name FROM mills WHERE id = 1")

    assert sorted(row["name"] for row in sample["rows"]) == ["New", "Old"]
    assert asked == {"columns": ["name"], "rows": [{"name": "New"}], "row_count": 1, "truncated": True}
    assert plan["plan"]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM mills",
        "SELECT 1; DELETE FROM mills",
        "WITH old AS (SELECT 1) DELETE FROM mills",
        "EXPLAIN ANALYZE DELETE FROM mills",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT * INTO copied FROM mills",
    ],
)
async def test_nothing_is_changed(explored: Explored, sql: str) -> None:
    refused = await explored.ask("query", sql=sql)

    assert refused in ("bad_query", "read_only", "sql_error"), refused
    left = await explored.ask("query", sql="SELECT count(*) AS n FROM mills")
    assert left["rows"] == [{"n": 2}]
    assert len((await explored.ask("list_tables"))["tables"]) == 2


async def _run(url: str, statement: str) -> None:
    steps = f'  - sql: {{connection: db, query: "{statement}"}}'
    await value_of(f"flow: fill\ninput: {{call: {{}}}}\nsteps:\n{steps}\n", connections={"db": url})
