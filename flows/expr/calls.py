"""Compile calls.  What is called is looked up by name in our tables at load; values are never called."""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flows.expr.ambient import AMBIENT, SYSTEM
from flows.expr.arguments import Argument, Given, bind, compile_arguments
from flows.expr.errors import ExpressionError, ExpressionInvalid, Fault
from flows.expr.function import Function
from flows.expr.library import FUNCTIONS, METHODS
from flows.expr.limits import MISS_STEPS, Frame, charge, size
from flows.expr.loops import compile_quantifier
from flows.expr.unit import Code, Part, Scope, Unit
from flows.expr.values import kind_of, nearest

_KNOWN_ELSEWHERE = {
    "tuple": "Lists do what tuples do: list(x).",
    "set": "Write unique(list).",
    "frozenset": "Write unique(list).",
    "map": "Write [f(x) for x in items].",
    "filter": "Write [x for x in items if condition].",
    "isinstance": 'Write type(x) == "string".',
    "print": "The `log` step writes to the log.",
    "find": "Write re_find(text, pattern) for a pattern, text.find(part) for an index.",
    "find_all": "Write re_find_all(text, pattern).",
    "replace": "Write re_replace(text, pattern, by) for a pattern, text.replace(old, new) for plain text.",
    "split": "Write re_split(text, pattern) for a pattern, text.split(separator) for plain text.",
    "format": 'Write an f-string: f"{x:.2f}".',
    "pow": "Write x * x.",
    "repr": "Write to_json(x).",
    "parse_json": "Write json(text).",
    "from_json": "Write json(text).",
    "uuid4": "Write uuid().",
    "datetime": "Write now(), or parse_date(text).",
    "upper": "Write text.upper().",
    "lower": "Write text.lower().",
    "strip": "Write text.strip().",
    "join": 'Write ", ".join(items).',
    "append": "Write items + [x].",
    "update": "Write merge(a, b).",
    "length": "Write len(x).",
    "string": "Write str(x).",
}
_QUANTIFIERS = {"any": True, "all": False}
_LEAKS = (ArithmeticError, ValueError, TypeError, LookupError, RecursionError, MemoryError)


def compile_call(unit: Unit, node: ast.Call) -> Part:
    """Compile a call of a function, a method, or one of the forms that may not evaluate all they are given."""
    if isinstance(node.func, ast.Attribute):
        return _method_call(unit, node, node.func)
    if not isinstance(node.func, ast.Name):
        unit.refuse(node, "Only functions and methods can be called, by their names.")
    name = node.func.id
    if name in _QUANTIFIERS and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
        return compile_quantifier(unit, node.args[0], _QUANTIFIERS[name])
    if name in _LAZY:
        return _lazy_call(unit, node, FUNCTIONS[name])
    if name not in FUNCTIONS:
        unit.refuse(node.func, f"There is no function {name[:40]!r}.{_meant(name, FUNCTIONS)}")
    return _function_call(unit, node, FUNCTIONS[name])


def _meant(name: str, known: Mapping[str, Any]) -> str:
    if name in _KNOWN_ELSEWHERE:
        return " " + _KNOWN_ELSEWHERE[name]
    found = nearest(name, known)
    return f" Did you mean {found!r}?" if found else ""


def _function_call(unit: Unit, node: ast.Call, function: Function) -> Part:
    unit.builds = unit.builds or function.builds
    arguments = bind(unit, node, function, function.parameters, compile_arguments(unit, node))
    if function.name == "len":
        return Part(_len(function, arguments[0].code, unit.offset(node)))
    return Part(_invocation(function, arguments, unit.offset(node)))


def _len(function: Function, code: Code, offset: int) -> Code:
    """Return the commonest call of all, without the general way's detours."""
    parameter = function.parameters[0]

    def run(scope: Scope, frame: Frame) -> int:
        value = code(scope, frame)
        kind = type(value)
        if kind is list or kind is dict or kind is str:
            return len(value)
        try:
            return len(parameter.fit(value))
        except Fault as fault:
            raise fault.at(offset, "len()") from None

    return run


def _invocation(function: Function, arguments: Sequence[Argument], offset: int) -> Code:
    """Return the call of a function: evaluate, check, prepare, pay, call, pay for the result."""
    codes = tuple(argument.code for argument in arguments)
    invoke = _invoker(function, arguments)
    where = f"{function.name}()"

    def run(scope: Scope, frame: Frame) -> Any:
        values = []
        for code in codes:
            values.append(code(scope, frame))  # noqa: PERF401  a comprehension costs a call of its own in 3.11
        try:
            return invoke(values, scope, frame)
        except Fault as fault:
            raise fault.at(offset, where) from None

    return run


Invoker = Callable[[list[Any], Scope, Frame], Any]


def _invoker(function: Function, arguments: Sequence[Argument]) -> Invoker:
    """Return what applies a function to argument values.  Raises Fault."""
    call, cost, hidden = function.call, function.cost, _HIDDEN[function.hidden]
    checks = tuple((index, found.parameter) for index, found in enumerate(arguments) if not found.is_ready)
    named = tuple((index, found.parameter.name) for index, found in enumerate(arguments) if found.by_name)

    def invoke(values: list[Any], scope: Scope, frame: Frame) -> Any:
        for index, parameter in checks:
            if parameter.kinds and type(values[index]) not in parameter.kinds:
                values[index] = parameter.fit(values[index])
        charge(frame, cost(values))
        for index, parameter in checks:
            if parameter.prepare is not None:
                values[index] = parameter.prepare(values[index], frame)
        if hidden is not None:
            values.insert(0, hidden(scope, frame))
        try:
            result = call(*values) if not named else _call_by_name(call, values, named)
        except _LEAKS:
            raise Fault("it cannot work with these values.") from None
        kind = type(result)
        if kind is str or kind is list or kind is dict:
            charge(frame, size(result))
        return result

    return invoke


