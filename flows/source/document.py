"""A document that was read: turn the path of a value into its place in the text, or into a problem there."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from flows.problems import Problem
from flows.source.nodes import Nodes
from flows.source.places import Position, problem_at

Path = tuple[str | int, ...]
"""Keys and indexes from the top of a document to a value: `("steps", 0, "http", "url")`."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The value of a document, and the place of everything in it.

    A path that leads nowhere stands for its nearest parent that is there.
    """

    file: str
    text: str = field(repr=False)
    value: Any = field(repr=False)
    _nodes: Nodes = field(repr=False)

    def position(self, path: Path) -> Position:
        """Find where a value starts."""
        return self._place(self._nodes.start(self._find(path).node))

    def key_position(self, path: Path) -> Position:
        """Find where the key of a value starts; an element of a list has none, so there it is the value."""
        found = self._find(path)
        return self._place(self._nodes.start(found.node if found.key is None else found.key))

    def span(self, path: Path) -> tuple[Position, Position]:
        """Find where a value starts and where it ends (the place after its last character)."""
        start, end = self._nodes.span(self._find(path).node)
        return self._place(start), self._place(end)

    def position_in(self, path: Path, offset: int) -> Position:
        """Find where the character `offset` of a text value stands, whatever its style; else where the value starts."""
        found = self._find(path)
        if found.is_exact and isinstance(found.value, str):
            return self._place(self._nodes.character(found.node, found.value, offset))
        return self._place(self._nodes.start(found.node))

    def problem(
        self,
        code: str,
        message: str,
        path: Path,
        *,
        offset: int | None = None,
        at_key: bool = False,
        severity: Literal["error", "warning"] = "error",
    ) -> Problem:
        """Make a problem at a value, at its key, or at the character `offset` of it."""
        if offset is not None:
            return problem_at(self.position_in(path, offset), code, message, self.file, severity=severity)
        found = self._find(path)
        is_key = at_key and found.key is not None
        start, end = self._nodes.span(found.key if is_key and found.key is not None else found.node)
        # A whole mapping underlined in an editor helps nobody.
        is_short = is_key or (found.is_exact and not isinstance(found.value, dict | list))
        return problem_at(
            self._place(start), code, message, self.file, end=self._place(end) if is_short else None, severity=severity
        )

    def _place(self, offset: int) -> Position:
        return self._nodes.lines.position(offset)

    def _find(self, path: Path) -> "_Found":
        node, key, value = 0, None, self.value
        for part in path:
            children = self._nodes.children(node, value)
            child = children.get(part) if isinstance(part, str) == isinstance(value, dict) else None
            if child is None:
                return _Found(node, key, value, is_exact=False)
            node, key = child
            value = value[part]
        return _Found(node, key, value, is_exact=True)


class _Found(NamedTuple):
    node: int
    key: int | None
    value: Any
    is_exact: bool
