"""The arguments of a flow: from declared params to a JSON Schema, a compiled validator, and a complete `args`.

Source: JSON Schema 2020-12.  Patterns run on a linear-time engine, so no pattern can hang a call.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from flows.problems import did_you_mean

MAX_SCHEMA_NODES = 10_000
MAX_SCHEMA_DEPTH = 32
MAX_REPORTED_ERRORS = 5
DIALECT = "https://json-schema.org/draft/2020-12/schema"
SIMPLE_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
_LINEAR_TIME = jsonschema_rs.RegexOptions()
_NOTHING_REMOTE = jsonschema_rs.Registry([])


class SchemaInvalid(ValueError):
    """A schema cannot be used; `path` leads to the place inside it."""

    def __init__(self, message: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a flow takes.  `schema` is what clients see."""

    schema: Mapping[str, Any]
    absent: Mapping[str, Any]
    """Every declared name with its default, or null: what `args` holds before the caller's values."""
    required: frozenset[str]
    _validator: jsonschema_rs.Draft202012Validator

    def rejections(self, args: Mapping[str, Any]) -> list[str]:
        """Say why these arguments do not fit, in sentences that a model can act on; empty when they fit."""
        if self._validator.is_valid(args):
            return []
        args = self._without_optional_nulls(args)
        errors = [_sentence(error, self.schema) for error in self._validator.iter_errors(args)]
        if len(errors) > MAX_REPORTED_ERRORS:
            errors[MAX_REPORTED_ERRORS:] = [f"... and {len(errors) - MAX_REPORTED_ERRORS} more."]
        return errors

    def complete(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with defaults filled in and absent ones as null."""
        if None in args.values():
            args = self._without_optional_nulls(args)
        return {**self.absent, **args}

    def _without_optional_nulls(self, args: Mapping[str, Any]) -> Mapping[str, Any]:
        # Clients whose language has no "absent" send null for an optional argument.
        return {name: value for name, value in args.items() if value is not None or name in self.required}


def compile_arguments(schema: Mapping[str, Any]) -> Arguments:
    """Compile the schema of an input.  Raises SchemaInvalid."""
    if schema.get("type") != "object":
        raise SchemaInvalid("The schema of an input has `type: object` at its root, because arguments have names.")
    validator = compile_schema(schema)
    properties = schema.get("properties", {})
    absent = {
        name: declared.get("default") if isinstance(declared, Mapping) else None
        for name, declared in properties.items()
    }
    return Arguments(schema, absent, frozenset(schema.get("required", ())), validator)


def compile_schema(schema: Mapping[str, Any] | bool) -> jsonschema_rs.Draft202012Validator:
    """Compile any JSON Schema 2020-12 after checking that it is bounded and local.  Raises SchemaInvalid."""
    _check_bounds(schema)
    try:
        return jsonschema_rs.Draft202012Validator(
            dict(schema) if isinstance(schema, Mapping) else schema,
            validate_formats=True,
            pattern_options=_LINEAR_TIME,
            registry=_NOTHING_REMOTE,
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:  # ValidationError is a ValueError
        message = str(getattr(error, "message", None) or error).splitlines()[0]
        path = tuple(getattr(error, "instance_path", ()))
        raise SchemaInvalid(f"This is not a valid JSON Schema: {message}.", path) from error


def schema_of_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the short form into a schema: a param without `default` and without `required: false` is required.

    A param is a mapping of JSON Schema keywords, or just the name of a type.  Raises SchemaInvalid.
    """
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, declared in params.items():
        keywords = {"type": declared} if isinstance(declared, str) else dict(declared or {})
        is_required = keywords.pop("required", "default" not in keywords)
        if not isinstance(is_required, bool):
            raise SchemaInvalid(
                f"`required` of param {name!r} is true or false here; a list belongs into `schema`.",
                (name, "required"),
            )
        _check_type(name, keywords)
        properties[name] = keywords
        if is_required:
            required.append(name)
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema | {"additionalProperties": False}


def _check_type(name: str, keywords: Mapping[str, Any]) -> None:
    kind = keywords.get("type")
    if isinstance(kind, str) and kind not in SIMPLE_TYPES:
        raise SchemaInvalid(
            f"Param {name!r} has the unknown type {kind!r}.{did_you_mean(kind, SIMPLE_TYPES)}", (name, "type")
        )
    if kind == "array" and "items" not in keywords:
        raise SchemaInvalid(f"Param {name!r} is an array: say of what, for example `items: {{type: string}}`.", (name,))
    if kind is None and not keywords.keys() & {
        "enum",
        "const",
        "anyOf",
        "oneOf",
        "allOf",
        "$ref",
        "not",
        "if",
    }:
        raise SchemaInvalid(f"Param {name!r} has no type. Give one of: {', '.join(SIMPLE_TYPES)}.", (name,))


def _check_bounds(schema: Any) -> None:
    """Refuse what could reach the network or grow without bound, before the compiler sees it."""
    for count, (path, depth, node) in enumerate(_nodes(schema)):
        if count > MAX_SCHEMA_NODES or depth > MAX_SCHEMA_DEPTH:
            raise SchemaInvalid("The schema is too large or too deep.", path)
        if not isinstance(node, Mapping):
            continue
        for keyword in ("$ref", "$dynamicRef"):
            target = node.get(keyword)
            if isinstance(target, str) and not target.startswith("#"):
                raise SchemaInvalid(f"{keyword} {target!r} leaves the document; only references with # are read.", path)
        dialect = node.get("$schema")
        if isinstance(dialect, str) and dialect.rstrip("#") != DIALECT:
            raise SchemaInvalid(f"The dialect {dialect!r} is not supported; leave $schema out or use {DIALECT}.", path)


def _nodes(root: Any) -> Iterator[tuple[tuple[str | int, ...], int, Any]]:
    stack: list[tuple[tuple[str | int, ...], int, Any]] = [((), 0, root)]
    while stack:
        path, depth, node = stack.pop()
        yield path, depth, node
        if isinstance(node, Mapping):
            stack.extend(((*path, key), depth + 1, child) for key, child in node.items())
        elif isinstance(node, list):
            stack.extend(((*path, index), depth + 1, child) for index, child in enumerate(node))


def _sentence(error: jsonschema_rs.ValidationError, schema: Mapping[str, Any]) -> str:
    """Word one validation error: which argument, what is wrong, what fits."""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.instance_path).lstrip(".")
    keyword = error.schema_path[-1] if error.schema_path else ""
    if keyword == "additionalProperties" and not where:
        known = schema.get("properties", {})
        given = error.instance if isinstance(error.instance, dict) else {}
        extra = [name for name in given if name not in known]
        return " ".join(f"There is no argument {name!r}.{did_you_mean(name, known)}" for name in extra[:3])
    message = error.message if len(error.message) <= 300 else error.message[:300] + "..."
    return f"Argument `{where}`: {message}." if where else f"{message[:1].upper()}{message[1:]}."
