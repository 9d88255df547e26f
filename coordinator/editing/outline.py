"""List the parts of a flow as an editor shows them: the input, every step however deep, the output.

A text that has mistakes has an outline too: it is made from what the author wrote, not from the compiled plan.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from flows.declared import element_of, fields_of, is_mapping, is_struct, kind_of
from flows.model import StepFields
from flows.problems import Problem
from flows.registry import Registry
from flows.sdk import ComponentType, StepType
from flows.source import Path, Source

DETAIL_CHARACTERS: Final = 72
MAX_PARTS: Final = 2_000
"""More parts than anybody looks at; a picture of them would only stop the browser."""
MAX_NESTING: Final = 24
MARKS: Final = {"for_each": "for each", "when": "when", "retry": "retry", "on_error": "on error", "timeout": "timeout"}

PartKind = Literal["input", "step", "branch", "output"]


class Part(Struct, frozen=True, kw_only=True):
    """A part of a flow: where it stands in the text."""

    id: Annotated[str, Meta(description="Names it in this answer: its path, joined with slashes.")]
    path: Annotated[tuple[str | int, ...], Meta(description="Keys and indexes that lead to it.")]
    kind: Annotated[PartKind, Meta(description="A `branch` is a list of steps inside of a step.")]
    depth: Annotated[int, Meta(description="How many parts it is inside of.")]
    parent: Annotated[str, Meta(description="The part that it is inside of; empty at the top.")]
    component: Annotated[str, Meta(description="Its component; empty for a branch, or when there is none yet.")]
    name: Annotated[str, Meta(description="The id of a step, the name of a branch.")]
    detail: Annotated[str, Meta(description="The most telling of its settings, cut if long.")]
    marks: Annotated[tuple[str, ...], Meta(description="What else happens with it: for each, when, retry ...")]
    line: Annotated[int, Meta(description="Where it starts; from 1.")]
    end_line: Annotated[int, Meta(description="Where it ends.")]
    severity: Annotated[Literal["", "error", "warning"], Meta(description="The worst problem that it has.")] = ""
    value: Annotated[Any, Meta(description="What is written there, without the steps inside; null for a branch.")] = (
        None
    )


def outline_of(source: Source | None, registry: Registry, problems: Iterable[Problem] = ()) -> list[Part]:
    """Return the parts in the order in which they run, each before what is inside of it."""
    if source is None or not isinstance(source.value, dict):
        return []
    outliner = _Outliner(source, registry, [(problem.line, problem.severity) for problem in problems])
    return list(outliner.parts())


def blocks_of(declared: type[Struct], raw: Any, path: Path) -> Iterator[tuple[Path, list[Any]]]:
    """Find the lists of steps in the configuration of a component, as it is written."""
    if not isinstance(raw, dict):
        return
    for name, field in fields_of(declared).items():
        if name in raw:
            yield from _blocks_in(field.type, raw[name], (*path, name))


def config_blocks(component: StepType, raw: Any, path: Path) -> Iterator[tuple[Path, list[Any]]]:
    """Find the lists of steps inside of a component, in its full or its short form."""
    short = component.whole or ("" if isinstance(raw, dict) else component.short)
    if short:
        return _blocks_in(fields_of(component.config)[short].type, raw, path)
    return blocks_of(component.config, raw, path)


def _blocks_in(declared: Any, raw: Any, path: Path) -> Iterator[tuple[Path, list[Any]]]:
    kind, bare = kind_of(declared)
    if kind == "steps":
        if isinstance(raw, list):
            yield path, raw
    elif is_struct(bare):
        yield from blocks_of(bare, raw, path)
    elif (element := element_of(bare)) is not None:
        wanted = dict if is_mapping(bare) else list
        if isinstance(raw, wanted):
            members: Iterable[tuple[Any, Any]] = raw.items() if isinstance(raw, dict) else enumerate(raw)
            for key, item in members:
                yield from _blocks_in(element, item, (*path, key))


class _Outliner:
    def __init__(self, source: Source, registry: Registry, problems: list[tuple[int, str]]) -> None:
        self._source = source
        self._registry = registry
        self._problems = problems
        self._left = MAX_PARTS

    def parts(self) -> Iterator[Part]:
        document = self._source.value
        yield from self._end(document, "input", self._registry.inputs)
        yield from self._steps(document.get("steps"), ("steps",), 0, "")
        yield from self._end(document, "output", self._registry.outputs)

    def _end(self, document: Mapping[str, Any], key: PartKind, known: Mapping[str, ComponentType]) -> Iterator[Part]:
        """Make the part of the input or of the output."""
        raw = document.get(key)
        if key not in document or not isinstance(raw, dict):
            return
        component = next((name for name in raw if name in known), "")
        config = raw.get(component)
        yield self._part(key, (key,), 0, "", component, component or key, self._detail_of_end(key, config), (), raw)

    def _detail_of_end(self, key: str, config: Any) -> str:
        if key == "input" and isinstance(config, dict) and isinstance(config.get("params"), dict):
            return _cut(", ".join(config["params"]))
        return _shown(config) if key == "output" else ""

    def _steps(self, raw: Any, path: Path, depth: int, parent: str) -> Iterator[Part]:
        if not isinstance(raw, list) or depth > MAX_NESTING:
            return
        for index, item in enumerate(raw):
            if self._left <= 0:
                return
            self._left -= 1
            yield from self._step(item, (*path, index), depth, parent)

    def _step(self, raw: Any, path: Path, depth: int, parent: str) -> Iterator[Part]:
        fields = raw if isinstance(raw, dict) else {}
        component = next((key for key in fields if key in self._registry.steps), "")
        declared = self._registry.steps.get(component)
        config = fields.get(component)
        blocks = [] if declared is None else list(config_blocks(declared, config, (*path, component)))
        handlers = list(blocks_of(StepFields, fields, path))
        name = fields["id"] if isinstance(fields.get("id"), str) else component
        marks = tuple(word for key, word in MARKS.items() if key in fields)
        detail = _detail(declared, config) if declared is not None and not (blocks and declared.whole) else ""
        shown = _without([block for block, _ in (*blocks, *handlers)], raw, path)
        step = self._part("step", path, depth, parent, component, name or "step", detail, marks, shown)
        yield step
        for block, steps in (*blocks, *handlers):
            yield from self._branch(block, steps, step, is_handler=block[len(path)] == "on_error")

    def _branch(self, path: Path, steps: list[Any], step: Part, *, is_handler: bool) -> Iterator[Part]:
        name = "on error" if is_handler else self._branch_name(path, step)
        branch = self._part("branch", path, step.depth + 1, step.id, "", name, "", (), None)
        yield branch
        yield from self._steps(steps, path, branch.depth + 1, branch.id)

    def _branch_name(self, path: Path, step: Part) -> str:
        """Name a branch by its condition, or by its key."""
        holder: Any = self._source.value
        for key in path[:-1]:
            holder = holder[key]
        last = path[-1]
        if last == "steps" and isinstance(path[-2], int):
            condition = holder.get("when")
            return "else" if condition is None else _cut(_bare(str(condition)))
        return str(last) if last != "steps" else "steps"

    def _part(
        self,
        kind: PartKind,
        path: Path,
        depth: int,
        parent: str,
        component: str,
        name: str,
        detail: str,
        marks: tuple[str, ...],
        value: Any,
    ) -> Part:
        start, end = self._source.span(path)
        line = min(start.line, self._source.key_position(path).line)
        return Part(
            id="/".join(map(str, path)),
            path=path,
            kind=kind,
            depth=depth,
            parent=parent,
            component=component,
            name=name,
            detail=detail,
            marks=marks,
            line=line,
            end_line=end.line,
            severity=self._worst(line, end.line),
            value=value,
        )

    def _worst(self, first: int, last: int) -> Literal["", "error", "warning"]:
        found = {severity for line, severity in self._problems if first <= line <= last}
        return "error" if "error" in found else "warning" if found else ""


def _detail(declared: StepType, config: Any) -> str:
    """Say the most telling of a step's settings: the whole of a short form, else the first ones that are plain."""
    if not isinstance(config, dict) or declared.whole:
        return "" if isinstance(config, list | None) else _shown(config)
    told = [config[name] for name in fields_of(declared.config) if isinstance(config.get(name), str)]
    return _cut(" ".join(_bare(text) for text in told[:2]))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return _cut(_bare(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))


def _bare(text: str) -> str:
    """Take the brackets off a text that is one expression."""
    inner = text.strip()
    is_one = inner.startswith("${{") and inner.endswith("}}") and inner.count("${{") == 1
    return inner[3:-2].strip() if is_one else inner


def _cut(text: str) -> str:
    line = " ".join(text[: 4 * DETAIL_CHARACTERS].split())
    return line if len(line) <= DETAIL_CHARACTERS else f"{line[: DETAIL_CHARACTERS - 1]}…"


def _without(blocks: list[Path], raw: Any, path: Path) -> Any:
    """Copy a value without the steps inside of it."""
    wanted = {block[len(path) :] for block in blocks}
    return _pruned(raw, (), wanted) if wanted else raw


def _pruned(value: Any, path: Path, gone: set[Path]) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(item, (*path, key), gone) for key, item in value.items() if (*path, key) not in gone}
    if isinstance(value, list):
        return [_pruned(item, (*path, index), gone) for index, item in enumerate(value) if (*path, index) not in gone]
    return value
