"""Change one place of a flow's text and leave all the rest as its author wrote it, comments and spaces included.

Every change is read back before it is given out: only the place that was meant may have another value than before.
A place that cannot be changed so (an alias, a text over several lines between brackets) is refused with a reason.
"""

import json
import re
from collections.abc import Callable
from itertools import count
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Struct

from coordinator.editing.completion import utf16
from coordinator.editing.scope import step_ids
from flows.errors import InputRejected
from flows.registry import default_registry
from flows.source import Path, Source, read_source
from packs.openapi.yaml_text import write_yaml

STEP_HEAD: Final = ("id", "when", "for_each")
FLOW_HEAD: Final = ("flow", "title", "description")
"""Fields that people write above the others, in this order."""
_BY_HAND: Final = "Change this place in the text."


class Change(Struct, frozen=True, kw_only=True):
    """Characters to replace; offsets are UTF-16, as browsers count."""

    start: Annotated[int, Meta(description="Where the old characters start.")]
    end: Annotated[int, Meta(description="Where they end.")]
    insert: Annotated[str, Meta(description="The new characters.")]


class _Edit(Struct, frozen=True):
    start: int
    end: int
    insert: str


def set_value(text: str, path: Path, value: Any) -> Change:
    """Give the place at a path another value, or make it.  Raises InputRejected."""
    source = _readable(text)
    path, value = _in_full(source, path, value)
    _check_path(source.value, path)
    return _proven(text, lambda: _set(source, path, value), _with(source.value, path, value))


def remove(text: str, path: Path) -> Change:
    """Take a key with its value out.  Raises InputRejected."""
    source = _readable(text)
    _check_path(source.value, path)
    return _proven(text, lambda: _removal(source, path), _with(source.value, path, UNSET))


def insert_step(text: str, line: int, step: Any) -> Change:
    """Put a step behind the one at a line, else behind the last one.  Raises InputRejected."""
    source = _readable(text)
    if not isinstance(source.value, dict):
        raise InputRejected("The text is no flow yet.", fix="Start with `flow: NAME`.")
    block, index = _block_at(source, line)
    steps = _get(source.value, block)
    step = _named(step, source.value)
    wanted = [*(steps or [])[:index], step, *(steps or [])[index:]]
    return _proven(
        text,
        lambda: _insertion(source, (*block, index - 1), step) if steps else _set(source, block, [step]),
        _with(source.value, block, wanted),
    )


def step_yaml(step: Any) -> str:
    """Write a step as one would in a list."""
    return _list_text([step])


# -- find ----------------------------------------------------------------------------------------------------------


def _readable(text: str) -> Source:
    source, problems = read_source(text)
    if source is None or any(problem.severity == "error" for problem in problems):
        raise InputRejected("The text is not valid YAML at the moment.", fix="Correct that first.")
    return source


def _in_full(source: Source, path: Path, value: Any) -> tuple[Path, Any]:
    """Turn a short form into the full one when another field is added to it (`sleep: 1s`)."""
    if len(path) < 2:
        return path, value
    parent, name = _get(source.value, path[:-1]), path[-2]
    declared = default_registry().steps.get(str(name))
    if declared is None or isinstance(parent, dict | None) or not declared.short:
        return path, value
    if declared.short == path[-1]:
        return path[:-1], value
    return path[:-1], {declared.short: parent, path[-1]: value}


def _block_at(source: Source, line: int) -> tuple[Path, int]:
    """Find the innermost list of steps with an element at a line, and the index behind that element."""
    best: tuple[Path, int] = (("steps",), len(_get(source.value, ("steps",)) or []))

    def search(value: Any, path: Path) -> None:
        nonlocal best
        members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in members:
            start, end = source.span((*path, key))
            if not min(start.line, source.key_position((*path, key)).line) <= line <= end.line:
                continue
            if isinstance(key, int) and isinstance(item, dict) and item.keys() & default_registry().steps.keys():
                best = (path, key + 1)
            search(item, (*path, key))

    search(source.value.get("steps"), ("steps",))
    return best


def _named(step: Any, document: Any) -> Any:
    """Give a step whose result is wanted an id that is free: that of its component, numbered if need be."""
    known = default_registry().steps
    component = next((key for key in step if key in known), "") if isinstance(step, dict) else ""
    if not component or "id" in step or not known[component].reaches_out:
        return step
    taken = set(step_ids(document))
    free = (f"{component}_{number}" for number in count(2))
    return {"id": component if component not in taken else next(name for name in free if name not in taken), **step}


