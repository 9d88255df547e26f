"""The connections that a worker of a fleet holds: in memory only, fetched when a run needs them, renewed when changed.

Versions of states mean something to the coordinator that gave them only, so states are kept by coordinator.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from flows.connections import Connection
from flows.wire import ConnectionsGiven, Failure

MAX_COORDINATORS: Final = 8
"""Whose states are kept; those of whoever was silent the longest are forgotten."""


class Ask(Protocol):
    """What a worker asks a coordinator.  Raises StepError when there is no answer."""

    async def connections(self, coordinator: str, names: tuple[str, ...]) -> ConnectionsGiven:
        """Return the present states."""
        ...

    async def sign_in(self, coordinator: str, connection: Connection, *, refused: bool) -> ConnectionsGiven:
        """Return the connection with credentials that are valid now."""
        ...


class FleetConnections:
    """The states that all coordinators gave."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._of: dict[str, CoordinatorConnections] = {}

    def of(self, coordinator: str) -> "CoordinatorConnections":
        """Return what one coordinator gave."""
        found = self._of.pop(coordinator, None)
        if found is None:
            while len(self._of) >= MAX_COORDINATORS:
                del self._of[next(iter(self._of))]
            found = CoordinatorConnections(coordinator, self._ask)
        self._of[coordinator] = found
        return found

    def holds(self, name: str, version: str) -> bool:
        """Whether that state of a connection is the present one of some coordinator."""
        return any(each.version(name) == version for each in self._of.values())


class CoordinatorConnections:
    """Implements `flows.connections.ConnectionSource` with what one coordinator gave."""

    def __init__(self, coordinator: str, ask: Ask) -> None:
        self._coordinator = coordinator
        self._ask = ask
        self._states: dict[str, Connection] = {}
        self._failures: dict[str, Failure] = {}
        self._names: tuple[str, ...] = ()

    def version(self, name: str) -> str:
        """Return the version of the state that is held; empty for none."""
        state = self._states.get(name)
        return "" if state is None else state.version

    def get(self, name: str) -> Connection | None:
        """Return the state.  Raises StepError for a connection that is broken."""
        if (failure := self._failures.get(name)) is not None:
            raise failure.error()
        return self._states.get(name)

    def names(self) -> Iterable[str]:
        """Return the names of all connections that the coordinator has."""
        return self._names

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        """Return the connection with credentials that are valid now: the coordinator signs in, once for the fleet."""
        given = await self._ask.sign_in(self._coordinator, connection, refused=refused)
        for failure in given.failures.values():
            raise failure.error()
        return given.connections[0] if given.connections else connection

    def subscribe(self, changed: Callable[[], None]) -> None:
        """The worker itself hears of changes."""

    async def bring(self, wanted: Mapping[str, str]) -> None:
        """Fetch what a run may use, unless it is here in that version.  Raises StepError."""
        absent = tuple(name for name, version in wanted.items() if not version or self.version(name) != version)
        if absent:
            self._take(absent, await self._ask.connections(self._coordinator, absent))

    async def renew(self) -> None:
        """Fetch anew what is held.  Raises StepError."""
        held = (*self._states, *self._failures)
        if held:
            self._take(held, await self._ask.connections(self._coordinator, held))

    def _take(self, asked: Iterable[str], given: ConnectionsGiven) -> None:
        for name in asked:
            self._states.pop(name, None)
            self._failures.pop(name, None)
        self._states.update({connection.name: connection for connection in given.connections})
        self._failures.update(given.failures)
        self._names = given.names
