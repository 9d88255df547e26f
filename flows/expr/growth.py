"""Tell from the text of an expression whether its result can be bigger than what it was made from.

Counted as a tree, a value only grows when some part of the scope is put into the result more than once: two reads of
the same path, or a read in a loop of something that does not change with every round.  Expressions that do neither,
such as `[{"id": r.id, "name": r.name} for r in rows]`, need no look at the size of their result, which would cost as
much as making it.  What is not sure counts as growth.  What functions, `+` and `*` make is not judged here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_PATHS_COMPARED = 100

Path = tuple[str, ...]


@dataclass
class Growth:
    """The reads of one expression whose values may end up in its result.

    `level` is the number of loops around the node that is being compiled.
    """

    is_possible: bool = False
    level: int = 0
    _unseen: int = 0
    _paths: list[tuple[str | int, Path]] = field(default_factory=list)

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Compile nodes whose values do not get into the result: conditions, operands, what f-strings show."""
        self._unseen += 1
        try:
            yield
        finally:
            self._unseen -= 1

    def read(self, root: str | int, level: int, keys: tuple[str | int, ...] = ()) -> None:
        """Note the read of a path.  `root` is a name or the slot of a variable that changes at a level of loops."""
        if self._unseen or self.is_possible:
            return
        # Two indexes may be the same item, as -1 and 3 are.
        path = tuple(key if type(key) is str else "" for key in keys)
        overlaps = any(root == other and _overlap(path, keys) for other, keys in self._paths)
        self.is_possible = level != self.level or overlaps or len(self._paths) >= _PATHS_COMPARED
        self._paths.append((root, path))


def _overlap(one: Path, other: Path) -> bool:
    """Say whether one path leads into the other, or both to the same."""
    return all(a == b for a, b in zip(one, other, strict=False))
