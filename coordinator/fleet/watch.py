"""Watch the workers: who came, who went, who is silent; and what becomes of the calls that they have."""

import asyncio
import time
from typing import Final

from coordinator.fleet.attempts import Attempts, Elsewhere, FleetCounts, Lost
from coordinator.fleet.line import Line
from coordinator.fleet.roster import GONE_SECONDS, LOST_SECONDS, OVERDUE_SECONDS, Member, Roster
from coordinator.logs import get_logger
from flows.bus.link import Link
from flows.runs import RunError, RunResult
from flows.wire import NEWS, VERSION, Cancel, Inquire, Report, RollCall, coordinator_subject, report_subject

TICK_SECONDS: Final = 0.25
INQUIRE_SECONDS: Final = 2.5
"""How often a worker is asked about calls of which nothing is heard."""
OVERDUE: Final = RunResult(
    error=RunError(
        code="timeout", message="The time of the call is over, and its worker does not say what became of it."
    )
)

log = get_logger(__name__)


class Watch:
    """Keeps a roster up to date."""

    def __init__(
        self, link: Link, coordinator: str, roster: Roster, line: Line, attempts: Attempts, counts: FleetCounts
    ) -> None:
        self._link = link
        self._coordinator = coordinator
        self._subject = coordinator_subject(coordinator)
        self._roster = roster
        self._line = line
        self._attempts = attempts
        self._counts = counts
        self._reported = asyncio.Event()
        self._since = -LOST_SECONDS
        """Since when NATS is there without a break."""

    def hear(self, report: Report, subject: str) -> None:
        """Take the report of a worker.  By its subject NATS vouches for the name, where each has a user of its own."""
        known = self._roster.get(report.worker)
        is_its_own = known is None or known.report.name == report.name
        if report.version != VERSION or subject != report_subject(report.name) or not is_its_own:
            return
        is_new = known is None
        member = self._roster.hear(report, time.monotonic())
        if report.state == "gone" and member is not None:
            log.info("a worker left", worker=report.name, id=report.worker)
            self._end_all(member, Lost("its worker stopped"))
        elif is_new and member is not None:
            log.info("a worker is there", worker=report.name, id=report.worker, host=report.host, slots=report.slots)
        self._reported.set()
        self._line.advance()

    async def until(self, count: int) -> None:
        """Wait until so many workers take calls."""
        while sum(member.report.state == "ready" for member in self._roster) < count:
            self._reported.clear()
            await self._reported.wait()

    def nobody(self, subject: str) -> None:
        """Take from NATS that nobody listens where a message went; `subject` is where the answer would have come."""
        which = subject.removeprefix(f"{self._subject}.")
        if which.isdecimal():
            if (attempt := self._attempts.get(int(which))) is not None:
                attempt.member.is_reachable = False
                attempt.end(Elsewhere())
        elif (member := self._roster.get(which.removeprefix("worker."))) is not None:
            member.is_reachable = False
            now = time.monotonic()
            # After an outage workers come back one by one; who is not there yet is not gone.
            if now - member.heard > GONE_SECONDS and now - self._since > LOST_SECONDS:
                self.lose(member.report.worker, "its process or machine is gone")

    def lose(self, worker: str, why: str) -> None:
        """Take it that a worker is not there any more."""
        member = self._roster.drop(worker)
        if member is None:
            return
        self._counts.lost_workers += 1
        log.error("a worker is lost", worker=member.report.name, id=worker, why=why, calls=member.in_flight)
        self._end_all(member, Lost(why))
        self._line.advance()

    async def back(self) -> None:
        """Take it that NATS is there again after an outage: ask who is there, and what became of the calls."""
        await self._link.listen_again()
        self._since = time.monotonic()
        self._link.send(NEWS, RollCall(self._coordinator))
        for _, attempt in self._attempts:
            attempt.asked = 0.0

    async def for_ever(self) -> None:
        """Look again and again."""
        last = time.monotonic()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now = time.monotonic()
            delay = now - last - TICK_SECONDS
            if not self._link.is_up:
                self._roster.forgive(now - last)  # nobody can be heard, and what is done is said when NATS is back
            elif delay > TICK_SECONDS:
                self._roster.forgive(delay)  # we did not listen; what they said meanwhile is still to be read
            last = now
            try:
                self._look(now)
            except Exception:
                log.exception("watching the workers failed")

    def _end_all(self, member: Member, lost: Lost) -> None:
        numbers = self._attempts.of(member)
        for number in numbers:
            if (attempt := self._attempts.get(number)) is not None:
                attempt.end(lost)
        if numbers:
            # Should it only have been stopped in its tracks, it does not go on with what others do now.
            self._link.send(member.subject, Cancel(self._coordinator, numbers))

    def _look(self, now: float) -> None:
        for member in self._roster.silent(now, LOST_SECONDS):
            self.lose(member.report.worker, f"nothing was heard of its worker for {LOST_SECONDS:g} s")
        if self._link.is_up:
            for member in self._roster.silent(now, OVERDUE_SECONDS):
                worker = member.report.worker
                question = Inquire(self._coordinator, ())
                self._link.send(member.subject, question, reply=f"{self._subject}.worker.{worker}")
            self._inquire(now)
        for number, attempt in self._attempts:
            if now > attempt.due:
                self._link.send(attempt.member.subject, Cancel(self._coordinator, (number,)))
                attempt.end(OVERDUE)

    def _inquire(self, now: float) -> None:
        """Ask about calls of which nothing was heard for long: they, or their answers, may be lost."""
        silent: dict[str, list[int]] = {}
        for number, attempt in self._attempts:
            if now - attempt.asked > INQUIRE_SECONDS:
                attempt.asked = now
                silent.setdefault(attempt.member.subject, []).append(number)
        for subject, numbers in silent.items():
            self._link.send(subject, Inquire(self._coordinator, tuple(numbers)))
