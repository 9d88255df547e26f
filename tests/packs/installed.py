"""A pack of the catalog as an install runs it, in process, with answers held to what `returns` promises."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from flows.compile import analyse_definition
from flows.connections import Connection, FixedConnections
from flows.definition import Binding, FlowDefinition
from flows.plan import Plan
from flows.runs import RunError
from flows.sdk import NetworkPolicy
from packs.loader import CATALOG, load_pack
from packs.manifest import compile_variables
from packs.pack import Pack
from tests.flow_runs import LOOPBACK, request_for
from workers.connections import Connections
from workers.local import LocalDispatcher, PlanTable


class Failed(Exception):
    """A tool failed."""

    def __init__(self, error: RunError) -> None:
        super().__init__(error.message)
        self.code = error.code
        self.message = error.message


class Installed:
    """Calls tools of one install."""

    def __init__(self, plans: Mapping[str, Plan], dispatcher: LocalDispatcher) -> None:
        self._plans = plans
        self._dispatcher = dispatcher

    async def __call__(self, tool: str, **args: Any) -> Any:
        """Return the value of a tool.  Raises Failed."""
        plan = self._plans[tool]
        assert plan.input.arguments.rejections(args) == []
        result = await self._dispatcher.run(request_for(plan, args))
        if result.error is not None:
            raise Failed(result.error)
        assert result.reply is not None
        if (promised := plan.input.returns_validator) is not None:
            assert [error.message for error in promised.iter_errors(result.reply.value)] == []
        return result.reply.value


@asynccontextmanager
async def installed(
    name: str,
    variables: Mapping[str, Any] | None = None,
    connections: tuple[Connection, ...] = (),
    network: NetworkPolicy = LOOPBACK,
) -> AsyncIterator[Installed]:
    """Install a pack of the catalog; the pack's own names of connections are those of the connections given."""
    pack = load_pack(CATALOG / name)
    plans = {plan.name: plan for plan in _plans(pack, variables or {})}
    dispatcher = LocalDispatcher(PlanTable(plans), Connections(FixedConnections(connections)), network)
    try:
        yield Installed(plans, dispatcher)
    finally:
        await dispatcher.close()


def _plans(pack: Pack, variables: Mapping[str, Any]) -> list[Plan]:
    complete = compile_variables(pack.manifest.variables).complete(variables)
    binding = Binding(install=pack.manifest.name, flows=tuple(sorted(pack.flows)), vars=complete)
    plans = []
    for flow in pack.flows.values():
        plan, problems = analyse_definition(FlowDefinition(text=flow.text, file=flow.file, binding=binding))
        assert plan is not None, problems
        plans.append(plan)
    return plans
