"""What other packages see of one expression: its text, the names it reads, its value in a scope."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from flows.expr.compiler import compile_unit
from flows.expr.errors import ExpressionTooCostly, Fault
from flows.expr.limits import check_result
from flows.expr.syntax import Source, parse
from flows.expr.unit import Code


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    `names` are the names of the scope that it reads, with the offset of the first use; the variables of its loops are
    not among them.  `keys` are the constant keys that it reads of such names, as (name, key).
    """

    text: str
    names: Mapping[str, int] = field(compare=False)
    keys: Mapping[tuple[str, str], int] = field(compare=False)
    offset: int
    _code: Code = field(repr=False, compare=False)
    _slots: int = field(repr=False, compare=False)
    _may_grow: bool = field(repr=False, compare=False)

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """Return the value in a scope.  Raises ExpressionError."""
        try:
            value = self._code(scope, [0] * self._slots)
            if self._may_grow and type(value) in (list, dict):
                check_result(value)
        except Fault as fault:
            raise fault.at(self.offset) from None
        except (RecursionError, MemoryError):
            raise ExpressionTooCostly("the expression or its data is nested too deeply.", self.offset) from None
        return value

    def chain(self) -> tuple[str, ...] | None:
        """Return a name and the keys that follow it, as in `a.b["c"]`, if there is nothing else in the expression."""
        keys: list[str] = []
        node = parse(Source(self.text, 0))
        while isinstance(node, ast.Attribute | ast.Subscript):
            key = node.attr if isinstance(node, ast.Attribute) else getattr(node.slice, "value", None)
            if not isinstance(key, str):
                return None
            keys.append(key)
            node = node.value
        return (node.id, *reversed(keys)) if isinstance(node, ast.Name) else None


def compile_expression(text: str, offset: int = 0) -> Expression:
    """Compile a text without its `${{ }}`.  `offset` is added to every offset reported.  Raises ExpressionInvalid."""
    unit, code = compile_unit(text, offset)
    names = MappingProxyType(dict(sorted(unit.names.items(), key=lambda item: item[1])))
    return Expression(
        text.strip(),
        names,
        MappingProxyType(dict(unit.keys)),
        offset,
        code,
        unit.slots,
        unit.builds or unit.growth.is_possible,
    )
