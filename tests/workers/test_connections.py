"""Which connection a flow gets by a name."""

import time
from dataclasses import replace

from flows.compile import compile_flow
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
