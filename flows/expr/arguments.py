"""Bind the arguments of a call to the parameters of a function, when the flow is loaded.  Raises ExpressionInvalid."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flows.expr.errors import Fault
from flows.expr.function import Function, Parameter
from flows.expr.limits import Frame
from flows.expr.loops import compile_list_loop
from flows.expr.unit import Code, Part, Scope, Unit

_REFUSED = {
    ast.Lambda: 'There are no lambdas. `key` takes the name of a field: sorted(rows, key="date").',
    ast.Starred: "There are no star arguments. Write the arguments out.",
}


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument in its place.  One that is ready needs no check at run time; `by_name` is how Python wants it."""

    parameter: Parameter
    code: Code
    is_ready: bool = False
    by_name: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """The compiled arguments as they were written.  A method call binds them once for every type."""

    placed: tuple[tuple[ast.expr, Part], ...]
    named: dict[str, tuple[ast.expr, Part]]


def compile_arguments(unit: Unit, node: ast.Call) -> Given:
    """Compile what stands between the brackets of a call."""
    for keyword in node.keywords:
        if keyword.arg is None:
            unit.refuse(keyword.value, _REFUSED[ast.Starred])
    placed = tuple((argument, _compile(unit, argument)) for argument in node.args)
    named = {str(keyword.arg): (keyword.value, _compile(unit, keyword.value)) for keyword in node.keywords}
    return Given(placed, named)


def _compile(unit: Unit, node: ast.expr) -> Part:
    if type(node) in _REFUSED:
        unit.refuse(node, _REFUSED[type(node)])
    if isinstance(node, ast.GeneratorExp):
        unit.nodes += 1
        return compile_list_loop(unit, node)
    return unit.compile(node)


def bind(
    unit: Unit, node: ast.Call, function: Function, parameters: Sequence[Parameter], given: Given
) -> list[Argument]:
    """Return the arguments in the order in which the function takes them."""
    many = next((parameter for parameter in parameters if parameter.many), None)
    single = [parameter for parameter in parameters if not parameter.many]
    how = f"Write {function.signature}."
    if many is not None:
        if not given.placed:
            unit.refuse(node, f"{function.name}() needs at least one argument. {how}")
        placed = [_argument(unit, many, found) for found in given.placed]
        named = _by_name(unit, function, single, given, how)
        return placed + [_argument(unit, parameter, found, by_name=True) for parameter, found in named]
    if len(given.placed) > len(single):
        unit.refuse(node, f"{function.name}() takes no more than {len(single)} arguments. {how}")
    found = dict(zip((parameter.name for parameter in single), given.placed, strict=False))
    for parameter, value in _by_name(unit, function, single, given, how):
        if parameter.name in found:
            unit.refuse(value[0], f"{function.name}() is given `{parameter.name}` twice. {how}")
        found[parameter.name] = value
    return _in_order(unit, node, function, single, found, how)


def _by_name(
    unit: Unit, function: Function, parameters: Sequence[Parameter], given: Given, how: str
) -> list[tuple[Parameter, tuple[ast.expr, Part]]]:
    known = {parameter.name: parameter for parameter in parameters}
    for name, (node, _) in given.named.items():
        if name not in known:
            unit.refuse(node, f"{function.name}() has no parameter {name[:40]!r}. {how}")
    return [(known[name], found) for name, found in given.named.items()]


def _in_order(
    unit: Unit,
    node: ast.Call,
    function: Function,
    parameters: Sequence[Parameter],
    found: dict[str, tuple[ast.expr, Part]],
    how: str,
) -> list[Argument]:
    """Return arguments up to the last that was given, with the defaults of those left out before it."""
    last = max((index for index, parameter in enumerate(parameters) if parameter.name in found), default=-1)
    for parameter in parameters:
        if parameter.default is ... and parameter.name not in found:
            unit.refuse(node, f"{function.name}() needs `{parameter.name}`. {how}")
    return [
        _argument(unit, parameter, found[parameter.name])
        if parameter.name in found
        else Argument(parameter, _always(parameter.default), is_ready=True)
        for parameter in parameters[: last + 1]
    ]


def _argument(unit: Unit, parameter: Parameter, found: tuple[ast.expr, Part], *, by_name: bool = False) -> Argument:
    """Return an argument; one that is written out is checked and prepared now."""
    node, part = found
    if part.constant is None:
        is_ready = not parameter.kinds and parameter.prepare is None
        return Argument(parameter, part.code, is_ready, by_name)
    value = part.constant.value
    try:
        if parameter.kinds and type(value) not in parameter.kinds:
            raise parameter.refuse(value)
        if parameter.prepare is not None:
            value = parameter.prepare(value, [0])
    except Fault as fault:
        message = fault.message
        unit.refuse(node, message[0].upper() + message[1:])
    return Argument(parameter, _always(value), is_ready=True, by_name=by_name)


def _always(value: Any) -> Code:
    def run(_scope: Scope, _frame: Frame) -> Any:
        return value

    return run
