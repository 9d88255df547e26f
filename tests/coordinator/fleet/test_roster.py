"""Who has room, and who is there."""

import msgspec
import pytest

from coordinator.fleet.roster import Roster
from flows.wire import VERSION, Report


def report(worker: str = "w1", **more: object) -> Report:
    plain = Report(
        version=VERSION,
        worker=worker,
        name=f"name of {worker}",
        host="host",
        pid=1,
        release="1",
        started=0.0,
        slots=4,
        running={},
        plans=0,
        done=0,
        state="ready",
    )
    return msgspec.structs.replace(plain, **more)


def test_the_best_is_who_has_the_most_room() -> None:
    roster = Roster("me")
    for worker, running in (("w1", {"other": 3}), ("w2", {"other": 1, "me": 3}), ("w3", {"other": 4})):
        roster.hear(report(worker, running=running), 0.0)
    taken = []

    while (best := roster.best()) is not None:
        best.in_flight += 1
        taken.append(best.report.worker)

    assert taken == ["w2", "w2", "w1", "w2"], "what a worker says of our own calls is not counted twice"


@pytest.mark.parametrize("state", ["draining", "gone"])
def test_who_takes_no_more_calls_gets_none(state: str) -> None:
    roster = Roster("me")
    roster.hear(report(), 0.0)
    roster.hear(report(state=state), 1.0)

    assert roster.best() is None
    assert roster.is_empty
    assert len(roster) == (1 if state == "draining" else 0)


def test_who_was_not_heard_of_is_silent_and_who_is_heard_of_again_is_not() -> None:
    roster = Roster("me")
    roster.hear(report("w1"), 0.0)
    roster.hear(report("w2"), 4.0)

    assert [member.report.worker for member in roster.silent(5.5, 5.0)] == ["w1"]
    assert [view.state for view in roster.views(5.5)] == ["silent", "ready"]

    roster.forgive(1.0)
    assert roster.silent(5.5, 5.0) == []
    roster.hear(report("w1"), 6.0)
    assert [view.state for view in roster.views(6.1)] == ["ready", "ready"]
