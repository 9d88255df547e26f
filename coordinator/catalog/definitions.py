"""Turn a text from a file or from the database into a catalog entry; a text with errors keeps what was good before."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from coordinator.catalog.directory import ChangedFile
from coordinator.catalog.entries import CatalogEntry, InstalledFlow
from coordinator.catalog.store import StoredFlow
from coordinator.logs import get_logger
from flows.compile import analyse_definition, flow_digest
from flows.plan import Plan
from flows.problems import Problem

Compile = Callable[[str | bytes, str], tuple[Plan | None, list[Problem]]]
"""From a text and the name of its file to the plan, unless there are errors, and all problems."""

# Good enough to show a broken flow under its name.
_NAME: Final = re.compile(r"^flow:[ \t]*[\"']?([A-Za-z0-9][A-Za-z0-9_.-]{0,127})[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)

log = get_logger(__name__)


def file_entry(compile_text: Compile, changed: ChangedFile, before: CatalogEntry | None) -> CatalogEntry:
    """Compile a file that changed.  One with errors keeps the name and the last good plan that it had."""
    text = text_of(changed.text)
    plan, problems = _compiled(compile_text, changed.text, changed.file)
    return CatalogEntry(
        name=plan.name if plan is not None else _name_of(text, before),
        origin="file",
        file=changed.file,
        digest=plan.digest if plan is not None else flow_digest(text),
        plan=plan,
        last_good=_last_good(plan, before),
        problems=tuple(problems),
        updated=changed.updated,
    )


def api_entry(
    flow: StoredFlow, plan: Plan | None, problems: Iterable[Problem], before: CatalogEntry | None
) -> CatalogEntry:
    """Make the entry of a flow that is kept in the database."""
    return CatalogEntry(
        name=flow.name,
        origin="api",
        file="",
        digest=flow.digest,
        plan=plan,
        last_good=_last_good(plan, before),
        problems=tuple(problems),
        updated=flow.updated,
    )


def pack_entry(flow: InstalledFlow) -> CatalogEntry:
    """Compile a flow of an installed pack."""
    definition = flow.definition
    plan, problems = analyse_definition(definition)
    own = definition.file.rpartition("/")[2].removesuffix(".yaml")
    return CatalogEntry(
        name=plan.name if plan is not None else definition.binding.prefix + own,
        origin="pack",
        file=definition.file,
        digest=definition.digest,
        plan=plan,
        problems=tuple(problems),
        updated=flow.updated,
        definition=definition,
    )


def name_in(text: str) -> str:
    """Return the name that a text seems to give its flow, without reading it as YAML; "" when it does not say."""
    found = _NAME.search(text)
    return "" if found is None else found[1]


def text_of(raw: bytes) -> str:
    """Return the text of a file; what is not UTF-8 was reported by the compiler already."""
    return raw.decode("utf-8-sig", "replace")


def _compiled(compile_text: Compile, text: bytes, file: str) -> tuple[Plan | None, list[Problem]]:
    try:
        return compile_text(text, file)
    except Exception as error:
        # One file must not keep all others from being served.
        log.exception("a flow made the compiler fail", file=file)
        message = f"Headrace failed on this flow: {type(error).__name__}. Please report it, with the flow."
        return None, [Problem(code="flow.broken-file", message=message, file=file)]


def _last_good(plan: Plan | None, before: CatalogEntry | None) -> Plan | None:
    if plan is not None or before is None:
        return None
    return before.plan or before.last_good


def _name_of(text: str, before: CatalogEntry | None) -> str:
    return before.name if before is not None and before.name else name_in(text)
