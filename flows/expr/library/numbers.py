"""Functions on numbers, and from and to numbers."""

import math
from functools import partial
from typing import Any

from flows.expr.errors import Fault
from flows.expr.function import Function, Number, declare, deep_cost, free
from flows.expr.limits import LIST_ITEMS, check_list, number
from flows.expr.operators import NUMBERS
from flows.expr.values import int_text, kind_of

NUMBER_FUNCTIONS: dict[str, Function] = {}
_number = partial(declare, NUMBER_FUNCTIONS, "Numbers")

_DIGITS = 300  # the digits of the largest whole number, rounded down
_DECIMALS = 20


@_number(name="int", example='int("42")', result=42)
def int_(value: int | float | bool | str, base: int = 10) -> int:
    """Return a whole number from text, or a number cut off at the decimal point."""
    if type(value) is str:
        return _parse_int(value, base)
    try:
        return int(value)
    except (OverflowError, ValueError):
        raise Fault("the number is not finite.") from None


def _parse_int(text: str, base: int) -> int:
    text = text.strip()
    if not 2 <= base <= 36:
        raise Fault("`base` goes from 2 to 36.")
    try:
        if len(text) > _DIGITS or "_" in text:
            raise ValueError
        return int(number(int(text, base)))
    except ValueError:
        raise Fault("the text is not a whole number. Write float(...) for a decimal.") from None


@_number(name="float", example='float("2.5")', result=2.5)
def float_(value: int | float | bool | str) -> float:
    """Return a decimal number from text or a number."""
    try:
        if type(value) is str and (len(value) > _DIGITS or "_" in value):
            raise ValueError
        result = float(value)
    except ValueError:
        raise Fault("the text is not a number.") from None
    except OverflowError:
        raise Fault("the number is too large for a decimal number.") from None
    if not math.isfinite(result):
        raise Fault("the text is not a finite number.")
    return result


@_number(name="round", cost=free, example="round(2.675, 1)", result=2.7)
def round_(value: float, digits: int | None = None) -> Number:
    """Round to whole or to so many decimals; halves go to the even neighbour, as in Python."""
    if digits is None:
        return round(value)
    if abs(digits) > _DECIMALS:
        raise Fault(f"`digits` goes from -{_DECIMALS} to {_DECIMALS}.")
    return round(value, digits)


@_number(cost=free, example="floor(2.7)", result=2)
def floor(value: float) -> int:
    """Return the whole number at or below."""
    return math.floor(value)


@_number(cost=free, example="ceil(2.1)", result=3)
def ceil(value: float) -> int:
    """Return the whole number at or above."""
    return math.ceil(value)


@_number(name="abs", cost=free, example="abs(-3)", result=3)
def abs_(value: float) -> Number:
    """Return the number without its sign."""
    return abs(value)


@_number(cost=free, example="sqrt(16)", result=4.0)
def sqrt(value: float) -> float:
    """Return the square root."""
    try:
        return math.sqrt(value)
    except (ValueError, OverflowError):
        raise Fault("there is no square root of that number.") from None


@_number(name="sum", example="sum([1, 2, 3.5])", result=6.5)
def sum_(items: list[Any]) -> Number:
    """Add up the numbers of a list; an empty list gives 0."""
    for item in items:
        if type(item) not in NUMBERS:
            raise Fault(f"it adds numbers, not {kind_of(item)}. Write a comprehension that picks the numbers.")
    try:
        return number(sum(items))  # type: ignore[no-any-return]
    except OverflowError:
        raise Fault("the result is not a finite number.") from None


@_number(example="mean([1, 2, 6])", result=3.0)
def mean(items: list[Any]) -> float:
    """Return the average of the numbers of a list."""
    if not items:
        raise Fault("an empty list has no average.")
    return sum_(items) / len(items)


@_number(name="range", cost=free, example="range(1, 4)", result=[1, 2, 3])
def range_(start: int, stop: int | None = None, step: int = 1) -> list[int]:
    """Return whole numbers from start up to, not including, stop; one number alone is the stop."""
    if step == 0:
        raise Fault("`step` cannot be 0.")
    numbers = range(start) if stop is None else range(start, stop, step)
    try:
        check_list(len(numbers))
    except OverflowError:
        check_list(LIST_ITEMS + 1)
    return list(numbers)


@_number(cost=deep_cost, example="format_number(1234567.891, 2)", result="1,234,567.89")
def format_number(value: float, decimals: int = 0, separator: str = ",") -> str:
    """Write a number with so many decimals and separated thousands."""
    if not 0 <= decimals <= _DECIMALS:
        raise Fault(f"`decimals` goes from 0 to {_DECIMALS}.")
    try:
        text = f"{value:,.{decimals}f}"
    except OverflowError:
        text = int_text(int(value))
    return text if separator == "," else text.replace(",", separator[:10])
