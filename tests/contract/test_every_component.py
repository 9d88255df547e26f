"""What every component promises, tried on each one that is installed: a new file is covered without a new test."""

from typing import Any

import jsonschema_rs
import msgspec
import pytest

from flows.compile import check_flow
from flows.registry import default_registry
from flows.schema import component_schema, flow_schema
from flows.sdk import ComponentType, Example, InputType, OutputType, StepType
from tests.flow_runs import run_flow

REGISTRY = default_registry()
COMPONENTS: list[ComponentType] = [
    *REGISTRY.inputs.values(),
    *REGISTRY.steps.values(),
    *REGISTRY.outputs.values(),
]
EXAMPLES = [(component, example) for component in COMPONENTS for example in component.examples]
SCHEMA = flow_schema(REGISTRY)
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)


def id_of(value: Any) -> str:
    return f"{value.name}" if isinstance(value, ComponentType) else value.title


def flow_with(component: ComponentType, config: Any, args: Any = ()) -> dict[str, Any]:
    """Return a flow around one component, whose input takes whatever its example uses."""
    flow: dict[str, Any] = {
        "flow": "example",
        "description": "An example.",
        "input": {"call": {"schema": {"type": "object", "properties": {name: {} for name in args}}}},
    }
    match component:
        case InputType():
            flow["input"] = {component.name: config}
        case StepType():
            flow["steps"] = [{"id": "it", component.name: config}]
        case OutputType():
            flow["output"] = {component.name: config}
    return flow


def text_of(flow: dict[str, Any]) -> str:
    return msgspec.json.encode(flow).decode()  # JSON is YAML


@pytest.mark.parametrize("component", COMPONENTS, ids=id_of)
def test_a_component_is_described_in_full(component: ComponentType) -> None:
    assert component.doc.rstrip().endswith("."), "say in a sentence what it does"
    assert component.examples, "show one use"
    assert component.since
    for field in msgspec.inspect.type_info(component.config).fields:  # type: ignore[attr-defined]
        described = getattr(field.type, "extra_json_schema", None) or {}
        assert described.get("description", "").endswith("."), f"describe {field.name} in a sentence"


@pytest.mark.parametrize("component", COMPONENTS, ids=id_of)
def test_a_component_has_a_schema_of_its_own(component: ComponentType) -> None:
    schema = component_schema(component)

    jsonschema_rs.meta.validate({"$schema": SCHEMA["$schema"], **schema})
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("component", COMPONENTS, ids=id_of)
def test_an_unknown_key_is_a_problem_at_its_own_place(component: ComponentType) -> None:
    if isinstance(component, StepType | OutputType) and component.whole:
        pytest.skip("everything under the key is the value")
    text = text_of(flow_with(component, {"no_such_key": 1}))

    found = [problem for problem in check_flow(text) if problem.code == "flow.unknown-key"]

    assert [problem.column for problem in found] == [text.index('"no_such_key"') + 1]


@pytest.mark.parametrize(("component", "example"), EXAMPLES, ids=id_of)
def test_an_example_fits_the_schema_and_compiles(component: ComponentType, example: Example) -> None:
    flow = flow_with(component, example.config, example.args or {"city": 1, "name": 1})

    assert [error.message for error in VALIDATOR.iter_errors(flow)] == []
    assert [str(problem) for problem in check_flow(text_of(flow))] == []


@pytest.mark.parametrize(("component", "example"), EXAMPLES, ids=id_of)
async def test_an_example_gives_what_it_says(component: ComponentType, example: Example) -> None:
    if example.result is ... and not example.error:
        pytest.skip("the example promises no result")

    result = await run_flow(text_of(flow_with(component, example.config, example.args)), example.args)

    if example.error:
        assert result.error is not None
        assert result.error.code == example.error
    else:
        assert result.error is None
        assert result.reply is not None
        assert result.reply.value == example.result
