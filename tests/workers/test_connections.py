"""Which connection a flow gets by a name."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.compile import compile_flow
from flows.connections import Connection, FixedConnections, sql_connection
from flows.runs import RunRequest, RunResult
from workers.connections import Connections
from workers.local import LocalDispatcher, PlanTable

COUNT = compile_flow(
    "flow: count\ninput: {call: {}}\nsteps:\n  - sql: {connection: db, query: SELECT 1 AS one}\n", "count.yaml"
)


async def run_bound(bindings: dict[str, str], connections: dict[str, str]) -> RunResult:
    plan = replace(COUNT, bindings=bindings)
    dispatcher = LocalDispatcher(PlanTable({plan.name: plan}), Connections.from_urls(connections))
    try:
        request = RunRequest(run_id="r", flow="count", digest=plan.digest, args={}, deadline=time.time() + 5)
        return await dispatcher.run(request)
    finally:
        await dispatcher.close()


async def test_a_bound_name_means_the_connection_that_it_is_bound_to() -> None:
    result = await run_bound({"db": "shop-eu"}, {"shop-eu": "sqlite:///:memory:"})

    assert result.error is None


async def test_a_name_that_is_not_bound_means_itself() -> None:
    result = await run_bound({"other": "shop-eu"}, {"db": "sqlite:///:memory:"})

    assert result.error is None


async def test_a_bound_name_that_leads_nowhere_is_named_as_it_was_installed() -> None:
    result = await run_bound({"db": "shop-eu"}, {"db": "sqlite:///:memory:"})

    assert result.error is not None
    assert result.error.code == "unknown_connection"
    assert result.error.message.startswith("There is no connection 'shop-eu'.")


class Changing(FixedConnections):
    """Connections that a test changes."""

    def __init__(self, *connections: Connection) -> None:
        super().__init__(connections)
        self._changed: list[Callable[[], None]] = []

    def subscribe(self, changed: Callable[[], None]) -> None:
        self._changed.append(changed)

    def change(self, *connections: Connection) -> None:
        self._connections = {connection.name: connection for connection in connections}
        for changed in self._changed:
            changed()


async def test_a_change_is_seen_by_the_next_run_and_the_old_pool_is_closed(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with closing(sqlite3.connect(tmp_path / name)) as file:
            file.execute(f"CREATE TABLE one AS SELECT '{name}' AS one")
            file.commit()
    plan = compile_flow(
        "flow: count\ninput: {call: {}}\nsteps:\n  - id: q\n    sql: {connection: db, query: SELECT one FROM one}\n"
        "output: {reply: '${{ q.rows[0].one }}'}\n"
    )
    source = Changing(sql_connection("db", f"sqlite:///{tmp_path}/old"))
    dispatcher = LocalDispatcher(PlanTable({"count": plan}), Connections(source))

    async def ask() -> Any:
        request = RunRequest(run_id="r", flow="count", digest=plan.digest, args={}, deadline=time.time() + 5)
        result = await dispatcher.run(request)
        return result.error.message if result.error else result.reply and result.reply.value

    before = await ask()
    source.change(sql_connection("db", f"sqlite:///{tmp_path}/new"))
    after = await ask()
    open_pools = [key for key in dispatcher._resources.open_keys() if key[0] == "sql"]
    source.change()
    gone = await ask()
    await dispatcher.close()

    assert (before, after) == ("old", "new")
    assert len(open_pools) == 1
    assert gone.startswith("There is no connection 'db'.")


async def test_a_plan_names_the_connections_that_it_uses_as_they_are_installed() -> None:
    text = (
        "flow: both\ninput: {call: {}}\nsteps:\n  - http: {connection: web, path: /a}\n"
        "  - switch: [{steps: [{sql: {connection: db, query: SELECT 1}}]}]\n"
    )
    plan = compile_flow(text)

    assert plan.connections == {"web": 4, "db": 5}
    assert replace(plan, bindings={"db": "shop-eu"}).installed_connections == {"web", "shop-eu"}
