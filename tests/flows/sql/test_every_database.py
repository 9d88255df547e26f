"""What a flow may rely on, whatever the database is."""

import asyncio
from typing import Any

import pytest

from flows.errors import ConnectionLost, RunTimeout, StepError
from flows.sdk import SqlStatement
from tests.flows.sql.conftest import CANARY, Subject, eventually

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(200), city VARCHAR(80))"
HOSTILE = [
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    '" OR ""="',
    "1 UNION SELECT name FROM users",
    "\\' OR 1=1 #",
    "\\",
    "'||(SELECT 1)||'",
    "/* */ -- #",
    "${{ args.other }}",
    "%s ? $1 :x @y %(z)s",
    "`; SELECT 1",
    "\u00bf' OR 1=1 -- \u00bf\\'",  # what a broken multi-byte character set makes of an escaped quote
    "\u2019 \U0001f600 \u0130",
    "",
    "0x27204f5220313d31",
]


async def fill(database: Subject) -> None:
    await database.run(USERS)
    await database.run("INSERT INTO users VALUES (1, 'Ada', 'London'), (2, 'Grace', 'New York'), (3, 'Linus', NULL)")


async def names(database: Subject, text: str, **args: Any) -> list[str]:
    found = await database.run(text, read_only=True, **args)
    return [row["name"] for row in found["rows"]]


async def error_of(database: Subject, text: str, **more: Any) -> StepError:
    with pytest.raises(StepError) as caught:
        await database.run(text, **more)
    return caught.value


# -- results -------------------------------------------------------------------------------------------------------


async def test_a_query_gives_rows_columns_and_their_count(database: Subject) -> None:
    await fill(database)

    found = await database.run("SELECT id, name, city FROM users WHERE id >= ${{ args.id }} ORDER BY id", id=2)

    assert found == {
        "rows": [{"id": 2, "name": "Grace", "city": "New York"}, {"id": 3, "name": "Linus", "city": None}],
        "columns": ["id", "name", "city"],
        "row_count": 2,
        "truncated": False,
    }


async def test_a_query_without_rows_still_has_columns(database: Subject) -> None:
    await fill(database)

    found = await database.run("SELECT id FROM users WHERE id > 9")

    assert found == {"rows": [], "columns": ["id"], "row_count": 0, "truncated": False}


async def test_a_change_gives_the_number_of_rows(database: Subject) -> None:
    await fill(database)

    assert await database.run("UPDATE users SET city = ${{ args.city }} WHERE id < 3", city="Oslo") == {"affected": 2}
    assert await database.run("DELETE FROM users WHERE id = 9") == {"affected": 0}
    assert await names(database, "SELECT name FROM users WHERE city = 'Oslo' ORDER BY id") == ["Ada", "Grace"]


