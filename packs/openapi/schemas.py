"""Turn a schema of OpenAPI 3.0 or 3.1 into JSON Schema 2020-12 that stands for itself, within limits.

References are written out; where they come back to themselves, or the schema grows beyond its limits, stands a plain
object instead.  What models do not need (examples, xml, conditions) is left out.  Raises Skip for references that
cannot be followed.  Source: JSON Schema 2020-12; OpenAPI 3.0.3, Schema Object.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal

from flows.arguments import SIMPLE_TYPES, SchemaInvalid, compile_schema
from packs.openapi.notes import Skip
from packs.openapi.refs import Refs
from packs.openapi.text import PARAM_CHARACTERS, defused, paragraph

LEVELS: Final = {"in": (6, 4, 3, 2), "out": (3,)}
"""How deep a schema is written out: the first of these depths with which it stays within its limits."""
MAX_NODES: Final = 200
NESTED_CHARACTERS: Final = 120
MAX_ENUM: Final = 60
MAX_OPTIONS: Final = 8
MAX_PARTS: Final = 20
_READ_LEVELS: Final = 40

Direction = Literal["in", "out"]
_HIDDEN: Final = {"in": "readOnly", "out": "writeOnly"}
_FORMATS: Final = frozenset(["date", "date-time", "time", "email", "uri", "uuid", "ipv4", "ipv6", "hostname"])
_COUNTS: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


class Schemas:
    """Writes out the schemas of one document."""

    def __init__(self, refs: Refs) -> None:
        self._refs = refs

    def inline(self, raw: Any, direction: Direction = "in", nodes: int = MAX_NODES) -> dict[str, Any]:
        """Return the schema written out; without its description where that is empty."""
        result: dict[str, Any] = {}
        for levels in LEVELS[direction]:
            walk = _Walk(self._refs, direction, nodes, levels)
            result = walk.schema(raw, (), 0)
            if walk.left >= 0:
                break
        return usable(result)


def usable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema, or what is left of it when it cannot be compiled or its default does not fit."""
    try:
        validator = compile_schema(schema)
    except SchemaInvalid:
        kept: dict[str, Any] = {key: schema[key] for key in ("type", "description") if key in schema}
        if kept.get("type") == "array":
            kept["items"] = {}
        return kept
    if "default" in schema and not validator.is_valid(schema["default"]):
        return {key: value for key, value in schema.items() if key != "default"}
    return schema


