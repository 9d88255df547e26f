"""What is known while one expression is compiled.

A compiled node is a closure `code(scope, frame)`.  `scope` is the mapping given by the caller.  `frame[0]` counts
steps, every comprehension variable has a slot after it.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

from flows.expr.errors import ExpressionInvalid
from flows.expr.growth import Growth
from flows.expr.limits import NESTING_LEVELS, Frame
from flows.expr.syntax import Source

Scope = Mapping[str, Any]
Code = Callable[[Scope, Frame], Any]


class Constant(NamedTuple):
    """The value of a node that is the same in every scope: null, a boolean, a number or text."""

    value: Any


class Part(NamedTuple):
    """A compiled node."""

    code: Code
    constant: Constant | None = None


@dataclass
class Unit:
    """One expression on its way to closures.

    `builds` is set when something may make a list or dict out of more than what stands in the text.  `nodes` counts
    what was compiled so far: the difference before and after a loop body is what a round costs.
    """

    source: Source
    compile_node: Callable[["Unit", ast.expr], Part]
    names: dict[str, int] = field(default_factory=dict)
    keys: dict[tuple[str, str], int] = field(default_factory=dict)
    builds: bool = False
    nodes: int = 0
    growth: Growth = field(default_factory=Growth)
    slots: int = 1
    level: int = 0
    variables: list[dict[str, int]] = field(default_factory=list)
    levels: dict[int, int] = field(default_factory=dict)

    def compile(self, node: ast.expr) -> Part:
        """Compile an inner node."""
        self.nodes += 1
        self.level += 1
        if self.level > NESTING_LEVELS:
            self.refuse(
                node,
                f"The expression is nested more than {NESTING_LEVELS} levels deep. Split it over several steps.",
            )
        try:
            return self.compile_node(self, node)
        finally:
            self.level -= 1

    def code(self, node: ast.expr) -> Code:
        """Compile an inner node whose being constant does not matter."""
        return self.compile(node).code

    def unseen(self, node: ast.expr) -> Part:
        """Compile an inner node whose value does not get into the result."""
        with self.growth.unseen():
            return self.compile(node)

    def codes(self, nodes: Sequence[ast.expr]) -> tuple[Code, ...]:
        """Compile inner nodes in order."""
        return tuple(self.code(node) for node in nodes)

    def slot_of(self, name: str) -> int | None:
        """Return the slot of a comprehension variable, or None when the name is not one here."""
        for variables in reversed(self.variables):
            if name in variables:
                return variables[name]
        return None

    def new_slot(self, name: str) -> int:
        """Give a variable of the innermost comprehension its slot."""
        slot = self.variables[-1][name] = self.slots
        self.levels[slot] = self.growth.level
        self.slots += 1
        return slot

    def read(self, name: str, node: ast.AST) -> None:
        """Note that a name of the scope is read."""
        offset = self.source.offset(node)
        self.names[name] = min(self.names.get(name, offset), offset)

    def read_key(self, name: str, key: str, offset: int) -> None:
        """Note that a constant key of a name of the scope is read."""
        self.keys.setdefault((name, key), offset)

    def offset(self, node: ast.AST) -> int:
        """Return where a node starts, in the text that was given."""
        return self.source.offset(node)

    def refuse(self, node: ast.AST, message: str) -> NoReturn:
        """Raise ExpressionInvalid at a node."""
        raise ExpressionInvalid(message, self.offset(node))


def constant(value: Any) -> Part:
    """Return the part that is always this value."""

    def run(_scope: Scope, _frame: Frame) -> Any:
        return value

    return Part(run, Constant(value))
