"""`/api/components` and `/api/editor`: what an editor of flows asks while somebody writes.

These lie beside `/api/flows`, because every word after that can be the name of a flow.
"""

import asyncio
from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.params import RequestBody
from msgspec import UNSET, Meta, Struct, UnsetType

from coordinator.api.flows import Yaml
from coordinator.api.given import GivenServices
from coordinator.connections.kinds import KindsOut, kinds_out
from coordinator.connections.model import ValuesConnection
from coordinator.editing.catalogue import ComponentsOut, components_out
from coordinator.editing.completion import Completions, Names, complete
from coordinator.editing.edits import Change, insert_step, remove, set_value
from coordinator.editing.hover import Hover, hover
from coordinator.services import Services
from flows.errors import InputRejected

Line = Annotated[int, Meta(description="The line, from 1.", ge=1)]
Column = Annotated[int, Meta(description="The column in characters, from 1.", ge=1)]


class CursorIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text and a cursor in it."""

    text: Annotated[Yaml, Meta(description="The YAML of a flow, finished or not.")]
    line: Line
    column: Column


class EditIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change to make in a text."""

    text: Annotated[Yaml, Meta(description="The YAML of a flow.")]
    action: Annotated[Literal["set", "remove", "insert"], Meta(description="`insert` puts a step behind `line`.")]
    path: Annotated[
        tuple[str | int, ...], Meta(description="For `set` and `remove`: keys and indexes that lead to the place.")
    ] = ()
    value: Annotated[Any, Meta(description="For `set`: the value; for `insert`: the step.")] = UNSET
    line: Line | UnsetType = UNSET


@get("/components", operation_id="listComponents", tags=["flows"], sync_to_thread=True)
def list_components() -> ComponentsOut:
    """List every input, step and output, with schemas for forms and examples to insert."""
    return components_out()


@get("/connection-kinds", operation_id="listConnectionKinds", tags=["connections"], sync_to_thread=False)
def list_connection_kinds() -> KindsOut:
    """List the kinds of connections and the ways to sign in, each with the fields of its form."""
    return kinds_out()


@post("/editor/complete", operation_id="completeFlow", tags=["flows"], status_code=200)
async def complete_flow(services: GivenServices, data: RequestBody[CursorIn]) -> Completions:
    """Say what may stand at a cursor: keys, values, names in scope, functions."""
    return await asyncio.to_thread(complete, data.text, data.line, data.column, _names(services))


@post("/editor/hover", operation_id="explainFlow", tags=["flows"], status_code=200)
async def explain_flow(data: RequestBody[CursorIn]) -> Hover:
    """Explain the word at a cursor."""
    return await asyncio.to_thread(hover, data.text, data.line, data.column)


@post("/editor/edit", operation_id="editFlow", tags=["flows"], status_code=200)
async def edit_flow(data: RequestBody[EditIn]) -> Change:
    """Change one place of a text, and leave the rest as its author wrote it; nothing is stored."""
    return await asyncio.to_thread(_change, data)


def _change(data: EditIn) -> Change:
    if data.action == "insert":
        return insert_step(data.text, 1 if data.line is UNSET else data.line, _given(data))
    if not data.path:
        raise InputRejected("A change needs the `path` of its place.")
    return remove(data.text, data.path) if data.action == "remove" else set_value(data.text, data.path, _given(data))


def _given(data: EditIn) -> Any:
    if data.value is UNSET:
        raise InputRejected(f"A change with the action {data.action!r} needs a `value`.")
    return data.value


def _names(services: Services) -> Names:
    plans = {name: entry.plan or entry.last_good for name, entry in services.catalog.entries.items()}
    return Names(
        connections={entry.name: entry.problem for entry in services.connections.entries()},
        secrets={
            entry.name: dict.fromkeys(entry.config.fields, "")
            for entry in services.connections.entries()
            if isinstance(entry.config, ValuesConnection)
        },
        flows={name: plan.title or plan.description for name, plan in plans.items() if plan is not None},
    )
