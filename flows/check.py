"""Check the meaning of a compiled flow: its tests, and what clients and models are known to stumble over.

What the compiler cannot do without (names, references, types) it checks itself; here is what only doubts or promises
are about.  `check_calls` looks across flows.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import UNSET

from flows.plan import Block, FlowTest, Plan, PlanStep
from flows.problems import Problem, did_you_mean
from flows.source import Path, Source

MAX_NAME_LENGTH = 64
"""Several model APIs refuse longer names of tools and properties."""


def check_plan(plan: Plan, source: Source) -> list[Problem]:
    """Return the problems of one flow that do not keep it from compiling, and broken promises of its tests."""
    return [*_check_tool(plan, source), *_check_hook(plan, source), *_check_tests(plan, source)]


def check_calls(plans: Mapping[str, Plan]) -> list[Problem]:
    """Return the calls that lead nowhere, among flows that live together (by name)."""
    return [
        Problem(
            code="flow.unknown-flow",
            message=f"The flow {plan.name!r} calls {name!r}, which does not exist.{did_you_mean(name, plans)}",
            line=line,
            file=plan.file,
            severity="warning",
        )
        for plan in plans.values()
        for name, line in plan.calls.items()
        if name not in plans
    ]


def step_ids(plan: Plan) -> set[str]:
    """Return the ids of all steps of a plan, however deep."""
    return {step.id for step in all_steps(plan.body)}


def all_steps(block: Block) -> Iterator[PlanStep]:
    """Go through the steps of a block and what is inside of them, each before what it holds."""
    for step in block.steps:
        yield step
        blocks = [*step.type.blocks(step.config.shape)] if step.type.blocks is not None else []
        if step.on_error is not None and step.on_error.shape.steps is not UNSET:
            blocks.append(step.on_error.shape.steps)
        for inner in blocks:
            yield from all_steps(inner)


def _check_tool(plan: Plan, source: Source) -> Iterator[Problem]:
    if plan.input.type.name != "mcp_tool":
        return
    path: Path = ("input", "mcp_tool")
    if not plan.description:
        message = "A tool without a description: models decide by it. Add `description:`."
        yield source.problem("flow.no-description", message, ("flow",), severity="warning")
    schema = plan.input.arguments.schema
    at = (*path, "schema") if plan.input.config.schema is not UNSET else (*path, "params")
    for keyword in schema.keys() & {"oneOf", "anyOf", "allOf", "not"}:
        message = f"Some model APIs refuse {keyword!r} at the root of a tool's schema; prefer plain properties."
        yield source.problem("flow.portability", message, (*at, keyword), severity="warning", at_key=True)
    for name, declared in schema.get("properties", {}).items():
        inner = (*at, name) if at[-1] == "params" else (*at, "properties", name)
        yield from _check_param(name, declared, source, inner)


def _check_param(name: str, declared: Any, source: Source, path: Path) -> Iterator[Problem]:
    if len(name) > MAX_NAME_LENGTH:
        message = f"Some model APIs refuse argument names of more than {MAX_NAME_LENGTH} characters."
        yield source.problem("flow.portability", message, path, severity="warning", at_key=True)
    if isinstance(declared, dict) and declared.get("type") == "array" and "items" not in declared:
        message = "Some clients refuse an array without `items`; say of what it is."
        yield source.problem("flow.portability", message, path, severity="warning", at_key=True)


def _check_hook(plan: Plan, source: Source) -> Iterator[Problem]:
    if plan.input.type.name != "webhook":
        return
    if plan.input.config.leaves_queries_unsigned:
        message = (
            "A GET request has no body, so this signature does not cover what it says: its query can be changed. "
            "Take requests with a body, or add `token:`."
        )
        yield source.problem("flow.unsigned-query", message, ("input", "webhook", "methods"), severity="warning")
    if plan.input.config.is_open:
        message = "Anybody who knows its address can start this flow. Add `signature:` or `token:`."
        yield source.problem("flow.open-webhook", message, ("input", "webhook"), severity="warning", at_key=True)


def _check_tests(plan: Plan, source: Source) -> Iterator[Problem]:
    known = step_ids(plan)
    for index, test in enumerate(plan.tests):
        path: Path = ("tests", index)
        if (test.fields.expect is UNSET) == (test.fields.expect_error is UNSET):
            yield source.problem("flow.test", "A test has either `expect` or `expect_error`.", path)
        for part in ("mock", "fail"):
            for name in getattr(test.fields, part):
                if "." not in name and name not in known:
                    message = f"There is no step {name!r} to {part}.{did_you_mean(name, known)}"
                    yield source.problem("flow.test", message, (*path, part, name), at_key=True)
        yield from _check_test_args(plan, test, source, path)


def _check_test_args(plan: Plan, test: FlowTest, source: Source, path: Path) -> Iterator[Problem]:
    expected = test.fields.expect_error
    if expected is not UNSET and expected.code == "invalid_arguments":
        return
    for message in plan.input.arguments.rejections(test.fields.args):
        yield source.problem("flow.test", f"The test's arguments do not fit. {message}", (*path, "args"))
