"""Keep plans by digest: those that are served now, and lately replaced ones so that running calls finish on theirs."""

from collections.abc import Iterable
from typing import Final

from flows.plan import Plan

MAX_RETIRED: Final = 500
"""Replaced versions that are still found: far more than calls can be under way on."""


class PlanBook:
    """Plans by digest."""

    def __init__(self, max_retired: int = MAX_RETIRED) -> None:
        self._plans: dict[str, Plan] = {}
        self._served: frozenset[str] = frozenset()
        self._retired: dict[str, None] = {}  # in the order of their retirement
        self._max_retired = max_retired

    def get(self, digest: str) -> Plan | None:
        """Return the plan of that version; None when it is unknown, or was replaced long ago."""
        return self._plans.get(digest)

    def add(self, plans: Iterable[Plan]) -> None:
        """Make plans known before they are served."""
        for plan in plans:
            self._plans[plan.digest] = plan
            if plan.digest not in self._served:
                self._retired[plan.digest] = None

    def serve(self, digests: frozenset[str]) -> None:
        """Say which versions are served now; of the others the oldest are forgotten."""
        for digest in digests & self._retired.keys():
            del self._retired[digest]
        self._retired.update(dict.fromkeys(self._served - digests))
        self._served = digests
        while len(self._retired) > self._max_retired:
            digest = next(iter(self._retired))
            del self._retired[digest]
            del self._plans[digest]
