"""What packs and installs look like from outside, and how two states of an install differ."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from coordinator.connections.sign_in import SignInStarted
from coordinator.packs.store import InstallVersion, StoredInstall
from coordinator.toolset import ToolInvalid, build_tool
from flows.compile import analyse_definition
from flows.definition import FlowDefinition
from flows.plan import Plan
from packs.connections import Asked, ConnectionFields
from packs.install import Choices, Connections, chosen_tools, hidden
from packs.pack import Pack, PackHead

Change = Literal["added", "removed", "changed", "same"]


class PackSummary(Struct, frozen=True, kw_only=True):
    """A pack in a list."""

    name: Annotated[str, Meta(description="Its name.")]
    title: Annotated[str, Meta(description="Its name for people.")]
    version: Annotated[str, Meta(description="Its version.")]
    description: Annotated[str, Meta(description="What its tools are for.")]
    homepage: Annotated[str, Meta(description="Where it is described.")]
    source: Annotated[str, Meta(description="Where it comes from.")]
    tools: Annotated[int, Meta(description="How many tools it has.")]
    groups: Annotated[dict[str, list[str]], Meta(description="Sets of its tools.")]
    installs: Annotated[list[str], Meta(description="The names under which it is installed.")]
    icon: Annotated[str, Meta(description="Where its icon is; empty: it has none.")]


class PackTool(Struct, frozen=True, kw_only=True):
    """A tool as a pack has it, or as an install shows it."""

    name: Annotated[str, Meta(description="Its name; in an install with the prefix.")]
    title: Annotated[str, Meta(description="Its name for people.")]
    description: Annotated[str, Meta(description="What it does.")]
    read_only: Annotated[bool | None, Meta(description="Whether it changes nothing; null when it does not say.")]


class PackDetails(Struct, frozen=True, kw_only=True):
    """A pack in full."""

    summary: Annotated[PackSummary, Meta(description="What lists show of it.")]
    prefix: Annotated[str, Meta(description="The proposed start of the tools' names.")]
    connections: Annotated[dict[str, ConnectionFields], Meta(description="What it reaches, by its own names.")]
    asks: Annotated[
        dict[str, list[Asked]], Meta(description="What to supply for a new connection, by the pack's name of it.")
    ]
    variables: Annotated[dict[str, Any], Meta(description="What may be set, like params of a tool.")]
    tools: Annotated[list[PackTool], Meta(description="Its tools.")]
    readme: Annotated[str, Meta(description="Its page, in Markdown.")]
    redirect_uri: Annotated[
        str, Meta(description="What to register at an OAuth provider before the install, letter by letter.")
    ]


class BoundConnection(Struct, frozen=True, kw_only=True):
    """What one of the pack's connections means in an install."""

    own: Annotated[str, Meta(description="What the pack calls it.")]
    name: Annotated[str, Meta(description="The connection that is meant; empty: none.")]
    kind: Annotated[str, Meta(description="What it reaches.")]
    required: Annotated[bool, Meta(description="Whether the tools that use it are hidden without it.")]
    lacking: Annotated[str, Meta(description="Why it cannot work; empty when it can.")]
    only_here: Annotated[bool, Meta(description="Whether nothing else uses it, so that it can go with the install.")]