class _Walk:
    """Goes through one schema; `left` counts the schemas that may still be written out."""

    def __init__(self, refs: Refs, direction: Direction, nodes: int, levels: int) -> None:
        self._refs = refs
        self._hidden = _HIDDEN[direction]
        self.left = nodes
        self._levels = levels

    def schema(self, raw: Any, trail: tuple[str, ...], level: int) -> dict[str, Any]:
        """Write out one schema; `trail` are the references that lead here."""
        self.left -= 1
        if not isinstance(raw, dict):
            return {}
        node, trail, is_cut = self._whole(raw, trail, 0)
        kinds = _types(node)
        result: dict[str, Any] = {}
        if is_cut or level > self._levels or self.left < 0:
            kinds = kinds or (["object"] if is_cut else [])
            return _described(_typed(kinds, items=True), node, level)
        result |= _typed(kinds)
        if options := self._options(node, trail, level):
            result |= options
        result |= _values(node, kinds)
        result |= _limits(node, kinds)
        if "array" in kinds:
            result["items"] = self.schema(node.get("items"), trail, level + 1)
        if "object" in kinds:
            result |= self._members(node, trail, level)
        return _described(result, node, level)

    def _whole(self, raw: Any, trail: tuple[str, ...], depth: int) -> tuple[dict[str, Any], tuple[str, ...], bool]:
        """Return the schema without reference and `allOf`, the references that led there, and whether they recur."""
        node, followed = self._refs.follow(raw)
        if depth > _READ_LEVELS or any(ref in trail for ref in followed):
            return node, trail, True
        trail = (*trail, *followed)
        parts = node.get("allOf")
        if not isinstance(parts, list):
            return node, trail, False
        merged = {key: value for key, value in node.items() if key != "allOf"}
        own = trail
        for part in parts[:MAX_PARTS]:
            if isinstance(part, dict):
                found, part_trail, is_cut = self._whole(part, own, depth + 1)
                trail = tuple(dict.fromkeys((*trail, *part_trail)))
                merged = merged if is_cut else _merged(merged, found)
        return merged, trail, False

    def _options(self, node: Mapping[str, Any], trail: tuple[str, ...], level: int) -> dict[str, Any]:
        """Write out alternatives as `anyOf`: `oneOf` refuses what fits two of them, and APIs mean no such thing."""
        raw: list[Any] = next((node[key] for key in ("oneOf", "anyOf") if isinstance(node.get(key), list)), [])
        if not 0 < len(raw) <= MAX_OPTIONS:
            return {}
        found = [self.schema(each, trail, level + 1) for each in raw]
        options = [each for index, each in enumerate(found) if each not in found[:index]]
        if not all(options) or all(each.keys() == {"required"} for each in options):
            return {}
        if node.get("nullable") is True and {"type": "null"} not in options:
            options.append({"type": "null"})
        return options[0] if len(options) == 1 else {"anyOf": options}

    def _members(self, node: Mapping[str, Any], trail: tuple[str, ...], level: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        declared = node.get("properties")
        if isinstance(declared, dict):
            kept = {defused(name): each for name, each in declared.items() if not self._is_hidden(each)}
            result["properties"] = {name: self.schema(each, trail, level + 1) for name, each in kept.items()}
            required = node.get("required")
            if isinstance(required, list) and (
                names := [name for name in required if isinstance(name, str) and name in kept]
            ):
                result["required"] = list(dict.fromkeys(names))
        others = node.get("additionalProperties")
        if others is False:
            result["additionalProperties"] = False
        elif isinstance(others, dict) and others and (written := self.schema(others, trail, level + 1)):
            result["additionalProperties"] = written
        return result

    def _is_hidden(self, raw: Any) -> bool:
        try:
            return self._refs.resolve(raw).get(self._hidden) is True
        except Skip:
            return False


def _types(node: Mapping[str, Any]) -> list[str]:
    """Return the types that a schema names or means."""
    said = node.get("type")
    kinds = [each for each in (said if isinstance(said, list) else [said]) if each in SIMPLE_TYPES]
    if not kinds and not any(key in node for key in ("oneOf", "anyOf", "enum")):
        if isinstance(node.get("properties"), dict) or isinstance(node.get("additionalProperties"), dict):
            kinds = ["object"]
        elif isinstance(node.get("items"), dict):
            kinds = ["array"]
    if kinds and node.get("nullable") is True:
        kinds.append("null")
    return list(dict.fromkeys(kinds))


def _typed(kinds: list[str], *, items: bool = False) -> dict[str, Any]:
    if not kinds:
        return {}
    typed: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    return typed | ({"items": {}} if items and "array" in kinds else {})


def _values(node: Mapping[str, Any], kinds: list[str]) -> dict[str, Any]:
    """Return `enum`, `const` and `default`, as far as they are plain."""
    result: dict[str, Any] = {}
    values = node.get("enum")
    if isinstance(values, list) and 0 < len(values) <= MAX_ENUM and all(map(_is_plain, values)):
        distinct = list(dict.fromkeys(values)) if all(isinstance(each, str) for each in values) else values
        result["enum"] = [*distinct, None] if "null" in kinds and None not in values else distinct
    for key in ("const", "default"):
        value = node.get(key)
        if value is not None and (_is_plain(value) or _is_plain_list(value)):
            result[key] = value
    return result


def _limits(node: Mapping[str, Any], kinds: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {key: node[key] for key in _COUNTS if _is_count(node.get(key))}
    for key in _BOUNDS:
        value = node.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and (key != "multipleOf" or value > 0):
            result[key] = value
    for own, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if node.get(own) is True and bound in result:  # OpenAPI 3.0
            result[own] = result.pop(bound)
    if isinstance(form := node.get("format"), str) and form in _FORMATS:
        result["format"] = form
    if _is_pattern(node.get("pattern")) and "string" in kinds:
        result["pattern"] = node["pattern"]
    if node.get("uniqueItems") is True:
        result["uniqueItems"] = True
    return result


def _described(schema: dict[str, Any], node: Mapping[str, Any], level: int) -> dict[str, Any]:
    limit = PARAM_CHARACTERS if level < 2 else NESTED_CHARACTERS
    said = paragraph(node.get("description") or node.get("title"), limit)
    return {**schema, "description": said} if said else schema


def _merged(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """Put two schemas together of which both hold; what stands on the left comes first."""
    merged = {**right, **left}
    for key in ("properties", "required"):
        one, other = left.get(key), right.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            merged[key] = {**one, **{name: each for name, each in other.items() if name not in one}}
        elif isinstance(one, list) and isinstance(other, list):
            merged[key] = one + other
    return merged


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= 200 and "${{" not in value and value.isprintable()
    return value is None or isinstance(value, int | float)


def _is_plain_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= 20 and all(map(_is_plain, value))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31


def _is_pattern(pattern: Any) -> bool:
    is_text = isinstance(pattern, str) and len(pattern) <= 300 and pattern.isprintable() and "${{" not in pattern
    return is_text and _compiles(pattern)


@lru_cache(maxsize=1024)
def _compiles(pattern: str) -> bool:
    try:
        compile_schema({"pattern": pattern})
    except SchemaInvalid:
        return False
    return True
