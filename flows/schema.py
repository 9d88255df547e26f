"""Make the JSON Schema of flow files, for editors, from what the components declare.

The fields' kinds (`x-kind`, see `flows.sdk`) become the shapes that an author may write: an expression in place of a
number, a list of steps, a duration.  The kinds stay in the schema, so that forms can choose their widgets by them, and
`x-secrets` on what takes secrets too.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from flows.arguments import SIMPLE_TYPES
from flows.model import FlowFields, StepFields
from flows.registry import Registry
from flows.sdk import ComponentType, InputType

SCHEMA_ID = "https://headrace.dev/schema/flow-1.json"
EXPRESSION = {"type": "string", "pattern": r"\$\{\{"}
_DURATION_TEXT = r"^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)?\s*$"
_REF = "#/$defs/{name}"

Json = dict[str, Any]


def flow_schema(registry: Registry) -> Json:
    """Return the JSON Schema (2020-12) that a flow file must fit."""
    components: list[ComponentType] = [
        *registry.inputs.values(),
        *registry.steps.values(),
        *registry.outputs.values(),
    ]
    structs: list[type[Struct]] = [FlowFields, StepFields, *(component.config for component in components)]
    _, definitions = msgspec.json.schema_components(structs, ref_template=_REF)
    shaped = {name: _shaped(definition) for name, definition in definitions.items()}
    shaped["Step"] = _step_definition(registry, shaped)
    root = shaped.pop("FlowFields")
    root["properties"]["input"] = _one_of_components(registry.inputs.values(), shaped, root["properties"]["input"])
    root["properties"]["output"] = _one_of_components(registry.outputs.values(), shaped, root["properties"]["output"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **root,
        "title": "A Headrace flow",
        "$defs": dict(sorted(shaped.items())),
    }


def component_schema(component: ComponentType) -> Json:
    """Return the schema of one component's configuration, self-contained."""
    return struct_schema(component.config)


def struct_schema(declared: type[Struct]) -> Json:
    """Return the schema of what is bound to a Struct, self-contained."""
    (_,), definitions = msgspec.json.schema_components([declared], ref_template=_REF)
    shaped = {name: _shaped(definition) for name, definition in definitions.items()}
    root = shaped.pop(declared.__name__)
    return {**root, "$defs": shaped} if shaped else root


def _step_definition(registry: Registry, shaped: dict[str, Json]) -> Json:
    """A property per component, and the common fields: exact completion, and errors about one component only."""
    common = shaped.pop("StepFields")
    components = {name: _component(step, shaped) for name, step in registry.steps.items()}
    return {**common, "title": "Step", "properties": {**common["properties"], **components}, "minProperties": 1}


def _one_of_components(components: Iterable[ComponentType], shaped: dict[str, Json], field: Json) -> Json:
    properties = {component.name: _component(component, shaped) for component in components}
    return {
        "description": field.get("description", ""),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _component(component: ComponentType, shaped: dict[str, Json]) -> Json:
    name = component.config.__name__
    full: Json = {"$ref": _REF.format(name=name)}
    described: Json = {
        "description": component.doc.split("\n\n")[0],
        "examples": [e.config for e in component.examples],
    }
    if isinstance(component, InputType):
        required = shaped[name].get("required")
        return {**described, "anyOf": [full] if required else [full, {"type": "null"}]}
    if component.whole:
        return {**shaped[name]["properties"][component.whole], **described}
    if component.short:
        return {**described, "anyOf": [shaped[name]["properties"][component.short], full]}
    return {**described, **full}


def _shaped(node: Any) -> Any:
    """Replace every field that has a kind by what an author may write there."""
    if isinstance(node, list):
        return [_shaped(item) for item in node]
    if not isinstance(node, dict):
        return node
    inner = {key: _shaped(item) for key, item in node.items()}
    inner.pop("default", None) if inner.get("default", ...) is None else None
    shape = _SHAPES.get(inner.get("x-kind", ""))
    if shape is not None:
        return shape(inner)
    return _or_expression(inner) if _holds_values(inner) else inner


def _holds_values(node: Json) -> bool:
    """Whether it is a list or mapping of values, which one expression may stand for as a whole."""
    element = node.get("items" if node.get("type") == "array" else "additionalProperties")
    return node.get("type") in ("array", "object") and isinstance(element, dict) and element.get("x-kind") in _VALUES


def _about(node: Json) -> Json:
    return {key: node[key] for key in ("description", "default", "x-kind", "x-secrets") if key in node}


def _or_expression(node: Json) -> Json:
    plain = {key: item for key, item in node.items() if key not in _about(node)}
    return {**_about(node), "anyOf": [plain, EXPRESSION]} if plain else node


def _fixed(shape: Mapping[str, Any]) -> Callable[[Json], Json]:
    return lambda node: {**_about(node), **shape}


_VALUES = ("value", "text")
_SHAPES: dict[str, Callable[[Json], Json]] = {
    "value": _or_expression,
    "text": _fixed({"type": ["string", "number", "boolean", "null"]}),
    "sql": _fixed({"type": "string"}),
    "condition": _fixed({"anyOf": [{"type": "boolean"}, EXPRESSION]}),
    "steps": _fixed({"type": "array", "items": {"$ref": _REF.format(name="Step")}}),
    "duration": _fixed(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": _DURATION_TEXT}, EXPRESSION]}
    ),
    "schema": _fixed({"type": "object"}),
    "validator": _fixed({"type": ["object", "boolean"]}),
    "params": _fixed(
        {
            "type": "object",
            "additionalProperties": {"anyOf": [{"enum": list(SIMPLE_TYPES)}, {"type": "object"}]},
        }
    ),
}
