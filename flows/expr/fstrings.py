"""Compile f-strings.  Formats are checked when the flow is loaded, so that none can reach into a value or grow."""

import ast
import re
from typing import Any

from flows.expr.errors import Fault
from flows.expr.limits import CHARACTERS_PER_STEP_LOG2, Frame, charge, check_text, deep_size
from flows.expr.operators import NUMBERS
from flows.expr.unit import Code, Part, Scope, Unit, constant
from flows.expr.values import kind_of, to_text

_WIDTH = 200
_PRECISION = 50
_FORMAT = re.compile(r"(?:[^{}]?[<>^=])?[-+ ]?#?0?([0-9]{0,4})[,_]?(?:\.([0-9]{1,4}))?([bdeEfFgGosxX%]?)")
_TEXT_FORMAT = re.compile(r"(?:[^{}]?[<>^])?[0-9]{0,4}(?:\.[0-9]{1,4})?s?")


def compile_fstring(unit: Unit, node: ast.JoinedStr) -> Part:
    """Compile an f-string to the text of its pieces."""
    pieces = tuple(_piece(unit, piece) for piece in node.values)
    offset = unit.offset(node)
    unit.builds = unit.builds or unit.growth.level > 0  # many texts make a big list
    if not pieces:
        return constant("")

    def run(scope: Scope, frame: Frame) -> str:
        texts = [piece if type(piece) is str else piece(scope, frame) for piece in pieces]  # type: ignore[operator]
        total = sum(map(len, texts))
        try:
            check_text(total)
            charge(frame, total >> CHARACTERS_PER_STEP_LOG2)
        except Fault as fault:
            raise fault.at(offset) from None
        return "".join(texts)

    return Part(run)


def _piece(unit: Unit, node: ast.expr) -> str | Code:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if not isinstance(node, ast.FormattedValue):
        unit.refuse(node, "This cannot stand in an f-string.")
    if node.conversion not in (-1, ord("s")):
        unit.refuse(node.value, "There is no !r or !a in f-strings. Write to_json(x).")
    code = unit.unseen(node.value).code
    offset, where = unit.offset(node.value), unit.source.segment(node.value)
    spec = _spec(unit, node)
    return _plain(code, offset, where) if not spec else _formatted(code, spec, offset, where)


def _spec(unit: Unit, node: ast.FormattedValue) -> str:
    if node.format_spec is None:
        return ""
    values = node.format_spec.values if isinstance(node.format_spec, ast.JoinedStr) else [node.format_spec]
    if not all(isinstance(value, ast.Constant) and type(value.value) is str for value in values):
        unit.refuse(node.value, "A format in an f-string cannot hold { }. Write it out.")
    spec = "".join(str(value.value) for value in values if isinstance(value, ast.Constant))
    found = _FORMAT.fullmatch(spec)
    if found is None or int(found[1] or 0) > _WIDTH or int(found[2] or 0) > _PRECISION:
        most = f"a width of up to {_WIDTH} and up to {_PRECISION} decimals"
        unit.refuse(node.value, f"The format {spec[:20]!r} cannot be used. Write .2f or 05d or , or >10 with {most}.")
    return spec


def text_of(value: Any, frame: Frame) -> str:
    """Return a value as text, paying for lists and dicts."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is list or kind is dict:
        charge(frame, deep_size(value))
    return to_text(value)


def _plain(code: Code, offset: int, where: str) -> Code:
    def run(scope: Scope, frame: Frame) -> str:
        value = code(scope, frame)
        if type(value) is str:
            return value
        try:
            return text_of(value, frame)
        except Fault as fault:
            raise fault.at(offset, where) from None

    return run


def _formatted(code: Code, spec: str, offset: int, where: str) -> Code:
    is_text_format = _TEXT_FORMAT.fullmatch(spec) is not None

    def run(scope: Scope, frame: Frame) -> str:
        value = code(scope, frame)
        try:
            if type(value) not in NUMBERS or type(value) is bool:
                value = text_of(value, frame) if is_text_format or type(value) is str else value
            return _format(value, spec)
        except Fault as fault:
            raise fault.at(offset, where) from None

    return run


def _format(value: Any, spec: str) -> str:
    try:
        if type(value) in (str, int, float):
            return format(value, spec)
    except (ValueError, OverflowError):
        pass
    raise Fault(f"the format {spec!r} does not fit {kind_of(value)}.")
