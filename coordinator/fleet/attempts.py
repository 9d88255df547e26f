"""The calls that workers have now, and what workers say about them.  Touches no I/O."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from coordinator.fleet.roster import Member
from flows.runs import EventSink, RunResult
from flows.wire import Accepted, Call, Done, Missing, Refused, Said

LATE_SECONDS: Final = 2.0
"""How long after the deadline a worker may still say that it is over."""


class Elsewhere(Struct, frozen=True):
    """The call was not begun: it can be given to somebody else."""


class Lost(Struct, frozen=True):
    """Nobody knows what became of the call."""

    why: str


Outcome = RunResult | Elsewhere | Lost


class FleetCounts:
    """What should not happen often."""

    __slots__ = ("late", "lost_workers", "refused", "repeated", "unknown")

    def __init__(self) -> None:
        self.lost_workers = 0
        self.repeated = 0
        self.unknown = 0
        self.late = 0
        self.refused = 0


class Attempt:
    """A call that one worker was given.  `due` and `asked` are times of the monotonic clock."""

    __slots__ = ("asked", "call", "due", "emit", "future", "is_accepted", "member")

    def __init__(self, member: Member, call: Call, emit: EventSink) -> None:
        now = time.monotonic()
        self.member = member
        self.call = call
        self.emit = emit
        self.future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.due = now + call.seconds + LATE_SECONDS
        self.asked = now
        self.is_accepted = False

    def end(self, outcome: Outcome) -> None:
        """Say what became of it; the first word counts."""
        if not self.future.done():
            self.future.set_result(outcome)

    def expect_last_word(self) -> asyncio.Future[Outcome]:
        """Return what will be done when the worker says that it stopped: who was cancelled took the future with it."""
        self.future = asyncio.get_running_loop().create_future()
        return self.future


class Attempts:
    """All attempts by number.  Nobody but the worker of an attempt can name its number."""

    def __init__(self, counts: FleetCounts) -> None:
        self._attempts: dict[int, Attempt] = {}
        self._counts = counts
        self.idle = asyncio.Event()
        self.idle.set()

    def __len__(self) -> int:
        return len(self._attempts)

    def __iter__(self) -> Iterator[tuple[int, Attempt]]:
        return iter(tuple(self._attempts.items()))

    def add(self, attempt: Attempt) -> None:
        """Expect answers."""
        self._attempts[attempt.call.number] = attempt
        self.idle.clear()

    def remove(self, attempt: Attempt) -> None:
        """Expect no more answers; one that comes is late."""
        del self._attempts[attempt.call.number]
        if not self._attempts:
            self.idle.set()

    def get(self, number: int) -> Attempt | None:
        """Return an attempt that is under way."""
        return self._attempts.get(number)

    def of(self, member: Member) -> tuple[int, ...]:
        """Return the numbers of what a worker has."""
        return tuple(number for number, attempt in self._attempts.items() if attempt.member is member)

    def take(self, message: Done | Said | Accepted | Refused | Missing) -> None:
        """Take what a worker says."""
        kind: Any = type(message)
        _TAKE[kind](self, message)

    def _done(self, message: Done) -> None:
        attempt = self._attempts.get(message.number)
        if attempt is None:
            self._counts.late += 1
        else:
            attempt.end(message.result)

    def _said(self, message: Said) -> None:
        attempt = self._attempts.get(message.number)
        if attempt is not None and not attempt.future.done():
            attempt.emit(message.event)

    def _accepted(self, message: Accepted) -> None:
        attempt = self._attempts.get(message.number)
        if attempt is not None:
            attempt.is_accepted = True

    def _refused(self, message: Refused) -> None:
        attempt = self._attempts.get(message.number)
        if attempt is None:
            return
        member = attempt.member
        if message.reason == "full":
            # Other coordinators filled it; its next report says how much.
            member.others = max(member.others, member.report.slots - member.in_flight + 1)
        else:
            member.is_reachable = False
        attempt.end(Elsewhere())

    def _missing(self, message: Missing) -> None:
        for number in message.numbers:
            if (attempt := self._attempts.get(number)) is not None:
                attempt.end(Lost("the call, or its answer, was lost on the way"))


_TAKE: Final[dict[type, Any]] = {
    Done: Attempts._done,
    Said: Attempts._said,
    Accepted: Attempts._accepted,
    Refused: Attempts._refused,
    Missing: Attempts._missing,
}
