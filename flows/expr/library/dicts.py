"""Functions on dicts, and on values of any kind."""

from functools import partial
from typing import Any

from flows.expr.errors import Fault
from flows.expr.function import Function, declare, deep_cost, free
from flows.expr.library.fields import check_path, field_of
from flows.expr.values import kind_of, to_text

DICT_FUNCTIONS: dict[str, Function] = {}
VALUE_FUNCTIONS: dict[str, Function] = {}
_dict = partial(declare, DICT_FUNCTIONS, "Dicts")
_value = partial(declare, VALUE_FUNCTIONS, "Any value")

_TYPE_NAMES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


@_dict(name="dict", example='dict([["a", 1], ["b", 2]])', result={"a": 1, "b": 2})
def dict_(pairs: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """Make a dict from a list of [key, value]."""
    if type(pairs) is dict:
        return dict(pairs)
    result = {}
    for pair in pairs:
        if type(pair) is not list or len(pair) != 2:
            raise Fault("every item must be a list of two: [key, value].")
        if type(pair[0]) is not str:
            raise Fault(f"the keys of a dict are text, not {kind_of(pair[0])}. Write str(...) around it.")
        result[pair[0]] = pair[1]
    return result


@_dict(example='keys({"a": 1, "b": 2})', result=["a", "b"])
def keys(value: dict[str, Any]) -> list[str]:
    """Return the keys of a dict."""
    return list(value)


@_dict(example='values({"a": 1, "b": 2})', result=[1, 2])
def values(value: dict[str, Any]) -> list[Any]:
    """Return the values of a dict."""
    return list(value.values())


@_dict(example='items({"a": 1})', result=[["a", 1]])
def items(value: dict[str, Any]) -> list[list[Any]]:
    """Return a list of [key, value]."""
    return [[key, item] for key, item in value.items()]


@_dict(example='pick({"a": 1, "b": 2, "c": 3}, ["a", "c"])', result={"a": 1, "c": 3})
def pick(value: dict[str, Any], keys: list[Any]) -> dict[str, Any]:
    """Return the dict with only these keys, in their order; keys that are not there are left out."""
    return {key: value[key] for key in keys if type(key) is str and key in value}


@_dict(example='omit({"a": 1, "b": 2}, ["b"])', result={"a": 1})
def omit(value: dict[str, Any], keys: list[Any]) -> dict[str, Any]:
    """Return the dict without these keys."""
    gone = {key for key in keys if type(key) is str}
    return {key: item for key, item in value.items() if key not in gone}


@_dict(example='merge({"a": 1}, {"b": 2})', result={"a": 1, "b": 2})
def merge(*dicts: dict[str, Any] | None) -> dict[str, Any]:
    """Put dicts together; the later one wins, null adds nothing."""
    result: dict[str, Any] = {}
    for one in dicts:
        result.update(one or {})
    return result


@_dict(example='drop_null({"a": 1, "b": null})', result={"a": 1})
def drop_null(value: dict[str, Any]) -> dict[str, Any]:
    """Return the dict without the keys whose value is null."""
    return {key: item for key, item in value.items() if item is not None}


@_value(name="type", cost=free, builds=False, example="type([1])", result="array")
def type_(value: Any) -> str:
    """Return null, boolean, integer, number, string, array or object, the words of JSON Schema."""
    return _TYPE_NAMES.get(type(value), "object")


@_value(name="bool", cost=free, builds=False, example='bool("")', result=False)
def bool_(value: Any) -> bool:
    """Say whether a value is true: null, 0, and empty text, lists and dicts are not; the text "false" is."""
    return bool(value)


@_value(name="str", cost=deep_cost, builds=False, example="str(1.5)", result="1.5")
def str_(value: Any) -> str:
    """Return a value as text: text as it is, everything else as compact JSON."""
    return to_text(value)


@_value(cost=free, builds=False, example='get({"a": {"b": 1}}, "a.b")', result=1)
def get(value: Any, path: str, default: Any = None) -> Any:
    """Return what stands at a key or a path such as "a.b.0"; `default` when it is not there."""
    check_path(path)
    for part in path.split("."):
        if type(value) is list and part.isdecimal() and len(part) < 10:
            value = value[int(part)] if int(part) < len(value) else None
        else:
            try:
                value = field_of(value, part)
            except Fault:
                return default
    return default if value is None else value


@_value(cost=free, builds=False, example='default(null, "none")', result="none")
def default(value: Any, otherwise: Any) -> Any:
    """Return the value, or the other one when it is null or a name, key or index in it is not there."""
    return otherwise if value is None else value


@_value(cost=free, builds=False, example='coalesce(null, "", "x")', result="")
def coalesce(*values: Any) -> Any:
    """Return the first value that is there and not null; null when none is."""
    return next((value for value in values if value is not None), None)


@_value(cost=free, builds=False, example="has(null)", result=False)
def has(value: Any) -> bool:
    """Say whether a value is there and not null; names, keys and indexes in it may be missing."""
    return value is not None
