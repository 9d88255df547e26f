"""Say what may stand at a place of a flow: keys with their descriptions, values, names and functions of expressions."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from coordinator.editing.place import Expression, Place, expression_at, offset_of, places_at
from coordinator.editing.schemas import Json, keys_of, kinds_of, schemas_at, the_schema
from coordinator.editing.scope import UNKNOWN, Name, names_at, params_of, step_ids, value_of
from flows.expr import FUNCTIONS, METHODS, Function
from flows.model import StepFields
from flows.registry import default_registry
from flows.secrets import SECRETS
from flows.source import Path

MAX_ITEMS: Final = 300
OF_SECRETS: Final = "fields of connections of the kind `values`"
_CHAIN: Final = re.compile(r"([A-Za-z_][\w.\[\]'\"]*)\.\w*\Z")
_COMMON: Final = frozenset(StepFields.__struct_fields__)
_METHODS_OF: Final[Mapping[type, str]] = {str: "str", list: "list", dict: "dict"}
_BLOCKS: Final = frozenset({"object", "array"})


class Names(Struct, frozen=True, kw_only=True):
    """Names that the text does not hold."""

    connections: Mapping[str, str] = {}
    flows: Mapping[str, str] = {}
    secrets: Mapping[str, Mapping[str, str]] = {}


class Completion(Struct, frozen=True, kw_only=True):
    """Something that may stand at the cursor."""

    label: Annotated[str, Meta(description="What is offered.")]
    kind: Annotated[Literal["key", "component", "value", "name", "function"], Meta(description="What it is.")]
    insert: Annotated[str, Meta(description="What takes the place of the word; `|` is never part of it.")]
    detail: Annotated[str, Meta(description="In a few words.")] = ""
    info: Annotated[str, Meta(description="In a sentence or two.")] = ""


class Completions(Struct, frozen=True, kw_only=True):
    """What may stand at the cursor, and which characters it replaces (UTF-16, as browsers count)."""

    start: Annotated[int, Meta(description="Where the word at the cursor starts.")]
    end: Annotated[int, Meta(description="Where it ends.")]
    items: Annotated[list[Completion], Meta(description="The likeliest first.")]


def complete(text: str, line: int, column: int, known: Names) -> Completions:
    """Return what may stand at a cursor."""
    offset = offset_of(text, line, column)
    expression = expression_at(text, offset)
    if expression is not None:
        found = list(_in_expression(expression, known))
        return _answer(text, _after_dot(expression, text), expression.end, found)
    for place in places_at(text, offset):
        found = list(_keys(place) if place.role == "key" else _values(place, known))
        if found:
            return _answer(text, place.start, place.end, found)
    return _answer(text, offset, offset, [])


def utf16(text: str, offset: int) -> int:
    """Count as browsers do: characters beyond the basic plane are two."""
    return offset if text.isascii() else len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2


def about(schema: Json) -> str:
    """Describe a field in a sentence or two."""
    told = [str(schema.get("description", ""))]
    if isinstance(schema.get("default"), str | int | float | bool):
        told.append(f"Default: {_written(schema['default'])}.")
    return " ".join(part for part in told if part)


def _answer(text: str, start: int, end: int, items: list[Completion]) -> Completions:
    return Completions(start=utf16(text, start), end=utf16(text, end), items=items[:MAX_ITEMS])


# -- keys ----------------------------------------------------------------------------------------------------------


def _keys(place: Place) -> Iterator[Completion]:
    schemas = schemas_at(the_schema(), place.path)
    there = _there(place)
    steps = default_registry().steps
    is_step = any(schema.get("title") == "Step" for schema in schemas)
    has_component = bool(there & steps.keys())
    is_one = any(schema.get("maxProperties") == 1 for schema in schemas)
    if is_one and there:
        return
    required = {name for schema in schemas for name in schema.get("required", ())}
    offered = keys_of(schemas) or _named_keys(place)
    for name, schema in sorted(offered.items(), key=lambda item: (item[0] in _COMMON, item[0] not in required)):
        is_component = (is_step and name in steps) or is_one
        if name in there or (is_component and is_step and has_component):
            continue
        yield Completion(
            label=name,
            kind="component" if is_component else "key",
            insert=_key_text(name, schema, place),
            detail="required" if name in required else _type_word(schema),
            info=about(schema),
        )


def _there(place: Place) -> set[str]:
    holder: Any = place.document
    for part in place.path:
        holder = holder[part]
    return {key for key in holder if "HeadraceCursor" not in key} if isinstance(holder, dict) else set()


def _named_keys(place: Place) -> dict[str, Json]:
    """Keys that are names in this flow: in tests."""
    match place.path:
        case ("tests", int(), "mock" | "fail"):
            return {name: {"type": "object", "description": "A step."} for name in step_ids(place.document)}
        case ("tests", int(), "args"):
            return {
                name: declared if isinstance(declared, dict) else {"type": declared}
                for name, declared in params_of(place.document).items()
            }
    return {}


def _key_text(name: str, schema: Json, place: Place) -> str:
    if place.has_colon:
        return name
    types = _types(schema)
    is_block = bool(types) and types <= _BLOCKS and not place.in_flow
    if not is_block:
        return f"{name}: "
    inner = " " * (place.indent + 2)
    return f"{name}:\n{inner}- " if types == {"array"} else f"{name}:\n{inner}"


def _options(schema: Json) -> Iterator[Json]:
    root = the_schema()
    yield from schemas_at({**schema, "$defs": root["$defs"]}, ())


def _types(schema: Json) -> set[str]:
    """Return the types that a value may have; empty when it may be anything."""
    types: set[str] = set()
    for option in _options(schema):
        kind = option.get("type")
        types |= set(kind) if isinstance(kind, list) else {kind} if kind else {"any"}
    return types - {"null"}


def _type_word(schema: Json) -> str:
    kinds = kinds_of(list(_options(schema)))
    types = _types(schema) - {"any"}
    if kinds & {"steps", "condition", "duration", "connection", "url", "sql", "flow"}:
        return sorted(kinds)[0]
    return types.pop() if len(types) == 1 else ""


# -- values --------------------------------------------------------------------------------------------------------


def _values(place: Place, known: Names) -> Iterator[Completion]:
    schemas = schemas_at(the_schema(), place.path)
    kinds = kinds_of(schemas)
    if "connection" in kinds:
        yield from _named(known.connections, "connection")
    if "flow" in kinds or place.path[-2:] == ("call", "flow") or (place.path[-1:] == ("call",) and "flow" not in kinds):
        yield from _named(known.flows, "flow")
    offered: dict[str, str] = {}
    for schema in schemas:
        for value in schema.get("enum", ()):
            offered.setdefault(_written(value), about(schema))
        if schema.get("type") == "boolean":
            offered |= {"true": about(schema), "false": about(schema)}
    for value, info in offered.items():
        yield Completion(label=value, kind="value", insert=value, info=info)
    if kinds & {"condition", "value", "text", "url", "path", "sql", "duration"}:
        text = "${{  }}" if not place.in_flow else '"${{  }}"'
        yield Completion(
            label="${{ }}", kind="value", insert=text, detail="expression", info="A value made by a formula."
        )


def _named(names: Mapping[str, str], detail: str) -> Iterator[Completion]:
    for name, info in sorted(names.items()):
        yield Completion(label=name, kind="name", insert=name, detail=detail, info=info)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


# -- expressions ---------------------------------------------------------------------------------------------------


def _in_expression(place: Expression, known: Names) -> Iterator[Completion]:
    names = names_at(place.document, place.path)
    if _takes_secrets(place.path):
        names.append(Name(SECRETS, OF_SECRETS, known.secrets))
    chain = _CHAIN.search(place.before)
    if chain is not None:
        members = _members(value_of(names, chain[1]))
        is_secret = chain[1].partition(".")[0] == SECRETS  # which no function takes
        yield from (each for each in members if each.kind == "name" or not is_secret)
        return
    for name in names:
        yield _name(name)
    for function in FUNCTIONS.values():
        yield _function(function)


def _takes_secrets(path: Path) -> bool:
    """Whether secrets may stand at a path, which may lead into a value."""
    places = (schemas_at(the_schema(), path[:depth]) for depth in range(len(path), 0, -1))
    return any("x-secrets" in schema for schemas in places for schema in schemas)


def _members(value: Any) -> Iterator[Completion]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.isidentifier():
                yield Completion(label=key, kind="name", insert=key, detail=_kind_word(inner))
    kind = _METHODS_OF.get(type(value))
    tables: Sequence[Mapping[str, Function]] = (
        [METHODS[kind]] if kind else list(METHODS.values()) if value is UNKNOWN else []
    )
    for table in tables:
        for function in table.values():
            yield _function(function)


def _name(name: Name) -> Completion:
    return Completion(label=name.name, kind="name", insert=name.name, detail=name.detail)


def _function(function: Function) -> Completion:
    return Completion(
        label=function.name,
        kind="function",
        insert=function.name,
        detail=function.signature,
        info=f"{function.description} {function.example} gives {function.result}",
    )


def _kind_word(value: Any) -> str:
    words: dict[type, str] = {str: "text", int: "number", float: "number", bool: "true or false"}
    words |= {list: "list", dict: "mapping"}
    return words.get(type(value), "")


def _after_dot(expression: Expression, text: str) -> int:
    """Only what stands behind the last dot of a chain is replaced."""
    cursor = expression.start + len(re.search(r"[\w.$-]*\Z", expression.before)[0])  # type: ignore[index]  # may be empty
    dot = text.rfind(".", expression.start, cursor)
    return expression.start if dot < 0 else dot + 1
