"""The workers as this coordinator sees them: who is there, how much room each has, who was not heard of for too long.

Touches no I/O; time comes in as an argument.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from flows.wire import REPORT_SECONDS, Report, worker_subject

OVERDUE_SECONDS: Final = 1.6 * REPORT_SECONDS
"""After so long a silence a worker is asked whether it is there."""
GONE_SECONDS: Final = 2.2 * REPORT_SECONDS
"""After so long a silence a worker that NATS does not know any more is lost."""
LOST_SECONDS: Final = 5.0 * REPORT_SECONDS
"""After so long a silence every worker is lost."""


class Member:
    """One worker.  `in_flight` are the calls of this coordinator; `others` those of other ones, as it last said."""

    __slots__ = ("heard", "in_flight", "is_reachable", "others", "report", "was_refused")

    def __init__(self, report: Report, now: float) -> None:
        self.report = report
        self.heard = now
        self.in_flight = 0
        self.others = 0
        self.is_reachable = True
        self.was_refused = False

    @property
    def subject(self) -> str:
        """Where it listens."""
        return worker_subject(self.report.name, self.report.worker)

    @property
    def free(self) -> int:
        """How many more calls it can take."""
        if not self.is_reachable or self.report.state != "ready":
            return 0
        return self.report.slots - self.in_flight - self.others


class WorkerView(Struct, frozen=True, kw_only=True):
    """A worker as others see it."""

    id: Annotated[str, Meta(description="Its id.")]
    name: Annotated[str, Meta(description="Its name for people.")]
    kind: Annotated[Literal["local", "fleet"], Meta(description="`local`: the coordinator itself.")]
    state: Annotated[
        Literal["ready", "full", "draining", "silent"],
        Meta(description="`draining`: it takes no more calls; `silent`: it was not heard of lately."),
    ]
    running: Annotated[int, Meta(description="Calls under way, those of other coordinators included.")]
    slots: Annotated[int, Meta(description="How many calls it runs at a time.")]
    host: Annotated[str, Meta(description="The machine that it runs on.")] = ""
    pid: Annotated[int, Meta(description="Its process id there.")] = 0
    version: Annotated[str, Meta(description="Of its Headrace.")] = ""
    plans: Annotated[int, Meta(description="Versions of flows that it holds ready.")] = 0
    done: Annotated[int, Meta(description="Calls that it ended since its start.")] = 0
    started: Annotated[int, Meta(description="When it started, in milliseconds since the epoch.")] = 0
    heard: Annotated[float, Meta(description="Seconds since it was last heard of.")] = 0.0


class Roster:
    """All workers."""

    def __init__(self, coordinator: str) -> None:
        self._coordinator = coordinator
        self._members: dict[str, Member] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(tuple(self._members.values()))

    def __len__(self) -> int:
        return len(self._members)

    @property
    def is_empty(self) -> bool:
        """Whether there is nobody who will take calls."""
        return not any(member.report.state == "ready" for member in self._members.values())

    def hear(self, report: Report, now: float) -> Member | None:
        """Take a report; return the member, or the one that said goodbye with it."""
        member = self._members.get(report.worker)
        if report.state == "gone":
            return self._members.pop(report.worker, None)
        if member is None:
            member = self._members[report.worker] = Member(report, now)
        member.report = report
        member.heard = now
        member.is_reachable = True
        member.others = sum(count for name, count in report.running.items() if name != self._coordinator)
        return member

    def best(self) -> Member | None:
        """Return who has the most room, if anybody has some."""
        best: Member | None = None
        room = 0
        for member in self._members.values():
            free = member.free
            if free > room:
                best, room = member, free
        return best

    def drop(self, worker: str) -> Member | None:
        """Forget a worker until it is heard of again."""
        return self._members.pop(worker, None)

    def get(self, worker: str) -> Member | None:
        """Return a worker."""
        return self._members.get(worker)

    def forgive(self, seconds: float) -> None:
        """Take back silence that was our own: we did not listen."""
        for member in self._members.values():
            member.heard += seconds

    def silent(self, now: float, seconds: float) -> list[Member]:
        """Return who was not heard of for so long."""
        return [member for member in self._members.values() if now - member.heard > seconds]

    def views(self, now: float) -> list[WorkerView]:
        """Return all workers for others to see, by name."""
        views = [_view(member, now) for member in self._members.values()]
        return sorted(views, key=lambda view: (view.name, view.id))


def _view(member: Member, now: float) -> WorkerView:
    report, silence = member.report, now - member.heard
    state: Literal["ready", "full", "draining", "silent"] = "full" if member.free <= 0 else "ready"
    if silence > OVERDUE_SECONDS or not member.is_reachable:
        state = "silent"
    elif report.state != "ready":
        state = "draining"
    return WorkerView(
        id=report.worker,
        name=report.name,
        kind="fleet",
        state=state,
        running=member.in_flight + member.others,
        slots=report.slots,
        host=report.host,
        pid=report.pid,
        version=report.release,
        plans=report.plans,
        done=report.done,
        started=int(report.started * 1000),
        heard=round(max(0.0, silence), 3),
    )
