"""Read the files of a pack into a Pack: the manifest and its flows, compiled as their tests run them.

`read_pack` turns files that were read already into a pack or problems; `folder_files` reads those of a folder.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from flows.compile import analyse_source
from flows.definition import Binding
from flows.errors import FlowInvalid, NotFound
from flows.problems import Problem
from flows.source import MAX_BYTES, read_source
from packs.check import ICON_SUFFIXES, check_pack
from packs.manifest import FILE, MAX_FLOW_NAME, Manifest, compile_variables, read_manifest
from packs.pack import Files, Pack, PackFlow, PackHead, pack_digest

CATALOG: Final = Path(__file__).parent / "catalog"
"""The packs that come with Headrace."""
FLOWS: Final = "flows/"
FLOW_SUFFIX: Final = ".yaml"
MAX_FLOWS: Final = 200


def load_pack(folder: Path) -> Pack:
    """Read the pack in a folder.  Raises FlowInvalid with all errors, NotFound without a manifest."""
    return sound_pack(folder_files(folder), str(folder))


def sound_pack(files: Files, shown: str = "") -> Pack:
    """Read a pack that must have no errors.  Raises FlowInvalid with all of them."""
    pack, problems = read_pack(files, shown)
    if pack is None:
        raise FlowInvalid([problem for problem in problems if problem.severity == "error"])
    return pack


def read_head(files: Files, shown: str = "") -> PackHead:
    """Read of a pack what lists say of it.  Raises FlowInvalid when the manifest has errors; flows may have some."""
    manifest, _, problems = read_manifest(files[FILE], f"{shown.rstrip('/')}/{FILE}")
    if manifest is None:
        raise FlowInvalid([problem for problem in problems if problem.severity == "error"])
    flows = (read_source(files[file])[0] for file in _flow_files(files))
    tools = sum(flow is not None and _is_tool(flow.value) for flow in flows)
    return PackHead(manifest, files, pack_digest(files), tools)


def read_pack(files: Files, shown: str = "") -> tuple[Pack | None, list[Problem]]:
    """Read a pack from its files: None unless it has no errors, and all problems.

    `shown` is the folder that problems name.
    """
    place = f"{shown.rstrip('/')}/" if shown else ""
    if FILE not in files:
        message = f"A pack has a file {FILE}. Make one with `headrace pack new`."
        return None, [Problem(code="pack.file", message=message, file=f"{place}{FILE}")]
    manifest, source, problems = read_manifest(files[FILE], place + FILE)
    binding = binding_for_tests(manifest, _flow_names(files), source.value if source else None)
    flows: dict[str, PackFlow] = {}
    flow_files = _flow_files(files)
    if len(flow_files) > MAX_FLOWS:
        message = f"A pack has at most {MAX_FLOWS} flows. Make two packs."
        return None, [*problems, Problem(code="pack.file", message=message, file=f"{place}{FLOWS}")]
    for file in flow_files:
        flow, found = _read_flow(files[file], place + file, binding)
        problems += found
        if flow is not None:
            flows[flow.name] = flow
    is_sound = manifest is not None and source is not None and not any(each.severity == "error" for each in problems)
    if manifest is None or source is None or not is_sound:
        return None, problems
    pack = Pack(manifest, source, dict(files), flows, pack_digest(files))
    problems += check_pack(pack)
    return (None if any(each.severity == "error" for each in problems) else pack), problems


def binding_for_tests(manifest: Manifest | None, names: Iterable[str], document: Any = None) -> Binding:
    """Return what the tests of a pack's flows run with; of a broken manifest at least the names of its variables."""
    if manifest is None:
        declared = document.get("variables") if isinstance(document, dict) else None
        return Binding(vars=dict.fromkeys(declared) if isinstance(declared, dict) else {})
    variables = compile_variables(manifest.variables).complete(manifest.tests.variables)
    return Binding(flows=tuple(sorted(names)), connections=manifest.tests.connections, vars=variables)


def folder_files(folder: Path) -> dict[str, bytes]:
    """Read those files of a folder that belong to a pack.  Raises NotFound."""
    if not (folder / FILE).is_file():
        raise NotFound(f"There is no {FILE} in {str(folder)!r}.", fix="Make a pack with `headrace pack new`.")
    candidates = [*folder.glob("*"), *(folder / FLOWS).glob(f"*{FLOW_SUFFIX}")]
    found: dict[str, bytes] = {}
    for path in sorted(candidates):
        name = path.relative_to(folder).as_posix()
        if is_pack_file(name) and path.is_file():
            with path.open("rb") as file:
                found[name] = file.read(MAX_BYTES + 1)
    return found


def is_pack_file(name: str) -> bool:
    """Whether a path inside a pack is one that packs have: the manifest, flows, pages in Markdown, the icon."""
    folder, _, last = name.rpartition("/")
    if last.startswith("."):
        return False
    if folder:
        return f"{folder}/" == FLOWS and last.endswith(FLOW_SUFFIX)
    return name == FILE or last.endswith((".md", *ICON_SUFFIXES))


def _flow_files(files: Files) -> list[str]:
    return sorted(file for file in files if file.startswith(FLOWS) and file.endswith(FLOW_SUFFIX))


def _flow_names(files: Files) -> list[str]:
    return [file.removeprefix(FLOWS).removesuffix(FLOW_SUFFIX) for file in _flow_files(files)]


def _is_tool(document: Any) -> bool:
    """Whether a flow is a tool, as far as its text shows it."""
    if not isinstance(document, dict) or document.get("enabled") is False:
        return False
    found = document.get("input")
    if not isinstance(found, dict) or "mcp_tool" not in found:
        return False
    config = found["mcp_tool"]
    return not isinstance(config, dict) or config.get("enabled") is not False


def _read_flow(content: bytes, file: str, binding: Binding) -> tuple[PackFlow | None, list[Problem]]:
    source, problems = read_source(content, file)
    if source is None:
        return None, problems
    plan, problems = analyse_source(source, problems, binding=binding)
    if plan is None:
        return None, problems
    stem = file.rpartition("/")[2].removesuffix(FLOW_SUFFIX)
    if plan.name != stem:
        message = f"The file is called {stem!r}, its flow {plan.name!r}. Make the two the same."
        problems.append(source.problem("pack.file", message, ("flow",)))
    if len(plan.name) > MAX_FLOW_NAME:
        message = f"In a pack, names have at most {MAX_FLOW_NAME} characters, for a prefix stands before them."
        problems.append(source.problem("flow.wrong-value", message, ("flow",)))
    return PackFlow(plan.name, file, source.text, plan, source), problems
