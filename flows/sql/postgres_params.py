"""Convert JSON values to what PostgreSQL's declared parameter types want.

A prepared statement knows the type of every parameter.  What fits is converted: a whole number in text to an integer,
ISO 8601 text to a date, a list to an array, a mapping to JSON.  What does not is refused, naming the type and the kind
of value, never the value.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from flows.errors import StepError
from flows.sql.values import encode_json, parse_json


class Unfit(Exception):
    """A value does not fit the type of its parameter."""


def convert_params(types: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """Return the values as the driver wants them.  Raises StepError."""
    converted = []
    for position, (declared, value) in enumerate(zip(types, values, strict=True), 1):
        try:
            converted.append(_convert(declared.name, value))
        except (Unfit, ValueError, OverflowError, InvalidOperation):
            raise StepError(
                f"Value {position} of the statement is {_kind(value)}, which does not fit the type {declared.name}.",
                code="sql_error",
                fix="Convert it in the expression, or name the type it has in the statement: "
                f"`${{{{ ... }}}}::text::{declared.name}`.",
            ) from None
    return converted


def _convert(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith("[]"):
        if not isinstance(value, list | tuple):
            raise Unfit
        return [_convert(name[:-2], item) for item in value]
    convert: Callable[[Any], Any] = _BY_NAME.get(name, _text)
    return convert(value)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list | tuple) else "a mapping"


def _integer(bits: int, signed: bool = True) -> Callable[[Any], int]:
    low = -(1 << (bits - 1)) if signed else 0
    high = low + (1 << bits) - 1

    def convert(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise Unfit
        if isinstance(value, float) and not value.is_integer():
            raise Unfit
        number = int(value)
        if not low <= number <= high:
            raise Unfit
        return number

    return convert


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unfit
    return float(value)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unfit
    return Decimal(repr(value) if isinstance(value, float) else value)


_BOOLEANS: Final = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str) and (found := _BOOLEANS.get(str(value).strip().lower())) is not None:
        return found
    raise Unfit


def _text(value: Any) -> str:
    return value if isinstance(value, str) else encode_json(value).decode()


def _json(value: Any) -> str:
    if isinstance(value, str):
        # Text is JSON text, as in the other databases: what it means must not depend on what it holds.
        if isinstance(parse_json(value), str) and not value.lstrip().startswith('"'):
            raise Unfit
        return value
    return encode_json(value).decode()


def _uuid(value: Any) -> UUID:
    return UUID(_needs_text(value))


def _bytes(value: Any) -> bytes:
    return base64.b64decode(_needs_text(value), validate=True)


def _date(value: Any) -> date:
    return datetime.fromisoformat(_needs_text(value)).date()


def _timestamp(value: Any) -> datetime:
    moment = datetime.fromisoformat(_needs_text(value))
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _timestamp_with_zone(value: Any) -> datetime:
    moment = datetime.fromisoformat(_needs_text(value))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _time(value: Any) -> time:
    return time.fromisoformat(_needs_text(value)).replace(tzinfo=None)


def _time_with_zone(value: Any) -> time:
    clock = time.fromisoformat(_needs_text(value))
    return clock if clock.tzinfo is not None else clock.replace(tzinfo=UTC)


_DURATION = re.compile(
    r"(-)?P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE
)


def _interval(value: Any) -> timedelta:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    found = _DURATION.fullmatch(_needs_text(value).strip())
    if found is None:
        raise Unfit
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups()[1:])
    duration = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -duration if found[1] else duration


def _needs_text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit
    return value


_BY_NAME: Final[Mapping[str, Callable[[Any], Any]]] = {
    "int2": _integer(16),
    "int4": _integer(32),
    "int8": _integer(64),
    "oid": _integer(32, signed=False),
    "float4": _float,
    "float8": _float,
    "numeric": _decimal,
    "bool": _boolean,
    "json": _json,
    "jsonb": _json,
    "uuid": _uuid,
    "bytea": _bytes,
    "date": _date,
    "timestamp": _timestamp,
    "timestamptz": _timestamp_with_zone,
    "time": _time,
    "timetz": _time_with_zone,
    "interval": _interval,
}
"""Types by PostgreSQL's names for them; every other type takes text."""
