"""`/api/check`, `/api/try`, `/api/test`: what is wrong with a text, and what it does, before it is stored."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import post
from litestar.params import RequestBody
from msgspec import UNSET, Meta, Struct, UnsetType

from coordinator.api.flows import Yaml
from coordinator.api.given import GivenPrincipal, GivenServices
from coordinator.editing.fixes import Fix, fixes_of
from coordinator.editing.layout import Graph, layout
from coordinator.editing.outline import Part, outline_of
from coordinator.services import Services
from coordinator.trials import TrialOut
from flows.check import all_steps
from flows.errors import FlowInvalid, InputRejected
from flows.model import TestFields
from flows.plan import Plan
from flows.problems import Problem
from flows.registry import default_registry
from flows.source import read_source
from flows.testing import TestReport


class CheckIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text to check."""

    text: Annotated[Yaml, Meta(description="The YAML of a flow.")]
    file: Annotated[str, Meta(description="What problems call the text.", max_length=200)] = ""


class CheckOut(Struct, frozen=True, kw_only=True):
    """What is wrong with a text, and what it is made of."""

    is_valid: Annotated[bool, Meta(description="Whether it could be stored and run.")]
    problems: Annotated[list[Problem], Meta(description="Everything that is wrong or doubtful, by line.")]
    fixes: Annotated[list[Fix], Meta(description="Changes that are likely to solve some of the problems.")]
    name: Annotated[str, Meta(description="The name that the text gives its flow; empty while it cannot be told.")]
    outline: Annotated[list[Part], Meta(description="Its parts in the order in which they run.")]
    graph: Annotated[Graph, Meta(description="Where to draw the parts.")]
    arguments: Annotated[
        dict[str, Any] | None, Meta(description="The JSON Schema of its arguments; null while it has errors.")
    ]
    mockable: Annotated[list[str], Meta(description="The steps that reach outside, which tests want a mock for.")]
    tests: Annotated[list[TestFields], Meta(description="Its example runs.")]


class TextIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A flow: a text, or the name of one that is stored."""

    text: Annotated[Yaml | UnsetType, Meta(description="The YAML of a flow.")] = UNSET
    name: Annotated[str | UnsetType, Meta(description="The name of a flow, in place of a text.")] = UNSET


class TryIn(TextIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A flow to try: a text, or the name of one that is stored."""

    arguments: Annotated[Mapping[str, Any], Meta(description="The arguments.")] = {}
    mocks: Annotated[
        Mapping[str, Any] | None,
        Meta(description="Results by step id, in place of running the steps; `flow.step` inside a called flow."),
    ] = None
    live: Annotated[bool, Meta(description="With mocks: let the steps without one reach outside.")] = False


class TestIn(TextIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A flow to test: a text, or the name of one that is stored."""

    live: Annotated[bool, Meta(description="Let tests that say `live: true` reach outside.")] = True


class TestsOut(Struct, frozen=True, kw_only=True):
    """How the tests of a flow went."""

    passed: Annotated[int, Meta(description="How many passed.")]
    failed: Annotated[int, Meta(description="How many did not.")]
    tests: Annotated[list[TestReport], Meta(description="Each of them; `difference` is empty when it passed.")]


@post("/check", operation_id="checkFlow", tags=["flows"], status_code=200)
async def check_flow(services: GivenServices, data: RequestBody[CheckIn]) -> CheckOut:
    """Say what is wrong with a text and what it is made of, without storing it."""
    plan, problems = await services.editor.analyse(data.text, data.file)
    return await asyncio.to_thread(_check_out, data.text, plan, problems)


@post("/try", operation_id="tryFlow", tags=["flows"], status_code=200)
async def try_flow(services: GivenServices, principal: GivenPrincipal, data: RequestBody[TryIn]) -> TrialOut:
    """Run a flow once, without storing it, and show what each step did.  Without mocks its steps really reach out."""
    plan = await _plan(services, data)
    return await services.trials.run(principal, plan, data.arguments, mocks=data.mocks, live=data.live)


@post("/test", operation_id="testFlow", tags=["flows"], status_code=200)
async def test_flow(services: GivenServices, data: RequestBody[TestIn]) -> TestsOut:
    """Run the tests that stand in a flow; their mocks take the place of what reaches outside."""
    reports = await services.trials.test(await _plan(services, data), live=data.live)
    passed = sum(report.passed for report in reports)
    return TestsOut(passed=passed, failed=len(reports) - passed, tests=reports)


def _check_out(text: str, plan: Plan | None, problems: list[Problem]) -> CheckOut:
    source, _ = read_source(text)
    parts = outline_of(source, default_registry(), problems)
    document = source.value if source is not None and isinstance(source.value, dict) else {}
    return CheckOut(
        is_valid=plan is not None,
        problems=problems,
        fixes=fixes_of(text, problems),
        name=document["flow"] if isinstance(document.get("flow"), str) else "",
        outline=parts,
        graph=layout(parts),
        arguments=None if plan is None else dict(plan.input.arguments.schema),
        mockable=[] if plan is None else [step.id for step in all_steps(plan.body) if step.type.reaches_out],
        tests=[] if plan is None else [test.fields for test in plan.tests],
    )


async def _plan(services: Services, data: TextIn) -> Plan:
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
