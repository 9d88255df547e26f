"""Turn a pack and the choices of whoever installs it into the flows that are served.  Touches no I/O.

A pack that is not configured gives no flows: tools that could only fail are not shown.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from flows.definition import Binding, FlowDefinition
from flows.errors import Conflict, InputRejected
from flows.problems import did_you_mean
from packs.conditions import refusals
from packs.manifest import MAX_PREFIX, PACK_NAME, PREFIX, compile_variables, prefix_of
from packs.pack import Pack

MAX_NAME: Final = 40


class Available(Struct, frozen=True):
    """A connection that there is: its kind, and in a sentence why it cannot work yet; empty when it can."""

    kind: str
    lacking: str = ""


Connections = Mapping[str, Available]
"""The connections that there are, by name."""


class Choices(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What whoever installs a pack decides.  Neither `tools` nor `groups` is all tools."""

    prefix: Annotated[
        str | None, Meta(description="Start of the tools' names; null: that of the pack, or made of the name.")
    ] = None
    connections: Annotated[
        dict[str, str], Meta(description="The pack's names of connections, to those that are meant.")
    ] = {}
    variables: Annotated[dict[str, Any], Meta(description="Values of the pack's variables.")] = {}
    tools: Annotated[tuple[str, ...], Meta(description="Chosen tools, by their names in the pack.")] = ()
    groups: Annotated[tuple[str, ...], Meta(description="Chosen groups of tools.")] = ()
    note: Annotated[
        str, Meta(description="Ends the tools' descriptions, to tell two installs apart.", max_length=120)
    ] = ""


def check_choices(pack: Pack, name: str, choices: Choices, connections: Connections) -> Choices:
    """Return the choices with the prefix that they mean.  Raises InputRejected with all that does not fit."""
    said = [
        *_name_problems(name, choices),
        *_unknown("connection", choices.connections, pack.manifest.connections),
        *_unknown("tool", choices.tools, pack.tools),
        *_unknown("group", choices.groups, pack.manifest.groups),
        *_variable_problems(pack, choices),
        *_connection_problems(pack, choices, connections),
    ]
    if said:
        raise InputRejected(" ".join(said))
    prefix = choices.prefix
    if prefix is None:
        prefix = pack.manifest.default_prefix if name == pack.manifest.name else prefix_of(name)
    return Choices(
        prefix=prefix,
        connections=choices.connections,
        variables=choices.variables,
        tools=choices.tools,
        groups=choices.groups,
        note=choices.note.strip(),
    )


def chosen_tools(pack: Pack, choices: Choices) -> tuple[str, ...]:
    """Return the tools that were chosen, by their names in the pack, in its order."""
    if not choices.tools and not choices.groups:
        return pack.tools
    # What an upgrade took out of the pack is chosen in vain.
    chosen = {*choices.tools, *(tool for group in choices.groups for tool in pack.manifest.groups.get(group, ()))}
    return tuple(tool for tool in pack.tools if tool in chosen)


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


def missing(pack: Pack, choices: Choices, connections: Connections) -> list[str]:
    """Say what keeps the pack from being served, in sentences; empty when it is configured."""
    said = []
    for name, declared in pack.manifest.connections.items():
        if declared.required and (problem := lacking(name, declared.kind, choices, connections)):
            said.append(problem)
    said += compile_variables(pack.manifest.variables).rejections(_known_variables(pack, choices))
    return said


def definitions(pack: Pack, name: str, choices: Choices, connections: Connections) -> list[FlowDefinition]:
    """Return the flows of an install as they are compiled and run; none while it is not configured."""
    if missing(pack, choices, connections):
        return []
    not_shown = hidden(pack, choices, connections)
    usable = [tool for tool in chosen_tools(pack, choices) if tool not in not_shown]
    bound = {own: meant for own, meant in choices.connections.items() if own in pack.manifest.connections}
    variables = _variables(pack, choices)
    return [
        FlowDefinition(
            text=pack.flows[flow].text,
            file=f"{name}/flows/{flow}.yaml",
            binding=Binding(
                install=name,
                prefix=choices.prefix or "",
                flows=tuple(sorted(pack.flows)),
                connections=bound,
                vars=variables,
                note=choices.note,
                listed=flow in usable,
            ),
        )
        for flow in _with_called(pack, usable)
    ]


