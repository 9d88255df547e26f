"""For which times a schedule runs after it could not."""

from datetime import UTC, datetime, timedelta

import pytest

from coordinator.durable.schedules import Schedule, work_of
from flows.inputs.schedule import MAX_MISSED, ScheduleInput

NOON = datetime(2026, 11, 20, 12, 0, 5, tzinfo=UTC)


def schedule(**config: object) -> Schedule:
    made = ScheduleInput(**(config if "cron" in config else {"every": 3600.0, **config}))  # type: ignore[arg-type]
    return Schedule("mill", made, made.times())


def hours(found: tuple[datetime, ...]) -> list[str]:
    return [f"{each:%d %H:%M}" for each in found]


@pytest.mark.parametrize(
    ("missed", "pause", "now", "expected"),
    [
        ("once", 3, NOON, ["20 12:00"]),
        ("all", 3, NOON, ["20 10:00", "20 11:00", "20 12:00"]),
        ("skip", 3, NOON, ["20 12:00"]),
        ("skip", 3, NOON + timedelta(minutes=5), []),
        ("once", 3, NOON + timedelta(minutes=5), ["20 12:00"]),
        ("once", 48, NOON + timedelta(minutes=5), ["20 12:00"]),
        ("all", 48, NOON, [f"{day} {hour:02}:00" for day in (19, 20) for hour in range(24)][13:37]),
    ],
)
def test_the_policy_says_what_becomes_of_missed_times(
    missed: str, pause: int, now: datetime, expected: list[str]
) -> None:
    work = work_of(schedule(missed=missed), NOON - timedelta(hours=pause), now)

    assert hours(work.due) == expected
    assert work.settles == NOON.replace(second=0)


def test_times_that_were_missed_too_long_ago_do_not_count() -> None:
    work = work_of(schedule(cron="0 8 * * *", missed="all", missed_within=7200.0), NOON - timedelta(5), NOON)

    assert work.due == ()
    assert NOON - timedelta(hours=2) <= work.settles <= NOON


def test_a_flood_of_missed_times_is_bounded_and_keeps_the_latest() -> None:
    work = work_of(schedule(every=1.0, missed="all", missed_within=86400.0 * 30), NOON - timedelta(30), NOON)

    assert len(work.due) == MAX_MISSED
    assert work.due[-1] == NOON


def test_a_time_whose_jitter_has_not_passed_is_not_settled() -> None:
    jittered = schedule(jitter=1800.0)
    due = NOON.replace(second=0)
    start = jittered.config.start_of("mill", due)

    before = work_of(jittered, due - timedelta(minutes=1), start - timedelta(seconds=1))
    after = work_of(jittered, due - timedelta(minutes=1), start)

    assert (before.due, before.settles) == ((), due - timedelta(minutes=1))
    assert (after.due, after.settles) == ((due,), due)