def _check_path(value: Any, path: Path) -> None:
    """Raise InputRejected when a path leads through something that has no such places."""
    for part in path:
        if isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value):
            value = value[part]
        elif isinstance(value, dict | None) and isinstance(part, str):
            value = (value or {}).get(part)
        else:
            raise InputRejected("There is no such place in the text.", fix="Check the text first.")


def _get(value: Any, path: Path) -> Any:
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _with(value: Any, path: Path, new: Any) -> Any:
    """Copy a value with one place changed; UNSET takes it out."""
    if not path:
        return new
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        items = list(value)
        items[head] = _with(items[head], rest, new)
        return items
    known = dict(value or {})
    if not rest and new is UNSET:
        known.pop(head, None)
        return known
    known[head] = _with(known.get(head), rest, new)
    return known


def _span(source: Source, path: Path) -> tuple[int, int]:
    start, end = source.span(path)
    return _offset(source.text, start), _offset(source.text, end)


def _offset(text: str, position: tuple[int, int]) -> int:
    line, column = position
    at = 0
    for _ in range(line - 1):
        at = text.index("\n", at) + 1
    return at + column - 1


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _column(text: str, offset: int) -> int:
    return offset - (text.rfind("\n", 0, offset) + 1)


def _is_flow(source: Source, path: Path) -> bool:
    """Whether a collection is written between brackets."""
    start, _ = _span(source, path)
    return source.text[start : start + 1] in ("{", "[")


# -- change --------------------------------------------------------------------------------------------------------


def _set(source: Source, path: Path, value: Any) -> _Edit:
    parent = _get(source.value, path[:-1])
    key = path[-1]
    if isinstance(parent, list):
        start, end = _span(source, path)
        return _Edit(start, end, _flow(value))
    if isinstance(parent, dict) and key in parent:
        return _replaced(source, path, value)
    if isinstance(parent, dict) and parent:
        return _added(source, path, value)
    if len(path) == 1:
        end = len(source.text.rstrip())
        return _Edit(end, len(source.text), "\n" * bool(end) + _entry(str(key), value, 0) + "\n")
    return _set(source, path[:-1], {key: value})


def _replaced(source: Source, path: Path, value: Any) -> _Edit:
    text, key = source.text, str(path[-1])
    key_start = _offset(text, source.key_position(path))
    start, end = _span(source, path)
    if end <= key_start or _get(source.value, path) is None:
        start = end = text.index(":", key_start + len(key)) + 1
        end = max(end, start)
        if (found := re.match(r"[ \t]*(null|~)(?=[ \t\n,}]|$)", text[start:])) is not None:
            end = start + found.end()
    if _is_flow(source, path[:-1]):
        return _Edit(start, end, (" " if text[start - 1 : start] == ":" else "") + _flow(value))
    written = _entry(key, value, _column(text, key_start))
    if "\n" in written and text[end : _line_end(text, end)].strip():  # a comment would end up inside of the value
        written = f"{key}: {_flow(value)}"
    return _Edit(key_start, end, written)


def _added(source: Source, path: Path, value: Any) -> _Edit:
    """Write a key that is not there yet: at the end, or for some of a step above the others."""
    text, parent, key = source.text, path[:-1], str(path[-1])
    siblings = list(_get(source.value, parent))
    if _is_flow(source, parent):
        _, end = _span(source, (*parent, siblings[-1]))
        return _Edit(end, end, f", {_flow({key: value})[1:-1]}")
    first = _offset(text, source.key_position((*parent, siblings[0])))
    indent = _column(text, first)
    entry = _entry(key, value, indent)
    head = FLOW_HEAD if not parent else STEP_HEAD if isinstance(parent[-1], int) else ()
    if key in head:
        above = [name for name in head[: head.index(key)] if name in siblings]
        if not above:
            return _Edit(first, first, f"{entry}\n{' ' * indent}")
        siblings = above[-1:]
    _, end = _span(source, (*parent, siblings[-1]))
    end = max(end, _offset(text, source.key_position((*parent, siblings[-1]))))
    end = _line_end(text, end)
    return _Edit(end, end, f"\n{' ' * indent}{entry}")


