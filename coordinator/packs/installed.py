"""Turn the installs in the database into flows for the catalog: what implements `coordinator.catalog.Installed`."""

import asyncio
from collections.abc import Callable
from typing import Final

from coordinator.catalog.entries import InstalledFlow
from coordinator.logs import get_logger
from coordinator.packs.store import InstallStore, StoredInstall
from flows.errors import HeadraceError
from packs.install import Connections, definitions, missing
from packs.loader import sound_pack
from packs.pack import Pack

MAX_KNOWN: Final = 64
"""Packs that are kept read: more than anybody has installed."""

log = get_logger(__name__)


class InstalledFlows:
    """The flows of all installs.  `connections` tells which connections there are now."""

    def __init__(self, store: InstallStore, connections: Callable[[], Connections]) -> None:
        self.store = store
        self._connections = connections
        self._known: dict[str, Pack] = {}
        self._seen: Connections | None = None
        self.installs: dict[str, StoredInstall] = {}
        """What was loaded last, by name."""

    @property
    def connections(self) -> Connections:
        """Which connections there are now, and whether they can work."""
        return self._connections()

    def is_stale(self) -> bool:
        """Whether a connection came, went, began or ceased to work since: on that depends which tools are shown."""
        return self._seen is not None and self._seen != self.connections

    async def load(self) -> list[InstalledFlow]:
        """Return the flows of all installs that are enabled and configured."""
        self._seen = dict(self.connections)
        stored = await self.store.load()
        flows = [flow for install in stored for flow in await self._flows_of(install)]
        self.installs = {install.name: install for install in stored}
        return flows

    async def pack(self, digest: str) -> Pack:
        """Return a stored pack.  Raises NotFound, and FlowInvalid when this Headrace cannot read it any more."""
        pack = self._known.get(digest)
        if pack is None:
            files = await self.store.files(digest)
            pack = await asyncio.to_thread(sound_pack, files)
            if len(self._known) >= MAX_KNOWN:
                self._known.pop(next(iter(self._known)))
            self._known[digest] = pack
        return pack

    async def waiting(self) -> dict[str, list[str]]:
        """Say why installs that are switched on show no tools, in sentences by install."""
        enabled = [install for install in self.installs.values() if install.enabled]
        reasons = {install.name: await self._reasons(install) for install in enabled}
        return {name: said for name, said in reasons.items() if said}

    async def _reasons(self, install: StoredInstall) -> list[str]:
        try:
            pack = await self.pack(install.version.digest)
        except HeadraceError as error:
            return [str(error)]
        return missing(pack, install.version.choices, self.connections)

    async def _flows_of(self, install: StoredInstall) -> list[InstalledFlow]:
        if not install.enabled:
            return []
        try:
            pack = await self.pack(install.version.digest)
        except HeadraceError as error:
            # One pack must not keep the flows of all others from being served.
            log.error("an installed pack cannot be read", install=install.name, error=str(error))
            return []
        found = definitions(pack, install.name, install.version.choices, self._seen or {})
        return [InstalledFlow(definition=each, updated=install.version.created) for each in found]
