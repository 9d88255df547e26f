"""The connections that a worker of a fleet holds: in memory only, fetched when a run needs them, renewed when changed.

Versions of states mean something to the coordinator that gave them only, so states are kept by coordinator.  It gives
them only for a call that may use them.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final, Protocol

from flows.connections import Connection
from flows.errors import StepError
from flows.wire import ConnectionsGiven, Failure

MAX_COORDINATORS: Final = 8
"""Whose states are kept; those of whoever was silent the longest are forgotten."""

log = logging.getLogger("headrace.worker")


class Ask(Protocol):
    """What a worker asks the coordinator of a call.  Raises StepError when there is no answer."""

    async def connections(self, call: tuple[str, int], names: tuple[str, ...]) -> ConnectionsGiven:
        """Return the present states."""
        ...

    async def sign_in(self, call: tuple[str, int], connection: Connection, *, refused: bool) -> ConnectionsGiven:
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
    """The states that one coordinator gave, and which calls may use them."""

    def __init__(self, coordinator: str, ask: Ask) -> None:
        self._coordinator = coordinator
        self._ask = ask
        self._states: dict[str, Connection] = {}
        self._failures: dict[str, Failure] = {}
        self._lent: dict[int, Collection[str]] = {}  # names by the numbers of calls

    def version(self, name: str) -> str:
        """Return the version of the state that is held; empty for none."""
        state = self._states.get(name)
        return "" if state is None else state.version

    def get(self, name: str) -> Connection | None:
        """Return the state.  Raises StepError for a connection that is broken, or not there."""
        if (failure := self._failures.get(name)) is not None:
            raise failure.error()
        return self._states.get(name)

    def lent(self, number: int) -> "CallConnections":
        """Return the connections as one call sees them."""
        return CallConnections(self, number)

    async def bring(self, number: int, wanted: Mapping[str, str]) -> None:
        """Fetch what a call may use, unless it is here in that version.  Raises StepError."""
        self._lent[number] = wanted.keys()
        absent = tuple(name for name, version in wanted.items() if not version or self.version(name) != version)
        if absent:
            self._take(absent, await self._ask.connections((self._coordinator, number), absent))

    def give_back(self, number: int) -> None:
        """Take it that the call needs nothing any more.  What it used stays for the next one."""
        self._lent.pop(number, None)

    async def sign_in(self, number: int, connection: Connection, *, refused: bool) -> Connection:
        """Return the connection with credentials that are valid now: the coordinator signs in, once for the fleet."""
        given = await self._ask.sign_in((self._coordinator, number), connection, refused=refused)
        for failure in given.failures.values():
            raise failure.error()
        return given.connections[0] if given.connections else connection

    async def renew(self) -> None:
        """Fetch anew what calls use, and forget what none uses."""
        ahead = {*self._states, *self._failures}
        for number, names in tuple(self._lent.items()):
            needed = tuple(ahead.intersection(names))
            if not needed or number not in self._lent:
                continue
            try:
                self._take(needed, await self._ask.connections((self._coordinator, number), needed))
            except StepError as error:
                log.warning("changed connections could not be fetched: %s", error)
            else:
                ahead.difference_update(needed)
        self._forget(ahead.difference(*self._lent.values()))

    def _take(self, asked: Iterable[str], given: ConnectionsGiven) -> None:
        self._forget(asked)
        self._states.update({connection.name: connection for connection in given.connections})
        self._failures.update(given.failures)

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            self._states.pop(name, None)
            self._failures.pop(name, None)


class CallConnections:
    """Implements `flows.connections.ConnectionSource` for one call."""

    def __init__(self, held: CoordinatorConnections, number: int) -> None:
        self._held = held
        self._number = number

    async def bring(self, wanted: Mapping[str, str]) -> None:
        """Fetch what the call may use, unless it is here in that version.  Raises StepError."""
        await self._held.bring(self._number, wanted)

    def give_back(self) -> None:
        """Say that the call is over."""
        self._held.give_back(self._number)

    def get(self, name: str) -> Connection | None:
        """Return the state.  Raises StepError for a connection that is broken, or not there."""
        return self._held.get(name)

    def names(self) -> Iterable[str]:
        """Return nothing: what there is besides is no business of the call."""
        return ()

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        """Return the connection with credentials that are valid now.  Raises StepError."""
        return await self._held.sign_in(self._number, connection, refused=refused)

    def subscribe(self, changed: Callable[[], None]) -> None:
        """The worker itself hears of changes."""