def hidden(pack: Pack, choices: Choices, connections: Connections) -> dict[str, str]:
    """Return the chosen tools that are not shown although the pack is configured, each with the reason."""
    manifest = pack.manifest
    ready = {
        own: not lacking(own, declared.kind, choices, connections) for own, declared in manifest.connections.items()
    }
    refused = refusals(manifest.enabled, {"vars": _variables(pack, choices), "connections": ready})
    found: dict[str, str] = {}
    for tool in chosen_tools(pack, choices):
        said = [why for name, why in refused.items() if name == tool or tool in manifest.groups.get(name, ())]
        if reason := next(iter(said), "") or _lacks_connection(pack, tool, choices, connections):
            found[tool] = reason
    return found


def _variables(pack: Pack, choices: Choices) -> dict[str, Any]:
    return compile_variables(pack.manifest.variables).complete(_known_variables(pack, choices))


def _known_variables(pack: Pack, choices: Choices) -> dict[str, Any]:
    return {name: value for name, value in choices.variables.items() if name in pack.manifest.variables}


def _with_called(pack: Pack, names: Iterable[str]) -> list[str]:
    """Add the flows that these call, and those that they call."""
    found: dict[str, None] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop(0)
        if name not in found and name in pack.flows:
            found[name] = None
            waiting += pack.flows[name].plan.calls
    return list(found)


def _lacks_connection(pack: Pack, tool: str, choices: Choices, connections: Connections) -> str:
    used = sorted({own for flow in _with_called(pack, [tool]) for own in pack.flows[flow].plan.connections})
    declared = pack.manifest.connections
    return next(filter(None, (lacking(own, declared[own].kind, choices, connections) for own in used)), "")


def lacking(own: str, kind: str, choices: Choices, connections: Connections) -> str:
    """Say why what the pack calls `own` cannot be reached; empty when it can."""
    return _binding_problem(own, kind, choices, connections) or connections[choices.connections[own]].lacking


def _binding_problem(own: str, kind: str, choices: Choices, connections: Connections) -> str:
    meant = choices.connections.get(own)
    if meant is None:
        return f"The connection {own!r} is not bound: say which connection of the kind `{kind}` it means."
    if meant not in connections:
        return f"There is no connection {meant!r}, which {own!r} means.{did_you_mean(meant, connections)}"
    if (found := connections[meant].kind) != kind:
        return f"The connection {meant!r} is of the kind `{found}`; {own!r} needs `{kind}`."
    return ""


# -- what choices may be -------------------------------------------------------------------------------------------


def _name_problems(name: str, choices: Choices) -> Iterator[str]:
    if not re.fullmatch(PACK_NAME, name) or len(name) > MAX_NAME:
        yield f"{name[:MAX_NAME]!r} is no name for an install: small letters, digits and -, at most {MAX_NAME}."
    prefix = choices.prefix
    if prefix is not None and (not re.fullmatch(PREFIX, prefix) or len(prefix) > MAX_PREFIX):
        yield f"{prefix[:MAX_NAME]!r} is no prefix: small letters, digits and _, at most {MAX_PREFIX}."


def _unknown(what: str, names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    there = list(known)
    for name in names:
        if name not in there:
            yield f"The pack has no {what} {name!r}.{did_you_mean(name, there)}"


def _variable_problems(pack: Pack, choices: Choices) -> Iterator[str]:
    """Say which values do not fit; one that is not there yet only keeps the tools from being shown."""
    arguments = compile_variables(pack.manifest.variables)
    yield from _unknown("variable", choices.variables, pack.manifest.variables)
    for name, value in choices.variables.items():
        for sentence in arguments.rejections({name: value}):
            if sentence.startswith((f"Argument `{name}`", f"Argument `{name}.", f"Argument `{name}[")):
                yield "Variable" + sentence.removeprefix("Argument")


def _connection_problems(pack: Pack, choices: Choices, connections: Connections) -> Iterator[str]:
    for own in choices.connections:
        declared = pack.manifest.connections.get(own)
        if declared is not None and (problem := _binding_problem(own, declared.kind, choices, connections)):
            yield problem
