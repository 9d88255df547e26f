"""Queries that a caller wrote: they read, and whatever else they try is refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.flow_runs import run_flow, value_of

ASK = """\
flow: ask
input: {call: {params: {sql: string}}}
steps:
  - id: found
    sql_query: {connection: shop, statement: "${{ args.sql }}", max_rows: 2}
output: {reply: "${{ found }}"}
"""


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, str]:
    """A database with three users."""
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as database:
        database.executescript("CREATE TABLE users (name TEXT); INSERT INTO users VALUES ('Ada'), ('Bob'), ('Cy');")
    return {"shop": f"sqlite:///{file}"}


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT name FROM users WHERE name > 'Ada' ORDER BY name", [{"name": "Bob"}, {"name": "Cy"}]),
        ("with n as (select 1 as one) select one from n;", [{"one": 1}]),
        ("  (SELECT 1) -- why; not", None),
        ("SELECT ';' AS text", [{"text": ";"}]),
    ],
)
async def test_a_query_answers_with_rows(shop: dict[str, str], sql: str, rows: list[dict[str, object]] | None) -> None:
    result = await run_flow(ASK, {"sql": sql}, connections=shop)

    if rows is not None:
        assert result.error is None, result.error
        assert result.reply is not None
        assert result.reply.value["rows"] == rows


async def test_no_more_rows_come_than_were_asked_for(shop: dict[str, str]) -> None:
    value = await value_of(ASK, {"sql": "SELECT name FROM users"}, connections=shop)

    assert (value["row_count"], value["truncated"]) == (2, True)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM users", "bad_query"),
        ("", "bad_query"),
        ("ATTACH '/etc/passwd' AS x", "bad_query"),
        ("PRAGMA writable_schema = 1", "bad_query"),
        ("SELECT 1; DELETE FROM users", "bad_query"),
        ("SELECT 1 /* */ ; /* */ DELETE FROM users", "bad_query"),
        ("SELECT name INTO OUTFILE '/tmp/x' FROM users", "bad_query"),
        ("SELECT 1 /*! INTO DUMPFILE '/tmp/x' */", "bad_query"),
        ("SELECT load_file('/etc/passwd')", "bad_query"),
        ("SELECT '" + "x" * 20_000 + "'", "bad_query"),
        ("SELECT '\0'", "bad_query"),
        ("WITH gone AS (SELECT 1) DELETE FROM users", "read_only"),
        ("EXPLAIN DELETE FROM users", "read_only"),
        ("SELECT load_extension('x')", "sql_error"),
    ],
)
async def test_what_is_no_query_is_refused_and_changes_nothing(shop: dict[str, str], sql: str, code: str) -> None:
    result = await run_flow(ASK, {"sql": sql}, connections=shop)

    assert result.error is not None
    assert result.error.code == code
    value = await value_of(ASK, {"sql": "SELECT count(*) AS n FROM users"}, connections=shop)
    assert value["rows"] == [{"n": 3}]


async def test_the_refusal_says_what_may_be_asked() -> None:
    result = await run_flow(ASK, {"sql": "DROP TABLE users"}, connections={"shop": "sqlite:///:memory:"})

    assert result.error is not None
    assert result.error.message == (
        "Only queries are run here. Begin with one of: SELECT, WITH, VALUES, EXPLAIN, SHOW, DESCRIBE, DESC, TABLE."
    )


@pytest.mark.parametrize(
    ("url", "dialect"),
    [
        ("sqlite:///shop.db", "sqlite"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql"),
        ("postgres://u:p@h/d", "postgresql"),
        ("mysql://u:p@h/d", "mysql"),
        ("mariadb://u:p@h/d", "mysql"),
    ],
)
async def test_the_dialect_is_told_without_connecting(url: str, dialect: str) -> None:
    text = "flow: which\ninput: {call: {}}\nsteps: [{sql_dialect: shop}]\n"

    assert await value_of(text, connections={"shop": url}) == dialect
