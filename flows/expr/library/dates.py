"""Functions on dates, and what differs at every call: the time, ids, chance.

A date is ISO 8601 text: `2026-01-31` is a day, `2026-01-31T09:30:00Z` a moment.  Without an offset a moment is UTC.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flows.expr.ambient import Ambient
from flows.expr.errors import Fault
from flows.expr.function import Function, Number, declare, free

DATE_FUNCTIONS: dict[str, Function] = {}
CHANCE_FUNCTIONS: dict[str, Function] = {}
_date = partial(declare, DATE_FUNCTIONS, "Dates")
_chance = partial(declare, CHANCE_FUNCTIONS, "Ids and chance")

_DATE_CHARACTERS = 64
_FORMAT_CHARACTERS = 100
_AMOUNT = 10_000_000_000
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DIRECTIVES: Mapping[str, Callable[[datetime], str]] = {
    "Y": lambda moment: f"{moment.year:04d}",
    "y": lambda moment: f"{moment.year % 100:02d}",
    "m": lambda moment: f"{moment.month:02d}",
    "d": lambda moment: f"{moment.day:02d}",
    "H": lambda moment: f"{moment.hour:02d}",
    "I": lambda moment: f"{(moment.hour + 11) % 12 + 1:02d}",
    "M": lambda moment: f"{moment.minute:02d}",
    "S": lambda moment: f"{moment.second:02d}",
    "f": lambda moment: f"{moment.microsecond:06d}",
    "p": lambda moment: "AM" if moment.hour < 12 else "PM",
    "j": lambda moment: f"{moment.timetuple().tm_yday:03d}",
    "V": lambda moment: f"{moment.isocalendar().week:02d}",
    "G": lambda moment: f"{moment.isocalendar().year:04d}",
    "u": lambda moment: str(moment.isoweekday()),
    "A": lambda moment: _DAYS[moment.weekday()],
    "a": lambda moment: _DAYS[moment.weekday()][:3],
    "B": lambda moment: _MONTHS[moment.month - 1],
    "b": lambda moment: _MONTHS[moment.month - 1][:3],
    "z": lambda moment: moment.strftime("%z"),
    "Z": lambda moment: moment.tzname() or "UTC",
    "F": lambda moment: moment.date().isoformat(),
    "T": lambda moment: f"{moment.hour:02d}:{moment.minute:02d}:{moment.second:02d}",
    "%": lambda _moment: "%",
}
_READABLE = frozenset("YymdHIMSfpjAaBbz%")
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 604800}


@_date(cost=free, example="now()", result='(such as "2026-01-02T03:04:05Z")')
def now(ambient: Ambient) -> str:
    """Return this moment in UTC, to the second."""
    return _moment_text(ambient.now().replace(microsecond=0))


@_date(cost=free, example="today()", result='(such as "2026-01-02")')
def today(ambient: Ambient, zone: str = "UTC") -> str:
    """Return this day in a time zone such as "Europe/Oslo"."""
    return ambient.now().astimezone(_zone(zone)).date().isoformat()


@_date(example='parse_date("31.01.2026 09:30", "%d.%m.%Y %H:%M")', result="2026-01-31T09:30:00Z")
def parse_date(text: str, format: str | None = None, zone: str = "UTC") -> str:
    """Read a date: ISO 8601, or by a format such as "%d.%m.%Y"; `zone` is where it is meant when it does not say."""
    if format is None:
        moment, is_day = _read(text, _zone(zone))
        return moment.date().isoformat() if is_day else _moment_text(moment)
    _check_format(format, _READABLE)
    try:
        if len(text) > _DATE_CHARACTERS:
            raise ValueError
        moment = datetime.strptime(text.strip(), format)  # noqa: DTZ007  the zone is added below
    except (ValueError, KeyError, IndexError, OverflowError, re.error):
        raise Fault(f"the text is not a date written as {format!r}.") from None
    if not any(f"%{sign}" in format for sign in "HIMSfp"):
        return moment.date().isoformat()
    return _moment_text(moment if moment.tzinfo else moment.replace(tzinfo=_zone(zone)))


@_date(example='format_date("2026-01-31T09:30:00Z", "%d %B %Y, %H:%M", zone="Europe/Oslo")',
       result="31 January 2026, 10:30")  # fmt: skip
def format_date(date: str, format: str = "%Y-%m-%d", zone: str | None = None) -> str:
    """Write a date by a format such as "%d %B %Y", seen from a time zone."""
    moment, _ = _read(date)
    if zone is not None:
        moment = _guard(lambda: moment.astimezone(_zone(zone)))
    _check_format(format, _DIRECTIVES)
    pieces = format.split("%")
    # "%%" splits into an empty piece that must not be read as a directive of the text after it.
    out, rest = [pieces[0]], iter(pieces[1:])
    for piece in rest:
        if piece:
            out.append(_DIRECTIVES[piece[0]](moment) + piece[1:])
        else:
            out.append("%" + next(rest, ""))
    return "".join(out)


@_date(example='add_time("2026-01-31", months=1)', result="2026-02-28")
def add_time(
    date: str,
    years: int = 0,
    months: int = 0,
    weeks: float = 0,
    days: float = 0,
    hours: float = 0,
    minutes: float = 0,
    seconds: float = 0,
) -> str:
    """Return the date that much later, or earlier with negative numbers; a month too short gives its last day."""
    amounts = (years, months, weeks, days, hours, minutes, seconds)
    if any(abs(amount) > _AMOUNT for amount in amounts):
        raise Fault("the amount is too large.")
    moment, is_day = _read(date)
    step = _guard(lambda: timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds))
    moved = _guard(lambda: _add_months(moment, years * 12 + months) + step)
    stays_day = is_day and not (hours or minutes or seconds)
    return moved.date().isoformat() if stays_day else _moment_text(moved)


@_date(example='date_diff("2026-01-31", "2026-02-03")', result=3)
def date_diff(start: str, end: str, unit: str = "days") -> Number:
    """Return the time from start to end in seconds, minutes, hours, days or weeks."""
    if unit not in _SECONDS:
        raise Fault(f"`unit` is one of {', '.join(_SECONDS)}.")
    result = (_read(end)[0] - _read(start)[0]).total_seconds() / _SECONDS[unit]
    return int(result) if result.is_integer() else result


@_date(example='date_part("2026-01-31", "weekday")', result="Saturday")
def date_part(date: str, part: str) -> int | str:
    """Return the year, month, day, hour, minute, second, week or weekday of a date."""
    moment, _ = _read(date)
    if part in ("year", "month", "day", "hour", "minute", "second"):
        return getattr(moment, part)  # type: ignore[no-any-return]  # one of six integer fields
    if part == "week":
        return moment.isocalendar().week
    if part == "weekday":
        return _DAYS[moment.weekday()]
    raise Fault("`part` is year, month, day, hour, minute, second, week or weekday.")


@_date(example='start_of("2026-05-20T10:00:00Z", "month")', result="2026-05-01T00:00:00Z")
def start_of(date: str, unit: str) -> str:
    """Return the start of the hour, day, week, month or year of a date."""
    moment, is_day = _read(date)
    moment = moment.replace(minute=0, second=0, microsecond=0)
    if unit not in ("hour", "day", "week", "month", "year"):
        raise Fault("`unit` is hour, day, week, month or year.")
    if unit != "hour":
        moment = moment.replace(hour=0)
    if unit == "week":
        moment = _guard(lambda: moment - timedelta(days=moment.weekday()))
    if unit in ("month", "year"):
        moment = moment.replace(day=1, month=1 if unit == "year" else moment.month)
    return moment.date().isoformat() if is_day else _moment_text(moment)


@_date(example='in_zone("2026-07-01T12:00:00Z", "America/New_York")', result="2026-07-01T08:00:00-04:00")
def in_zone(date: str, zone: str) -> str:
    """Return the same moment as clocks in a time zone show it."""
    return _moment_text(_guard(lambda: _read(date)[0].astimezone(_zone(zone))))


@_date(example='timestamp("2026-01-31T00:00:00Z")', result=1769817600)
def timestamp(date: str, unit: str = "seconds") -> Number:
    """Return a date as the "seconds" or "milliseconds" since 1970."""
    if unit not in ("seconds", "milliseconds"):
        raise Fault('`unit` is "seconds" or "milliseconds".')
    seconds = _read(date)[0].timestamp()
    if unit == "milliseconds":
        return round(seconds * 1000)
    return int(seconds) if seconds.is_integer() else seconds


@_date(cost=free, example="from_timestamp(1769817600)", result="2026-01-31T00:00:00Z")
def from_timestamp(number: float, unit: str = "seconds") -> str:
    """Return the date that is so many "seconds" or "milliseconds" after 1970."""
    if unit not in ("seconds", "milliseconds"):
        raise Fault('`unit` is "seconds" or "milliseconds".')
    seconds = _guard(lambda: number / 1000 if unit == "milliseconds" else number)
    return _moment_text(_guard(lambda: datetime.fromtimestamp(seconds, UTC)))


@_chance(cost=free, example="uuid()", result='(such as "2f1c6a52-…")')
def uuid(ambient: Ambient) -> str:
    """Return a new random UUID."""
    return ambient.uuid()


@_chance(cost=free, example="random()", result="(such as 0.318)")
def random(ambient: Ambient) -> float:
    """Return a random number from 0 up to, not including, 1; not for secrets."""
    return ambient.random()


def _read(text: str, zone: tzinfo = UTC) -> tuple[datetime, bool]:
    """Return the moment, and whether the text names a whole day."""
    text = text.strip() if len(text) <= _DATE_CHARACTERS else ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Fault("the text is not a date. Write 2026-01-31 or 2026-01-31T09:30:00Z, or read it with "
                    "parse_date(text, format).") from None  # fmt: skip
    is_day = len(text) <= 10 and "T" not in text
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)), is_day


def _moment_text(moment: datetime) -> str:
    text = moment.isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (
        OSError,
        ValueError,
        LookupError,
    ):  # unknown, not a plain name, or no time zone data on this machine
        raise Fault('the time zone is not known. Write a name such as "Europe/Oslo".') from None


def _add_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _guard(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (OverflowError, ValueError, OSError):
        raise Fault("the date would be outside of the years 1 to 9999.") from None


def _check_format(format: str, known: Any) -> None:
    """Refuse a format with unknown directives; the C library would take widths such as %999999999d."""
    if len(format) > _FORMAT_CHARACTERS:
        raise Fault(f"the format is longer than {_FORMAT_CHARACTERS} characters.")
    signs = format.replace("%%", "").split("%")[1:]
    for sign in signs:
        if not sign or sign[0] not in known:
            raise Fault(f"the format holds %{sign[:1]}, which is not known. Known: %Y %m %d %H %M %S %B %b %A %a %p.")
