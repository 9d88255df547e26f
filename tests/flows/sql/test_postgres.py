"""What is PostgreSQL's own: types, and the ways out of a transaction that only reads."""

from typing import Any

import pytest

from flows.errors import ConnectionLost, StepError
from flows.sdk import SqlStatement
from tests import servers
from tests.flows.sql.conftest import CANARY, Subject, opened


async def one(postgres: Subject, text: str, **args: Any) -> Any:
    found = await postgres.run(text, read_only=True, **args)
    return next(iter(found["rows"][0].values()))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1::smallint", 1),
        ("9007199254740993::bigint", 9007199254740993),
        ("0.5::real", 0.5),
        ("'NaN'::float8", None),
        ("12.50::numeric", 12.5),
        ("sum(x) FROM (VALUES (1::bigint), (2)) AS t(x)", 3),
        ("0.12345678901234567890::numeric", "0.12345678901234567890"),
        ("'NaN'::numeric", None),
        ("true", True),
        ("'x'::char(3)", "x  "),
        ("DATE '2026-01-31'", "2026-01-31"),
        ("TIMESTAMP '2026-01-31 12:00'", "2026-01-31T12:00:00"),
        ("TIMESTAMPTZ '2026-01-31 12:00+02'", "2026-01-31T10:00:00+00:00"),
        ("TIME '12:00'", "12:00:00"),
        ("INTERVAL '1 day 2 hours'", "P1DT2H"),
        ("'\\x00ff'::bytea", "AP8="),
        ("'00000000-0000-0000-0000-000000000001'::uuid", "00000000-0000-0000-0000-000000000001"),
        ("'{\"a\": [1, null]}'::jsonb", {"a": [1, None]}),
        ("'\"text\"'::json", "text"),
        ("ARRAY['{\"a\": 1}'::jsonb, NULL]", [{"a": 1}, None]),
        ("ARRAY[[1, 2], [3, NULL]]", [[1, 2], [3, None]]),
        ("'10.0.0.1'::inet", "10.0.0.1"),
        ("int4range(1, 5)", "[1,5)"),
        ("daterange(NULL, '2026-01-31')", "(,2026-01-31)"),
        ("int4range(1, 1)", "empty"),
        ("B'101'", "101"),
        ("ROW(1, 'a')", [1, "a"]),
        ("NULL", None),
    ],
)
async def test_a_type_has_its_json(postgres: Subject, expression: str, expected: object) -> None:
    found = await one(postgres, f"SELECT {expression}")

    assert found == expected
    assert type(found) is type(expected)


async def test_a_type_of_ones_own_has_its_json(postgres: Subject) -> None:
    await postgres.run("CREATE TYPE mood AS ENUM ('fine', 'sad')")
    await postgres.run("CREATE TYPE place AS (x numeric, name text)")

    assert await one(postgres, "SELECT ${{ args.m }}::mood", m="sad") == "sad"
    assert await one(postgres, "SELECT ROW(1.5, 'mill')::place") == {"x": 1.5, "name": "mill"}


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        ("int4", 5, "5"),
        ("int4", "5", "5"),
        ("int4", 5.0, "5"),
        ("int8", 2**62, str(2**62)),
        ("oid", 4_000_000_000, "4000000000"),
        ("float8", 1, "1"),
        ("float8", "0.5", "0.5"),
        ("numeric", 0.1, "0.1"),
        ("numeric", "12345678901234567.89", "12345678901234567.89"),
        ("bool", True, "true"),
        ("bool", "false", "false"),
        ("text", "x", "x"),
        ("text", 5, "5"),
        ("text", True, "true"),
        ("text", {"a": [1]}, '{"a":[1]}'),
        ("varchar", 1.5, "1.5"),
        ("date", "2026-01-31", "2026-01-31"),
        ("date", "2026-01-31T12:00:00Z", "2026-01-31"),
        ("timestamp", "2026-01-31T12:00:00", "2026-01-31 12:00:00"),
        ("timestamp", "2026-01-31T12:00:00+02:00", "2026-01-31 10:00:00"),
        ("timestamptz", "2026-01-31T12:00:00Z", "2026-01-31 12:00:00+00"),
        ("timestamptz", "2026-01-31", "2026-01-31 00:00:00+00"),
        ("time", "12:30", "12:30:00"),
        ("interval", "P1DT2H", "1 day 02:00:00"),
        ("interval", 90, "00:01:30"),
        ("uuid", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001"),
        ("bytea", "AP8=", "\\x00ff"),
        ("jsonb", {"a": 1}, '{"a": 1}'),
        ("jsonb", [1, "x"], '[1, "x"]'),
        ("jsonb", '{"a": 1}', '{"a": 1}'),
        ("jsonb", '"text"', '"text"'),
        ("jsonb", 5, "5"),
        ("int4[]", [1, "2", None], "{1,2,NULL}"),
        ("text[]", [1, "b"], "{1,b}"),
        ("jsonb[]", [{"a": 1}], '{"{\\"a\\": 1}"}'),
        ("inet", "10.0.0.1", "10.0.0.1/32"),
        ("timestamptz", None, None),
    ],
)
async def test_a_value_is_converted_to_the_type_of_its_parameter(
    postgres: Subject, declared: str, value: object, expected: str | None
) -> None:
    assert await one(postgres, f"SELECT (${{{{ args.x }}}}::{declared})::text", x=value) == expected


