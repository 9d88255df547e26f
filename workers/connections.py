"""The connections that flows may name, as a worker sees them."""

from collections.abc import Callable, Mapping
from typing import Final

from flows.connections import Connection, ConnectionSource, FixedConnections, sql_connection, unknown_connection

OF_A_CONNECTION: Final = frozenset({"sql"})
"""The kinds of resources whose key is (kind, name of the connection, version of the connection)."""


class Connections:
    """Connections by name, each in its present state: a change of credentials is seen by the next step that asks."""

    def __init__(self, source: ConnectionSource) -> None:
        self._source = source

    @classmethod
    def from_urls(cls, urls: Mapping[str, str]) -> "Connections":
        """Make SQL connections of names and URLs."""
        return cls(FixedConnections(sql_connection(name, url) for name, url in urls.items()))

    def get(self, name: str) -> Connection:
        """Return a connection.  Raises StepError when there is none of that name."""
        connection = self._source.get(name)
        if connection is None:
            raise unknown_connection(name, self._source.names())
        return connection

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        """Return the connection with credentials that are valid now.  Raises StepError."""
        return await self._source.authorize(connection, refused=refused)

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call back after every change of any connection."""
        self._source.subscribe(changed)

    def is_outdated(self, key: tuple[str, ...]) -> bool:
        """Whether a resource was opened with another state of its connection than the present one."""
        if len(key) != 3 or key[0] not in OF_A_CONNECTION:
            return False
        connection = self._source.get(key[1])
        return connection is None or connection.version != key[2]
