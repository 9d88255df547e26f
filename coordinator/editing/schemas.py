"""Look up what the schema of flows says about a place of a document."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from flows.arguments import SIMPLE_TYPES
from flows.registry import default_registry
from flows.schema import flow_schema
from flows.source import Path

Json = Mapping[str, Any]

_KEYWORDS: Final[dict[str, Any]] = {
    "type": {"enum": list(SIMPLE_TYPES), "description": "What kind of value it is."},
    "description": {"type": "string", "description": "What it is for: models read this."},
    "default": {"description": "The value when the caller gives none."},
    "required": {"type": "boolean", "description": "Whether callers must give it; without it: if it has no default."},
    "enum": {"type": "array", "description": "The values that it may have."},
    "const": {"description": "The one value that it may have."},
    "examples": {"type": "array", "description": "Values that show what is meant."},
    "minimum": {"type": "number", "description": "The least number."},
    "maximum": {"type": "number", "description": "The greatest number."},
    "minLength": {"type": "integer", "description": "The shortest text, in characters."},
    "maxLength": {"type": "integer", "description": "The longest text, in characters."},
    "pattern": {"type": "string", "description": "A regular expression (RE2) that the text must fit."},
    "format": {
        "enum": ["date", "date-time", "time", "email", "uri", "uuid", "hostname", "ipv4", "ipv6"],
        "description": "What the text is.",
    },
    "items": {"type": "object", "description": "What the elements of an array are."},
    "minItems": {"type": "integer", "description": "The fewest elements."},
    "maxItems": {"type": "integer", "description": "The most elements."},
    "uniqueItems": {"type": "boolean", "description": "Whether no element may come twice."},
    "properties": {"type": "object", "description": "The keys of an object, each with its schema."},
    "additionalProperties": {"type": "boolean", "description": "Whether an object may have other keys."},
}
PARAM_SCHEMA: Final[Json] = {"type": "object", "properties": _KEYWORDS}
"""What an author writes about a param.  Source: JSON Schema 2020-12, Validation."""


@cache
def the_schema() -> Json:
    """Return the schema of flows made of the components that are installed."""
    return flow_schema(default_registry())


def schemas_at(root: Json, path: Path) -> list[Json]:
    """Return what the value at a path may be: the alternatives, each without references."""
    found = list(_alternatives(root, root))
    for part in path:
        found = [inner for schema in found for inner in _inside(root, schema, part)]
    return found


def keys_of(schemas: list[Json]) -> dict[str, Json]:
    """Return the keys that a mapping may have by any of the alternatives."""
    keys: dict[str, Json] = {}
    for schema in schemas:
        keys |= schema.get("properties", {})
    return keys


def kinds_of(schemas: list[Json]) -> set[str]:
    """Return the kinds (`x-kind`) among the alternatives."""
    return {schema["x-kind"] for schema in schemas if "x-kind" in schema}


def _alternatives(root: Json, schema: Any) -> Iterator[Json]:
    if not isinstance(schema, Mapping):
        return
    if "$ref" in schema:
        target = root["$defs"].get(schema["$ref"].rpartition("/")[2], {})
        own = {key: value for key, value in schema.items() if key != "$ref"}
        yield from _alternatives(root, {**target, **own})
        return
    options = schema.get("anyOf")
    if options is None:
        yield schema
        return
    about = {key: schema[key] for key in ("description", "x-kind", "x-secrets", "default", "examples") if key in schema}
    for option in options:
        for inner in _alternatives(root, option):
            yield {**inner, **about}


def _inside(root: Json, schema: Json, part: str | int) -> Iterator[Json]:
    if schema.get("x-kind") in ("params", "schema", "validator"):
        yield from _inside_schema(schema["x-kind"], part)
    elif isinstance(part, int):
        yield from _alternatives(root, schema.get("items"))
    else:
        known = schema.get("properties", {})
        yield from _alternatives(root, known[part] if part in known else schema.get("additionalProperties"))


def _inside_schema(kind: str, part: str | int) -> Iterator[Json]:
    """What is inside of a JSON Schema, or of params: the names of things lead to schemas again."""
    if kind == "params":
        yield {**PARAM_SCHEMA, "x-kind": "schema"}
    elif part in ("properties", "$defs"):
        yield {"type": "object", "x-kind": "params"}
    elif part in ("items", "additionalProperties"):
        yield {**PARAM_SCHEMA, "x-kind": "schema"}
    elif isinstance(part, str) and part in _KEYWORDS:
        yield _KEYWORDS[part]
