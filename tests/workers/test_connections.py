"""Which connection a flow gets by a name."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.compile import compile_flow
from flows.connections import Connection, FixedConnections, masks_of, sql_connection
from flows.plan import Plan
from flows.runs import RunRequest, RunResult
from flows.sdk import NetworkPolicy
from tests.flows.steps.http.support import Upstream
from workers.connections import Connections
from workers.local import LocalDispatcher, PlanTable

COUNT = compile_flow(
    "flow: count\ninput: {call: {}}\nsteps:\n  - sql: {connection: db, query: SELECT 1 AS one}\n", "count.yaml"
)


async def run_bound(bindings: dict[str, str], connections: dict[str, str]) -> RunResult:
    return await run_plan(replace(COUNT, bindings=bindings), Connections.from_urls(connections))


async def run_plan(plan: Plan, connections: Connections) -> RunResult:
    network = NetworkPolicy(allow_loopback=True)
    dispatcher = LocalDispatcher(PlanTable({plan.name: plan}), connections, network)
    try:
        request = RunRequest(run_id="r", flow=plan.name, digest=plan.digest, args={}, deadline=time.time() + 5)
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


async def test_a_secret_is_one_of_the_connection_that_its_name_is_bound_to() -> None:
    upstream = Upstream()
    runner = await upstream.start()
    text = "flow: send\ninput: {call: {}}\nsteps:\n  - http: {url: '%s', text: '${{ secrets.keys.token }}'}\n"
    plan = replace(compile_flow(text % upstream.url), bindings={"keys": "keys-eu"})
    held = [
        Connection(name=name, kind="values", values={"token": token}, masks=masks_of([token]))
        for name, token in {"keys": "that-of-others", "keys-eu": "that-which-is-meant"}.items()
    ]

    result = await run_plan(plan, Connections(FixedConnections(held)))
    await runner.cleanup()

    assert result.error is None
    assert upstream.bodies == [b"that-which-is-meant"]


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
