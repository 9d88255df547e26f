"""Change flows for people and programs: what the REST routes and the command line call.

A flow that comes from a file is changed there; here it can only be switched off and on.  Every change is live when the
call returns.
"""

import asyncio
from collections.abc import Callable, Iterable

from msgspec import Struct

from coordinator.catalog.catalog import Catalog
from coordinator.catalog.definitions import name_in, text_of
from coordinator.catalog.entries import CatalogEntry
from coordinator.catalog.store import StoredFlow, Version, VersionInfo
from coordinator.logs import get_logger
from flows.check import check_calls
from flows.compile import flow_digest
from flows.errors import Conflict, FlowInvalid, InputRejected, NotFound
from flows.plan import Plan
from flows.problems import Problem, nearest

log = get_logger(__name__)


class FlowText(Struct, frozen=True, kw_only=True):
    """The text of a flow, and the digest that a later change must name."""

    name: str
    digest: str
    text: str


def _nearest(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f" Did you mean {near!r}?" if near else ""


def _no_doubts(_plan: Plan) -> Iterable[Problem]:
    return ()


class FlowEditor:
    """The operations on flows.  `doubts` finds what is wrong with a flow now though its text is sound."""

    def __init__(self, catalog: Catalog, doubts: Callable[[Plan], Iterable[Problem]] = _no_doubts) -> None:
        self._catalog = catalog
        self._doubts = doubts
        self._store = catalog.store

    def get(self, name: str) -> CatalogEntry:
        """Return a flow.  Raises NotFound."""
        entry = self._catalog.entries.get(name)
        if entry is None:
            raise NotFound(
                f"There is no flow {name!r}.{_nearest(name, self._catalog.entries)}",
                fix="`headrace flow list` shows what there is.",
            )
        return entry

    async def text(self, name: str) -> FlowText:
        """Return the text of a flow as it is now.  Raises NotFound."""
        entry = self.get(name)
        directory = self._catalog.directory
        if entry.definition is not None:
            return FlowText(name=name, digest=entry.digest, text=entry.definition.text)
        if entry.origin == "api" or directory is None:
            text = await self._store.text(name)
        else:
            try:
                text = text_of(await asyncio.to_thread(directory.read, entry.file))
            except OSError as error:
                raise NotFound(f"The file {entry.file} cannot be read: {error.strerror or 'it is gone'}.") from error
        return FlowText(name=name, digest=flow_digest(text), text=text)

    async def analyse(self, text: str, file: str = "") -> tuple[Plan | None, list[Problem]]:
        """Compile a text unless it has errors, and find all that is wrong or doubtful, bad calls included."""
        plan, problems = await self._catalog.analyse(text, file)
        return plan, [*problems, *self._call_problems(plan), *(() if plan is None else self._doubts(plan))]

    def problems_of(self, entry: CatalogEntry) -> list[Problem]:
        """Return what is wrong or doubtful about a flow now."""
        return [*entry.problems, *(() if entry.plan is None else self._doubts(entry.plan))]

    def doubts(self) -> list[Problem]:
        """Return what is wrong now with flows whose text is sound."""
        plans = (entry.plan for entry in self._catalog.entries.values())
        return [problem for plan in plans if plan is not None for problem in self._doubts(plan)]

    async def put(
        self, text: str, *, name: str | None = None, expected: str | None = None, author: str = ""
    ) -> CatalogEntry:
        """Create or replace a flow; `name` must be the one in the text if it is given.

        `expected` is the digest that the author saw, "" for a flow that must be new, None to write over anything.
        Raises FlowInvalid, InputRejected, Conflict.
        """
        plan, problems = await self._catalog.analyse(text, name or name_in(text))
        if plan is None:
            raise FlowInvalid([problem for problem in problems if problem.severity == "error"])
        if name is not None and plan.name != name:
            raise InputRejected(
                f"The text says `flow: {plan.name}`, but it was sent for {name!r}.", fix="Make the two the same."
            )
        return await self._stored(plan, problems, text, expected, author)

    async def delete(self, name: str, *, expected: str | None = None, author: str = "") -> None:
        """Delete a flow of the API.  Raises NotFound, Conflict."""
        async with self._catalog.changing:
            self._refuse_others(self.get(name))
            generation = await self._store.delete(name, expected=expected)
            await self._catalog.drop(name, generation)
        log.info("flow deleted", flow=name, author=author)

    async def set_enabled(self, name: str, enabled: bool, *, author: str = "") -> CatalogEntry:
        """Switch a flow of any origin on or off.  Raises NotFound."""
        async with self._catalog.changing:
            self.get(name)
            generation = await self._store.switch(name, enabled=enabled, author=author)
            await self._catalog.switch(name, generation, enabled=enabled)
        log.info("flow switched", flow=name, enabled=enabled, author=author)
        return self.get(name)

    async def versions(self, name: str) -> list[VersionInfo]:
        """Return the versions of a flow, the newest first; those of a deleted flow too.  Raises NotFound."""
        found = await self._store.versions(name)
        if not found:
            self.get(name)
        return found

    async def version(self, name: str, number: int) -> Version:
        """Return one version with its text: what a diff is made of.  Raises NotFound."""
        return await self._store.version(name, number)

    async def rollback(self, name: str, number: int, *, expected: str | None = None, author: str = "") -> CatalogEntry:
        """Make an old version the current one, as a new version.  Raises NotFound, FlowInvalid, Conflict."""
        version = await self._store.version(name, number)
        return await self.put(version.text, name=name, expected=expected, author=author)

    async def _stored(
        self, plan: Plan, problems: tuple[Problem, ...], text: str, expected: str | None, author: str
    ) -> CatalogEntry:
        async with self._catalog.changing:
            existing = self._catalog.entries.get(plan.name)
            if existing is not None:
                self._refuse_others(existing)
            generation = await self._store.put(plan.name, plan.digest, text, expected=expected, author=author)
            flow = StoredFlow(name=plan.name, digest=plan.digest, text=text, author=author, updated=self._catalog.now())
            await self._catalog.take(flow, generation, plan, problems)
        log.info("flow stored", flow=plan.name, digest=plan.digest, author=author)
        return self.get(plan.name)

    def _refuse_others(self, entry: CatalogEntry) -> None:
        if entry.origin == "file":
            raise Conflict(
                f"The flow {entry.name!r} comes from the file {entry.file}.",
                fix="Change it there, or give your flow another name.",
            )
        if entry.origin == "pack":
            raise Conflict(
                f"The flow {entry.name!r} belongs to the pack that is installed as {entry.install!r}.",
                fix="Change the install, or give your flow another name.",
            )

    def _call_problems(self, plan: Plan | None) -> list[Problem]:
        if plan is None or not plan.calls:
            return []
        known = self._catalog.snapshot.plans() | {plan.name: plan}
        return [problem for problem in check_calls(known) if problem.file == plan.file]
