"""Turn the events of the YAML parser into the value of a document, the places of its nodes, and problems."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, NoReturn

import yaml

from flows.problems import Problem, did_you_mean
from flows.source.document import Source
from flows.source.limits import MAX_DEPTH, MAX_NODES, MAX_PROBLEMS
from flows.source.nodes import Nodes
from flows.source.places import problem_at
from flows.source.scalars import CORE, kind_of, report_tag, resolve, shorten
from flows.source.syntax_errors import explain
from flows.source.text import disguise

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: about ten times slower, with the same events
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_WANTED = object()
_DROPPED = object()
_HALF = re.compile("[\ud800-\udfff]")


def build(text: str, file: str) -> tuple[Source | None, list[Problem]]:
    """Read one document; the source is None when the value is not complete."""
    builder = _Builder(text, file)
    return (builder.source() if builder.read() else None), builder.problems


def _ignore(_event: Any) -> None:
    """Take an event that says nothing about the value."""


class _Stop(Exception):
    """Reading cannot go on; the problem is noted."""


class _Open:
    """A collection whose end was not reached yet.

    `key` says what the next node is for: a key (`_WANTED`), the value of a key, nothing (`_DROPPED`), or an element of
    a list (None).  `shared` is what aliases stood for when it was opened, `height` how many levels it has so far.
    """

    __slots__ = ("height", "key", "node", "shared", "value")

    def __init__(self, value: Any, key: Any, node: int, shared: int) -> None:
        self.value = value
        self.key = key
        self.node = node
        self.shared = shared
        self.height = 1


class _Builder:
    """Builds the value without recursion.

    The first of `_open` is a list that takes the document, the last is the innermost collection.  A problem stands at
    the node that was noted last.  `_shared` counts what aliases stand for; `_sizes` are the nodes and the height of the
    collections that an alias may name.
    """

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._text = text
        self._nodes = nodes = Nodes(text)
        self._starts, self._ends = nodes.starts, nodes.ends
        self._disguised, self._restore = disguise(text)
        self._inner = _Open([], None, -1, 0)
        self._open = [self._inner]
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._sizes: dict[int, tuple[int, int]] = {}
        self._shared = 0
        self._end = 0
        self._documents = 0

    def source(self) -> Source:
        """Return what was read; an empty text is null."""
        documents = self._open[0].value
        return Source(self._file, self._text, documents[0] if documents else None, self._nodes)

    def read(self) -> bool:
        """Read all events; False when the value is not complete."""
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._read_scalar,
            yaml.MappingStartEvent: self._read_start,
            yaml.SequenceStartEvent: self._read_start,
            yaml.MappingEndEvent: self._read_end,
            yaml.SequenceEndEvent: self._read_end,
            yaml.AliasEvent: self._read_alias,
            yaml.DocumentStartEvent: self._read_document,
            **dict.fromkeys((yaml.DocumentEndEvent, yaml.StreamStartEvent, yaml.StreamEndEvent), _ignore),
        }
        try:
            next_event = _Loader(self._disguised).get_event
            while (event := next_event()) is not None:
                handlers[type(event)](event)
        except _Stop:
            return self._documents > 1
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # the Python parser fails so on "\\UFFFFFFFF"
            message, offset = explain(error, self._text)
            with suppress(_Stop):
                self._add("yaml.syntax", message, offset)
            return False
        return True

    # -- one method for each kind of event

    def _read_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            message = "A second document starts here. Put each into a file of its own."
            self._stop("yaml.document-count", message, event.start_mark.index)

    def _read_scalar(self, event: Any) -> None:
        node = self._note(event)
        text: str = event.value
        if self._restore is not None:
            text = self._restore(text, event.style == '"')
        if not text.isascii() and _HALF.search(text):  # only the parser in Python lets such an escape pass
            self._stop("yaml.syntax", "An escape in this text is half of a character.")
        inner = self._inner
        if inner.key is _WANTED:
            value: Any = text
            key = self._scalar_key(event, text)
            inner.key = self._duplicate_key(text) if key in inner.value else key
        else:
            value = resolve(text, event.tag, event.style, self._report)
            self._attach(value)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, node)

    def _read_start(self, event: Any) -> None:
        node = self._note(event)
        is_mapping = type(event) is yaml.MappingStartEvent
        value: Any = {} if is_mapping else []
        if len(self._open) > MAX_DEPTH:
            self._stop_too_deep()
        if event.tag is not None and event.tag not in ("!", CORE + ("map" if is_mapping else "seq")):
            report_tag(event.tag, value, self._report)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, node)
        if self._inner.key is _WANTED:
            self._inner.key = self._odd_key(value)
        else:
            self._attach(value)
        self._inner = _Open(value, _WANTED if is_mapping else None, node, self._shared)
        self._open.append(self._inner)

    def _read_end(self, event: Any) -> None:
        closed = self._open.pop()
        self._inner = inner = self._open[-1]
        if closed.height >= inner.height:
            inner.height = closed.height + 1
        if self._anchors:
            size = len(self._starts) - closed.node + self._shared - closed.shared
            self._sizes[closed.node] = (size, closed.height)
        # The end of a block collection has no text of its own: it ends with the last node in it.
        if event.end_mark.index > event.start_mark.index:
            self._end = event.end_mark.index
        self._ends[closed.node] = self._end
        self._nodes.nexts[closed.node] = len(self._starts)

    def _read_alias(self, event: Any) -> None:
        node = self._note(event)
        value, target = self._anchors.get(event.anchor, (None, None))
        if target is None:
            hint = did_you_mean(event.anchor, self._anchors) or " Put quotes around text that starts with *."
            self._report("yaml.alias", f"There is no anchor &{event.anchor} before this.{hint}")
        elif any(value is around.value for around in self._open):
            value = None
            message = f"The alias *{event.anchor} stands inside of what it refers to. Write the value out."
            self._report("yaml.alias", message)
        else:
            self._nodes.aliases[node] = target
            self._count_again(target)
        if self._inner.key is not _WANTED:
            self._attach(value)
        elif not isinstance(value, str):
            self._inner.key = self._odd_key(value)
        else:
            self._inner.key = self._duplicate_key(value) if value in self._inner.value else value

    # -- nodes

    def _note(self, event: Any) -> int:
        node = len(self._starts)
        self._starts.append(event.start_mark.index)
        self._end = end = event.end_mark.index
        self._ends.append(end)
        if node + self._shared >= MAX_NODES:
            self._stop_too_many()
        return node

    def _attach(self, value: Any) -> None:
        inner = self._inner
        key = inner.key
        if key is None:
            inner.value.append(value)
            return
        if key is not _DROPPED:
            inner.value[key] = value
        inner.key = _WANTED

    def _count_again(self, target: int) -> None:
        """Add what an alias stands for to the nodes and to the depth, so that no reader of the value is surprised."""
        size, height = self._sizes.get(target, (1, 0))
        self._shared += size - 1
        self._inner.height = max(self._inner.height, height + 1)
        if len(self._starts) + self._shared > MAX_NODES:
            self._stop_too_many()
        if len(self._open) - 1 + height > MAX_DEPTH:
            self._stop_too_deep()

    # -- keys: each returns what stands for the key

    def _scalar_key(self, event: Any, text: str) -> Any:
        if text == "<<" and not event.style and event.tag is None:
            message = "YAML 1.2 has no merge key. Write the keys out, or share a whole value with an alias."
            return self._drop_key("yaml.merge-key", message)
        value = resolve(text, event.tag, event.style, self._report, True)
        return text if isinstance(value, str) else self._odd_key(value, text)

    def _duplicate_key(self, text: str) -> Any:
        first = self._nodes.lines.position(self._starts[self._key_node(text)]).line
        message = f"The key {shorten(text)} is here twice; the first is in line {first}. Remove or rename one."
        return self._drop_key("yaml.duplicate-key", message)

    def _key_node(self, text: str) -> int:
        children = self._nodes.walk(self._inner.node, self._inner.value)
        return next(key for name, (_, key) in children if name == text and key is not None)

    def _odd_key(self, value: Any, text: str = "") -> Any:
        if isinstance(value, dict | list):
            message = f"A key is text, but here is {kind_of(value)}. Put quotes around it."
            if isinstance(value, dict) and self._text.startswith("{", self._starts[-1]):
                message = 'A key is text, but here is a mapping. Put an expression in quotes: "${{ ... }}".'
            return self._drop_key("yaml.key", message)
        if not text:
            return self._drop_key("yaml.key", "A key is missing before the colon.")
        message = f"A key is text, but {shorten(text)} is {kind_of(value)}. Put quotes around it."
        self._report("yaml.key", message)
        return text

    def _drop_key(self, code: str, message: str) -> Any:
        self._report(code, message)
        self._nodes.dropped.add(len(self._starts) - 1)
        return _DROPPED

    # -- problems

    def _report(self, code: str, message: str, *, severity: Literal["error", "warning"] = "error") -> None:
        """Note a problem at the last node."""
        start, end = self._nodes.span(len(self._starts) - 1)
        self._add(code, message, start, end, severity)

    def _stop_too_deep(self) -> NoReturn:
        message = f"Lists and mappings are nested more than {MAX_DEPTH} deep. Make the structure flatter."
        self._stop("yaml.too-deep", message)

    def _stop_too_many(self) -> NoReturn:
        message = f"The file holds more than {MAX_NODES:,} values (an alias counts as all it stands for). Split it."
        self._stop("yaml.too-many-nodes", message)

    def _stop(self, code: str, message: str, offset: int | None = None) -> NoReturn:
        """Note a problem with which reading ends, at an offset or else at the last node."""
        self._add(code, message, self._starts[-1] if offset is None else offset)
        raise _Stop

    def _add(
        self,
        code: str,
        message: str,
        start: int,
        end: int | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        place = self._nodes.lines.position
        if len(self.problems) >= MAX_PROBLEMS:
            message = f"There are more than {MAX_PROBLEMS} problems. Repair these first."
            self.problems.append(problem_at(place(start), "yaml.too-many-problems", message, self._file))
            raise _Stop
        ends = None if end is None else place(end)
        self.problems.append(problem_at(place(start), code, message, self._file, end=ends, severity=severity))
