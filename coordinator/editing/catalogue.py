"""Describe every component for forms and for menus: its schema, and examples that can be put into a flow."""

from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from coordinator.editing.edits import step_yaml
from flows.model import StepFields
from flows.registry import default_registry
from flows.schema import component_schema, flow_schema
from flows.sdk import ComponentType, Example, InputType, OutputType, StepType
from packs.openapi.yaml_text import write_yaml

ComponentKind = Literal["input", "step", "output"]


class ExampleOut(Struct, frozen=True, kw_only=True):
    """One use of a component."""

    title: Annotated[str, Meta(description="What it shows.")]
    value: Annotated[Any, Meta(description="What stands in the flow: the component's key with its configuration.")]
    yaml: Annotated[str, Meta(description="The same as an author would write it.")]


class ComponentOut(Struct, frozen=True, kw_only=True):
    """An input, a step or an output."""

    kind: Annotated[ComponentKind, Meta(description="What it is.")]
    name: Annotated[str, Meta(description="The key that it is written under.")]
    description: Annotated[str, Meta(description="What it does.")]
    since: Annotated[str, Meta(description="The first version that has it.")]
    whole: Annotated[
        str, Meta(description="The one field that takes everything under the key; empty if there is none.")
    ]
    short: Annotated[str, Meta(description="The field that a bare value stands for; empty if there is none.")]
    reaches_out: Annotated[bool, Meta(description="Whether it reaches outside, so that tests want a mock for it.")]
    fields: Annotated[dict[str, Any], Meta(description="The JSON Schema of its configuration; `x-kind` names widgets.")]
    examples: Annotated[list[ExampleOut], Meta(description="Uses of it.")]


class ComponentsOut(Struct, frozen=True, kw_only=True):
    """Everything that a flow can be made of."""

    components: Annotated[list[ComponentOut], Meta(description="Inputs, steps, outputs; each group by name.")]
    step_fields: Annotated[dict[str, Any], Meta(description="The JSON Schema of what every step may say beside it.")]


@cache
def components_out() -> ComponentsOut:
    """Return all components that are installed."""
    registry = default_registry()
    shelves: list[ComponentType] = [*registry.inputs.values(), *registry.steps.values(), *registry.outputs.values()]
    return ComponentsOut(components=[_component(each) for each in shelves], step_fields=_step_fields())


def _component(component: ComponentType) -> ComponentOut:
    kind = _kind(component)
    return ComponentOut(
        kind=kind,
        name=component.name,
        description=component.doc,
        since=component.since,
        whole="" if isinstance(component, InputType) else component.whole,
        short="" if isinstance(component, InputType) else component.short,
        reaches_out=isinstance(component, StepType) and component.reaches_out,
        fields=component_schema(component),
        examples=[_example(component.name, kind, example) for example in component.examples],
    )


def _kind(component: ComponentType) -> ComponentKind:
    match component:
        case InputType():
            return "input"
        case OutputType():
            return "output"
        case StepType():
            return "step"


def _example(name: str, kind: ComponentKind, example: Example) -> ExampleOut:
    value = msgspec.to_builtins({name: example.config})
    text = step_yaml(value) if kind == "step" else write_yaml({kind: value}).rstrip()
    return ExampleOut(title=example.title, value=value, yaml=text)


def _step_fields() -> dict[str, Any]:
    """The common fields with their kinds, as forms draw them."""
    schema = flow_schema(default_registry())
    step = schema["$defs"]["Step"]
    names = [field.encode_name for field in msgspec.structs.fields(StepFields)]
    definitions = {name: schema["$defs"][name] for name in ("RetryFields", "OnErrorFields")}
    return {"type": "object", "properties": {name: step["properties"][name] for name in names}, "$defs": definitions}
