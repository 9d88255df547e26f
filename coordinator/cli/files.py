"""Read flow files from a disk for the commands that need no server."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coordinator.cli.console import missing_file
from coordinator.durable.hooks import build_hooks
from flows.check import check_calls
from flows.compile import analyse_flow
from flows.errors import NotFound
from flows.plan import Plan
from flows.problems import Problem
from packs.loader import folder_files, read_pack
from packs.manifest import FILE

SUFFIXES = (".yaml", ".yml")


@dataclass
class FlowFiles:
    """Flow files and packs: the plans that belong together, by name, and everything that is wrong.

    `plans` are those of single files, `packs` those of each pack by its folder.
    """

    files: list[str] = field(default_factory=list)
    plans: dict[str, Plan] = field(default_factory=dict)
    packs: dict[str, dict[str, Plan]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """The problems that keep a flow from being served."""
        return [problem for problem in self.problems if problem.severity == "error"]


def read_flow_files(paths: Sequence[Path]) -> FlowFiles:
    """Read and check all flow files and packs among the paths and below them.  Raises NotFound for none."""
    found = FlowFiles()
    files = list(dict.fromkeys(_flow_files(paths)))
    if not files:
        looked = ", ".join(repr(str(path)) for path in paths)
        raise NotFound(
            f"There are no flow files in {looked}.",
            fix="Flow files end in .yaml or .yml. Name them, or their directory.",
        )
    folders = list(dict.fromkeys(path.parent for path in files if path.name == FILE))
    for folder in folders:
        take_pack(found, folder)
    for path in files:
        if not any(path.is_relative_to(folder) for folder in folders):
            _take(found, path)
    found.problems += check_calls(found.plans)
    found.problems += build_hooks(found.plans.values()).problems
    return found


def take_pack(found: FlowFiles, folder: Path) -> None:
    """Read and check the pack in a folder.  Raises NotFound when there is none."""
    files = folder_files(folder)
    pack, problems = read_pack(files, str(folder))
    found.files += [str(folder / name) for name in files if name.endswith(SUFFIXES)]
    found.problems += problems
    if pack is not None:
        found.packs[str(folder)] = pack.plans()
        found.problems += [
            Problem(code="flow.schema", message=reason, file=flow.file)
            for flow in pack.flows.values()
            if (reason := _tool_problem(flow.plan)) is not None
        ]


def _flow_files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            below = sorted(each for each in path.rglob("*") if each.suffix in SUFFIXES and each.is_file())
            yield from (each for each in below if not _is_hidden(each.relative_to(path)))
        elif path.exists():
            yield path
        else:
            raise missing_file(path)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _take(found: FlowFiles, path: Path) -> None:
    shown = str(path)
    found.files.append(shown)
    plan, problems = analyse_flow(path.read_bytes(), shown)
    found.problems += problems
    if plan is None:
        return
    earlier = found.plans.setdefault(plan.name, plan)
    if earlier is not plan:
        message = f"The flow {plan.name!r} is in {earlier.file} already. Rename one of them."
        found.problems.append(Problem(code="flow.duplicate-name", message=message, file=shown))
    elif (reason := _tool_problem(plan)) is not None:
        found.problems.append(Problem(code="flow.schema", message=reason, file=shown))


def _tool_problem(plan: Plan) -> str | None:
    from coordinator.toolset import ToolInvalid, build_tool

    if plan.input.type.name != "mcp_tool":
        return None
    try:
        build_tool(plan)
    except ToolInvalid as error:
        return str(error)
    return None
