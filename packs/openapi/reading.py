"""Turn the bytes of a description into plain values, within limits.  Raises SpecRefused.

JSON is read as it is.  YAML is built here of the parser's events, because descriptions are larger than flows may be.
"""

from typing import Any, Final

import msgspec
import yaml

from flows.source.scalars import resolve
from packs.openapi.notes import SpecRefused

MAX_JSON_BYTES: Final = 32 * 1024 * 1024
MAX_YAML_BYTES: Final = 8 * 1024 * 1024
MAX_YAML_NODES: Final = 1_000_000
"""An alias counts as all that it stands for."""
MAX_DEPTH: Final = 100


def read_document(content: bytes) -> dict[str, Any]:
    """Read a document that must be a mapping."""
    is_json = content.lstrip()[:1] == b"{"
    limit = MAX_JSON_BYTES if is_json else MAX_YAML_BYTES
    if len(content) > limit:
        raise SpecRefused(
            f"The description is larger than {limit >> 20} MiB.",
            fix="Use the variant with references, not the dereferenced one." if is_json else "Convert it to JSON.",
        )
    value = _read_json(content) if is_json else _read_yaml(content)
    if not isinstance(value, dict):
        raise SpecRefused("The description is not a mapping.", fix="Give an OpenAPI or a Discovery document.")
    return value


def _read_json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except RecursionError:
        raise _too_deep() from None
    except msgspec.DecodeError as error:
        try:
            return _read_yaml(content)  # a flow mapping of YAML starts like JSON
        except SpecRefused:
            raise SpecRefused(f"The description is not valid JSON: {error}.") from None


def _read_yaml(content: bytes) -> Any:
    if len(content) > MAX_YAML_BYTES:
        raise SpecRefused(f"The description is not JSON, and larger than {MAX_YAML_BYTES >> 20} MiB.")
    builder = _Builder()
    try:
        text = content.decode()
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except UnicodeDecodeError:
        raise SpecRefused("The description is not UTF-8 text.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark is not None else ""
        raise SpecRefused(f"The description is not valid YAML{place}.") from None
    return builder.root


def _too_deep() -> SpecRefused:
    return SpecRefused(f"The description is nested more than {MAX_DEPTH} levels deep.")


class _Open:
    """A mapping or list that is being read."""

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None, before: int) -> None:
        self.value = value
        self.anchor = anchor
        self.before = before
        self.key: str | None = None


class _Builder:
    """Builds the value of one document, event by event."""

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event."""
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise SpecRefused("The description holds several YAML documents.")
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.MappingStartEvent():
                self._start({}, event)
            case yaml.SequenceStartEvent():
                self._start([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()

    def _scalar(self, event: Any) -> None:
        parent = self._open[-1] if self._open else None
        if parent is not None and isinstance(parent.value, dict) and parent.key is None:
            self._key(parent, event)
            return
        self._count(1)
        value = resolve(event.value, event.tag, event.style, _report)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(value)

    def _key(self, parent: _Open, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.value == "<<" and not event.style:
            raise SpecRefused(f"Line {line}: the merge key `<<` is not part of YAML 1.2.")
        if event.value in parent.value:
            raise SpecRefused(f"Line {line}: the key {event.value[:60]!r} is given twice.")
        parent.key = event.value
        self._count(1)

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if event.anchor not in self._anchors:
            raise SpecRefused(f"Line {line}: the alias *{event.anchor[:60]} names nothing that is complete before it.")
        value, size = self._anchors[event.anchor]
        self._count(size)
        self._add(value)

    def _start(self, value: dict[str, Any] | list[Any], event: Any) -> None:
        if event.tag is not None and not event.implicit:
            raise SpecRefused(f"Line {event.start_mark.line + 1}: the tag {event.tag[:60]!r} is not read.")
        if len(self._open) >= MAX_DEPTH:
            raise _too_deep()
        self._count(1)
        self._open.append(_Open(value, event.anchor, self._nodes))

    def _end(self) -> None:
        done = self._open.pop()
        if done.anchor:
            self._anchors[done.anchor] = (done.value, self._nodes - done.before + 1)
        self._add(done.value)

    def _add(self, value: Any) -> None:
        if not self._open:
            self.root = value
            return
        parent = self._open[-1]
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is None:
            raise SpecRefused("A key of the description is not text.")
        else:
            parent.value[parent.key] = value
            parent.key = None

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_YAML_NODES:
            raise SpecRefused(
                f"The description holds more than {MAX_YAML_NODES:,} values; an alias counts as all it stands for."
            )


def _report(code: str, message: str, *, severity: str = "error") -> None:
    if code == "yaml.tag":
        raise SpecRefused(message)