async def test_a_change_that_returns_rows_gives_rows(database: Subject) -> None:
    await database.run(USERS)

    added = await database.run("INSERT INTO users VALUES (1, 'Ada', 'London'), (2, 'Bo', 'Oslo') RETURNING id, name")

    assert added["rows"] == [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bo"}]
    assert await names(database, "SELECT name FROM users ORDER BY id") == ["Ada", "Bo"]


async def test_a_change_is_whole_even_when_fewer_rows_are_returned(database: Subject) -> None:
    await database.run(USERS)

    added = await database.run(
        "INSERT INTO users VALUES (1, 'A', 'x'), (2, 'B', 'x'), (3, 'C', 'x') RETURNING id", max_rows=1
    )

    assert added == {"rows": [{"id": 1}], "columns": ["id"], "row_count": 1, "truncated": True}
    assert await names(database, "SELECT name FROM users ORDER BY id") == ["A", "B", "C"]


@pytest.mark.parametrize(("max_rows", "truncated"), [(2, True), (3, False), (4, False)])
async def test_more_rows_than_the_most_are_cut(database: Subject, max_rows: int, truncated: bool) -> None:
    await fill(database)

    found = await database.run("SELECT id FROM users ORDER BY id", max_rows=max_rows, read_only=True)

    assert [row["id"] for row in found["rows"]] == [1, 2, 3][:max_rows]
    assert (found["row_count"], found["truncated"]) == (min(max_rows, 3), truncated)
    assert await names(database, "SELECT name FROM users WHERE id = 1") == ["Ada"]


async def test_columns_of_the_same_name_are_told_apart(database: Subject) -> None:
    found = await database.run("SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a")

    assert found["columns"] == ["a", "a_3", "a_2", "a_4"] or found["columns"] == ["a", "a_2", "a_2_2", "a_3"]
    assert sorted(found["rows"][0].values()) == [1, 2, 3, 4]


async def test_numbers_and_nothing_keep_their_kind(database: Subject) -> None:
    await database.run("CREATE TABLE t (i INTEGER, big BIGINT, d DOUBLE PRECISION, s VARCHAR(9))")
    values: dict[str, Any] = {"i": -5, "big": 2**53 + 1, "d": 0.1, "s": None}

    await database.run("INSERT INTO t VALUES (${{ args.i }}, ${{ args.big }}, ${{ args.d }}, ${{ args.s }})", **values)

    assert (await database.run("SELECT * FROM t"))["rows"] == [values]
    assert (await database.run("SELECT 1-${{ args.i }} AS n", i=-5))["rows"] == [{"n": 6}]


# -- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_comes_back_as_the_data_it_is(database: Subject, text: str) -> None:
    await fill(database)

    assert await names(database, "SELECT name FROM users WHERE name = ${{ args.value }}", value=text) == []
    await database.run("INSERT INTO users VALUES (4, ${{ args.value }}, ${{ args.value }})", value=text)

    assert await names(database, "SELECT name FROM users WHERE name = ${{ args.value }}", value=text) == [text]
    assert await names(database, "SELECT name FROM users WHERE city IN ${{ args.values }}", values=[text, text]) == [
        text
    ]
    assert await names(database, "SELECT name FROM users ORDER BY id") == ["Ada", "Grace", "Linus", text]


@pytest.mark.parametrize(
    ("text", "ids", "expected"),
    [
        ("id IN ${{ args.ids }}", [1, 3, 7], ["Ada", "Linus"]),
        ("id IN (${{ args.ids }})", [2], ["Grace"]),
        ("id IN ${{ args.ids }}", 2, ["Grace"]),
        ("id NOT IN ${{ args.ids }}", [1, 2], ["Linus"]),
        ("id IN ${{ args.ids }}", [], []),
        ("id NOT IN ${{ args.ids }}", [], ["Ada", "Grace", "Linus"]),
        ("NOT id IN ${{ args.ids }}", [], ["Ada", "Grace", "Linus"]),
        ("id = 1 OR id IN (${{ args.ids }})", [], ["Ada"]),
        ("city NOT IN ${{ args.ids }} AND id = 3", [], ["Linus"]),
    ],
)
async def test_a_list_after_in_finds_its_rows(database: Subject, text: str, ids: object, expected: list[str]) -> None:
    await fill(database)

    assert await names(database, f"SELECT name FROM users WHERE {text} ORDER BY id", ids=ids) == expected


async def test_lists_and_mappings_are_bound_as_json_text(database: Subject) -> None:
    await database.run(USERS)

    await database.run(
        "INSERT INTO users (id, name, city) VALUES (1, ${{ args.a }}, ${{ args.b }})", a=[1, "x"], b={"k": None}
    )

    assert (await database.run("SELECT name, city FROM users"))["rows"] == [{"name": '[1,"x"]', "city": '{"k":null}'}]


async def test_text_with_half_a_character_is_refused(database: Subject) -> None:
    await fill(database)

    error = await error_of(database, "SELECT name FROM users WHERE name = ${{ args.x }}", x="\ud800")

    assert error.code == "sql_error"
    assert str(error) == (
        "The database of connection 'shop' refused the statement: a text holds half a character (a lone surrogate)."
    )


# -- reading only --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO users VALUES (4, 'Eve', 'x')",
        "INSERT INTO users VALUES (4, 'Eve', 'x') RETURNING id",
        "UPDATE users SET name = 'Eve'",
        "DELETE FROM users",
        "CREATE TABLE t (a INTEGER)",
        "DROP TABLE users",
        "ALTER TABLE users ADD COLUMN x INTEGER",
        "CREATE INDEX i ON users (name)",
    ],
)
async def test_a_step_that_only_reads_cannot_change_anything(database: Subject, text: str) -> None:
    await fill(database)

    error = await error_of(database, text, read_only=True)

    assert error.code == "read_only"
    assert not error.retryable
    assert str(error) == (
        "The statement would change the database of connection 'shop', and this step only reads. If it is meant to, "
        "remove `read_only` from the step and `readOnly` from the tool's annotations."
    )
    assert await names(database, "SELECT name FROM users ORDER BY id") == ["Ada", "Grace", "Linus"]


async def test_a_change_is_possible_after_one_that_was_refused(database: Subject) -> None:
    await fill(database)
    text = "UPDATE users SET name = 'Eve' WHERE id = 1"

    await error_of(database, text, read_only=True)
    assert await database.run(text) == {"affected": 1}
    await error_of(database, text, read_only=True)


# -- one statement -------------------------------------------------------------------------------------------------


async def test_a_second_statement_is_refused_by_the_database_too(database: Subject) -> None:
    await fill(database)

    with pytest.raises(StepError) as caught:
        await database.run_raw(SqlStatement(("SELECT 1; DELETE FROM users",), ()))

    assert caught.value.code == "sql_error"
    assert await names(database, "SELECT name FROM users ORDER BY id") == ["Ada", "Grace", "Linus"]


@pytest.mark.parametrize("text", ["BEGIN", "START TRANSACTION", "COMMIT", "ROLLBACK"])
async def test_a_transaction_cannot_be_left_behind(database: Subject, text: str) -> None:
    await fill(database)

    try:
        await database.run_raw(SqlStatement((text,), ()))
    except StepError as error:
        assert error.code == "sql_error"  # noqa: PT017  both outcomes are right
    await database.run("UPDATE users SET name = 'Eve' WHERE id = 1")

    assert await names(database, "SELECT name FROM users WHERE id = 1") == ["Eve"]


