"""What is MySQL's own: values as literals, types, and a driver that is not there."""

import sys
from typing import Any

import pytest

from flows.errors import ConnectionLost, StepError
from flows.sdk import SqlStatement
from tests import servers
from tests.flows.sql.conftest import CANARY, Subject, opened


async def one(mysql: Subject, text: str, **args: Any) -> Any:
    found = await mysql.run(text, read_only=True, **args)
    return next(iter(found["rows"][0].values()))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("9007199254740993", 9007199254740993),
        ("18446744073709551615", 18446744073709551615),
        ("CAST(12.50 AS DECIMAL(9,2))", 12.5),
        ("CAST(0.12345678901234567890 AS DECIMAL(30,20))", "0.12345678901234567890"),
        ("0.5e0", 0.5),
        ("DATE '2026-01-31'", "2026-01-31"),
        ("TIMESTAMP '2026-01-31 12:00:00'", "2026-01-31T12:00:00"),
        ("TIME '36:00:00'", "36:00:00"),
        ("x'00ff'", "AP8="),
        ("CAST('x' AS BINARY)", "eA=="),
        ("b'101'", "BQ=="),
        ("true", 1),
        ("'x'", "x"),
        ("NULL", None),
    ],
)
async def test_a_type_has_its_json(mysql: Subject, expression: str, expected: object) -> None:
    found = await one(mysql, f"SELECT {expression}")

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("mode", ["", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES"])
@pytest.mark.parametrize("value", ["\\' OR 1=1 -- ", "' OR ''='", '" OR ""="', "\\", "\u00bf'", "x\x00'", "0x41"])
async def test_a_value_is_data_in_every_mode_of_the_server(mysql: Subject, mode: str, value: str) -> None:
    await mysql.run_raw(SqlStatement((f"SET SESSION sql_mode = '{mode}'",), ()))

    found = await mysql.run("SELECT ${{ args.x }} AS x, length(${{ args.x }}) AS n", x=value)

    assert found["rows"] == [{"x": value, "n": len(value.encode())}]


async def test_a_value_inside_quotes_of_this_server_only_cannot_end_them(mysql: Subject) -> None:
    # Elsewhere the first text ends before the value, so this is not refused at load.  Here it goes on, and the
    # literal of the value is just more of it.
    found = await mysql.run(r"SELECT '\', ${{ args.x }}, \'' AS x", x="' OR 1=1 -- ")

    assert found["rows"] == [{"x": "', _utf8mb4 0x27204f5220313d31202d2d20, '"}]


async def test_values_stand_where_literals_stand(mysql: Subject) -> None:
    await mysql.run("CREATE TABLE t (id INTEGER PRIMARY KEY AUTO_INCREMENT, day DATE, doc JSON, name VARCHAR(20))")

    added = await mysql.run(
        "INSERT INTO t (day, doc, name) VALUES (${{ args.day }}, ${{ args.doc }}, ${{ args.name }})",
        day="2026-01-31",
        doc={"a": [1, "\u00e9"]},
        name="\u00c9va",
    )

    assert added == {"affected": 1, "last_id": 1}
    assert await one(mysql, "SELECT json_value(doc, '$.a[1]') FROM t") == "\u00e9"
    assert (
        await one(mysql, "SELECT name FROM t WHERE day > ${{ args.d }} LIMIT ${{ args.n }}", d="2026-01-01", n=5)
        == "\u00c9va"
    )
    assert await one(mysql, "SELECT name FROM t WHERE name LIKE concat(${{ args.x }}, '%')", x="\u00e9V") == "\u00c9va"
    assert await one(mysql, "SELECT day - INTERVAL ${{ args.n }} DAY FROM t", n=1) == "2026-01-30"
    assert await one(mysql, "SELECT 1 -${{ args.n }}", n=-1) == 2


async def test_a_duplicate_is_told_without_the_value(mysql: Subject) -> None:
    await mysql.run("CREATE TABLE t (name VARCHAR(20) PRIMARY KEY)")
    await mysql.run("INSERT INTO t VALUES ('Secretive')")

    with pytest.raises(StepError) as caught:
        await mysql.run("INSERT INTO t VALUES (${{ args.x }})", x="Secretive")

    assert str(caught.value) == (
        "The database of connection 'shop' refused the statement: Duplicate entry for key 'PRIMARY'."
    )
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [
        "CALL escape()",
        "SET SESSION TRANSACTION READ WRITE",
        "SET autocommit = 0",
        "COMMIT",
        "COMMIT AND CHAIN",
        "/*! COMMIT */",
        "TRUNCATE t",
        "REPLACE INTO t VALUES (2)",
        "RENAME TABLE t TO u",
    ],
)
async def test_no_statement_gets_out_of_a_transaction_that_only_reads(mysql: Subject, text: str) -> None:
    await mysql.run("CREATE TABLE t (a INTEGER)")
    await mysql.run("INSERT INTO t VALUES (1)")
    await mysql.run("CREATE PROCEDURE escape() BEGIN COMMIT; DELETE FROM t; END")

    try:
        await mysql.run_raw(SqlStatement((text,), ()), read_only=True)
    except StepError as error:
        assert error.code == "read_only"  # noqa: PT017  some do nothing at all
    with pytest.raises(StepError, match="only reads"):
        await mysql.run("DELETE FROM t", read_only=True)

    assert await one(mysql, "SELECT count(*) FROM t") == 1


async def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    port = servers.free_port()
    with pytest.raises(ConnectionLost) as caught:
        async with opened("mysql", f"mysql://ada:{CANARY}@127.0.0.1:{port}/x") as subject:
            await subject.run("SELECT 1")

    assert str(caught.value) == (
        "The database of connection 'shop' cannot be reached: Can't connect to MySQL server on '127.0.0.1'. "
        "Check the connection's URL and the server."
    )
    assert caught.value.retryable


async def test_a_wrong_password_is_not_tried_again(mysql: Subject) -> None:
    with pytest.raises(ConnectionLost) as caught:
        async with opened("mysql", mysql.url.replace(CANARY, f"{CANARY}2")) as subject:
            await subject.run("SELECT 1")

    assert "Access denied for user" in caught.value.message
    assert CANARY not in str(caught.value)
    assert not caught.value.retryable


async def test_a_password_that_the_driver_cannot_send_is_not_repeated(mysql: Subject) -> None:
    with pytest.raises(StepError) as caught:
        async with opened("mysql", mysql.url.replace(CANARY, f"{CANARY}%E2%82%AC")) as subject:
            await subject.run("SELECT 1")

    assert caught.value.code == "invalid_connection"
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_driver_that_is_not_installed_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiomysql", None)
    monkeypatch.delitem(sys.modules, "flows.sql.mysql", raising=False)

    with pytest.raises(StepError) as caught:
        async with opened("mysql", "mysql://localhost/x"):
            pass

    assert caught.value.code == "missing_dependency"
    assert str(caught.value) == (
        "Connection 'shop' needs a driver for MySQL, which is not installed. Run: pip install 'headrace[mysql]'"
    )
