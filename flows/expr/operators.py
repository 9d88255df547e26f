"""The operators: exact rules on JSON values, every growth checked before it happens.  Raises Fault."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from flows.expr.errors import Fault
from flows.expr.limits import Frame, charge, check_list, check_text, deep_size, number, size
from flows.expr.values import kind_of, missing_key, no_keys, not_whole

NUMBERS = frozenset({int, float, bool})
_SCALARS = frozenset({int, float, bool, str, type(None)})
Binary = Callable[[Any, Any, Frame], Any]


def add(left: Any, right: Any, frame: Frame) -> Any:
    """Add numbers, or put texts or lists together."""
    a, b = type(left), type(right)
    if a in NUMBERS and b in NUMBERS:
        return _calculate(operator.add, left, right)
    if a is b is str:
        check_text(len(left) + len(right))
    elif a is b is list:
        check_list(len(left) + len(right))
    else:
        raise _unfit("+", left, right)
    result = left + right
    charge(frame, size(result))
    return result


def multiply(left: Any, right: Any, frame: Frame) -> Any:
    """Multiply numbers, or repeat a text or list."""
    if type(left) in NUMBERS and type(right) in NUMBERS:
        return _calculate(operator.mul, left, right)
    if type(left) is int:
        left, right = right, left
    if type(right) is not int or type(left) not in (str, list):
        raise _unfit("*", left, right)
    length = len(left) * max(right, 0)
    if type(left) is str:
        check_text(length)
    else:
        check_list(length)
    result = left * right
    charge(frame, size(result))
    return result


def _numeric(sign: str, function: Callable[[Any, Any], Any]) -> Binary:
    def apply(left: Any, right: Any, _frame: Frame) -> Any:
        if type(left) not in NUMBERS or type(right) not in NUMBERS:
            if sign == "%" and type(left) is str:
                raise Fault('`%` does not format text. Write an f-string: f"{name}".')
            raise _unfit(sign, left, right)
        return _calculate(function, left, right)

    return apply


def _calculate(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    try:
        return number(function(left, right))
    except ZeroDivisionError:
        raise Fault("division by zero.") from None
    except OverflowError:
        raise Fault("the result is not a finite number.") from None


def _unfit(sign: str, left: Any, right: Any) -> Fault:
    hint = ""
    kinds = {type(left), type(right)}
    if sign == "+" and str in kinds and kinds & NUMBERS:
        hint = " Write str(...) around the number, or int(...) around the text."
    elif sign == "+" and kinds == {dict}:
        hint = " Write merge(a, b)."
    return Fault(f"`{sign}` does not work between {kind_of(left)} and {kind_of(right)}.{hint}")


PLAIN: Mapping[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Sub": operator.sub,
    "Mult": operator.mul,
    "Div": operator.truediv,
    "FloorDiv": operator.floordiv,
    "Mod": operator.mod,
}
"""Python's own arithmetic, for two numbers whose result is then looked at."""

BINARY: Mapping[str, Binary] = {
    "Add": add,
    "Sub": _numeric("-", operator.sub),
    "Mult": multiply,
    "Div": _numeric("/", operator.truediv),
    "FloorDiv": _numeric("//", operator.floordiv),
    "Mod": _numeric("%", operator.mod),
}


def negative(value: Any) -> Any:
    """Return the number with the other sign."""
    if type(value) not in NUMBERS:
        raise Fault(f"`-` does not work on {kind_of(value)}.")
    return -value


def positive(value: Any) -> Any:
    """Return the number."""
    if type(value) not in NUMBERS:
        raise Fault(f"`+` does not work on {kind_of(value)}.")
    return +value


def equal(left: Any, right: Any, frame: Frame) -> bool:
    """Say whether two values are the same; lists and dicts by what is in them."""
    if type(left) in _SCALARS or type(right) in _SCALARS:
        charge(frame, min(size(left), size(right)))
        return bool(left == right)
    if type(left) is not type(right) or type(left) not in (list, dict):
        return left is right
    if len(left) != len(right):
        return False
    charge(frame, 2 * deep_size(left))
    try:
        return bool(left == right)
    except RecursionError:
        raise Fault("the values are nested too deeply to compare.", costly=True) from None


def unequal(left: Any, right: Any, frame: Frame) -> bool:
    """Say whether two values differ."""
    return not equal(left, right, frame)