# -- failures ------------------------------------------------------------------------------------------------------


async def test_a_table_that_is_not_there_suggests_the_nearest(database: Subject) -> None:
    await fill(database)

    error = await error_of(database, "SELECT * FROM usrs")

    assert error.code == "sql_error"
    assert error.message.startswith("The database of connection 'shop' refused the statement: ")
    assert error.fix == "Did you mean 'users'?"


async def test_a_mistake_in_the_statement_is_told(database: Subject) -> None:
    error = await error_of(database, "SELEC 1", read_only=True)

    assert error.code == "sql_error"
    assert "syntax" in error.message
    assert not error.retryable


async def test_a_failed_change_leaves_nothing_behind(database: Subject) -> None:
    await fill(database)

    error = await error_of(database, "INSERT INTO users VALUES (4, 'New', 'x'), (1, ${{ args.x }}, 'x')", x="Secretive")

    assert error.code == "sql_error"
    assert "Secretive" not in str(error)
    assert await names(database, "SELECT name FROM users ORDER BY id") == ["Ada", "Grace", "Linus"]


async def test_a_statement_that_takes_too_long_is_stopped(database: Subject) -> None:
    await fill(database)

    with pytest.raises(RunTimeout) as caught:
        await database.run(database.endless, read_only=True, seconds=0.3)

    assert str(caught.value) == (
        "The statement on connection 'shop' was stopped: it took longer than 0.3 s. "
        "Make the statement cheaper, or raise `timeout`."
    )
    assert await names(database, "SELECT name FROM users WHERE id = 1") == ["Ada"]


async def test_a_cancelled_statement_stops_and_its_place_is_free_again(database: Subject) -> None:
    await fill(database)

    for _ in range(10):  # more than there are connections
        task = asyncio.create_task(database.run(database.endless, read_only=True))
        await asyncio.sleep(0.03)  # some are stopped while they connect, some while they run
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async with asyncio.timeout(5):
        assert await names(database, "SELECT name FROM users WHERE id = 1") == ["Ada"]
    if database.kind != "sqlite":  # there, that the fixture can close the threads says the same
        await eventually(lambda: _none_running(database))


async def _none_running(database: Subject) -> bool:
    return await database.running() == 0


async def test_statements_run_side_by_side(database: Subject) -> None:
    await fill(database)
    slow = asyncio.create_task(database.run(database.endless, read_only=True))

    found = await asyncio.gather(
        *(names(database, "SELECT name FROM users WHERE id = ${{ args.id }}", id=n % 3 + 1) for n in range(100)),
        *(database.run("UPDATE users SET city = ${{ args.n }} WHERE id = 1", n=str(n)) for n in range(20)),
    )

    assert found[:3] == [["Ada"], ["Grace"], ["Linus"]]
    assert found[100:] == [{"affected": 1}] * 20
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_a_changed_table_is_seen_by_a_statement_that_ran_before(database: Subject) -> None:
    await fill(database)
    text = "SELECT * FROM users WHERE id = ${{ args.id }}"

    await database.run(text, id=1)
    await database.run("ALTER TABLE users ADD COLUMN age INTEGER")

    assert (await database.run(text, id=1))["rows"] == [{"id": 1, "name": "Ada", "city": "London", "age": None}]


async def test_the_password_is_in_no_error(database: Subject) -> None:
    failures = [
        await error_of(database, "SELECT * FROM nowhere"),
        await error_of(database, "SELEC 1"),
        await error_of(database, "DELETE FROM users", read_only=True),
    ]

    for failure in failures:
        seen: BaseException | None = failure
        while seen is not None:
            assert CANARY not in repr(seen)
            assert CANARY not in str(seen)
            seen = seen.__cause__


async def test_a_lost_connection_is_told_and_the_next_statement_gets_a_new_one(server_database: Subject) -> None:
    database = server_database
    await fill(database)
    slow = asyncio.create_task(database.run(database.endless, read_only=True))
    await eventually(lambda: _one_runs(database))

    await end_sessions(database)

    with pytest.raises(ConnectionLost) as caught:
        await slow
    assert str(caught.value) == "The database of connection 'shop' went away while the statement ran. Try again."
    assert caught.value.retryable
    assert await names(database, "SELECT name FROM users WHERE id = 1") == ["Ada"]


async def _one_runs(database: Subject) -> bool:
    return await database.running() == 1


async def end_sessions(database: Subject) -> None:
    """End every session of the database but the one that says so."""
    if database.kind == "postgres":
        await database.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
        return
    listed = await database.run(
        "SELECT id FROM information_schema.processlist WHERE user = substring_index(user(), '@', 1) "
        "AND id <> connection_id()"
    )
    for row in listed["rows"]:
        await database.run_raw(SqlStatement(("KILL ", ""), (row["id"],)))
