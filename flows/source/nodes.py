"""Turn nodes of a document, numbered as they come in the text, into offsets of where they start and end."""

from array import array
from collections.abc import Iterator
from typing import Any

from flows.source.characters import character_places
from flows.source.places import Lines

Child = tuple[int, int | None]
"""The node of a value in a collection, and the node of its key."""


class Nodes:
    """The nodes of one document, keys included; an alias is a node of its own.

    The builder fills them in: `nexts` is the number after the last node inside of a collection, `aliases` lead to the
    node that they stand for, `dropped` are keys that have no part in the value.
    """

    __slots__ = ("_characters", "_children", "aliases", "dropped", "ends", "lines", "nexts", "starts")

    def __init__(self, text: str) -> None:
        self.lines = Lines(text)
        self.starts = array("I")
        self.ends = array("I")
        self.nexts: dict[int, int] = {}
        self.aliases: dict[int, int] = {}
        self.dropped: set[int] = set()
        self._children: dict[int, dict[str | int, Child]] = {}
        self._characters: tuple[int, list[int] | None] = (-1, None)

    def start(self, node: int) -> int:
        """Find the first character of a node; an empty document has no node, and starts at its first character."""
        return self.starts[node] if node < len(self.starts) else 0

    def span(self, node: int) -> tuple[int, int]:
        """Find the first character of a node and the place after its last one."""
        if node >= len(self.starts):
            return 0, 0
        start, end, text = self.starts[node], self.ends[node], self.lines.text
        while end > start and text[end - 1] in " \t\r\n":  # block scalars reach to the next token
            end -= 1
        return start, end

    def children(self, node: int, value: Any) -> dict[str | int, Child]:
        """List what is in a collection, by key or index."""
        node = self.aliases.get(node, node)
        known = self._children.get(node)
        if known is None:
            known = self._children[node] = dict(self.walk(node, value))
        return known

    def walk(self, node: int, value: Any) -> Iterator[tuple[str | int, Child]]:
        """Go through what is in a collection that may still be open."""
        child = node + 1
        if isinstance(value, list):
            for index in range(len(value)):
                yield index, (child, None)
                child = self._after(child)
        elif isinstance(value, dict):
            for name in value:
                while child in self.dropped:
                    child = self._after(self._after(child))
                inner = self._after(child)
                yield name, (inner, child)
                child = self._after(inner)

    def _after(self, node: int) -> int:
        return self.nexts.get(node, node + 1)

    def character(self, node: int, value: str, offset: int) -> int:
        """Find a character of a text value; past its end is the place after its last character."""
        node = self.aliases.get(node, node)
        if self._characters[0] != node:
            self._characters = (node, character_places(self.lines.text, self.starts[node], self.ends[node], value))
        places = self._characters[1]
        if not places:
            return self.starts[node]
        return places[max(offset, 0)] if offset < len(places) else places[-1] + 1