def _call_by_name(call: Callable[..., Any], values: list[Any], named: Sequence[tuple[int, str]]) -> Any:
    """Call a function that takes any number of values, with the last ones by their names."""
    keywords = {name: values[index] for index, name in named}
    return call(*values[: named[0][0]], **keywords)


_HIDDEN: Mapping[str, Code | None] = {
    "": None,
    "ambient": lambda scope, _frame: scope.get(AMBIENT, SYSTEM),
    "frame": lambda _scope, frame: frame,
}


def _method_call(unit: Unit, node: ast.Call, target: ast.Attribute) -> Part:
    """Compile `value.name(...)`: the method that the table of the value's type has, whatever keys a dict has."""
    name = target.attr
    found: dict[type, Function] = {
        kind: METHODS[kind.__name__][name] for kind in (str, list, dict) if name in METHODS[kind.__name__]
    }
    if not found:
        known = {method: None for table in METHODS.values() for method in table}
        hint = f" Write {name}(...)." if name in FUNCTIONS else _meant(name, known)
        unit.refuse(target, f"There is no method {name[:40]!r}.{hint}")
    unit.builds = unit.builds or any(function.builds for function in found.values())
    value = unit.code(target.value)
    given = compile_arguments(unit, node)
    invokers, codes = _method_invokers(unit, node, found, given)
    offset, where = unit.offset(node), f"{unit.source.segment(target)}()"

    def run(scope: Scope, frame: Frame) -> Any:
        owner = value(scope, frame)
        kind = type(owner)
        try:
            if kind not in invokers:
                kind, owner = _owner(owner, name, invokers)
            values = [owner]
            for code in codes[kind]:
                values.append(code(scope, frame))  # noqa: PERF401  a comprehension costs a call of its own in 3.11
            return invokers[kind](values, scope, frame)
        except Fault as fault:
            raise fault.at(offset, where) from None

    return Part(run)


def _method_invokers(
    unit: Unit, node: ast.Call, found: Mapping[type, Function], given: Given
) -> tuple[dict[type, Invoker], dict[type, tuple[Code, ...]]]:
    """Bind the arguments to the method of every type that has one by this name and takes them."""
    invokers: dict[type, Invoker] = {}
    codes: dict[type, tuple[Code, ...]] = {}
    refused: ExpressionInvalid | None = None
    for kind, function in found.items():
        try:
            arguments = bind(unit, node, function, function.parameters[1:], given)
        except ExpressionInvalid as exc:
            refused = exc
            continue
        owner = Argument(function.parameters[0], _nothing, is_ready=True)
        invokers[kind] = _invoker(function, [owner, *arguments])
        codes[kind] = tuple(argument.code for argument in arguments)
    if refused is not None and not invokers:
        raise refused
    return invokers, codes


def _nothing(_scope: Scope, _frame: Frame) -> None:
    return None


_OWNERS: Mapping[type, str] = {str: "text", list: "lists", dict: "dicts"}


def _owner(owner: Any, name: str, invokers: Mapping[type, Invoker]) -> tuple[type, Any]:
    if isinstance(owner, Mapping) and dict in invokers:
        return dict, dict(owner)
    if owner is None:
        raise Fault(f"null has no method {name}().", missing=True)
    owners = " and ".join(_OWNERS[kind] for kind in invokers)
    hint = " Write str(...) around it." if str in invokers and type(owner) in (int, float) else ""
    raise Fault(f"{kind_of(owner)} has no method {name}(): it is one of {owners}.{hint}")


def _lazy_call(unit: Unit, node: ast.Call, function: Function) -> Part:
    """Compile default(), coalesce() and has(), for which what is missing is an answer."""
    arguments = bind(unit, node, function, function.parameters, compile_arguments(unit, node))
    codes = tuple(argument.code for argument in arguments)
    return Part(_has(codes[0]) if function.name == "has" else _first_present(codes, function.name == "default"))


def _has(code: Code) -> Code:
    def run(scope: Scope, frame: Frame) -> bool:
        try:
            return code(scope, frame) is not None
        except ExpressionError as exc:
            _forgive(exc, frame)
            return False

    return run


def _forgive(error: ExpressionError, frame: Frame) -> None:
    """Raise an error again unless something is only missing."""
    if not error.missing:
        raise error
    try:
        charge(frame, MISS_STEPS)
    except Fault as fault:
        raise fault.at(error.offset) from None


def _first_present(codes: tuple[Code, ...], last_is_sure: bool) -> Code:
    """Return the first value that is there and not null.  The last argument of default() is evaluated as it is."""
    tried, sure = (codes[:-1], codes[-1]) if last_is_sure else (codes, _nothing)

    def run(scope: Scope, frame: Frame) -> Any:
        for code in tried:
            try:
                value = code(scope, frame)
            except ExpressionError as exc:
                _forgive(exc, frame)
            else:
                if value is not None:
                    return value
        return sure(scope, frame)

    return run


_LAZY = frozenset({"default", "coalesce", "has"})
