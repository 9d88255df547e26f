"""Hold all flows in memory, take changes from files, the API and other coordinators, and publish each new state whole.

What is served changes in one assignment.  When a new state cannot be published, the one before stays.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from coordinator.catalog.book import PlanBook
from coordinator.catalog.definitions import Compile, api_entry, file_entry, pack_entry, text_of
from coordinator.catalog.directory import ChangedFile, Changes, FlowDirectory
from coordinator.catalog.entries import CatalogEntry, Installed, Snapshot, arrange
from coordinator.catalog.store import FileVersion, FlowStore, StoredFlow
from coordinator.logs import get_logger
from flows.compile import analyse_flow
from flows.errors import HeadraceError
from flows.plan import Plan
from flows.problems import Problem

Publish = Callable[[Mapping[str, Plan], int], Awaitable[None]]
"""Make tools of the plans and serve them; the number is the generation.  What it raises keeps the tools before."""

T = TypeVar("T")
MAX_UNRECORDED: Final = 20_000
COMPILED_AT_ONCE: Final = 20
"""Files on one way to the thread and back, which takes a sixth of the time that a small flow does."""

log = get_logger(__name__)


class NotPublished(HeadraceError):
    """A change is stored but could not be made live."""

    code = "not_published"


class Catalog:
    """All flows.  `start` comes first, then `refresh` now and then; `flows.runs.PlanSource` for the worker side.

    Changes through the API are in `coordinator.catalog.editing`.
    """

    def __init__(
        self,
        store: FlowStore,
        publish: Publish,
        *,
        directory: FlowDirectory | None = None,
        installed: Installed | None = None,
        compile_text: Compile = analyse_flow,
        clock: Callable[[], float] = time.time,
        on_publish: Callable[[bool], None] = lambda _ok: None,
    ) -> None:
        self.store = store
        self.directory = directory
        self._installed = installed
        self._publish = publish
        self._compile = compile_text
        self._clock = clock
        self._on_publish = on_publish
        self._snapshot = Snapshot()
        self._book = PlanBook()
        self._files: dict[str, CatalogEntry] = {}
        self._stored: dict[str, CatalogEntry] = {}
        self._packed: dict[str, CatalogEntry] = {}
        self._switched_off: frozenset[str] = frozenset()
        self._unrecorded: list[FileVersion] = []
        self._seen_generation = -1
        self._is_dirty = True
        self._publish_problem: Problem | None = None
        self._looking = asyncio.Lock()
        self.changing = asyncio.Lock()
        # One thread reads and compiles: the event loop goes on meanwhile, and looks never overlap.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="catalog")

    # -- what others read ------------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """All flows as they are served now."""
        return self._snapshot

    @property
    def entries(self) -> Mapping[str, CatalogEntry]:
        """All flows by name."""
        return self._snapshot.entries

    @property
    def generation(self) -> int:
        """The number of the state that is served; it grows with every change."""
        return self._snapshot.generation

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong: in flows, between them, with files, and with publishing."""
        own = () if self._publish_problem is None else (self._publish_problem,)
        files = () if self.directory is None else self.directory.problems
        return (*own, *files, *self._snapshot.problems)

    def by_name(self, name: str) -> Plan | None:
        """Return the plan that a call of this flow runs."""
        entry = self._snapshot.entries.get(name)
        return None if entry is None else entry.served

    def by_digest(self, digest: str) -> Plan | None:
        """Return the plan of a version that is served, or was lately."""
        return self._book.get(digest)

    def now(self) -> int:
        """Return the time in milliseconds since the epoch."""
        return int(self._clock() * 1000)

    # -- life ------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read everything and publish it for the first time."""
        await self.refresh(await self.store.generation())

    async def refresh(self, generation: int | None) -> bool:
        """Take in what changed in files and, if the counter of the database moved, there; say whether anything did.

        `generation` is the counter's value, None while the database cannot be asked.
        """
        async with self._looking:
            files = await self._look()
            async with self.changing:
                if files is not None:
                    self._files, self._is_dirty = files, True
                if generation is not None and generation != self._seen_generation:
                    await self._load()
                    await self._load_packs()
                    self._seen_generation, self._is_dirty = generation, True
                elif generation is not None and self._installed is not None and self._installed.is_stale():
                    await self._load_packs()
                    self._is_dirty = True
                changed = self._is_dirty
                if changed:
                    self._is_dirty = not await self._serve()
            if generation is not None and not self._is_dirty:
                await self._record()
        return changed

    async def close(self) -> None:
        """Stop reading files."""
        async with self._looking:
            self._thread.shutdown(wait=True)
            if self.directory is not None:
                self.directory.close()

    async def analyse(self, text: str, file: str) -> tuple[Plan | None, tuple[Problem, ...]]:
        """Compile a text in the catalog's thread, without taking it in."""
        plan, problems = await self._in_thread(self._compile, text, file)
        return plan, tuple(problems)

    # -- changes that this coordinator makes; `changing` is held ------------------------------------------------------

    async def take(self, flow: StoredFlow, generation: int, plan: Plan | None, problems: Iterable[Problem]) -> None:
        """Take in a flow that was just stored, and publish.  Raises NotPublished."""
        entry = api_entry(flow, plan, problems, self._stored.get(flow.name))
        self._stored = {**self._stored, flow.name: entry}
        await self._publish_change(generation)

    async def drop(self, name: str, generation: int) -> None:
        """Drop a flow that was just deleted, and publish.  Raises NotPublished."""
        self._stored = {known: entry for known, entry in self._stored.items() if known != name}
        await self._publish_change(generation)

    async def switch(self, name: str, generation: int, *, enabled: bool) -> None:
        """Serve a flow, or stop serving it, and publish.  Raises NotPublished."""
        self._switched_off = self._switched_off - {name} if enabled else self._switched_off | {name}
        await self._publish_change(generation)

    async def _publish_change(self, generation: int) -> None:
        # A larger step means that somebody else changed something too: leave it for the next refresh.
        if generation == self._seen_generation + 1:
            self._seen_generation = generation
        self._is_dirty = not await self._serve()
        if self._is_dirty:
            raise NotPublished(
                "The change is stored, but the tools could not be built from it, so the ones before stay.",
                fix="The log says why.",
            )

    # -- take in ---------------------------------------------------------------------------------------------------

    async def _look(self) -> dict[str, CatalogEntry] | None:
        """Look at the files and compile what changed; None when nothing did."""
        if self.directory is None:
            return None
        changes = await self._in_thread(self.directory.look)
        if not changes:
            return None
        files = dict(self._files)
        for file in changes.removed:
            files.pop(file, None)
        await self._compile_files(changes, files)
        return files

    async def _compile_files(self, changes: Changes, files: dict[str, CatalogEntry]) -> None:
        for start in range(0, len(changes.changed), COMPILED_AT_ONCE):
            some = changes.changed[start : start + COMPILED_AT_ONCE]
            for changed, entry in zip(some, await self._in_thread(self._file_entries, some, files), strict=True):
                files[changed.file] = await self._taken_in(changed, entry)

    def _file_entries(self, changed: list[ChangedFile], before: Mapping[str, CatalogEntry]) -> list[CatalogEntry]:
        return [file_entry(self._compile, each, before.get(each.file)) for each in changed]

    async def _taken_in(self, changed: ChangedFile, entry: CatalogEntry) -> CatalogEntry:
        """Note the version of a file; one that is broken gets its last good one."""
        if entry.plan is not None:
            text = text_of(changed.text)
            self._unrecorded.append(FileVersion(name=entry.name, digest=entry.digest, text=text, file=changed.file))
        elif entry.name and entry.last_good is None:
            return await self._with_last_good(entry)
        return entry

    async def _load(self) -> None:
        """Read the flows of the database; only those whose text changed are compiled."""
        flows, self._switched_off = await self.store.load()
        stored: dict[str, CatalogEntry] = {}
        for flow in flows:
            known = self._stored.get(flow.name)
            if known is not None and known.digest == flow.digest:
                stored[flow.name] = known
            else:
                plan, problems = await self.analyse(flow.text, flow.name)
                stored[flow.name] = api_entry(flow, plan, problems, known)
        self._stored = stored

    async def _load_packs(self) -> None:
        """Read the flows of installed packs; only those that changed are compiled."""
        if self._installed is None:
            return
        packed: dict[str, CatalogEntry] = {}
        for flow in await self._installed.load():
            digest = flow.definition.digest
            known = self._packed.get(flow.definition.file)
            is_known = known is not None and known.digest == digest
            packed[flow.definition.file] = known if known and is_known else await self._in_thread(pack_entry, flow)
        self._packed = packed

    async def _with_last_good(self, entry: CatalogEntry) -> CatalogEntry:
        """Find what was served before the last stop for a file that is broken at start."""
        try:
            text = await self.store.last_text(entry.name, entry.origin, entry.file)
        except SQLAlchemyError:
            log.exception("the last good version cannot be read", flow=entry.name)
            text = None
        if text is None:
            return entry
        plan, _ = await self.analyse(text, entry.file)
        return entry if plan is None else replace(entry, last_good=plan)

    async def _record(self) -> None:
        """Note the versions that were read from files; what cannot be written now is tried again."""
        unrecorded, self._unrecorded = self._unrecorded, []
        # A file whose name belongs to another flow has no history.
        versions = [each for each in unrecorded if (owner := self.entries.get(each.name)) and owner.file == each.file]
        if not versions:
            return
        try:
            await self.store.record(versions)
        except BaseException:
            self._unrecorded = [*versions, *self._unrecorded][-MAX_UNRECORDED:]
            raise

    # -- publish ---------------------------------------------------------------------------------------------------

    async def _serve(self) -> bool:
        """Build the new state, publish it, then let it take the place of the old one; say whether that worked."""
        generation = self._snapshot.generation + 1
        definitions = (*self._stored.values(), *self._files.values(), *self._packed.values())
        snapshot = arrange(definitions, self._switched_off, self._snapshot, generation)
        plans = snapshot.plans()
        self._book.add(plans.values())
        try:
            await self._publish(plans, generation)
        except Exception as error:
            log.exception("flows could not be published; the tools before stay", generation=generation)
            message = f"The changed flows could not be published, so the tools before stay: {error}"
            self._publish_problem = Problem(code="flow.not-published", message=message)
            self._on_publish(False)
            return False
        self._snapshot = snapshot
        self._publish_problem = None
        self._book.serve(frozenset(plan.digest for plan in plans.values()))
        self._on_publish(True)
        log.info("flows published", generation=generation, flows=len(plans), problems=len(snapshot.problems))
        return True

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