def _removal(source: Source, path: Path) -> _Edit:
    text, parent = source.text, path[:-1]
    holder = _get(source.value, parent)
    if not isinstance(holder, dict) or path[-1] not in holder:
        raise InputRejected("There is nothing to take out here.", fix=_BY_HAND)
    keys = list(holder)
    index = keys.index(path[-1])
    start = _offset(text, source.key_position(path))
    _, end = _span(source, path)
    end = max(end, text.index(":", start) + 1)
    if len(keys) == 1:
        return _Edit(*_span(source, parent), "{}")
    if index + 1 < len(keys):
        following = _offset(text, source.key_position((*parent, keys[index + 1])))
        # What stands between the lines belongs to the next key: a comment above it stays.
        line_end = _line_end(text, end)
        if line_end < following and not _is_flow(source, parent):
            between = text[line_end + 1 : following]
            return _Edit(start, following, between.lstrip(" ") if between.strip() else "")
        return _Edit(start, following, "")
    _, before = _span(source, (*parent, keys[index - 1]))
    if _is_flow(source, parent):
        return _Edit(before, end, "")
    line_start = text.rfind("\n", 0, start)
    return _Edit(line_start, _line_end(text, end), "")


def _insertion(source: Source, before: Path, step: Any) -> _Edit:
    """Write a step behind another one of the same list."""
    start, end = _span(source, before)
    if _is_flow(source, before[:-1]):
        return _Edit(end, end, f", {_flow(step)}")
    indent = _column(source.text, source.text.rindex("-", 0, start))
    end = _line_end(source.text, end)
    return _Edit(end, end, "\n" + _indented(_list_text([step]), indent))


def _proven(text: str, make: Callable[[], _Edit], wanted: Any) -> Change:
    """Give a change out only when the text then says what is wanted, and nothing else."""
    try:
        edit = make()
    except ValueError:  # a spelling that was not looked for, such as `? key`
        raise InputRejected("This place is written in a way that a form cannot change.", fix=_BY_HAND) from None
    changed = text[: edit.start] + edit.insert + text[edit.end :]
    source, problems = read_source(changed)
    broken = source is None or any(problem.severity == "error" for problem in problems)
    if broken or source is None or _plain(source.value) != _plain(wanted):
        raise InputRejected("This place is written in a way that a form cannot change.", fix=_BY_HAND)
    return Change(start=utf16(text, edit.start), end=utf16(text, edit.end), insert=edit.insert)


def _plain(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


# -- write ---------------------------------------------------------------------------------------------------------


def _entry(key: str, value: Any, indent: int) -> str:
    """Write `key: value`, further lines indented below the key."""
    if isinstance(value, str) and "\n" in value and (block := _literal(value)) is not None:
        return f"{key}: {_indented(block, indent).lstrip()}"
    if key == "steps" and isinstance(value, list) and all(isinstance(item, dict) and item for item in value) and value:
        return f"{key}:\n{_indented(_list_text(value), indent + 2)}"
    return _indented(write_yaml({key: value}).rstrip("\n"), indent).lstrip()


def _literal(value: str) -> str | None:
    """Write lines of text as they are, unless YAML would read them otherwise."""
    if not value.isprintable() and not value.replace("\n", "").isprintable():
        return None
    if value != value.rstrip("\n") + "\n" * value.endswith("\n") or value[:1] in (" ", "\n") or not value.strip():
        return None
    head = "|" if value.endswith("\n") else "|-"
    return "\n".join([head, *(f"  {line}" if line else "" for line in value.rstrip("\n").split("\n"))])


def _list_text(items: list[Any]) -> str:
    return "\n".join(f"- {_indented(write_yaml(item).rstrip(), 2).lstrip()}" for item in items)


def _indented(text: str, indent: int) -> str:
    return "\n".join(" " * indent + line if line else line for line in text.split("\n"))


def _flow(value: Any) -> str:
    """Write a value in one line, as JSON: that is YAML everywhere."""
    is_plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w ./-]*(?<! )", value, re.ASCII)
    if is_plain and value.lower() not in ("null", "true", "false", "yes", "no", "on", "off", "y", "n"):
        return str(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_flow(key)}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return json.dumps(value, ensure_ascii=False)
