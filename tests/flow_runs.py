"""Run the text of a flow in process: the highest surface that shows what a step does."""

import time
from collections.abc import Mapping
from typing import Any

from flows.compile import compile_flow
from flows.events import Event
from flows.plan import Plan
from flows.runs import RunRequest, RunResult
from flows.sdk import NetworkPolicy
from workers.connections import Connections
from workers.local import LocalDispatcher, PlanTable

LOOPBACK = NetworkPolicy(allow_loopback=True)


async def run_flow(
    text: str,
    args: Mapping[str, Any] | None = None,
    *,
    others: tuple[str, ...] = (),
    connections: Connections | Mapping[str, str] | None = None,
    events: list[Event] | None = None,
    seconds: float = 5.0,
    **request: Any,
) -> RunResult:
    """Compile a flow, run it with these arguments, close everything."""
    plan = compile_flow(text, "flow.yaml")
    plans = {plan.name: plan} | {other.name: other for other in map(compile_flow, others)}
    known = connections if isinstance(connections, Connections) else Connections.from_urls(connections or {})
    dispatcher = LocalDispatcher(PlanTable(plans), known, LOOPBACK)
    heard = [] if events is None else events
    try:
        return await dispatcher.run(request_for(plan, args, seconds, **request), heard.append)
    finally:
        await dispatcher.close()


def request_for(plan: Plan, args: Mapping[str, Any] | None = None, seconds: float = 20.0, **more: Any) -> RunRequest:
    """Return the request to run a plan with these arguments, within so many seconds."""
    return RunRequest(
        run_id="run-1",
        flow=plan.name,
        digest=plan.digest,
        args=plan.input.arguments.complete(args or {}),
        deadline=time.time() + seconds,
        **more,
    )


async def value_of(text: str, args: Mapping[str, Any] | None = None, **more: Any) -> Any:
    """Run a flow that must succeed; return its value."""
    result = await run_flow(text, args, **more)
    assert result.error is None, result.error
    assert result.reply is not None
    return result.reply.value


def steps(yaml_steps: str, params: str = "{}") -> str:
    """Return the text of a flow with these steps."""
    return f"flow: mill\ninput: {{call: {{params: {params}}}}}\nsteps:\n{yaml_steps}\n"
