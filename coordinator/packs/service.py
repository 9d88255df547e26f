"""Install packs and change installs, for people and programs: what the REST routes call.

Every change is live when the call returns.  A change that would take the name of another flow is refused.
"""

import asyncio
from collections.abc import Mapping
from functools import partial

import msgspec

from coordinator.catalog import Catalog
from coordinator.connections.service import ConnectionService, Draft
from coordinator.connections.sign_in import SignIns
from coordinator.logs import get_logger
from coordinator.packs.connecting import NOTHING_NEW, NewConnections, drafts_of, private_of
from coordinator.packs.icons import Icon, icon_of
from coordinator.packs.installed import InstalledFlows
from coordinator.packs.sources import FoundPack, PackSource, PackSources, is_ours
from coordinator.packs.store import StoredInstall
from coordinator.packs.views import (
    BoundConnection,
    InstallOut,
    InstallVersionOut,
    PackDetails,
    PackSummary,
    Preview,
    changes_between,
    details_of,
    hidden_tools,
    install_of,
    path_of,
    promised_tools,
    summary_of,
    tool_of,
    tools_of,
    version_of,
)
from flows.errors import Conflict, HeadraceError, NotFound
from flows.plan import Plan
from flows.problems import did_you_mean
from packs.install import Choices, Connections, check_choices, definitions, kept_choices, missing
from packs.install import lacking as cannot_reach
from packs.pack import Pack

log = get_logger(__name__)


