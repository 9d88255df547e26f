"""Check what a pack promises as a whole: that its parts fit together, and that people and models can choose by it.

What a flow or a manifest cannot do without is checked where they are read.  Touches no I/O.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from msgspec import UNSET

from flows.problems import Problem, did_you_mean
from flows.source import Path
from packs.conditions import reads
from packs.manifest import FILE, compile_variables
from packs.pack import README, Files, Pack, PackFlow
from packs.version import is_supported

ICON_SUFFIXES: Final = (".svg", ".png")
MAX_ICON_BYTES: Final = 64 * 1024
PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


def check_pack(pack: Pack) -> list[Problem]:
    """Return what is wrong or doubtful about a pack whose manifest and flows are sound each by itself."""
    flows = [problem for flow in pack.flows.values() for problem in _check_flow(flow, pack)]
    return [*_check_head(pack), *_check_groups(pack), *_check_tests(pack), *_check_use(pack), *flows]


def _check_head(pack: Pack) -> Iterator[Problem]:
    manifest, source = pack.manifest, pack.source
    if not is_supported(manifest.headrace):
        message = f"This pack needs Headrace {manifest.headrace}; this one is older. Upgrade Headrace first."
        yield source.problem("pack.headrace-version", message, ("headrace",))
    if manifest.homepage and not manifest.homepage.startswith("https://"):
        yield source.problem("flow.wrong-value", "The homepage starts with https://.", ("homepage",))
    if manifest.icon and (message := icon_problem(manifest.icon, pack.files)):
        yield source.problem("pack.file", message, ("icon",))
    if not pack.flows:
        message = "The pack has no flows. Put them into flows/NAME.yaml beside the manifest."
        yield source.problem("pack.no-flows", message, ())
    if not pack.readme.strip():
        message = f"Add a {README}: what the tools are for, what they need, an example."
        yield source.problem("pack.undescribed", message, (), severity="warning")


def icon_problem(icon: str, files: Files) -> str:
    """Say why a file of a pack is no icon; empty when it is one."""
    if not icon.endswith(ICON_SUFFIXES):
        return f"An icon is a file {' or '.join(ICON_SUFFIXES)}."
    if icon not in files:
        return f"There is no file {icon!r} beside {FILE}."
    if len(files[icon]) > MAX_ICON_BYTES:
        return f"The icon is larger than {MAX_ICON_BYTES >> 10} KiB."
    return "" if _is_image(icon, files[icon]) else f"{icon!r} does not hold what its name says."


def _is_image(name: str, content: bytes) -> bool:
    return content.startswith(PNG_SIGNATURE) if name.endswith(".png") else b"<svg" in content[:1024]


def _check_groups(pack: Pack) -> Iterator[Problem]:
    grouped: set[str] = set()
    for group, tools in pack.manifest.groups.items():
        grouped.update(tools)
        for index, tool in enumerate(tools):
            if tool not in pack.tools:
                message = f"There is no tool {tool!r} in this pack.{did_you_mean(tool, pack.tools)}"
                yield pack.source.problem("pack.group", message, ("groups", group, index))
    for name in pack.manifest.enabled:
        known = [*pack.manifest.groups, *pack.tools]
        if name not in known:
            message = f"There is no tool and no group {name!r} in this pack.{did_you_mean(name, known)}"
            yield pack.source.problem("pack.group", message, ("enabled", name), at_key=True)
    left_out = [tool for tool in pack.tools if tool not in grouped]
    if grouped and left_out:
        message = f"These tools are in no group, so nobody who chooses groups gets them: {', '.join(left_out)}."
        yield pack.source.problem("pack.group", message, ("groups",), at_key=True, severity="warning")


def _check_tests(pack: Pack) -> Iterator[Problem]:
    manifest, source = pack.manifest, pack.source
    for sentence in compile_variables(manifest.variables).rejections(manifest.tests.variables):
        message = f"The tests need values for the variables. {sentence}"
        yield source.problem("pack.variable", message, ("tests", "variables"))
    for name in manifest.tests.connections:
        if name not in manifest.connections:
            message = f"There is no connection {name!r}.{did_you_mean(name, manifest.connections)}"
            yield source.problem("pack.unknown-connection", message, ("tests", "connections", name), at_key=True)


def _check_use(pack: Pack) -> Iterator[Problem]:
    used = {name for flow in pack.flows.values() for name in flow.plan.connections}
    for name in pack.manifest.connections:
        if name not in used:
            yield _unused(pack, "connection", ("connections", name))
    for name in pack.manifest.variables:
        use = re.compile(rf"\bvars\s*(\.\s*{re.escape(name)}\b|\[)")
        is_used = any(use.search(flow.text) for flow in pack.flows.values())
        if not is_used and not reads(pack.manifest.enabled, "vars", name):
            yield _unused(pack, "variable", ("variables", name))


def _unused(pack: Pack, what: str, path: Path) -> Problem:
    message = f"No flow uses the {what} {path[-1]!r}."
    return pack.source.problem("pack.unused", message, path, at_key=True, severity="warning")


# -- one flow ------------------------------------------------------------------------------------------------------


def _check_flow(flow: PackFlow, pack: Pack) -> Iterator[Problem]:
    plan, manifest = flow.plan, pack.manifest
    for name, line in plan.connections.items():
        if name not in manifest.connections:
            message = (
                f"{FILE} declares no connection {name!r}.{did_you_mean(name, manifest.connections)} "
                "A flow of a pack names connections as the pack does."
            )
            yield Problem(code="pack.unknown-connection", message=message, file=flow.file, line=line)
    yield from _check_secrets(flow, pack)
    for name, line in plan.calls.items():
        if name not in pack.flows:
            message = f"There is no flow {name!r} in this pack.{did_you_mean(name, pack.flows)}"
            yield Problem(code="flow.unknown-flow", message=message, file=flow.file, line=line)
    for name in (flow.source.value.get("vars") or {}).keys() & manifest.variables.keys():
        message = f"{name!r} is a variable of the pack already. Rename one of the two."
        yield flow.source.problem("pack.variable", message, ("vars", name), at_key=True)
    if not plan.tests:
        message = "Add `tests:` with an example that passes offline; it shows people what the tool answers."
        yield flow.source.problem("pack.no-tests", message, ("flow",), severity="warning")
    if flow.is_tool:
        yield from _check_annotations(flow)
        yield from _check_params(flow)


def _check_secrets(flow: PackFlow, pack: Pack) -> Iterator[Problem]:
    for secret, line in flow.plan.secrets.items():
        declared = pack.manifest.connections.get(secret.connection)
        if declared is None:
            continue  # said of the connection already
        if declared.kind != "values":
            message = (
                f"{secret.connection!r} is declared with the kind `{declared.kind}`; secrets of a flow are fields of a "
                "connection of the kind `values`."
            )
        elif secret.field not in declared.values:
            suggestion = did_you_mean(secret.field, declared.values)
            message = f"{FILE} declares no value {secret.field!r} for {secret.connection!r}.{suggestion}"
        else:
            continue
        yield Problem(code="pack.unknown-connection", message=message, file=flow.file, line=line)


def _check_annotations(flow: PackFlow) -> Iterator[Problem]:
    annotations = flow.plan.input.config.annotations
    if annotations.readOnly is UNSET:
        message = "Say in `annotations` whether the tool is `readOnly`: clients ask people by it."
    elif annotations.readOnly is False and annotations.destructive is UNSET:
        message = "Say in `annotations` whether the tool is `destructive`: clients warn people by it."
    else:
        return
    yield flow.source.problem("pack.annotations", message, ("input", "mcp_tool"), at_key=True, severity="warning")


def _check_params(flow: PackFlow) -> Iterator[Problem]:
    in_short = flow.plan.input.config.schema is UNSET
    root: Path = ("input", "mcp_tool", "params") if in_short else ("input", "mcp_tool", "schema", "properties")
    for name, declared in flow.plan.input.arguments.schema.get("properties", {}).items():
        if not _is_described(declared):
            message = f"Say in `description` what {name!r} is: a model fills it in by this."
            yield flow.source.problem("pack.undescribed", message, (*root, name), at_key=True, severity="warning")


def _is_described(declared: Any) -> bool:
    return isinstance(declared, dict) and bool(declared.get("description"))
