"""What is kept of a run that nobody waits for, and the promise of whatever keeps it.

    put -> waiting -> take -> finish            it went well
                           -> retry   -> waiting   it failed, and may be tried again
                           -> release -> waiting   it did not begin, or could not end: that try does not count
                           -> bury    -> dead      it failed for good; `rerun` or `drop` by a person

Who takes a run holds it for `LEASE_SECONDS` and longer while it says so with `extend`; a run whose holder died can be
taken again.  Each taking has a higher number, so a holder who was too slow changes nothing any more.
The suite `tests/coordinator/durable/queue_behaviour.py` holds every implementation to this.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, Protocol

from msgspec import Struct

from flows.runs import ANONYMOUS, Caller, RunError

LEASE_SECONDS: Final = 15.0
KEY_SECONDS: Final = 86_400.0
"""How long the key of a run that is done is remembered."""
MAX_LOST: Final = 5
"""A run whose holders died so often is set aside: most likely it is what kills them."""

DurableSource = Literal["schedule", "webhook"]


class DurableRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run as it was accepted.  Times are in milliseconds since the epoch.

    `id` is its id in the history and the key that flows see as `run.key`.  Of runs of one flow with the same `key`,
    the first one counts.
    """

    id: str
    flow: str
    source: DurableSource
    args: Mapping[str, Any]
    accepted: int
    key: str = ""
    caller: Caller = ANONYMOUS


class Claim(Struct, frozen=True, kw_only=True):
    """A run that was taken.  `number` counts its takings, `attempts` its tries, this one included."""

    run: DurableRun
    number: int
    attempts: int

    @property
    def run_id(self) -> str:
        """The id of this try in the history: that of the run for the first."""
        return self.run.id if self.number == 1 else f"{self.run.id}.{self.number}"


class Accepted(Struct, frozen=True, kw_only=True):
    """What became of a run that was put.

    `id` is that of the run that counts: an earlier one if it `is_new` is false.  `claim` is there if it was to be held.
    """

    id: str
    is_new: bool
    claim: Claim | None = None


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A run that was set aside, and why.  `number` counts its takings so far."""

    run: DurableRun
    error: RunError
    number: int
    attempts: int
    died: int


class DeadLetterPage(Struct, frozen=True, kw_only=True):
    """Some dead letters, the newest first, and what to give as `after` for the next ones."""

    letters: Sequence[DeadLetter]
    next: str | None


class QueueCounts(Struct, frozen=True, kw_only=True):
    """How many runs there are.  `waiting` includes those that are held."""

    waiting: int
    dead: int


class RunQueue(Protocol):
    """Keeps runs.  Every method that returns has stored, and synced to disk, what it did."""

    async def put(self, run: DurableRun, *, hold: bool = False) -> Accepted:
        """Store a run, and take it at once if it is to be held.  Raises Busy when too many wait."""
        ...

    async def take(self, limit: int) -> list[Claim]:
        """Take up to `limit` runs that are due."""
        ...

    async def wait(self) -> None:
        """Return when `take` may find something."""
        ...

    async def extend(self, claims: Sequence[Claim]) -> None:
        """Hold runs for longer."""
        ...

    async def finish(self, claim: Claim) -> bool:
        """Note that a run is done; False when it is no longer held under this claim, as below."""
        ...

    async def retry(self, claim: Claim, seconds: float) -> bool:
        """Give a run back, to be tried again after a while."""
        ...

    async def release(self, claim: Claim, seconds: float = 0.0) -> bool:
        """Give a run back as if it had not been taken."""
        ...

    async def bury(self, claim: Claim, error: RunError) -> bool:
        """Set a run aside."""
        ...

    async def dead_letters(
        self, flow: str | None = None, *, limit: int = 50, after: str | None = None
    ) -> DeadLetterPage:
        """Return runs that were set aside."""
        ...

    async def dead_letter(self, run_id: str) -> DeadLetter:
        """Return one of them.  Raises NotFound."""
        ...

    async def rerun(self, run_id: str) -> None:
        """Let a run that was set aside wait again, with all its tries.  Raises NotFound."""
        ...

    async def drop(self, run_id: str) -> None:
        """Forget a run that was set aside.  Raises NotFound."""
        ...

    async def counts(self) -> QueueCounts:
        """Count the runs."""
        ...

    async def tidy(self) -> None:
        """Forget the keys of runs that were done long ago.  To be called now and then."""
        ...