def _order(sign: str, function: Callable[[Any, Any], bool]) -> Binary:
    def apply(left: Any, right: Any, frame: Frame) -> bool:
        a, b = type(left), type(right)
        if a in NUMBERS and b in NUMBERS:
            return function(left, right)
        if a is b is str:
            charge(frame, min(size(left), size(right)))
            return function(left, right)
        if a is b is list:
            charge(frame, deep_size(left))
            try:
                return function(left, right)
            except (TypeError, RecursionError):
                raise Fault(f"`{sign}` cannot compare what is in these lists.") from None
        hint = " Write int(...) or float(...) around the text." if str in (a, b) and {a, b} & NUMBERS else ""
        raise Fault(f"`{sign}` cannot compare {kind_of(left)} with {kind_of(right)}.{hint}")

    return apply


def contains(item: Any, container: Any, frame: Frame) -> bool:
    """Say whether a text holds a text, a list an item, or a dict a key."""
    kind = type(container)
    if kind is str:
        if type(item) is not str:
            raise Fault(f"`in` looks for text in text, not for {kind_of(item)}.")
        charge(frame, size(container) + size(item))
        return item in container
    if kind is list:
        charge(frame, len(container) * (size(item) + 1 if type(item) in _SCALARS else deep_size(item)))
        try:
            return item in container
        except RecursionError:
            raise Fault("the values are nested too deeply to compare.", costly=True) from None
    if isinstance(container, Mapping):
        return type(item) is str and item in container
    raise Fault(
        f"`in` needs a list, a dict or text on its right, not {kind_of(container)}.",
        missing=container is None,
    )


def lacks(item: Any, container: Any, frame: Frame) -> bool:
    """Say whether a text, list or dict does not hold something."""
    return not contains(item, container, frame)


COMPARE: Mapping[str, Binary] = {
    "Eq": equal,
    "NotEq": unequal,
    "Lt": _order("<", operator.lt),
    "LtE": _order("<=", operator.le),
    "Gt": _order(">", operator.gt),
    "GtE": _order(">=", operator.ge),
    "In": contains,
    "NotIn": lacks,
}


def item_at(value: Any, key: Any) -> Any:
    """Return what stands at a key of a dict, or at an index of a list or text."""
    kind = type(value)
    if kind is dict or isinstance(value, Mapping):
        if type(key) is not str:
            raise Fault(f"the keys of a dict are text, not {kind_of(key)}. Write str(...) around it.")
        try:
            return value[key]
        except KeyError:
            raise Fault(missing_key(key, value), missing=True) from None
    if type(key) is str or kind not in (list, str):
        raise no_keys(value) if type(key) is str else _no_index(value)
    if type(key) is not int:
        raise Fault(f"an index is a whole number, not {not_whole(key)}.")
    try:
        return value[key]
    except IndexError:
        what = "a list" if kind is list else "a text"
        shown = key if abs(key) < 10**15 else "of that size"
        raise Fault(f"there is no index {shown} in {what} of {len(value)}.", missing=True) from None


def _no_index(value: Any) -> Fault:
    if value is None:
        return Fault("null has no items.", missing=True)
    return Fault(f"{kind_of(value)} has no items.")


def slice_of(value: Any, bounds: tuple[Any, Any, Any], frame: Frame) -> Any:
    """Return a part of a list or text."""
    if type(value) not in (list, str):
        if value is None:
            raise _no_index(value)
        raise Fault(f"only a list or text can be sliced, not {kind_of(value)}.")
    for bound in bounds:
        if bound is not None and type(bound) is not int:
            raise Fault(f"the bounds of a slice are whole numbers, not {not_whole(bound)}.")
    if bounds[2] == 0:
        raise Fault("the step of a slice cannot be 0.")
    result = value[slice(*bounds)]
    charge(frame, size(result))
    return result


def looped(value: Any, frame: Frame, weight: int) -> list[Any]:
    """Return what a loop goes over, after paying for `weight` steps a round: items of a list, keys of a dict."""
    if type(value) is not list:
        if not isinstance(value, Mapping):
            raise _no_loop(value)
        value = list(value)
    charge(frame, weight * len(value))
    return value  # type: ignore[no-any-return]


def _no_loop(value: Any) -> Fault:
    if value is None:
        return Fault("a loop goes over a list or a dict, not over null. Write default(x, []) for what may be missing.",
                     missing=True)  # fmt: skip
    hint = " Write lines(x), words(x) or list(x)." if type(value) is str else ""
    return Fault(f"a loop goes over a list or a dict, not over {kind_of(value)}.{hint}")
