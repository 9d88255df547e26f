"""One cell of the statistics: calls of one tool in one span of time, with how long they took.

Durations are counted in classes that are at most a quarter wide, so sums of cells have percentiles too.
"""

from collections.abc import Iterable
from typing import Final

import msgspec

STEPS_PER_OCTAVE: Final = 4

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[int, int]).decode


class Cell:
    """Counts of calls.  `classes` counts durations by `class_of`."""

    __slots__ = ("calls", "classes", "errors", "last")

    def __init__(self, calls: int = 0, errors: int = 0, last: int = 0, classes: dict[int, int] | None = None) -> None:
        self.calls = calls
        self.errors = errors
        self.last = last
        self.classes = {} if classes is None else classes

    def count(self, microseconds: int, at: int, is_error: bool) -> None:
        """Count one call that began at `at`, in milliseconds since the epoch."""
        self.calls += 1
        self.errors += is_error
        if at > self.last:
            self.last = at
        number = class_of(microseconds)
        self.classes[number] = self.classes.get(number, 0) + 1

    def add(self, other: "Cell") -> None:
        """Count what another cell has counted."""
        self.calls += other.calls
        self.errors += other.errors
        self.last = max(self.last, other.last)
        for number, count in other.classes.items():
            self.classes[number] = self.classes.get(number, 0) + count

    def percentile(self, share: float) -> int:
        """Return how many microseconds this share of the calls took at most, about; 0 without calls."""
        wanted = share * sum(self.classes.values())
        seen = 0
        for number in sorted(self.classes):
            count = self.classes[number]
            if seen + count >= wanted:
                low, high = bounds_of(number)
                return round(low + (high - low) * (wanted - seen) / count)
            seen += count
        return 0

    def packed(self) -> str:
        """Return the classes as text."""
        return _encode(self.classes).decode()


def unpacked(text: str) -> dict[int, int]:
    """Return the classes of a text."""
    return _decode(text)


def total(cells: Iterable[Cell]) -> Cell:
    """Return the sum of cells."""
    found = Cell()
    for cell in cells:
        found.add(cell)
    return found


def class_of(microseconds: int) -> int:
    """Return the class of a duration: the octave that it is in, and the quarter of that octave."""
    if microseconds < STEPS_PER_OCTAVE:
        return max(microseconds, 0)
    octave = microseconds.bit_length() - 1
    return (octave - 1) * STEPS_PER_OCTAVE + ((microseconds >> (octave - 2)) & 3)


def bounds_of(number: int) -> tuple[int, int]:
    """Return where a class begins, and where the next one does."""
    return _begin_of(number), _begin_of(number + 1)


def _begin_of(number: int) -> int:
    if number < STEPS_PER_OCTAVE:
        return number
    octave, quarter = number // STEPS_PER_OCTAVE + 1, number % STEPS_PER_OCTAVE
    return (4 + quarter) << (octave - 2)