@pytest.mark.parametrize(
    ("declared", "value", "kind"),
    [
        ("int4", "Secretive", "text"),
        ("int4", 1.5, "a number"),
        ("int4", 2**31, "a number"),
        ("int4", True, "a boolean"),
        ("float8", "Secretive", "text"),
        ("numeric", "Secretive", "text"),
        ("numeric", True, "a boolean"),
        ("bool", "Secretive", "text"),
        ("bool", 2, "a number"),
        ("date", "Secretive", "text"),
        ("date", 20260131, "a number"),
        ("timestamptz", "Secretive", "text"),
        ("interval", "Secretive", "text"),
        ("uuid", "Secretive", "text"),
        ("bytea", "Secretive!", "text"),
        ("jsonb", "Secretive", "text"),
        ("int4[]", "Secretive", "text"),
        ("int4", [1], "a list"),
        ("int4", {"a": 1}, "a mapping"),
    ],
)
async def test_a_value_that_does_not_fit_is_refused_without_repeating_it(
    postgres: Subject, declared: str, value: object, kind: str
) -> None:
    with pytest.raises(StepError) as caught:
        await postgres.run(f"SELECT 1 WHERE ${{{{ args.x }}}}::{declared} IS NULL", x=value)

    assert caught.value.code == "sql_error"
    assert str(caught.value) == (
        f"Value 1 of the statement is {kind}, which does not fit the type {declared}. Convert it in the expression, "
        f"or name the type it has in the statement: `${{{{ ... }}}}::text::{declared}`."
    )
    assert caught.value.__cause__ is None
    assert await one(postgres, "SELECT 1") == 1


async def test_a_list_finds_rows_by_any_and_by_in(postgres: Subject) -> None:
    text = "SELECT count(*) FROM generate_series(1, 9) AS n WHERE n "

    assert await one(postgres, f"{text} = ANY(${{{{ args.ids }}}})", ids=[1, 2, 77]) == 2
    assert await one(postgres, f"{text} = ANY(${{{{ args.ids }}}})", ids=[]) == 0
    assert await one(postgres, f"{text} IN ${{{{ args.ids }}}}", ids=[1, "2", 77]) == 2


@pytest.mark.parametrize("text", ["SELECT '24:00'::time", "SELECT '20000-01-01'::date"])
async def test_a_value_that_cannot_be_read_is_told(postgres: Subject, text: str) -> None:
    with pytest.raises(StepError) as caught:
        await postgres.run(text)

    assert caught.value.code == "sql_error"
    assert "a value of the result cannot be read" in caught.value.message
    assert caught.value.fix == "Cast the column to text in the statement."
    assert await one(postgres, "SELECT 1") == 1


