"""Where expressions get the time, ids and chance from.

A scope may carry an `Ambient` under `AMBIENT`, a key that no expression can spell; without one the real world is
used.  Tests and `headrace test` put a `FixedAmbient` there.
"""

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

AMBIENT = "$ambient"


class Ambient(Protocol):
    """What `now()`, `uuid()` and `random()` ask."""

    def now(self) -> datetime:
        """Return the time, with a time zone."""

    def uuid(self) -> str:
        """Return a new random UUID."""

    def random(self) -> float:
        """Return a number from 0 up to, not including, 1."""


class SystemAmbient:
    """The clock and the random source of the machine."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    def uuid(self) -> str:
        """Return a new UUID, version 4."""
        return str(uuid.uuid4())

    def random(self) -> float:
        """Return a random number; not for secrets."""
        return random.random()


@dataclass(slots=True)
class FixedAmbient:
    """A standing clock and ids that count up, so that results repeat."""

    time: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    chance: float = 0.5
    _ids: int = field(default=0, init=False)

    def now(self) -> datetime:
        """Return the given time."""
        return self.time

    def uuid(self) -> str:
        """Return the next id."""
        self._ids += 1
        return str(uuid.UUID(int=self._ids, version=4))

    def random(self) -> float:
        """Return the given number."""
        return self.chance


SYSTEM: Ambient = SystemAmbient()
