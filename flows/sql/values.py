"""Turn what a database gives into JSON values, and rows into mappings.

Numbers stay numbers as long as no digit is lost: a decimal that a float cannot hold exactly becomes text, because
a wrong amount is worse than one that must be parsed.  Dates and times are ISO 8601, bytes are base64, what JSON has
no word for (NaN, infinity) is null.
"""

import math
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgspec

encode_json = msgspec.json.encode
PLAIN: Final = frozenset({int, str, bool, type(None)})
"""Types that are JSON values already.  Not float: it may be NaN."""


def json_value(value: Any) -> Any:
    """Return the JSON value for one value of a row."""
    convert = _CONVERTERS.get(type(value))
    if convert is not None:
        return convert(value)
    for kind, convert in _CONVERTERS.items():
        if isinstance(value, kind):
            return convert(value)
    # A record of PostgreSQL is like a mapping without being one.
    return _mapping(dict(value.items())) if hasattr(value, "items") else str(value)


def json_rows(names: Sequence[str], rows: Iterable[Iterable[Any]]) -> list[dict[str, Any]]:
    """Return rows as mappings of JSON values."""
    is_plain = PLAIN.issuperset
    # No `strict`: drivers give as many values as names, and this is the hot loop of the `sql` step.
    return [
        dict(zip(names, row if is_plain(map(type, row)) else map(json_value, row)))  # noqa: B905
        for row in rows
    ]


def unique_names(names: Sequence[str]) -> list[str]:
    """Return column names that are all different: the second `id` is `id_2`."""
    if len(set(names)) == len(names):
        return list(names)
    taken = set(names)
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        if seen[name] > 1:
            number = seen[name]
            while (candidate := f"{name}_{number}") in taken:
                number += 1
            taken.add(candidate)
            name = candidate
        unique.append(name)
    return unique


def rows_result(rows: list[dict[str, Any]], columns: list[str], max_rows: int) -> dict[str, Any]:
    """Return the result of a query; one row more than `max_rows` was fetched to see whether there are more."""
    truncated = len(rows) > max_rows
    if truncated:
        del rows[max_rows:]
    return {"rows": rows, "columns": columns, "row_count": len(rows), "truncated": truncated}


def bind_value(value: Any) -> Any:
    """Return what is bound for an argument where the database takes any type: lists and mappings as JSON text."""
    if isinstance(value, str | int | float) or value is None:
        return value
    return encode_json(value).decode()


def parse_json(text: str) -> Any:
    """Return the value of a JSON column; a text that is none stays as it is."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def decimal_value(value: Decimal) -> int | float | str | None:
    """Return an int for a whole number, a float that has the same digits, else text."""
    if not value.is_finite():
        return None
    if value == value.to_integral_value() and value.adjusted() < 400:
        return int(value)
    number = float(value)
    return number if Decimal(repr(number)) == value else str(value)


def decimal_text(text: str) -> int | float | str | None:
    """Return the JSON value of a decimal that is given as text."""
    return decimal_value(Decimal(text))


def _float(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _bytes(value: bytes | bytearray | memoryview) -> str:
    return b64encode(value).decode("ascii")


def _interval(value: timedelta) -> str:
    """Return an ISO 8601 duration: `P1DT2H3M4.5S`, `-PT5S`."""
    sign = "-" if value < timedelta() else ""
    value = abs(value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    days = f"{value.days}D" if value.days else ""
    clock = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if seconds or fraction or not (days or clock):
        clock += f"{seconds}{fraction}S"
    return f"{sign}P{days}{'T' if clock else ''}{clock}"


def _mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key): json_value(item) for key, item in value.items()}


def _list(value: Iterable[Any]) -> list[Any]:
    return list(map(json_value, value))


_CONVERTERS: Final[dict[type, Callable[[Any], Any]]] = {
    str: lambda value: value,
    bool: lambda value: value,
    int: lambda value: value,
    type(None): lambda value: value,
    float: _float,
    Decimal: decimal_value,
    datetime: datetime.isoformat,
    date: date.isoformat,
    time: time.isoformat,
    timedelta: _interval,
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
    UUID: str,
    dict: _mapping,
    list: _list,
    tuple: _list,
    set: _list,
    frozenset: _list,
}