@pytest.mark.parametrize(
    "text",
    [
        "SELECT set_config('transaction_read_only', 'off', true), victim()",
        "SELECT set_config('transaction_read_only', 'off', false), victim()",
        "SELECT victim()",
        "SELECT set_config('default_transaction_read_only', 'off', false), victim()",
        "DO $$ BEGIN SET TRANSACTION READ WRITE; DELETE FROM t; END $$",
        "DO $$ BEGIN COMMIT; DELETE FROM t; END $$",
        "DO $$ BEGIN EXECUTE 'COMMIT'; DELETE FROM t; END $$",
        "CALL escape()",
        "SET TRANSACTION READ WRITE",
        "COMMIT",
        "COMMIT AND CHAIN",
        "ROLLBACK",
        "WITH gone AS (DELETE FROM t RETURNING a) SELECT * FROM gone",
        "SELECT nextval('s')",
        "EXPLAIN ANALYZE DELETE FROM t",
        "TRUNCATE t",
        "PREPARE p AS DELETE FROM t",
    ],
)
async def test_no_statement_gets_out_of_a_transaction_that_only_reads(postgres: Subject, text: str) -> None:
    await postgres.run("CREATE TABLE t (a integer)")
    await postgres.run("INSERT INTO t VALUES (1)")
    await postgres.run("CREATE SEQUENCE s")
    await postgres.run("CREATE FUNCTION victim() RETURNS void LANGUAGE sql AS 'DELETE FROM t'")
    await postgres.run("CREATE PROCEDURE escape() LANGUAGE plpgsql AS $$ BEGIN COMMIT; DELETE FROM t; END $$")

    try:
        await postgres.run_raw(SqlStatement((text,), ()), read_only=True)
    except StepError as error:
        assert error.code in {"read_only", "sql_error"}  # noqa: PT017  some do nothing at all
    with pytest.raises(StepError, match="only reads"):
        await postgres.run("DELETE FROM t", read_only=True)

    assert await one(postgres, "SELECT count(*) FROM t") == 1
    assert await one(postgres, "SELECT last_value FROM s") == 1


async def test_the_session_is_as_new_after_every_statement(postgres: Subject) -> None:
    for read_only in (True, False):
        await postgres.run(
            "SELECT set_config('statement_timeout', '7', false), set_config('search_path', 'x', false), "
            "pg_advisory_lock(5)",
            read_only=read_only,
        )

        assert await one(postgres, "SELECT current_setting('search_path')") == '"$user", public'
        assert await one(postgres, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


async def test_a_rule_that_is_checked_at_the_end_is_told(postgres: Subject) -> None:
    await postgres.run("CREATE TABLE a (id integer PRIMARY KEY)")
    await postgres.run("CREATE TABLE b (a integer REFERENCES a DEFERRABLE INITIALLY DEFERRED)")

    with pytest.raises(StepError) as caught:
        await postgres.run("INSERT INTO b VALUES (1)")

    assert "violates foreign key constraint" in caught.value.message
    assert await one(postgres, "SELECT count(*) FROM b") == 0


async def test_a_deadlock_is_worth_another_try(postgres: Subject) -> None:
    await postgres.run("CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE deadlock_detected; END $$")

    with pytest.raises(StepError) as caught:
        await postgres.run("SELECT f()")

    assert caught.value.retryable


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("localhost:{port}/x", "cannot be reached: "),
        ("no-such-host.invalid/x", "cannot be reached: "),
        ("local:host:port/x", "The URL of connection 'shop' cannot be read."),
        ("[::1/x", "The URL of connection 'shop' cannot be read."),
        ("localhost:{port}/x?sslmode=nonsense", "The URL of connection 'shop' cannot be read."),
    ],
)
async def test_a_server_that_is_not_there_is_told_without_the_url(place: str, message: str) -> None:
    url = f"postgresql://ada:{CANARY}@{place.format(port=servers.free_port())}"
    with pytest.raises(StepError) as caught:
        async with opened("postgres", url) as subject:
            await subject.run("SELECT 1")

    assert message in str(caught.value)
    seen: BaseException | None = caught.value
    while seen is not None:
        assert CANARY not in repr(seen)
        seen = seen.__cause__


async def test_a_password_with_special_characters_that_are_not_encoded_is_not_repeated() -> None:
    with pytest.raises(StepError) as caught:
        async with opened("postgres", f"postgresql://ada:{CANARY}#1@localhost/x") as subject:
            await subject.run("SELECT 1")

    assert CANARY not in str(caught.value)
    assert "The URL of connection 'shop' cannot be read." in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_database_that_is_not_there_is_not_tried_again(postgres: Subject) -> None:
    with pytest.raises(ConnectionLost) as caught:
        async with opened("postgres", postgres.url.replace("/postgres?", "/nowhere?")) as subject:
            await subject.run("SELECT 1")

    assert str(caught.value) == (
        "The database of connection 'shop' cannot be reached: database \"nowhere\" does not exist. "
        "Check the connection's URL and the server."
    )
    assert not caught.value.retryable


async def test_an_sqlalchemy_url_is_understood(postgres: Subject) -> None:
    async with opened("postgres", postgres.url.replace("postgresql:", "postgresql+asyncpg:")) as subject:
        assert await one(subject, "SELECT 1") == 1
