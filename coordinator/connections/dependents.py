"""Find out what depends on a connection: flows that name it, and tools that reach it through the flows they call.

Touches no I/O.
"""

from collections.abc import Iterable, Mapping

from coordinator.catalog.entries import CatalogEntry


class Dependents:
    """What depends on connections, at one moment."""

    def __init__(self, entries: Mapping[str, CatalogEntry], tools: Iterable[str]) -> None:
        self._tools = frozenset(tools)
        self._users: dict[str, list[str]] = {}
        self._callers: dict[str, list[str]] = {}
        for name, entry in entries.items():
            if entry.plan is None:
                continue
            for connection in entry.plan.installed_connections:
                self._users.setdefault(connection, []).append(name)
            for called in entry.plan.calls:
                self._callers.setdefault(called, []).append(name)

    def flows(self, connection: str) -> list[str]:
        """Return the flows that name a connection."""
        return sorted(self._users.get(connection, ()))

    def tools(self, connection: str) -> list[str]:
        """Return the tools that are served now and reach a connection, themselves or through flows that they call."""
        found: set[str] = set()
        waiting = self.flows(connection)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += self._callers.get(name, ())
        return sorted(found & self._tools)