class InstallOut(Struct, frozen=True, kw_only=True):
    """An install."""

    name: Annotated[str, Meta(description="Its name.")]
    path: Annotated[str, Meta(description="Where its tools alone are served.")]
    pack: Annotated[str, Meta(description="The pack.")]
    title: Annotated[str, Meta(description="The pack's name for people.")]
    icon: Annotated[str, Meta(description="Where the pack's icon is; empty: it has none.")]
    pack_version: Annotated[str, Meta(description="The pack's version.")]
    upgrade: Annotated[str, Meta(description="The version that is available where it came from; empty: none other.")]
    enabled: Annotated[bool, Meta(description="Whether it is switched on.")]
    missing: Annotated[list[str], Meta(description="What keeps its tools from being shown.")]
    tools: Annotated[list[PackTool], Meta(description="The tools that it shows, or would show.")]
    hidden: Annotated[dict[str, str], Meta(description="Chosen tools that are not shown for now, and why.")]
    choices: Annotated[Choices, Meta(description="What was chosen.")]
    connections: Annotated[list[BoundConnection], Meta(description="What it reaches.")]
    number: Annotated[int, Meta(description="Its version here; every change makes one.")]
    source: Annotated[str, Meta(description="Where the pack came from.")]
    author: Annotated[str, Meta(description="Who changed it last.")]
    updated: Annotated[int, Meta(description="When, in milliseconds since the epoch.")]
    sign_in: Annotated[
        dict[str, SignInStarted],
        Meta(description="After a change that made connections: where a person signs in, by name of connection."),
    ] = {}


class ToolChange(Struct, frozen=True, kw_only=True):
    """What happens to one tool."""

    name: Annotated[str, Meta(description="Its name.")]
    change: Annotated[Change, Meta(description="What happens.")]
    parts: Annotated[list[str], Meta(description="What of it changes.")] = []


class Preview(Struct, frozen=True, kw_only=True):
    """What an install, or a change of one, would bring."""

    name: Annotated[str, Meta(description="The install.")]
    path: Annotated[str, Meta(description="Where its tools alone would be served.")]
    pack: Annotated[str, Meta(description="The pack.")]
    pack_version: Annotated[str, Meta(description="Its version.")]
    choices: Annotated[Choices, Meta(description="The choices, with the prefix that they mean.")]
    tools: Annotated[list[PackTool], Meta(description="The tools that would be shown.")]
    hidden: Annotated[dict[str, str], Meta(description="Chosen tools that would not be shown yet, and why.")]
    changes: Annotated[list[ToolChange], Meta(description="What becomes of every tool, compared with now.")]
    missing: Annotated[list[str], Meta(description="What would keep the tools from being shown.")]
    conflicts: Annotated[list[str], Meta(description="Names of flows that are taken.")]
    private: Annotated[
        dict[str, bool],
        Meta(
            description="Connections, by the pack's names, that it wants to reach this machine and private networks: "
            "whether one made for it may. With false, only if `allow_private` is among its settings."
        ),
    ]


class InstallVersionOut(Struct, frozen=True, kw_only=True):
    """A version of an install."""

    number: Annotated[int, Meta(description="Its number.")]
    pack_version: Annotated[str, Meta(description="The version of the pack.")]
    choices: Annotated[Choices, Meta(description="What was chosen.")]
    source: Annotated[str, Meta(description="Where the pack came from.")]
    author: Annotated[str, Meta(description="Who made it.")]
    created: Annotated[int, Meta(description="When, in milliseconds since the epoch.")]


def summary_of(head: PackHead, source: str, installs: Iterable[str]) -> PackSummary:
    """Show a pack in a list."""
    manifest = head.manifest
    return PackSummary(
        name=manifest.name,
        title=manifest.title,
        version=manifest.version,
        description=manifest.description,
        homepage=manifest.homepage,
        source=source,
        tools=head.tools,
        groups=manifest.groups,
        installs=list(installs),
        icon=f"/api/packs/{manifest.name}/icon" if manifest.icon else "",
    )


def details_of(pack: Pack, source: str, installs: Iterable[str], redirect_uri: str) -> PackDetails:
    """Show a pack in full."""
    manifest = pack.manifest
    return PackDetails(
        summary=summary_of(pack.head, source, installs),
        prefix=manifest.default_prefix,
        connections=manifest.connections,
        asks={own: declared.asks() for own, declared in manifest.connections.items()},
        variables=manifest.variables,
        tools=[tool_of(pack.flows[name].plan) for name in pack.tools],
        readme=pack.readme,
        redirect_uri=redirect_uri,
    )