class PackService:
    """The operations on packs and installs."""

    def __init__(
        self,
        catalog: Catalog,
        installed: InstalledFlows,
        sources: PackSources,
        connections: ConnectionService,
        sign_ins: SignIns,
    ) -> None:
        self._catalog = catalog
        self._connections = connections
        self._sign_ins = sign_ins
        self._installed = installed
        self._store = installed.store
        self._sources = sources
        self._changing = asyncio.Lock()

    # -- packs -----------------------------------------------------------------------------------------------------

    async def available(self) -> list[PackSummary]:
        """Return the packs that can be installed by name."""
        found = await asyncio.to_thread(self._sources.listed)
        used = await self._used()
        return [summary_of(each.head, each.source, used.get(name, ())) for name, each in found.items()]

    async def details(self, name: str) -> PackDetails:
        """Return one available pack.  Raises NotFound, FlowInvalid."""
        found = await asyncio.to_thread(self._sources.named, name)
        used = (await self._used()).get(name, ())
        return details_of(found.pack, found.source, used, self._sign_ins.redirect_uri)

    async def read(self, source: PackSource) -> PackDetails:
        """Return a pack from anywhere, without installing it.  Raises InputRejected, NotFound, FlowInvalid."""
        found = await self._sources.find(source)
        used = (await self._used()).get(found.pack.manifest.name, ())
        return details_of(found.pack, found.source, used, self._sign_ins.redirect_uri)

    async def icon(self, name: str) -> Icon:
        """Return the icon of an available pack.  Raises NotFound."""
        return icon_of((await asyncio.to_thread(self._sources.head, name)).head)

    async def install_icon(self, name: str) -> Icon:
        """Return the icon of the pack that is installed under a name.  Raises NotFound."""
        return icon_of((await self._installed.pack((await self._stored(name)).version.digest)).head)

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

    async def waiting(self) -> dict[str, list[str]]:
        """Say why installs that are switched on show no tools, in sentences by install.  From memory."""
        return await self._installed.waiting()

    async def get(self, name: str) -> InstallOut:
        """Return an install.  Raises NotFound."""
        return await self._shown(await self._stored(name))

    async def installed_details(self, name: str) -> PackDetails:
        """Return the pack of an install as it is installed.  Raises NotFound."""
        version = (await self._stored(name)).version
        pack = await self._installed.pack(version.digest)
        return details_of(pack, version.source, [name], self._sign_ins.redirect_uri)

    async def versions(self, name: str) -> list[InstallVersionOut]:
        """Return the versions of an install, the newest first.  Raises NotFound."""
        await self._stored(name)
        return [
            version_of(each, (await self._installed.pack(each.digest)).manifest.version)
            for each in await self._store.versions(name)
        ]

    async def preview(
        self, source: PackSource, name: str, choices: Choices, new: NewConnections = NOTHING_NEW
    ) -> Preview:
        """Say what an install would bring.  Raises InputRejected, NotFound, FlowInvalid, Conflict."""
        found = await self._sources.find(source)
        return await self._preview(found, name or found.pack.manifest.name, choices, {}, new)

    async def install(
        self,
        source: PackSource,
        name: str,
        choices: Choices,
        new: NewConnections = NOTHING_NEW,
        *,
        author: str = "",
    ) -> InstallOut:
        """Install a pack under a name, its own unless given, together with the `new` connections, or not at all.

        Raises Conflict and whatever `preview` raises.
        """
        found = await self._sources.find(source)
        name = name or found.pack.manifest.name
        made = await self._put(name, found.pack, choices, found.source, author, new, is_new=True)
        log.info("pack installed", install=name, pack=found.pack.manifest.name, author=author)
        return await self._with_sign_ins(name, made)

    async def change(
        self,
        name: str,
        choices: Choices,
        new: NewConnections = NOTHING_NEW,
        *,
        author: str = "",
    ) -> InstallOut:
        """Give an install other choices.  Raises NotFound, InputRejected, Conflict."""
        stored = await self._stored(name)
        pack = await self._installed.pack(stored.version.digest)
        made = await self._put(name, pack, choices, stored.version.source, author, new)
        log.info("install changed", install=name, author=author)
        return await self._with_sign_ins(name, made)

    async def preview_change(self, name: str, choices: Choices, new: NewConnections = NOTHING_NEW) -> Preview:
        """Say what other choices would bring.  Raises NotFound, InputRejected, Conflict."""
        stored = await self._stored(name)
        found = FoundPack(await self._installed.pack(stored.version.digest), stored.version.source)
        return await self._preview(found, name, choices, await self._plans(stored), new)

    async def preview_upgrade(self, name: str, source: PackSource | None = None) -> Preview:
        """Say what another version of the pack would change, tool by tool.  Raises as `upgrade`."""
        stored = await self._stored(name)
        found = await self._upgrade_of(stored, source)
        kept = kept_choices(found.pack, stored.version.choices)
        return await self._preview(found, name, kept, await self._plans(stored))

    async def upgrade(self, name: str, source: PackSource | None = None, *, author: str = "") -> InstallOut:
        """Take another version of the pack, and keep choices and connections.

        Without a source the pack is taken from where packs are found by name.  Raises NotFound, FlowInvalid, Conflict.
        """
        stored = await self._stored(name)
        found = await self._upgrade_of(stored, source)
        pack = found.pack
        await self._put(name, pack, kept_choices(pack, stored.version.choices), found.source, author)
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

    async def remove(self, name: str, *, with_connections: bool = False, author: str = "") -> InstallOut:
        """Remove an install with its tools and versions; return what it was.  Raises NotFound.

        Connections stay, but `with_connections` takes those that nothing else uses.
        """
        async with self._changing:
            gone = await self.get(name)
            await self._store.remove(name)
            await self._publish()
        log.info("install removed", install=name, author=author)
        for each in {bound.name for bound in gone.connections if bound.only_here} if with_connections else ():
            await self._connections.remove(each, author=author)
        return gone

    # -- parts -----------------------------------------------------------------------------------------------------

    async def _put(
        self,
        name: str,
        pack: Pack,
        choices: Choices,
        source: str,
        author: str,
        new: NewConnections = NOTHING_NEW,
        *,
        is_new: bool = False,
    ) -> list[Draft]:
        async with self._changing:
            drafts = drafts_of(pack, name, new, self._connections.draft, is_ours=is_ours(source))
            choices, connections = self._with_drafts(choices, drafts)
            checked = check_choices(pack, name, choices, connections)
            found = definitions(pack, name, checked, connections)
            if taken := self._conflicts(name, [each.binding.prefix + _own_name(each.file) for each in found]):
                raise Conflict(f"There is a flow {taken[0]!r} already.", fix="Choose another prefix, or fewer tools.")
            made = list(drafts.values())
            also = partial(self._connections.add, drafts=made, author=author) if made else None
            await self._store.put(name, pack, checked, source=source, author=author, is_new=is_new, also=also)
            if made:
                await self._connections.load()
            await self._publish()
        return made

    def _with_drafts(self, choices: Choices, drafts: Mapping[str, Draft]) -> tuple[Choices, Connections]:
        """Return the choices bound to what is to be made, and the connections as they would be."""
        promised = {draft.name: draft.promise for draft in drafts.values()}
        bound = {**choices.connections, **{own: draft.name for own, draft in drafts.items()}}
        return msgspec.structs.replace(choices, connections=bound), {**self._installed.connections, **promised}

    async def _with_sign_ins(self, name: str, made: list[Draft]) -> InstallOut:
        """Return an install, with the addresses at which to sign in for the connections that were made for it."""
        waiting = [draft.name for draft in made if draft.promise.lacking]
        started = {each: await self._sign_ins.start(each) for each in waiting}
        return msgspec.structs.replace(await self.get(name), sign_in=started)

    async def _publish(self) -> None:
        await self._catalog.refresh(await self._catalog.store.generation())

    async def _preview(
        self,
        wanted: FoundPack,
        name: str,
        choices: Choices,
        before: dict[str, Plan],
        new: NewConnections = NOTHING_NEW,
    ) -> Preview:
        pack, ours = wanted.pack, is_ours(wanted.source)
        drafts = drafts_of(pack, name, new, partial(self._connections.draft, is_complete=False), is_ours=ours)
        choices, connections = self._with_drafts(choices, drafts)
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
            tools=promised_tools(pack, checked) if lacking else [tool_of(plan) for plan in after.values()],
            hidden={} if lacking else hidden_tools(pack, checked, connections),
            changes=changes_between(before, after),
            missing=lacking,
            private=private_of(pack, new, is_ours=ours),
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

    async def _upgrade_of(self, stored: StoredInstall, source: PackSource | None) -> FoundPack:
        current = (await self._installed.pack(stored.version.digest)).manifest.name
        found = await self._sources.find(source or PackSource(pack=current))
        if found.pack.manifest.name != current:
            raise Conflict(
                f"The install {stored.name!r} is of the pack {current!r}, not of {found.pack.manifest.name!r}.",
                fix="Install the other pack beside it.",
            )
        return found

    async def _stored(self, name: str) -> StoredInstall:
        found = {install.name: install for install in await self._store.load()}
        if name not in found:
            raise NotFound(
                f"There is no install {name!r}.{did_you_mean(name, found)}",
                fix="`headrace pack list` shows what there is.",
            )
        return found[name]

    async def _shown(self, install: StoredInstall) -> InstallOut:
        pack = await self._installed.pack(install.version.digest)
        choices = install.version.choices
        lacking = missing(pack, choices, self._installed.connections)
        plans = await self._plans(install)
        tools = promised_tools(pack, choices) if lacking else [tool_of(plan) for plan in plans.values()]
        not_shown = {} if lacking else hidden_tools(pack, choices, self._installed.connections)
        listed = await asyncio.to_thread(self._sources.listed)
        found = listed.get(pack.manifest.name)
        is_other = found is not None and found.head.digest != pack.digest
        newest = found.head.manifest.version if found and is_other else ""
        bound = self._bound(install.name, pack, choices)
        return install_of(install, pack, tools, not_shown, lacking, newest, bound)

    def _bound(self, install: str, pack: Pack, choices: Choices) -> list[BoundConnection]:
        return [
            BoundConnection(
                own=own,
                name=(name := choices.connections.get(own, "")),
                kind=declared.kind,
                required=declared.required,
                lacking=cannot_reach(own, declared.kind, choices, self._installed.connections),
                only_here=bool(name) and self._is_only_here(install, name),
            )
            for own, declared in pack.manifest.connections.items()
        ]

    def _is_only_here(self, install: str, connection: str) -> bool:
        """Whether a connection could be removed, and no flow but those of one install uses it."""
        if not self._connections.is_stored(connection) or set(self.using(connection)) - {install}:
            return False
        entries = self._catalog.entries.values()
        return not any(
            each.plan and connection in each.plan.installed_connections and each.install != install for each in entries
        )

    async def _used(self) -> dict[str, list[str]]:
        used: dict[str, list[str]] = {}
        for install in await self._store.load():
            try:
                pack = await self._installed.pack(install.version.digest)
            except HeadraceError:
                continue
            used.setdefault(pack.manifest.name, []).append(install.name)
        return used


def _own_name(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".yaml")
