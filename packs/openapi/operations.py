"""List the operations of a description, and choose among them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from packs.openapi.notes import Note, Skip
from packs.openapi.spec import Spec
from packs.openapi.text import plain

METHODS: Final = ("get", "head", "post", "put", "patch", "delete")
_OTHER_METHODS: Final = ("options", "trace")


@dataclass(frozen=True)
class Operation:
    """One method of one path.  `parameters` are resolved; those of the operation stand in for those of the path."""

    method: str
    path: str
    id: str
    tags: tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False)
    parameters: tuple[Mapping[str, Any], ...] = field(repr=False, default=())
    servers: Any = field(repr=False, default=None)

    @property
    def place(self) -> str:
        """How a person finds it: `GET /path`."""
        return f"{self.method} {plain(self.path)[:120]}"


@dataclass(frozen=True)
class Choice:
    """Which operations are wanted: those that fit one of each kind that is given; all when nothing is.

    `ids` and `places` (`GET /path`) name operations, whatever the rest says.
    """

    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    def takes(self, operation: Operation) -> bool:
        """Whether an operation is wanted."""
        if operation.id in self.ids or operation.place in self.places:
            return True
        if self.tags and not any(tag in self.tags for tag in operation.tags):
            return False
        if self.paths and not any(fnmatchcase(operation.path, glob) for glob in self.paths):
            return False
        return bool(self.tags or self.paths) or not (self.ids or self.places)


def operations_of(spec: Spec, notes: list[Note]) -> Iterator[Operation]:
    """List all operations in order; what cannot be read is noted."""
    for path, raw in spec.root["paths"].items():
        if path.startswith("x-"):
            continue
        try:
            item = spec.refs.resolve(raw)
        except Skip as reason:
            notes.append(Note(operation=plain(path)[:120], message=f"{reason}.", is_skipped=True))
            continue
        for method in METHODS:
            if method in item:
                yield from _operation(spec, path, method, item, notes)
        for method in _OTHER_METHODS:
            if method in item:
                place = f"{method.upper()} {plain(path)[:120]}"
                notes.append(Note(operation=place, message=f"{method.upper()} is no tool.", is_skipped=True))


def _operation(spec: Spec, path: str, method: str, item: Mapping[str, Any], notes: list[Note]) -> Iterator[Operation]:
    raw = item[method]
    place = f"{method.upper()} {plain(path)[:120]}"
    try:
        if not isinstance(raw, dict):
            raise Skip("it is no mapping")
        parameters = _parameters(spec, item.get("parameters"), raw.get("parameters"))
    except Skip as reason:
        notes.append(Note(operation=place, message=f"{reason}.", is_skipped=True))
        return
    name, tags = raw.get("operationId"), raw.get("tags")
    yield Operation(
        method=method.upper(),
        path=path,
        id=name if isinstance(name, str) else "",
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        raw=raw,
        parameters=parameters,
        servers=raw.get("servers") or item.get("servers"),
    )


def _parameters(spec: Spec, *lists: Any) -> tuple[Mapping[str, Any], ...]:
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for each in lists:
        if each is not None and not isinstance(each, list):
            raise Skip("its parameters are no list")
        for raw in each or ():
            one = spec.refs.resolve(raw)
            name, place = one.get("name"), one.get("in")
            if not isinstance(name, str) or not isinstance(place, str) or not name:
                raise Skip("a parameter has no name or no place")
            found[place, name] = one
    return tuple(found.values())