def install_of(
    install: StoredInstall,
    pack: Pack,
    tools: list[PackTool],
    not_shown: dict[str, str],
    lacking: list[str],
    newest: str,
    bound: list[BoundConnection],
) -> InstallOut:
    """Show an install."""
    version = install.version
    return InstallOut(
        name=install.name,
        path=path_of(install.name),
        pack=pack.manifest.name,
        title=pack.manifest.title,
        icon=f"/api/packs/installs/{install.name}/icon" if pack.manifest.icon else "",
        pack_version=pack.manifest.version,
        upgrade=newest,
        enabled=install.enabled,
        missing=lacking,
        tools=tools,
        hidden=not_shown,
        choices=version.choices,
        connections=bound,
        number=version.number,
        source=version.source,
        author=version.author,
        updated=version.created,
    )


def version_of(version: InstallVersion, pack_version: str) -> InstallVersionOut:
    """Show a version of an install."""
    return InstallVersionOut(
        number=version.number,
        pack_version=pack_version,
        choices=version.choices,
        source=version.source,
        author=version.author,
        created=version.created,
    )


def path_of(name: str) -> str:
    """Return the path where an install's tools alone are served."""
    return f"/mcp/{name}"


def tool_of(plan: Plan) -> PackTool:
    """Show a tool."""
    annotations = plan.input.config.annotations
    config = plan.input.config
    return PackTool(
        name=plan.name,
        title=plan.title if not isinstance(config.title, str) else config.title,
        description=plan.description,
        read_only=annotations.readOnly if isinstance(annotations.readOnly, bool) else None,
    )


def promised_tools(pack: Pack, choices: Choices) -> list[PackTool]:
    """Show the tools that will be there once the pack is configured."""
    prefix = choices.prefix or ""
    shown = [tool_of(pack.flows[tool].plan) for tool in chosen_tools(pack, choices)]
    return [msgspec.structs.replace(tool, name=prefix + tool.name) for tool in shown]


def hidden_tools(pack: Pack, choices: Choices, connections: Connections) -> dict[str, str]:
    """Say which of the chosen tools are not shown for now, and why."""
    return {(choices.prefix or "") + tool: why for tool, why in hidden(pack, choices, connections).items()}


def tools_of(definitions: Iterable[FlowDefinition]) -> dict[str, Plan]:
    """Compile definitions; return those that are tools, by name."""
    plans = [plan for plan, _ in map(analyse_definition, definitions) if plan is not None]
    return {plan.name: plan for plan in plans if plan.listed and plan.enabled and plan.input.type.name == "mcp_tool"}


def changes_between(before: Mapping[str, Plan], after: Mapping[str, Plan]) -> list[ToolChange]:
    """Say what becomes of every tool."""
    found = []
    for name in sorted({*before, *after}):
        if name not in before:
            found.append(ToolChange(name=name, change="added"))
        elif name not in after:
            found.append(ToolChange(name=name, change="removed"))
        else:
            parts = _changed_parts(before[name], after[name])
            found.append(ToolChange(name=name, change="changed" if parts else "same", parts=parts))
    return found


def _changed_parts(before: Plan, after: Plan) -> list[str]:
    """Name what a client, or whoever runs it, would notice."""
    if before.digest == after.digest:
        return []
    old, new = _definition(before), _definition(after)
    words = {
        "title": "title",
        "description": "description",
        "inputSchema": "arguments",
        "outputSchema": "result",
        "annotations": "annotations",
    }
    parts = [word for key, word in words.items() if old.get(key) != new.get(key)]
    if before.vars != after.vars:
        parts.append("variables")
    if before.bindings != after.bindings:
        parts.append("connections")
    return parts or ["what it does"]


def _definition(plan: Plan) -> Mapping[str, Any]:
    try:
        return build_tool(plan).definition
    except ToolInvalid:
        return {}
