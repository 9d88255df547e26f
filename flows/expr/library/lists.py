"""Functions on lists."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flows.expr.errors import Fault
from flows.expr.function import UNSET, Function, Number, declare, deep_cost, free
from flows.expr.library.fields import FieldNames, check_sortable, identity, reader
from flows.expr.library.numbers import sum_
from flows.expr.limits import MISS_STEPS, check_list
from flows.expr.values import kind_of, to_text

LIST_FUNCTIONS: dict[str, Function] = {}
_list = partial(declare, LIST_FUNCTIONS, "Lists")


@_list(name="len", cost=free, builds=False, example="len([1, 2, 3])", result=3)
def len_(value: list[Any] | dict[str, Any] | str) -> int:
    """Return the number of items, keys or characters."""
    return len(value)


@_list(name="list", example='list("abc")', result=["a", "b", "c"])
def list_(value: list[Any] | dict[str, Any] | str) -> list[Any]:
    """Return the items of a list, the keys of a dict or the characters of a text as a list."""
    check_list(len(value))
    return list(value)


@_list(name="sorted", cost=lambda values: 4 * deep_cost(values),
       example='sorted([{"n": 2}, {"n": 1}], key="n")', result=[{"n": 1}, {"n": 2}])  # fmt: skip
def sorted_(items: list[Any] | dict[str, Any], key: FieldNames = None, reverse: bool = False) -> list[Any]:
    """Return the items in order; `key` names the field, path or list of fields to order by."""
    read = reader(key)
    keyed = [(read(item), item) for item in items]
    check_sortable([value for value, _ in keyed])
    try:
        return [item for _, item in sorted(keyed, key=lambda pair: pair[0], reverse=reverse)]
    except (TypeError, RecursionError):
        raise Fault("there is no order between what is in these lists.") from None


@_list(name="reversed", example="reversed([1, 2, 3])", result=[3, 2, 1])
def reversed_(items: list[Any]) -> list[Any]:
    """Return the items from last to first."""
    return items[::-1]


@_list(name="min", cost=deep_cost, example="min([3, 1, 2])", result=1)
def min_(*items: Any, key: FieldNames = None, default: Any = UNSET) -> Any:
    """Return the smallest of a list or of the arguments; `default` is for an empty list."""
    return _extreme(items, key, default, reverse=False)


@_list(name="max", cost=deep_cost, example='max([{"n": 1}, {"n": 2}], key="n")', result={"n": 2})
def max_(*items: Any, key: FieldNames = None, default: Any = UNSET) -> Any:
    """Return the greatest of a list or of the arguments; `default` is for an empty list."""
    return _extreme(items, key, default, reverse=True)


def _extreme(items: tuple[Any, ...], key: FieldNames, default: Any, *, reverse: bool) -> Any:
    if len(items) == 1 and type(items[0]) is not list:
        raise Fault(f"it needs a list or several values, not {kind_of(items[0])}.", missing=items[0] is None)
    values = items[0] if len(items) == 1 else list(items)
    if not values:
        if default is UNSET:
            raise Fault("the list is empty. Write default=... for that case.")
        return default
    read = reader(key)
    keys = [read(item) for item in values]
    check_sortable(keys)
    try:
        chosen = (max if reverse else min)(range(len(keys)), key=keys.__getitem__)
    except (TypeError, RecursionError):
        raise Fault("there is no order between what is in these lists.") from None
    return values[chosen]


@_list(name="enumerate", example='enumerate(["a", "b"])', result=[[0, "a"], [1, "b"]])
def enumerate_(items: list[Any], start: int = 0) -> list[list[Any]]:
    """Return a list of [index, item]."""
    return [[index, item] for index, item in enumerate(items, start)]


@_list(name="zip", example='zip([1, 2], ["a", "b"])', result=[[1, "a"], [2, "b"]])
def zip_(*lists: list[Any]) -> list[list[Any]]:
    """Return lists of what stands at the same index, as long as the shortest list."""
    return [list(row) for row in zip(*lists, strict=False)]


@_list(name="any", builds=False, example="any(n > 2 for n in [1, 3])", result=True)
def any_(items: list[Any]) -> bool:
    """Say whether at least one item is true; a loop in it stops at the first."""
    return any(items)


@_list(name="all", builds=False, example="all(n > 2 for n in [1, 3])", result=False)
def all_(items: list[Any]) -> bool:
    """Say whether every item is true; a loop in it stops at the first that is not."""
    return all(items)


@_list(cost=free, builds=False, example="first([1, 2])", result=1)
def first(items: list[Any] | str) -> Any:
    """Return the first item, or null when there is none."""
    return items[0] if items else None


@_list(cost=free, builds=False, example="last([1, 2])", result=2)
def last(items: list[Any] | str) -> Any:
    """Return the last item, or null when there is none."""
    return items[-1] if items else None


@_list(cost=deep_cost, example='unique(["a", "b", "a"])', result=["a", "b"])
def unique(items: list[Any], key: FieldNames = None) -> list[Any]:
    """Leave out repeated items, or items whose `key` field repeats; the first one stays."""
    read = reader(key)
    seen: dict[Any, Any] = {}
    for item in items:
        seen.setdefault(identity(read(item)), item)
    return list(seen.values())


@_list(example="flatten([[1, 2], [3], 4])", result=[1, 2, 3, 4])
def flatten(items: list[Any]) -> list[Any]:
    """Put the items of inner lists into one list, one level deep."""
    check_list(sum(len(item) if type(item) is list else 1 for item in items))
    result: list[Any] = []
    for item in items:
        if type(item) is list:
            result += item
        else:
            result.append(item)
    return result


@_list(example="chunk([1, 2, 3], 2)", result=[[1, 2], [3]])
def chunk(items: list[Any], size: int) -> list[list[Any]]:
    """Cut a list into lists of so many items."""
    if size < 1:
        raise Fault("`size` must be at least 1.")
    return [items[at : at + size] for at in range(0, len(items), size)]


@_list(example='compact(["a", null, ""])', result=["a"])
def compact(items: list[Any]) -> list[Any]:
    """Leave out null, empty text, empty lists and empty dicts."""
    return [item for item in items if item is not None and item != "" and item != [] and item != {}]


@_list(cost=deep_cost, example='group_by([{"t": "a"}, {"t": "b"}], "t")',
       result={"a": [{"t": "a"}], "b": [{"t": "b"}]})  # fmt: skip
def group_by(items: list[Any], key: str) -> dict[str, list[Any]]:
    """Return a dict from each value of the field, as text, to the items that have it."""
    groups: dict[str, list[Any]] = {}
    read = reader(key)
    for item in items:
        groups.setdefault(to_text(read(item)), []).append(item)
    return groups


@_list(cost=deep_cost, example='count_by([{"t": "a"}, {"t": "a"}], "t")', result={"a": 2})
def count_by(items: list[Any], key: str) -> dict[str, int]:
    """Return a dict from each value of the field, as text, to the number of items that have it."""
    return {name: len(group) for name, group in group_by(items, key).items()}


@_list(cost=deep_cost, example='index_by([{"id": 7, "n": "x"}], "id")', result={"7": {"id": 7, "n": "x"}})
def index_by(items: list[Any], key: str) -> dict[str, Any]:
    """Return a dict from each value of the field, as text, to the last item that has it."""
    read = reader(key)
    return {to_text(read(item)): item for item in items}


@_list(example='sum_by([{"n": 1}, {"n": 2}], "n")', result=3)
def sum_by(items: list[Any], key: str) -> Number:
    """Add up one field of the items."""
    return sum_(list(map(reader(key), items)))


@_list(cost=lambda values: MISS_STEPS * len(values[0]), example='column([{"id": 1}, {"id": 2}], "id")', result=[1, 2])
def column(items: list[Any], key: str) -> list[Any]:
    """Return one field of every item; null where an item lacks it."""
    read = reader(key)
    return [_or_null(read, item) for item in items]


def _or_null(read: Callable[[Any], Any], item: Any) -> Any:
    try:
        return read(item)
    except Fault:
        return None
