"""Install packs and change installs, for people and programs: what the REST routes call.

Every change is live when the call returns.  A change that would take the name of another flow is refused.
"""

import asyncio

from coordinator.catalog import Catalog
from coordinator.logs import get_logger
from coordinator.packs.installed import InstalledFlows
from coordinator.packs.sources import PackSource, PackSources
from coordinator.packs.store import StoredInstall
from coordinator.packs.views import (
    InstallOut,
    PackDetails,
    PackSummary,
    PackTool,
    Preview,
    VersionOut,
    changes_between,
    details_of,
    install_of,
    path_of,
    summary_of,
    tool_of,
    tools_of,
    version_of,
)
from flows.errors import Conflict, HeadraceError, NotFound
from flows.plan import Plan
from flows.problems import did_you_mean
from packs.install import Choices, check_choices, chosen_tools, definitions, missing
from packs.pack import Pack

log = get_logger(__name__)


class PackService:
    """The operations on packs and installs."""

    def __init__(self, catalog: Catalog, installed: InstalledFlows, sources: PackSources) -> None:
        self._catalog = catalog
        self._installed = installed
        self._store = installed.store
        self._sources = sources
        self._changing = asyncio.Lock()

    # -- packs -----------------------------------------------------------------------------------------------------

    async def available(self) -> list[PackSummary]:
        """Return the packs that can be installed by name."""
        found = await asyncio.to_thread(self._sources.available)
        used = await self._used()
        return [summary_of(each.pack, each.source, used.get(name, ())) for name, each in found.items()]

    async def details(self, name: str) -> PackDetails:
        """Return one available pack.  Raises NotFound."""
        found = await asyncio.to_thread(self._sources.named, name)
        return details_of(found.pack, found.source, (await self._used()).get(name, ()))

    # -- installs --------------------------------------------------------------------------------------------------

    def is_installed(self, name: str) -> bool:
        """Whether there is an install of that name, enabled or not."""
        return name in self._installed.installs

    def using(self, connection: str) -> list[str]:
        """Return the names of the installs that are bound to a connection, disabled ones too."""
        installs = self._installed.installs.items()
        return sorted(name for name, each in installs if connection in each.version.choices.connections.values())

    async def installs(self) -> list[InstallOut]:
        """Return all installs."""
        return [await self._shown(install) for install in await self._store.load()]

    async def get(self, name: str) -> InstallOut:
        """Return an install.  Raises NotFound."""
        return await self._shown(await self._stored(name))

    async def versions(self, name: str) -> list[VersionOut]:
        """Return the versions of an install, the newest first.  Raises NotFound."""
        await self._stored(name)
        return [
            version_of(each, (await self._installed.pack(each.digest)).manifest.version)
            for each in await self._store.versions(name)
        ]

    async def preview(self, source: PackSource, name: str, choices: Choices) -> Preview:
        """Say what an install would bring.  Raises InputRejected, NotFound, FlowInvalid."""
        found = await self._sources.find(source)
        return await self._preview(found.pack, name or found.pack.manifest.name, choices, {})

    async def install(self, source: PackSource, name: str, choices: Choices, *, author: str = "") -> InstallOut:
        """Install a pack under a name, its own unless given.  Raises Conflict and whatever `preview` raises."""
        found = await self._sources.find(source)
        name = name or found.pack.manifest.name
        await self._put(name, found.pack, choices, found.source, author, is_new=True)
        log.info("pack installed", install=name, pack=found.pack.manifest.name, author=author)
        return await self.get(name)

    async def change(self, name: str, choices: Choices, *, author: str = "") -> InstallOut:
        """Give an install other choices.  Raises NotFound, InputRejected, Conflict."""
        stored = await self._stored(name)
        pack = await self._installed.pack(stored.version.digest)
        await self._put(name, pack, choices, stored.version.source, author)
        log.info("install changed", install=name, author=author)
        return await self.get(name)

    async def preview_change(self, name: str, choices: Choices) -> Preview:
        """Say what other choices would bring.  Raises NotFound, InputRejected."""
        stored = await self._stored(name)
        pack = await self._installed.pack(stored.version.digest)
        return await self._preview(pack, name, choices, await self._plans(stored))

    async def preview_upgrade(self, name: str, source: PackSource | None = None) -> Preview:
        """Say what another version of the pack would change, tool by tool.  Raises as `upgrade`."""
        stored = await self._stored(name)
        pack, _ = await self._upgrade_of(stored, source)
        return await self._preview(pack, name, kept_choices(pack, stored.version.choices), await self._plans(stored))

    async def upgrade(self, name: str, source: PackSource | None = None, *, author: str = "") -> InstallOut:
        """Take another version of the pack, and keep choices and connections.

        Without a source the pack is taken from where packs are found by name.  Raises NotFound, FlowInvalid, Conflict.
        """
        stored = await self._stored(name)
        pack, origin = await self._upgrade_of(stored, source)
        await self._put(name, pack, kept_choices(pack, stored.version.choices), origin, author)
        log.info("install upgraded", install=name, version=pack.manifest.version, author=author)
        return await self.get(name)

    async def rollback(self, name: str, number: int, *, author: str = "") -> InstallOut:
        """Make an old version the current one, as a new version.  Raises NotFound, Conflict."""
        version = next((each for each in await self._store.versions(name) if each.number == number), None)
        if version is None:
            await self._stored(name)
            raise NotFound(f"There is no version {number} of the install {name!r}.")
        pack = await self._installed.pack(version.digest)
        await self._put(name, pack, version.choices, version.source, author)
        log.info("install rolled back", install=name, number=number, author=author)
        return await self.get(name)

    async def set_enabled(self, name: str, enabled: bool, *, author: str = "") -> InstallOut:
        """Show the tools of an install, or hide them.  Raises NotFound."""
        async with self._changing:
            await self._stored(name)
            await self._store.switch(name, enabled=enabled)
            await self._publish()
        log.info("install switched", install=name, enabled=enabled, author=author)
        return await self.get(name)

    async def remove(self, name: str, *, author: str = "") -> InstallOut:
        """Remove an install with its tools and versions; return what it was.  Raises NotFound."""
        async with self._changing:
            gone = await self.get(name)
            await self._store.remove(name)
            await self._publish()
        log.info("install removed", install=name, author=author)
        return gone

    # -- parts -----------------------------------------------------------------------------------------------------

    async def _put(
        self, name: str, pack: Pack, choices: Choices, source: str, author: str, *, is_new: bool = False
    ) -> None:
        async with self._changing:
            checked = check_choices(pack, name, choices, self._installed.connections)
            found = definitions(pack, name, checked, self._installed.connections)
            if taken := self._conflicts(name, [each.binding.prefix + _own_name(each.file) for each in found]):
                raise Conflict(f"There is a flow {taken[0]!r} already.", fix="Choose another prefix, or fewer tools.")
            await self._store.put(name, pack, checked, source=source, author=author, is_new=is_new)
            await self._publish()

    async def _publish(self) -> None:
        await self._catalog.refresh(await self._catalog.store.generation())

    async def _preview(self, pack: Pack, name: str, choices: Choices, before: dict[str, Plan]) -> Preview:
        connections = self._installed.connections
        checked = check_choices(pack, name, choices, connections)
        lacking = missing(pack, checked, connections)
        found = definitions(pack, name, checked, connections)
        after = await asyncio.to_thread(tools_of, found)
        return Preview(
            name=name,
            path=path_of(name),
            pack=pack.manifest.name,
            pack_version=pack.manifest.version,
            choices=checked,
            tools=[tool_of(plan) for plan in after.values()] or _promised(pack, checked),
            changes=changes_between(before, after),
            missing=lacking,
            conflicts=self._conflicts(name, [each.binding.prefix + _own_name(each.file) for each in found]),
        )

    async def _plans(self, stored: StoredInstall) -> dict[str, Plan]:
        pack = await self._installed.pack(stored.version.digest)
        found = definitions(pack, stored.name, stored.version.choices, self._installed.connections)
        return await asyncio.to_thread(tools_of, found)

    def _conflicts(self, name: str, flows: list[str]) -> list[str]:
        """Return the names that belong to flows of somebody else."""
        entries = self._catalog.entries
        return [flow for flow in flows if flow in entries and entries[flow].install != name]

    async def _upgrade_of(self, stored: StoredInstall, source: PackSource | None) -> tuple[Pack, str]:
        current = (await self._installed.pack(stored.version.digest)).manifest.name
        found = await self._sources.find(source or PackSource(pack=current))
        if found.pack.manifest.name != current:
            raise Conflict(
                f"The install {stored.name!r} is of the pack {current!r}, not of {found.pack.manifest.name!r}.",
                fix="Install the other pack beside it.",
            )
        return found.pack, found.source

    async def _stored(self, name: str) -> StoredInstall:
        found = {install.name: install for install in await self._store.load()}
        if name not in found:
            raise NotFound(f"There is no install {name!r}.{did_you_mean(name, found)}")
        return found[name]

    async def _shown(self, install: StoredInstall) -> InstallOut:
        pack = await self._installed.pack(install.version.digest)
        choices = install.version.choices
        lacking = missing(pack, choices, self._installed.connections)
        plans = await self._plans(install)
        tools = [tool_of(plan) for plan in plans.values()] or _promised(pack, choices)
        available = await asyncio.to_thread(self._sources.available)
        found = available.get(pack.manifest.name)
        is_other = found is not None and found.pack.digest != pack.digest
        return install_of(install, pack, tools, lacking, found.pack.manifest.version if found and is_other else "")

    async def _used(self) -> dict[str, list[str]]:
        used: dict[str, list[str]] = {}
        for install in await self._store.load():
            try:
                pack = await self._installed.pack(install.version.digest)
            except HeadraceError:
                continue
            used.setdefault(pack.manifest.name, []).append(install.name)
        return used


def kept_choices(pack: Pack, choices: Choices) -> Choices:
    """Return what of the choices another version of the pack still knows.  Raises Conflict when no tool is left."""
    manifest = pack.manifest
    if not chosen_tools(pack, choices):
        raise Conflict(
            f"Version {manifest.version} of the pack has none of the chosen tools.",
            fix="Choose others first, or install it under another name.",
        )
    return Choices(
        prefix=choices.prefix,
        connections={own: meant for own, meant in choices.connections.items() if own in manifest.connections},
        variables={name: value for name, value in choices.variables.items() if name in manifest.variables},
        tools=tuple(tool for tool in choices.tools if tool in pack.tools),
        groups=tuple(group for group in choices.groups if group in manifest.groups),
        note=choices.note,
    )


def _promised(pack: Pack, choices: Choices) -> list[PackTool]:
    """Show the tools that will be there once the pack is configured."""
    shown = [tool_of(pack.flows[tool].plan) for tool in chosen_tools(pack, choices)]
    return [
        PackTool(
            name=(choices.prefix or "") + tool.name,
            title=tool.title,
            description=tool.description,
            read_only=tool.read_only,
        )
        for tool in shown
    ]


def _own_name(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".yaml")
