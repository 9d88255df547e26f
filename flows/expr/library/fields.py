"""How functions reach into the items of a list: by the name of a field, or a path such as `author.name`."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from flows.expr.errors import Fault
from flows.expr.operators import NUMBERS
from flows.expr.values import json_text, kind_of, missing_key

FieldNames = str | list[Any] | None

_PATH_CHARACTERS = 200
_NAMES = 10


def field_of(item: Any, path: str) -> Any:
    """Return the field of an item.  A key that contains dots is found before a path of keys is."""
    if isinstance(item, Mapping) and path in item:
        return item[path]
    for key in path.split("."):
        if not isinstance(item, Mapping):
            raise Fault(f"the field {path!r} was looked for in {kind_of(item)}.", missing=item is None)
        if key not in item:
            raise Fault(missing_key(key, item), missing=True)
        item = item[key]
    return item


def reader(names: FieldNames) -> Callable[[Any], Any]:
    """Return the function that reads a field, or a list of fields, of an item; without names the item itself."""
    if names is None:
        return lambda item: item
    if type(names) is str:
        check_path(names)
        return lambda item: field_of(item, names)
    if not 0 < len(names) <= _NAMES or not all(type(name) is str for name in names):
        raise Fault(f"`key` is the name of a field, or a list of up to {_NAMES} names.")
    for name in names:
        check_path(name)
    return lambda item: [field_of(item, name) for name in names]


def check_path(path: str) -> None:
    """Refuse a path so long that walking it for every item would cost too much."""
    if len(path) > _PATH_CHARACTERS:
        raise Fault(f"the name of the field is longer than {_PATH_CHARACTERS} characters.", costly=True)


def identity(value: Any) -> Any:
    """Return something hashable that is equal for equal values."""
    kind = type(value)
    if kind in NUMBERS:
        return value
    if kind is str:
        return "t" + value
    return json_text(value) if kind is not dict and kind is not list else "j" + _sorted_json(value)


def _sorted_json(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, allow_nan=False)
    except (RecursionError, ValueError, TypeError):
        raise Fault("the values are nested too deeply to compare.", costly=True) from None


def check_sortable(keys: list[Any]) -> None:
    """Refuse to order values that have no order between them, before Python words it its own way."""
    kinds = {_order_kind(key) for key in keys}
    if len(kinds) > 1 or kinds & {type(None), dict}:
        words = sorted({kind_of(key) for key in keys})
        hint = " Leave null out first: [x for x in items if x is not None]." if "null" in words else ""
        if dict in kinds and len(kinds) == 1:
            raise Fault('dicts have no order. Write key="name of a field".')
        raise Fault(f"there is no order between {' and '.join(words)}.{hint}")


def _order_kind(key: Any) -> type:
    return int if type(key) in NUMBERS else type(key)
