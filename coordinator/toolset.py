"""Render compiled flows into the tools that clients see: one immutable snapshot, swapped whole.

A `Toolset` is built once per change.  What a caller sees of it is a `ToolView`, whose lists are encoded at most once
per wire revision, so that `tools/list` never renders anything.
"""

import base64
import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from types import MappingProxyType
from typing import Any

import msgspec

from coordinator.mcp.protocol import MODERN
from flows.arguments import Arguments
from flows.inputs.mcp_tool import ToolAnnotations
from flows.plan import Plan

PAGE_SIZE = 1000
MAX_VIEWS = 256
TOOL_INPUT = "mcp_tool"
TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
HEADER_TYPES = ("string", "integer", "boolean")
SCHEMA_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
DATA_KEYWORDS = ("const", "enum", "default", "examples")

_encode = msgspec.json.Encoder().encode


class ToolInvalid(ValueError):
    """A flow cannot be served as a tool; the message says why."""


@dataclass(frozen=True, slots=True)
class HeaderParam:
    """An argument that modern clients repeat in the HTTP header `Mcp-Param-<name>`."""

    header: bytes
    path: tuple[str, ...]
    type: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A flow as clients see it.  `definition` has the shape of the newest wire revision."""

    name: str
    plan: Plan
    definition: dict[str, Any]
    arguments: Arguments
    order: int = 0
    header_params: tuple[HeaderParam, ...] = ()

    @property
    def place(self) -> tuple[int, str]:
        """Where the tool stands in lists."""
        return self.order, self.name


@dataclass(frozen=True, slots=True)
class ToolView:
    """The tools that one kind of caller may see, in order."""

    tools: Mapping[str, Tool]
    _listings: dict[str, dict[str, bytes]] = field(default_factory=dict, repr=False)

    def listing(self, revision: str, cursor: str = "") -> bytes | None:
        """Return one page of `tools/list`: the members `"tools":[...]` and, unless it is the last, `"nextCursor"`.

        The braces around them are left to the caller, who adds members.  None when the cursor is not one of ours.
        """
        pages = self._listings.get(revision)
        if pages is None:
            pages = self._listings[revision] = self._pages(revision)
        page = pages.get(cursor)
        return self._page_after(revision, cursor) if page is None else page

    def _pages(self, revision: str) -> dict[str, bytes]:
        tools = list(self.tools.values())
        pages: dict[str, bytes] = {}
        cursor = ""
        for start in range(0, max(len(tools), 1), PAGE_SIZE):
            page = tools[start : start + PAGE_SIZE]
            following = _cursor(page[-1]) if start + PAGE_SIZE < len(tools) else ""
            pages[cursor] = _page(page, revision, following)
            cursor = following
        return pages

    def _page_after(self, revision: str, cursor: str) -> bytes | None:
        """Render the page after a place in an earlier list: the tools changed while the client was reading."""
        place = _place(cursor)
        if place is None:
            return None
        tools = list(self.tools.values())
        start = bisect_right(tools, place, key=lambda tool: tool.place)
        page = tools[start : start + PAGE_SIZE]
        following = _cursor(page[-1]) if start + PAGE_SIZE < len(tools) else ""
        return _page(page, revision, following)


@dataclass(frozen=True, slots=True)
class Toolset:
    """All tools at one moment.  `digest` names the definitions, so it tells whether clients must read them again.

    `problems` are the flows that were left out: name to reason.
    """

    generation: int
    digest: str
    tools: Mapping[str, Tool]
    problems: Mapping[str, str] = field(default_factory=dict)
    _views: dict[tuple[str, ...], ToolView] = field(default_factory=dict, repr=False)

    def view(self, globs: tuple[str, ...] = ()) -> ToolView:
        """Return what a caller sees who may use the tools that match the globs; no globs is every tool."""
        view = self._views.get(globs)
        if view is None:
            if len(self._views) >= MAX_VIEWS:
                self._views.pop(next(iter(self._views)))
            view = self._views[globs] = ToolView(_allowed(self.tools, globs))
        return view

    def of_install(self, install: str) -> "Toolset":
        """Return the tools of one install of a pack."""
        tools = {name: tool for name, tool in self.tools.items() if tool.plan.install == install}
        return Toolset(self.generation, self.digest, MappingProxyType(tools))


EMPTY = Toolset(0, hashlib.sha256(b"[]").hexdigest(), MappingProxyType({}))


def build_toolset(plans: Iterable[Plan], generation: int, previous: Toolset = EMPTY) -> Toolset:
    """Render the plans; disabled ones and those that are no tools are left out.

    Tools of `previous` whose plan is the same object are taken over, so a change costs what changed.
    """
    tools: list[Tool] = []
    problems: dict[str, str] = {}
    for plan in plans:
        if not _is_served(plan):
            continue
        kept = previous.tools.get(plan.name)
        try:
            tools.append(kept if kept is not None and kept.plan is plan else build_tool(plan))
        except ToolInvalid as error:
            problems[plan.name] = str(error)
    tools.sort(key=lambda tool: tool.place)
    digest = hashlib.sha256(_encode([tool.definition for tool in tools])).hexdigest()
    return Toolset(generation, digest, MappingProxyType({tool.name: tool for tool in tools}), problems)


def build_tool(plan: Plan) -> Tool:
    """Render one plan.  Raises ToolInvalid."""
    if plan.input.type.name != TOOL_INPUT:
        raise ToolInvalid(f"The flow {plan.name!r} has no `{TOOL_INPUT}` input.")
    if not TOOL_NAME.fullmatch(plan.name):
        raise ToolInvalid(
            f"{plan.name!r} cannot be the name of a tool: use 1 to 128 of the characters A-Z a-z 0-9 _ . -"
        )
    arguments = plan.input.arguments
    return Tool(
        plan.name,
        plan,
        _definition(plan, arguments),
        arguments,
        plan.input.config.order,
        header_params(arguments.schema),
    )


def header_params(schema: Mapping[str, Any]) -> tuple[HeaderParam, ...]:
    """Collect the properties marked `x-mcp-header`.  Raises ToolInvalid.

    Source: MCP 2026-07-28, custom headers from tool parameters.
    """
    found: dict[bytes, HeaderParam] = {}
    for path, node in _schemas(schema, ()):
        if "x-mcp-header" not in node:
            continue
        name = node["x-mcp-header"]
        where = ".".join(path or ()) or "the schema"
        if not path:
            raise ToolInvalid("`x-mcp-header` belongs on a property that is reached through `properties` only.")
        if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
            raise ToolInvalid(f"`x-mcp-header` of {where} is {name!r}, which cannot be part of a header's name.")
        if node.get("type") not in HEADER_TYPES:
            raise ToolInvalid(f"{where} has `x-mcp-header`, so its type is one of: {', '.join(HEADER_TYPES)}.")
        header = b"mcp-param-" + name.lower().encode()
        if header in found:
            raise ToolInvalid(f"Two properties have the same `x-mcp-header` {name!r}.")
        found[header] = HeaderParam(header, path, node["type"])
    return tuple(found.values())


def _schemas(node: Any, path: tuple[str, ...] | None) -> Iterator[tuple[tuple[str, ...] | None, Mapping[str, Any]]]:
    """Walk all subschemas with their path through `properties`, or None where they are reached otherwise."""
    if isinstance(node, list):
        for child in node:
            yield from _schemas(child, None)
    if not isinstance(node, Mapping):
        return
    yield path, node
    for keyword, child in node.items():
        if keyword in DATA_KEYWORDS:
            continue
        if keyword in SCHEMA_MAPS and isinstance(child, Mapping):
            inside = path is not None and keyword == "properties"
            for name, declared in child.items():
                yield from _schemas(declared, (*(path or ()), str(name)) if inside else None)
        else:
            yield from _schemas(child, None)


def _is_served(plan: Plan) -> bool:
    return plan.enabled and plan.listed and plan.input.type.name == TOOL_INPUT and plan.input.config.enabled


def _definition(plan: Plan, arguments: Arguments) -> dict[str, Any]:
    config = plan.input.config
    title = plan.title if config.title is msgspec.UNSET else config.title
    definition: dict[str, Any] = {"name": plan.name}
    if title:
        definition["title"] = title
    definition["description"] = plan.description or title or plan.name
    definition["inputSchema"] = arguments.schema
    if plan.input.returns is not None:
        definition["outputSchema"] = plan.input.returns
    hints = _hints(config.annotations)
    if hints:
        definition["annotations"] = hints
    return definition


def _hints(annotations: ToolAnnotations) -> dict[str, Any]:
    """Return what the author said, under the names of the wire."""
    said = {
        "title": annotations.title,
        "readOnlyHint": annotations.readOnly,
        "destructiveHint": annotations.destructive,
        "idempotentHint": annotations.idempotent,
        "openWorldHint": annotations.openWorld,
    }
    return {name: value for name, value in said.items() if value is not msgspec.UNSET}


def _allowed(tools: Mapping[str, Tool], globs: tuple[str, ...]) -> Mapping[str, Tool]:
    if not globs:
        return tools
    pattern = re.compile("|".join(map(translate, globs)))
    return MappingProxyType({name: tool for name, tool in tools.items() if pattern.match(name)})


def _page(tools: list[Tool], revision: str, next_cursor: str) -> bytes:
    members: dict[str, Any] = {"tools": [_on_wire(tool.definition, revision) for tool in tools]}
    if next_cursor:  # an absent cursor is left out: null breaks clients, "" makes them loop
        members["nextCursor"] = next_cursor
    return _encode(members)[1:-1]


def _on_wire(definition: dict[str, Any], revision: str) -> dict[str, Any]:
    """Take away what the revision does not know."""
    tool = dict(definition)
    if revision == MODERN:
        return tool
    tool["inputSchema"] = _without_boolean_properties(tool["inputSchema"])
    output = tool.get("outputSchema")
    if output is not None and (revision < "2025-06-18" or output.get("type") != "object"):
        del tool["outputSchema"]
    elif output is not None:
        tool["outputSchema"] = _without_boolean_properties(output)
    if revision < "2025-06-18":
        tool.pop("title", None)
    if revision < "2025-03-26":
        tool.pop("annotations", None)
    return tool


def _without_boolean_properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write `true` and `false` among the properties as schemas: legacy revisions allow objects only."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not any(isinstance(each, bool) for each in properties.values()):
        return schema
    plain: dict[bool, dict[str, Any]] = {True: {}, False: {"not": {}}}
    return {
        **schema,
        "properties": {name: plain[each] if isinstance(each, bool) else each for name, each in properties.items()},
    }


def _cursor(last: Tool) -> str:
    return base64.urlsafe_b64encode(_encode(last.place)).decode()


def _place(cursor: str) -> tuple[int, str] | None:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor), type=tuple[int, str])
    except (ValueError, msgspec.MsgspecError):
        return None
