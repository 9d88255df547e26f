"""The times of a schedule: cron as cron does it, intervals, time zones with their clock changes.

APScheduler computes the times.  Here is what its cron does otherwise than cron: days of the week count from Sunday;
when day of month and day of week are both given, either will do; and a time of day that a clock change repeats
happens once.  Raises ValueError with a sentence.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
FIELDS: Final = ("minute", "hour", "day of month", "month", "day of week")
HORIZON: Final = timedelta(days=50 * 366)
"""How far ahead a time is looked for; even 29 February on a given weekday comes within 40 years."""
_INSTANT: Final = timedelta(milliseconds=1)

NextTime = Callable[[datetime], datetime | None]
"""Returns the first time after the given one, None when there is none."""


def zone_of(name: str) -> tzinfo:
    """Return the time zone of a name such as `Europe/Oslo`.  Raises ValueError."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"The time zone {name!r} is not known. Write a name such as Europe/Oslo.") from None


def cron_times(cron: str, zone: tzinfo) -> NextTime:
    """Return the times of a cron expression.  Raises ValueError."""
    # Imported with the first schedule: it takes a tenth of a second, and most flows have none.
    from apscheduler.triggers.combining import OrTrigger

    minute, hour, day, month, weekday = _fields(cron)
    end = datetime.now(zone) + HORIZON
    days = {"minute": minute, "hour": hour, "month": month, "timezone": zone, "end_date": end}
    if day.startswith("*") or weekday.startswith("*"):
        trigger = _trigger(**days, day=day, day_of_week=_weekdays(weekday))
    else:
        trigger = OrTrigger([_trigger(**days, day=day), _trigger(**days, day_of_week=_weekdays(weekday))])
    return _times(trigger, zone, skips_repeated="*" not in hour)


def interval_times(seconds: float, zone: tzinfo) -> NextTime:
    """Return the times that lie whole intervals after midnight UTC of 1 January 1970.  Raises ValueError."""
    from apscheduler.triggers.interval import IntervalTrigger

    if seconds < 1:
        raise ValueError("`every` is at least one second.")
    start = datetime(1970, 1, 1, tzinfo=UTC)
    return _times(IntervalTrigger(seconds=seconds, start_date=start, timezone=zone), zone, skips_repeated=False)


def _trigger(**fields: Any) -> Any:
    from apscheduler.triggers.cron import CronTrigger

    return CronTrigger(**fields)


def _times(trigger: Any, zone: tzinfo, *, skips_repeated: bool) -> NextTime:
    def following(after: datetime) -> datetime | None:
        while True:
            after = after.astimezone(zone)
            found: datetime | None = trigger.get_next_fire_time(
                None, (after.astimezone(UTC) + _INSTANT).astimezone(zone)
            )
            if found is None:
                return None
            # There and back: an hour that a clock change leaves out becomes the one that the clock shows.
            found = found.astimezone(UTC).astimezone(zone)
            if not (skips_repeated and found.fold):
                return found
            after = found

    return following


def _fields(cron: str) -> list[str]:
    fields = NICKNAMES.get(cron.strip().lower(), cron).split()
    if len(fields) != len(FIELDS):
        raise ValueError(
            f"A cron expression has five fields ({', '.join(FIELDS)}) such as `0 8 * * mon-fri`, or is one of: "
            f"{', '.join(NICKNAMES)}."
        )
    for name, text in zip(FIELDS, fields, strict=True):
        _check_field(name, text)
    return fields


def _check_field(name: str, text: str) -> None:
    key = {"day of month": "day", "day of week": "day_of_week"}.get(name, name)
    try:
        _trigger(**{key: _weekdays(text) if key == "day_of_week" else text.lower()}, timezone=UTC)
    except ValueError as error:
        reason = str(error).rpartition(": ")[2].rstrip(".")
        raise ValueError(f"{text!r} does not fit the field {name!r} of a cron expression: {reason}.") from None


def _weekdays(text: str) -> str:
    """Write the days of the week as names, since numbers mean other days to APScheduler."""
    if text == "*":
        return text
    days: set[int] = set()
    for part in text.lower().split(","):
        span, slash, step = part.partition("/")
        first, dash, last = ("0", "-", "6") if span == "*" else span.partition("-")
        start = _weekday(first)
        end = _weekday(last) if dash else (6 if slash else start)
        if end == 0 and start > 0:
            end = 7  # "fri-sun"
        if start > end:
            raise ValueError("the first day of a range comes before the last")
        if slash and (not step.isdecimal() or int(step) < 1):
            raise ValueError(f"{step!r} is no step")
        days.update(day % 7 for day in range(start, end + 1, int(step) if slash else 1))
    return ",".join(WEEKDAYS[day] for day in sorted(days))


def _weekday(text: str) -> int:
    if text in WEEKDAYS:
        return WEEKDAYS.index(text)
    if text.isdecimal() and int(text) <= 7:
        return int(text)
    raise ValueError(f"{text!r} is no day; write 0 to 7 (0 and 7 are Sunday) or sun to sat")
