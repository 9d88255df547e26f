"""Compile the text of an expression into closures.  Raises ExpressionInvalid; evaluates nothing, touches no I/O.

What is not in the table `_NODES` is not part of the language.  The closures hold no Python object that an expression
could reach into: names come from the scope, keys from dicts, calls from our tables.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from flows.expr.calls import compile_call
from flows.expr.errors import ExpressionError, Fault
from flows.expr.fstrings import compile_fstring
from flows.expr.limits import INT_LIMIT, ORDINARY, Frame
from flows.expr.loops import compile_dict_loop, compile_list_loop
from flows.expr.operators import BINARY, COMPARE, PLAIN, Binary, negative, positive
from flows.expr.paths import compile_name, compile_path
from flows.expr.syntax import Source, parse
from flows.expr.unit import Code, Constant, Part, Scope, Unit, constant
from flows.expr.values import kind_of

_FOLDED_CHARACTERS = 1_000


def compile_unit(text: str, start: int) -> tuple[Unit, Code]:
    """Compile a text that starts at `start`; return what is known about it, and its closure."""
    source = Source(text, start)
    unit = Unit(source, _compile_node)
    return unit, unit.code(parse(source))


def _compile_node(unit: Unit, node: ast.expr) -> Part:
    compile_kind = _NODES.get(type(node))
    if compile_kind is None:
        unit.refuse(node, _REFUSED.get(type(node), "This is not part of the expression language."))
    return compile_kind(unit, node)


def _constant(unit: Unit, node: ast.Constant) -> Part:
    value = node.value
    if value is None or type(value) in (bool, str):
        return constant(value)
    if type(value) is int and value < INT_LIMIT:
        return constant(value)
    if type(value) is float and value - value == 0:
        return constant(value)
    if type(value) in (int, float):
        unit.refuse(node, "The number is too large.")
    what = {bytes: "bytes: write text", complex: "complex numbers"}.get(type(value), "`...`")
    unit.refuse(node, f"There is no such value as {what}.")


def _list(unit: Unit, node: ast.List | ast.Tuple) -> Part:
    """Compile a list.  Tuples are lists."""
    codes = unit.codes(node.elts)
    return Part(lambda scope, frame: [code(scope, frame) for code in codes])


def _dict(unit: Unit, node: ast.Dict) -> Part:
    pairs = []
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            unit.refuse(value, "There is no `**` in dicts. Write merge(a, b).")
        pairs.append((unit.compile(key), unit.code(value), unit.offset(key)))
    if all(key.constant is not None for key, _, _ in pairs):
        fixed = [(_checked_key(unit, node, key.constant), value) for key, value, _ in pairs]
        return Part(_record(fixed))

    def run(scope: Scope, frame: Frame) -> dict[str, Any]:
        result = {}
        for key, value, offset in pairs:
            name = key.code(scope, frame)
            if type(name) is not str:
                raise Fault(f"the keys of a dict are text, not {kind_of(name)}. Write str(...) around it.").at(offset)
            result[name] = value(scope, frame)
        return result

    return Part(run)


def _record(fields: list[tuple[str, Code]]) -> Code:
    def run(scope: Scope, frame: Frame) -> dict[str, Any]:
        result = {}
        for key, value in fields:
            result[key] = value(scope, frame)
        return result

    return run


def _checked_key(unit: Unit, node: ast.Dict, key: Constant | None) -> str:
    if key is None or type(key.value) is not str:
        unit.refuse(node, 'The keys of a dict are text. Write them in quotes: {"name": x}.')
    return key.value


def _binary(unit: Unit, node: ast.BinOp) -> Part:
    sign = type(node.op).__name__
    if sign not in BINARY:
        unit.refuse(node, _REFUSED_SIGNS.get(sign, "This operator is not part of the expression language."))
    left, right = unit.unseen(node.left), unit.unseen(node.right)
    unit.builds = unit.builds or sign in ("Add", "Mult")
    general = _apply(BINARY[sign], unit.offset(node), unit.source.segment(node))
    return _folded(_arithmetic(PLAIN[sign], general, left.code, right.code), left, right)


def _arithmetic(plain: Callable[[Any, Any], Any], general: Binary, left: Code, right: Code) -> Code:
    """Calculate with ordinary numbers at once; everything else goes the general way."""

    def run(scope: Scope, frame: Frame) -> Any:
        a, b = left(scope, frame), right(scope, frame)
        kind, other = type(a), type(b)
        if (kind is int or kind is float) and (other is int or other is float):
            try:
                result = plain(a, b)
            except ArithmeticError:
                return general(a, b, frame)
            if -ORDINARY < result < ORDINARY:
                return result
        return general(a, b, frame)

    return run


def _apply(function: Binary, offset: int, where: str) -> Binary:
    """Return the operator with its place for errors."""

    def run(left: Any, right: Any, frame: Frame) -> Any:
        try:
            return function(left, right, frame)
        except Fault as fault:
            raise fault.at(offset, where) from None

    return run


def _folded(code: Code, *parts: Part) -> Part:
    """Evaluate now what is the same in every scope.  What fails stays as it is, and fails when it is evaluated."""
    if any(part.constant is None for part in parts):
        return Part(code)
    try:
        value = code({}, [0])
    except ExpressionError:
        return Part(code)
    if type(value) is list or (type(value) is str and len(value) > _FOLDED_CHARACTERS):
        return Part(code)
    return constant(value)


def _unary(unit: Unit, node: ast.UnaryOp) -> Part:
    inner = unit.unseen(node.operand)
    code = inner.code
    if isinstance(node.op, ast.Not):
        return _folded(lambda scope, frame: not code(scope, frame), inner)
    if isinstance(node.op, ast.Invert):
        unit.refuse(node, "There is no `~`. Write not.")
    function = negative if isinstance(node.op, ast.USub) else positive
    offset, where = unit.offset(node), unit.source.segment(node)

    def run(scope: Scope, frame: Frame) -> Any:
        try:
            return function(code(scope, frame))
        except Fault as fault:
            raise fault.at(offset, where) from None

    return _folded(run, inner)


def _both(unit: Unit, node: ast.BoolOp) -> Part:
    """Compile `and` and `or`, which give the operand that decided, as in Python."""
    codes = unit.codes(node.values)
    is_or = isinstance(node.op, ast.Or)
    if len(codes) == 2:
        left, right = codes
        if is_or:
            return Part(lambda scope, frame: left(scope, frame) or right(scope, frame))
        return Part(lambda scope, frame: left(scope, frame) and right(scope, frame))

    def run(scope: Scope, frame: Frame) -> Any:
        value = None
        for code in codes:
            value = code(scope, frame)
            if bool(value) is is_or:
                break
        return value

    return Part(run)


def _choice(unit: Unit, node: ast.IfExp) -> Part:
    condition, chosen, otherwise = unit.unseen(node.test).code, unit.code(node.body), unit.code(node.orelse)
    return Part(lambda scope, frame: chosen(scope, frame) if condition(scope, frame) else otherwise(scope, frame))


def _compare(unit: Unit, node: ast.Compare) -> Part:
    parts = [unit.unseen(inner) for inner in (node.left, *node.comparators)]
    offset, where = unit.offset(node), unit.source.segment(node)
    if len(parts) == 2:
        left, right = parts
        code = _pair(unit, node, node.ops[0], left, right)
        return _folded(code, left, right)
    links = [(_test(unit, node, sign, part), part.code) for sign, part in zip(node.ops, parts[1:], strict=True)]
    first = parts[0].code

    def run(scope: Scope, frame: Frame) -> bool:
        left = first(scope, frame)
        for test, code in links:
            right = code(scope, frame)
            try:
                if not test(left, right, frame):
                    return False
            except Fault as fault:
                raise fault.at(offset, where) from None
            left = right
        return True

    return Part(run)


def _test(unit: Unit, node: ast.Compare, sign: ast.cmpop, right: Part) -> Binary:
    """Return the test of one comparison.  `is` only asks for null, true or false."""
    if isinstance(sign, ast.Is | ast.IsNot):
        if right.constant is None or not (right.constant.value is None or type(right.constant.value) is bool):
            unit.refuse(node, "`is` compares with null, true or false only. Write == or !=.")
        if isinstance(sign, ast.Is):
            return lambda a, b, _frame: a is b
        return lambda a, b, _frame: a is not b
    return COMPARE[type(sign).__name__]


def _pair(unit: Unit, node: ast.Compare, sign: ast.cmpop, left: Part, right: Part) -> Code:
    """Return one comparison, at full speed when its right side is written out."""
    test = _test(unit, node, sign, right)
    code, other = left.code, right.code
    among = _constants(node.comparators[0]) if isinstance(sign, ast.In) else None
    if among is not None:
        return lambda scope, frame: code(scope, frame) in among
    general = _apply(test, unit.offset(node), unit.source.segment(node))
    if right.constant is None:
        return lambda scope, frame: general(code(scope, frame), other(scope, frame), frame)
    value = right.constant.value
    if isinstance(sign, ast.Is):
        return lambda scope, frame: code(scope, frame) is value
    if isinstance(sign, ast.IsNot):
        return lambda scope, frame: code(scope, frame) is not value
    if isinstance(sign, ast.Eq):
        return lambda scope, frame: bool(code(scope, frame) == value)
    if isinstance(sign, ast.NotEq):
        return lambda scope, frame: bool(code(scope, frame) != value)
    return lambda scope, frame: general(code(scope, frame), value, frame)


def _constants(node: ast.expr) -> tuple[Any, ...] | None:
    """Return the values of a list of plain constants, or None when it is something else."""
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    values = [item.value for item in node.elts if isinstance(item, ast.Constant)]
    if len(values) != len(node.elts) or not all(type(value) in (str, int, float, bool) for value in values):
        return None
    return tuple(values)


_NODES: Mapping[type[ast.expr], Callable[[Unit, Any], Part]] = {
    ast.Constant: _constant,
    ast.Name: compile_name,
    ast.Attribute: compile_path,
    ast.Subscript: compile_path,
    ast.Call: compile_call,
    ast.List: _list,
    ast.Tuple: _list,
    ast.Dict: _dict,
    ast.ListComp: compile_list_loop,
    ast.DictComp: compile_dict_loop,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _both,
    ast.Compare: _compare,
    ast.IfExp: _choice,
    ast.JoinedStr: compile_fstring,
}
_REFUSED: Mapping[type[ast.expr], str] = {
    ast.Lambda: "There are no lambdas. Write a comprehension.",
    ast.NamedExpr: "There is no `:=`. Give the value a name with a `map` step.",
    ast.Starred: "There are no stars. Put lists together with +, dicts with merge(a, b).",
    ast.Set: 'There are no sets. Write a list [a, b] or a dict {"name": a}.',
    ast.SetComp: "There are no sets. Write unique([x for ...]).",
    ast.GeneratorExp: "Write square brackets around the loop: [x for ...].",
    ast.Await: "There is no `await` in expressions.",
    ast.Yield: "There is no `yield` in expressions.",
    ast.YieldFrom: "There is no `yield` in expressions.",
}
_REFUSED_SIGNS = {
    "Pow": "There is no `**`. Write x * x, or sqrt(x).",
    "BitOr": "There is no `|`. Write `or` between conditions, merge(a, b) for dicts, f(x) instead of x | f.",
    "BitAnd": "There is no `&`. Write `and`.",
    "MatMult": "There is no `@`.",
}
