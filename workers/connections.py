"""The connections that flows may name."""

from collections.abc import Mapping

from flows.errors import StepError
from flows.problems import did_you_mean
from flows.sdk import Connection


class Connections:
    """Connections by name.  Immutable: a change of credentials is a new one, swapped in whole."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self._connections = dict(connections)

    @classmethod
    def from_urls(cls, urls: Mapping[str, str]) -> "Connections":
        """Make SQL connections of names and URLs."""
        return cls({name: Connection(name=name, kind="sql", url=url) for name, url in urls.items()})

    def get(self, name: str) -> Connection:
        """Return a connection.  Raises StepError when there is none of that name."""
        try:
            return self._connections[name]
        except KeyError:
            message = f"There is no connection {name!r}.{did_you_mean(name, self._connections)}"
            raise StepError(
                message, code="unknown_connection", fix="Add it under `connections` in the settings."
            ) from None
