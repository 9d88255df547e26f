"""When schedules are due: cron as cron does it, intervals, and the clock changes of time zones."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.inputs._times import cron_times, interval_times, zone_of
from flows.inputs.schedule import ScheduleInput

BERLIN = zone_of("Europe/Berlin")


def due(cron: str, start: str, number: int, zone: str = "UTC") -> list[str]:
    times = cron_times(cron, zone_of(zone))
    moment: datetime | None = datetime.fromisoformat(start).replace(tzinfo=zone_of(zone))
    found = []
    for _ in range(number):
        assert moment is not None
        moment = times(moment)
        assert moment is not None
        found.append(f"{moment:%a %d %b %H:%M %z}")
    return found


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 8 * * mon-fri", ["Fri 20 Nov 08:00 +0000", "Mon 23 Nov 08:00 +0000"]),
        ("0 8 * * 1-5", ["Fri 20 Nov 08:00 +0000", "Mon 23 Nov 08:00 +0000"]),
        ("0 8 * * 0", ["Sun 22 Nov 08:00 +0000", "Sun 29 Nov 08:00 +0000"]),
        ("0 8 * * 7", ["Sun 22 Nov 08:00 +0000", "Sun 29 Nov 08:00 +0000"]),
        ("0 8 * * FRI-SUN", ["Fri 20 Nov 08:00 +0000", "Sat 21 Nov 08:00 +0000", "Sun 22 Nov 08:00 +0000"]),
        ("0 8 * * */2", ["Sat 21 Nov 08:00 +0000", "Sun 22 Nov 08:00 +0000", "Tue 24 Nov 08:00 +0000"]),
        ("*/20 * * * *", ["Fri 20 Nov 00:20 +0000", "Fri 20 Nov 00:40 +0000", "Fri 20 Nov 01:00 +0000"]),
        ("0 0 1 * mon", ["Mon 23 Nov 00:00 +0000", "Mon 30 Nov 00:00 +0000", "Tue 01 Dec 00:00 +0000"]),
        ("@monthly", ["Tue 01 Dec 00:00 +0000", "Fri 01 Jan 00:00 +0000"]),
    ],
)
def test_cron_means_what_it_means_to_cron(cron: str, expected: list[str]) -> None:
    assert due(cron, "2026-11-20T00:00", len(expected)) == expected


@pytest.mark.parametrize(
    ("cron", "start", "expected"),
    [
        ("30 2 * * *", "2026-03-28T12:00", ["Sun 29 Mar 03:30 +0200", "Mon 30 Mar 02:30 +0200"]),
        ("30 2 * * *", "2026-10-24T12:00", ["Sun 25 Oct 02:30 +0200", "Mon 26 Oct 02:30 +0100"]),
        ("30 * * * *", "2026-10-25T01:45", ["Sun 25 Oct 02:30 +0200", "Sun 25 Oct 02:30 +0100"]),
        ("30 * * * *", "2026-03-29T01:45", ["Sun 29 Mar 03:30 +0200", "Sun 29 Mar 04:30 +0200"]),
    ],
    ids=["an hour left out", "an hour repeated", "hourly, an hour repeated", "hourly, an hour left out"],
)
def test_a_clock_change_neither_loses_nor_doubles_a_time_of_day(cron: str, start: str, expected: list[str]) -> None:
    assert due(cron, start, 2, "Europe/Berlin") == expected


@pytest.mark.parametrize(
    ("cron", "message"),
    [
        ("0 8 * *", "A cron expression has five fields (minute, hour, day of month, month, day of week) such as "),
        ("0 8 * * 8", "'8' does not fit the field 'day of week' of a cron expression: '8' is no day; write 0 to 7"),
        ("0 8 * * fri-tue", "'fri-tue' does not fit the field 'day of week' of a cron expression: the first day"),
        ("x 8 * * *", "'x' does not fit the field 'minute' of a cron expression"),
        ("0 8 * 13 *", "'13' does not fit the field 'month' of a cron expression"),
        ("*/0 8 * * *", "'*/0' does not fit the field 'minute' of a cron expression"),
    ],
)
def test_a_cron_expression_that_cannot_be_says_which_field(cron: str, message: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011  the sentence is what matters
        cron_times(cron, UTC)

    assert str(error.value).startswith(message)


AN_INSTANT = 0.001
"""A time that is less ahead is taken for the one that was asked about."""


@given(st.integers(1, 10**6), st.floats(0, 4 * 10**9))
@example(999_419, 1_138_338_241.0)  # a change of the clocks lies in between
def test_an_interval_is_the_same_on_every_machine_and_never_drifts(seconds: int, start: float) -> None:
    times = interval_times(seconds, BERLIN)
    found = [datetime.fromtimestamp(start, UTC)]
    for _ in range(5):
        following = times(found[-1])
        assert following is not None
        found.append(following)

    stamps = [moment.timestamp() for moment in found]  # two times of one zone are subtracted as its clocks show them
    assert all(stamp % seconds == 0 for stamp in stamps[1:])
    assert all(0 < second - first <= seconds + AN_INSTANT for first, second in pairwise(stamps))


def test_jitter_is_the_same_for_everybody_within_its_bound_and_not_for_all_flows() -> None:
    config = ScheduleInput(every=60.0, jitter=30.0)
    moment = datetime(2026, 11, 20, tzinfo=UTC)

    starts = [config.start_of(f"flow_{number}", moment) for number in range(50)]

    assert starts == [config.start_of(f"flow_{number}", moment) for number in range(50)]
    assert all(0 <= (start - moment).total_seconds() <= 30 for start in starts)
    assert len(set(starts)) > 40


def test_a_run_is_told_its_time_in_the_zone_of_its_schedule() -> None:
    config = ScheduleInput(cron="0 8 * * *", time_zone="Europe/Berlin", args={"channel": "general"})

    assert config.arguments(datetime(2026, 7, 1, 6, tzinfo=UTC), None) == {
        "channel": "general",
        "scheduled": "2026-07-01T08:00:00+02:00",
        "previous": None,
    }
