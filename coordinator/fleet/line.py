"""The line of calls that wait for a worker: bounded, first come first served."""

import asyncio
from collections import deque
from typing import Final

from coordinator.fleet.roster import Member, Roster
from flows.errors import Busy

QUEUE_SECONDS: Final = 10.0
"""The longest that a call waits for a free worker."""
RETRY_AFTER_SECONDS: Final = 1.0


class NoWorker(Exception):
    """There is nobody to wait for."""


class Line:
    """Gives out the slots of the workers of a roster.

    With `expects_workers`, somebody starts them again when they die, so calls wait also while there is none.
    """

    def __init__(self, roster: Roster, most: int, *, expects_workers: bool = False) -> None:
        self._roster = roster
        self._most = most
        self._expects_workers = expects_workers
        self._waiting: deque[asyncio.Future[Member]] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def take_now(self) -> Member | None:
        """Take a slot if one is free and nobody waits for it."""
        if self._waiting or (member := self._roster.best()) is None:
            return None
        member.in_flight += 1
        return member

    async def take(self, seconds: float) -> Member:
        """Take a slot as soon as there is one.  Raises Busy, NoWorker, TimeoutError after so many seconds."""
        if self._is_vain:
            raise NoWorker
        if len(self._waiting) >= self._most:
            raise _busy("too many wait")
        turn: asyncio.Future[Member] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(min(seconds, QUEUE_SECONDS)):
                return await turn
        except (TimeoutError, asyncio.CancelledError) as gone:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give_back(turn.result())  # it came a moment too late
            if isinstance(gone, TimeoutError):
                if self._roster.is_empty:
                    raise NoWorker from None
                if seconds > QUEUE_SECONDS:
                    raise _busy(f"none was free for {QUEUE_SECONDS:g} s") from None
            raise
        finally:
            if not turn.done():
                turn.cancel()

    def give_back(self, member: Member) -> None:
        """Give a slot back."""
        member.in_flight -= 1
        self.advance()

    def advance(self) -> None:
        """Let those begin for whom there is room now; send all away when there is nobody left to wait for."""
        while self._waiting:
            turn = self._waiting[0]
            if not turn.done():
                if self._is_vain:
                    turn.set_exception(NoWorker())
                elif (member := self._roster.best()) is not None:
                    member.in_flight += 1
                    turn.set_result(member)
                else:
                    return
            self._waiting.popleft()

    @property
    def _is_vain(self) -> bool:
        return self._roster.is_empty and not self._expects_workers

    def send_away(self) -> None:
        """Send all away: nobody will be served any more."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(NoWorker())


def _busy(why: str) -> Busy:
    message = f"All workers are busy, and {why}. Try again in a moment."
    return Busy(message, retry_after=RETRY_AFTER_SECONDS)
