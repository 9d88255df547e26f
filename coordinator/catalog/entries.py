"""What the catalog knows of a flow, and how definitions from several places become one set of names.

`arrange` is pure: it decides who owns a name and what each flow's problems are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, Protocol

from flows.check import check_calls
from flows.definition import FlowDefinition
from flows.plan import Plan
from flows.problems import Problem

Origin = Literal["file", "api", "pack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledFlow:
    """A flow of an installed pack.  `updated` is in milliseconds since the epoch."""

    definition: FlowDefinition
    updated: int


class Installed(Protocol):
    """Where the flows of packs come from: implemented by `coordinator.packs`."""

    def is_stale(self) -> bool:
        """Whether the flows changed without a change in the database."""
        ...

    async def load(self) -> list[InstalledFlow]:
        """Return the flows of all installs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One flow.  `plan` is the current text compiled; None while that has errors, then `last_good` is served.

    `file` is the path inside the flow directory or, for a flow of a pack, inside the packs; empty for one of the API.
    `updated` is in milliseconds since the epoch.  `name` is empty for a file that does not even say its name.
    """

    name: str
    origin: Origin
    file: str
    digest: str
    plan: Plan | None
    last_good: Plan | None = None
    problems: tuple[Problem, ...] = ()
    enabled: bool = True
    updated: int = 0
    definition: FlowDefinition | None = None
    """What a flow of a pack is compiled from."""

    @property
    def install(self) -> str:
        """The install of a pack that the flow belongs to; empty for other flows."""
        return "" if self.definition is None else self.definition.binding.install

    @property
    def served(self) -> Plan | None:
        """The plan that calls run: the current one, else the last good one; None while the flow is switched off."""
        return (self.plan or self.last_good) if self.enabled else None

    @property
    def is_valid(self) -> bool:
        """Whether the current text compiles."""
        return self.plan is not None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All flows at one moment.  `problems` are all findings: those of the entries, and those that belong to none."""

    generation: int = 0
    entries: Mapping[str, CatalogEntry] = field(default_factory=lambda: MappingProxyType({}))
    problems: tuple[Problem, ...] = ()

    def plans(self) -> dict[str, Plan]:
        """Return what is served, by name."""
        return {name: plan for name, entry in self.entries.items() if (plan := entry.served) is not None}


def arrange(
    definitions: Iterable[CatalogEntry], switched_off: frozenset[str], before: Snapshot, generation: int
) -> Snapshot:
    """Give each name to one definition and collect all problems.

    A name belongs to the flow of the API, else to the file that had it before, else to the first file by path.
    """
    entries: dict[str, CatalogEntry] = {}
    loose: list[Problem] = []
    for definition in sorted(definitions, key=lambda each: _precedence(each, before)):
        name = definition.name
        if not name:
            loose += definition.problems
        elif name in entries:
            loose.append(_duplicate(definition, entries[name]))
        else:
            enabled = name not in switched_off
            entries[name] = definition if definition.enabled == enabled else replace(definition, enabled=enabled)
    _add_call_problems(entries)
    found = [problem for entry in entries.values() for problem in entry.problems]
    return Snapshot(generation, MappingProxyType(entries), (*found, *loose))


def _precedence(definition: CatalogEntry, before: Snapshot) -> tuple[bool, bool, str]:
    owner = before.entries.get(definition.name)
    return definition.origin != "api", owner is None or owner.file != definition.file, definition.file


def _duplicate(definition: CatalogEntry, owner: CatalogEntry) -> Problem:
    where = f"in {owner.file}" if owner.file else "among the flows of the editor"
    if owner.install:
        where = f"in the pack that is installed as {owner.install!r}"
    message = f"There is a flow {definition.name!r} already, {where}. Rename one of the two."
    return Problem(code="flow.duplicate-name", message=message, file=definition.file)


def _add_call_problems(entries: dict[str, CatalogEntry]) -> None:
    """Note the calls that lead nowhere at the flows that make them."""
    callers = {
        name: plan
        for name, entry in entries.items()
        if (plan := entry.plan or entry.last_good) is not None and any(called not in entries for called in plan.calls)
    }
    if not callers:
        return
    known = {name: plan for name, entry in entries.items() if (plan := entry.plan or entry.last_good) is not None}
    found = check_calls(known)
    for name, plan in callers.items():
        own = tuple(problem for problem in found if problem.file == plan.file)
        entries[name] = replace(entries[name], problems=(*entries[name].problems, *own))
