"""Make whoever guesses wait: some tries are free, then each one costs twice the time of the one before."""

import ipaddress
import time
from collections.abc import Callable
from typing import Final

MAX_KEYS: Final = 10_000
FORGET_SECONDS: Final = 3600.0
IPV6_NETWORK_BITS: Final = 64
"""What one customer of a provider has at least: addresses inside it count as one."""


class Throttle:
    """Counts the tries of each key, in memory.  `longest` caps the wait, in seconds."""

    def __init__(self, *, free: int, longest: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._longest = longest
        self._clock = clock
        self._tries: dict[str, tuple[int, float, float]] = {}  # how many, when the next may be, when the last was

    def wait(self, key: str) -> float:
        """Return how many seconds the key has to wait; 0 when it may try."""
        _, next_at, _ = self._tries.get(key, (0, 0.0, 0.0))
        return max(0.0, next_at - self._clock())

    def count(self, key: str) -> None:
        """Count a try, before it is known whether it succeeds: otherwise many at once would all be free."""
        now = self._clock()
        tries, _, last = self._tries.pop(key, (0, 0.0, now))
        tries = 1 if now - last > FORGET_SECONDS else tries + 1
        wait = 0.0 if tries < self._free else min(self._longest, 2.0 ** min(tries - self._free, 30))
        if len(self._tries) >= MAX_KEYS:
            self._tries.pop(next(iter(self._tries)))  # the one that tried longest ago
        self._tries[key] = tries, now + wait, now

    def forgive(self, key: str) -> None:
        """Forget the tries of a key: one of them succeeded."""
        self._tries.pop(key, None)


def network_of(address: str) -> str:
    """Return what counts as one address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(parsed), IPV6_NETWORK_BITS), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
