"""`/api/check` and `/api/try`: what is wrong with a text, and what it does, before it is stored."""

from collections.abc import Mapping
from typing import Annotated, Any

from litestar import post
from litestar.params import RequestBody
from msgspec import UNSET, Meta, Struct, UnsetType

from coordinator.api.flows import Yaml
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.services import Services
from coordinator.trials import TrialOut
from flows.errors import FlowInvalid, InputRejected
from flows.plan import Plan
from flows.problems import Problem


class CheckIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text to check."""

    text: Annotated[Yaml, Meta(description="The YAML of a flow.")]
    file: Annotated[str, Meta(description="What problems call the text.", max_length=200)] = ""


class CheckOut(Struct, frozen=True, kw_only=True):
    """What is wrong with a text."""

    is_valid: Annotated[bool, Meta(description="Whether it could be stored and run.")]
    problems: Annotated[list[Problem], Meta(description="Everything that is wrong or doubtful, by line.")]


class TryIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A flow to try: a text, or the name of one that is stored."""

    text: Annotated[Yaml | UnsetType, Meta(description="The YAML of a flow.")] = UNSET
    name: Annotated[str | UnsetType, Meta(description="The name of a flow, in place of a text.")] = UNSET
    arguments: Annotated[Mapping[str, Any], Meta(description="The arguments.")] = {}
    mocks: Annotated[
        Mapping[str, Any] | None,
        Meta(description="Results by step id, in place of running the steps; `flow.step` inside a called flow."),
    ] = None
    live: Annotated[bool, Meta(description="With mocks: let the steps without one reach outside.")] = False


@post("/check", operation_id="checkFlow", tags=["flows"], status_code=200)
async def check_flow(services: GivenServices, data: RequestBody[CheckIn]) -> CheckOut:
    """Say what is wrong with a text, without storing it."""
    problems = await services.editor.check(data.text, data.file)
    return CheckOut(is_valid=all(problem.severity != "error" for problem in problems), problems=problems)


@post("/try", operation_id="tryFlow", tags=["flows"], status_code=200)
async def try_flow(services: GivenServices, principal: GivenPrincipal, data: RequestBody[TryIn]) -> TrialOut:
    """Run a flow once, without storing it, and show what each step did.  Without mocks its steps really reach out."""
    plan = await _plan(services, data)
    return await services.trials.run(principal, plan, data.arguments, mocks=data.mocks, live=data.live)


async def _plan(services: Services, data: TryIn) -> Plan:
    if (data.text is UNSET) == (data.name is UNSET):
        raise InputRejected("Give either `text` or `name`.")
    if isinstance(data.text, str):
        plan, problems = await services.catalog.analyse(data.text, "")
    else:
        entry = services.editor.get(str(data.name))
        plan, problems = entry.plan, entry.problems
    if plan is None:
        raise FlowInvalid([problem for problem in problems if problem.severity == "error"])
    return plan
