"""The `sql` step in flows: what its author writes and what callers get."""

import asyncio
import logging
from pathlib import Path

import pytest

from flows.errors import FlowInvalid
from tests import servers
from tests.flow_runs import run_flow, value_of

CANARY = "hunter2canary"


def flow(query: str, *, annotations: str = "", more: str = "", params: str = "id: integer") -> str:
    return f"""
flow: find_user
description: Finds a user.
input:
  mcp_tool:
    params:
      {params}
    annotations: {{{annotations}}}
steps:
  - id: found
    sql:
      connection: shop
      query: {query}
{more}
output:
  reply: ${{{{ found }}}}
"""


@pytest.fixture
async def shop(tmp_path: Path) -> dict[str, str]:
    connections = {"shop": f"sqlite:///{tmp_path}/shop.db"}
    await value_of(flow("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)"), {"id": 1}, connections=connections)
    await value_of(
        flow("INSERT INTO users VALUES (1, 'Ada'), (2, 'Grace'), (3, 'Linus')"), {"id": 1}, connections=connections
    )
    return connections


async def test_a_flow_finds_rows(shop: dict[str, str]) -> None:
    found = await value_of(flow("SELECT id, name FROM users WHERE id = ${{ args.id }}"), {"id": 2}, connections=shop)

    assert found == {
        "rows": [{"id": 2, "name": "Grace"}],
        "columns": ["id", "name"],
        "row_count": 1,
        "truncated": False,
    }


async def test_more_rows_than_max_rows_are_cut(shop: dict[str, str]) -> None:
    text = flow("SELECT id FROM users ORDER BY id", more="      max_rows: 2")

    found = await value_of(text, {"id": 1}, connections=shop)

    assert found == {"rows": [{"id": 1}, {"id": 2}], "columns": ["id"], "row_count": 2, "truncated": True}


@pytest.mark.parametrize(
    ("annotations", "more"),
    [("readOnly: true", ""), ("", "      read_only: true"), ("readOnly: true", "      read_only: false")],
)
async def test_a_tool_that_promises_to_change_nothing_does_not(
    shop: dict[str, str], annotations: str, more: str
) -> None:
    text = flow("DELETE FROM users WHERE id = ${{ args.id }}", annotations=annotations, more=more)

    result = await run_flow(text, {"id": 1}, connections=shop)

    assert result.error is not None
    assert result.error.code == "read_only"
    counted = await value_of(flow("SELECT count(*) AS n FROM users"), {"id": 1}, connections=shop)
    assert counted["rows"] == [{"n": 3}]


async def test_a_step_that_takes_longer_than_its_timeout_is_stopped(shop: dict[str, str]) -> None:
    text = flow(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n", more="    timeout: 200ms"
    )

    async with asyncio.timeout(5):
        result = await run_flow(text, {"id": 1}, connections=shop)

    assert result.error is not None
    assert result.error.code == "timeout"


async def test_an_interpolation_inside_quotes_is_a_problem_at_its_place() -> None:
    with pytest.raises(FlowInvalid) as caught:
        await run_flow(flow("SELECT id FROM users WHERE name = '${{ args.id }}'"), {"id": 1})

    (problem,) = caught.value.problems
    assert (problem.line, problem.code) == (13, "flow.unsafe-place")
    assert problem.message.startswith("${{ args.id }} stands inside quotes.")


async def test_a_connection_that_is_not_there_is_named(shop: dict[str, str]) -> None:
    result = await run_flow(flow("SELECT 1"), {"id": 1}, connections={"stop": shop["shop"]})

    assert result.error is not None
    assert "'shop'" in result.error.message


async def test_the_password_of_a_connection_is_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    port = servers.free_port()

    for url in (
        f"postgresql://ada:{CANARY}@127.0.0.1:{port}/x",
        f"mysql://ada:{CANARY}@127.0.0.1:{port}/x",
        f"postgresql://ada:{CANARY}#@127.0.0.1/x",
        f"oracle://ada:{CANARY}@127.0.0.1/x",
    ):
        result = await run_flow(flow("SELECT 1"), {"id": 1}, connections={"shop": url})

        assert result.error is not None
        assert CANARY not in repr(result)
    assert CANARY not in caplog.text


async def test_values_of_arguments_are_in_no_log(shop: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = flow("SELECT ${{ args.name }} AS name", params="name: string")

    found = await value_of(text, {"name": CANARY}, connections=shop)

    assert found["rows"] == [{"name": CANARY}]
    assert CANARY not in caplog.text
