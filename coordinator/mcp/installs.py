"""One MCP endpoint for every install of a pack, at `/mcp/<install>`: its tools alone.

An install that is switched off has an endpoint without tools, so that clients see no error and get them back.
"""

from collections.abc import Callable
from typing import Final

from coordinator.mcp.endpoint import McpEndpoint

PREFIX: Final = "/mcp/"


class InstallEndpoints:
    """The endpoints of installs, each made when it is first asked for."""

    def __init__(self, make: Callable[[str], McpEndpoint], is_installed: Callable[[str], bool]) -> None:
        self._make = make
        self._is_installed = is_installed
        self._endpoints: dict[str, McpEndpoint] = {}

    @property
    def open_streams(self) -> int:
        """How many subscriptions are open."""
        return sum(endpoint.open_streams for endpoint in self._endpoints.values())

    def find(self, path: str) -> McpEndpoint | None:
        """Return the endpoint at a path; None when nothing is installed under that name."""
        if not path.startswith(PREFIX):
            return None
        name = path.removeprefix(PREFIX).rstrip("/")
        if not self._is_installed(name):
            return None
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            endpoint = self._endpoints[name] = self._make(name)
        return endpoint

    async def close(self, grace: float = 0.0) -> None:
        """End gracefully, as `McpEndpoint.close`."""
        for endpoint in self._endpoints.values():
            await endpoint.close(grace)
