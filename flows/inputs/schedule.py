"""Input `schedule`: the flow runs at times, whether somebody asks or not."""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from flows.inputs._durable import RunRetries
from flows.inputs._times import NextTime, cron_times, interval_times, zone_of
from flows.sdk import Duration, Example, Finding, flow_input

MAX_MISSED: Final = 1000
"""How many missed times are made up for at most, the latest ones, whatever the schedule says."""
GIVEN: Final = {
    "scheduled": {"type": ["string", "null"], "default": None, "description": "When the run was due."},
    "previous": {"type": ["string", "null"], "default": None, "description": "When the run before it was due."},
}
"""The arguments that every scheduled run has beside the fixed ones."""

EXAMPLES = (
    Example(
        title="Every weekday at eight in Oslo",
        config={"cron": "0 8 * * mon-fri", "time_zone": "Europe/Oslo", "args": {"channel": "general"}},
    ),
    Example(title="Every ten minutes, not all at the same second", config={"every": "10m", "jitter": "30s"}),
)


def schedule_arguments(config: "ScheduleInput") -> Mapping[str, Any]:
    """Return the schema of what the flow sees as `args`."""
    fixed = {name: {"default": value} for name, value in config.args.items()}
    return {"type": "object", "properties": {**GIVEN, **fixed}, "additionalProperties": False}


def check_schedule(config: "ScheduleInput") -> Iterator[Finding]:
    """Report times that cannot be, and names that are taken."""
    yield from _check_times(config)
    for name in config.args.keys() & GIVEN.keys():
        yield ("args", name), f"`args.{name}` is given by the schedule; choose another name."


def _check_times(config: "ScheduleInput") -> Iterator[Finding]:
    if (config.cron is UNSET) == (config.every is UNSET):
        yield (), "A schedule has either `cron` or `every`."
        return
    try:
        zone_of(config.time_zone)
    except ValueError as error:
        yield ("time_zone",), str(error)
        return
    key = "every" if config.cron is UNSET else "cron"
    try:
        if config.times()(datetime.now(UTC)) is None:
            yield (key,), "There is no such time: this schedule would never run."
        if config.every is not UNSET and config.jitter >= config.every:
            yield ("jitter",), "`jitter` is less than the interval, so that runs keep their order."
    except ValueError as error:
        yield (key,), str(error)


class ScheduleInput(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The flow runs at times: by cron, or at an interval.

    It sees `args.scheduled`, when the run was due, and `args.previous`, when the one before it was; null for the first.
    """

    cron: Annotated[
        str | UnsetType,
        Meta(description="Minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly."),
    ] = UNSET
    every: Annotated[
        Duration | UnsetType, Meta(description="In place of `cron`: an interval, counted from midnight UTC.")
    ] = UNSET
    time_zone: Annotated[str, Meta(description="The zone of `cron` and of `args.scheduled`.")] = "UTC"
    missed: Annotated[
        Literal["skip", "once", "all"],
        Meta(description="After a pause: run for no missed time, for the last one, or for all of them."),
    ] = "once"
    missed_within: Annotated[Duration, Meta(description="Times that were missed longer ago do not count.")] = 86400.0
    jitter: Annotated[Duration, Meta(description="Start up to so much later, by chance.")] = 0.0
    args: Annotated[Mapping[str, Any], Meta(description="Further arguments, the same for every run.")] = {}
    retries: Annotated[RunRetries, Meta(description="Try a run that failed again.")] = RunRetries()

    def times(self) -> NextTime:
        """Return what finds the next time.  Raises ValueError."""
        zone = zone_of(self.time_zone)
        if self.cron is not UNSET:
            return cron_times(self.cron, zone)
        assert self.every is not UNSET  # noqa: S101  the check holds every schedule to one of the two
        return interval_times(self.every, zone)

    def start_of(self, flow: str, due: datetime) -> datetime:
        """Return when the run of a due time starts: the same on every coordinator."""
        if not self.jitter:
            return due
        late = random.Random(f"{flow} {due.timestamp()}").uniform(0, self.jitter)
        return due + timedelta(seconds=late)

    def arguments(self, due: datetime, previous: datetime | None) -> dict[str, Any]:
        """Return what the run of a due time gets."""
        zone = zone_of(self.time_zone)

        def text(moment: datetime | None) -> str | None:
            return None if moment is None else moment.astimezone(zone).isoformat()

        return {**self.args, "scheduled": text(due), "previous": text(previous)}


SCHEDULE = flow_input("schedule", examples=EXAMPLES, arguments=schedule_arguments, check=check_schedule)(ScheduleInput)
