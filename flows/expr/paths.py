"""Compile names, keys, indexes and slices.

A chain such as `place.body.results[0].name` becomes one closure that Python walks at full speed.  Only when that
fails is the chain walked again with care, to say which link is missing and what is there instead.
"""

import ast
from collections.abc import Mapping
from typing import Any

from flows.expr.errors import Fault
from flows.expr.limits import Frame
from flows.expr.operators import item_at, slice_of
from flows.expr.unit import Code, Part, Scope, Unit, constant
from flows.expr.values import missing_key, missing_name, no_keys

LITERALS = {"true": True, "false": False, "null": None}
Key = str | int
Link = tuple[Key, int, str]
"""One link of a chain: the key, its offset, and the source text up to and with it."""

_FAILED = (KeyError, TypeError, IndexError)


def compile_name(unit: Unit, node: ast.Name) -> Part:
    """Compile a name: a comprehension variable, true/false/null, or a name of the scope."""
    name = node.id
    slot = unit.slot_of(name)
    if slot is not None:
        unit.growth.read(slot, unit.levels[slot])
        return Part(lambda _scope, frame: frame[slot])
    if name in LITERALS:
        return constant(LITERALS[name])
    if name.startswith("_"):
        unit.refuse(node, f"Names that start with an underscore cannot be used: {name[:40]!r}.")
    unit.read(name, node)
    unit.growth.read(name, 0)
    return Part(_scope_name(name, unit.offset(node)))


def _scope_name(name: str, offset: int) -> Code:
    def run(scope: Scope, _frame: Frame) -> Any:
        try:
            return scope[name]
        except KeyError:
            raise Fault(missing_name(name, scope), missing=True).at(offset, name) from None

    return run


def compile_path(unit: Unit, node: ast.Attribute | ast.Subscript) -> Part:
    """Compile a chain of keys and indexes, as far as they are constant."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        return _slice(unit, node, node.slice)
    links: list[Link] = []
    root: ast.expr = node
    while isinstance(root, ast.Attribute | ast.Subscript) and (key := _constant_key(unit, root)) is not None:
        links.append((key, unit.offset(root), unit.source.segment(root)))
        root = root.value
    if not links:
        assert isinstance(node, ast.Subscript)  # noqa: S101  an attribute always has a constant key
        return _dynamic(unit, node)
    unit.nodes += len(links) - 1
    return Part(_chain(unit, root, tuple(reversed(links))))


def _constant_key(unit: Unit, node: ast.Attribute | ast.Subscript) -> Key | None:
    if isinstance(node, ast.Attribute):
        if node.attr.startswith("__"):
            unit.refuse(node, f'Keys that start with two underscores are written in brackets: ["{node.attr[:40]}"].')
        return node.attr
    key = node.slice
    if isinstance(key, ast.UnaryOp) and isinstance(key.op, ast.USub) and isinstance(key.operand, ast.Constant):
        return -key.operand.value if type(key.operand.value) is int else None
    if isinstance(key, ast.Constant) and type(key.value) in (str, int):
        return key.value  # type: ignore[return-value]
    return None


def _chain(unit: Unit, root: ast.expr, links: tuple[Link, ...]) -> Code:
    keys = tuple(link[0] for link in links)
    if isinstance(root, ast.Name) and root.id not in LITERALS:
        slot = unit.slot_of(root.id)
        base = unit.unseen(root).code
        unit.growth.read(root.id if slot is None else slot, unit.levels.get(slot or 0, 0), keys)
        slow = _careful(base, links)
        if slot is None and type(keys[0]) is str:
            unit.read_key(root.id, keys[0], links[0][1])
        return _scope_chain(root.id, keys, slow) if slot is None else _slot_chain(slot, keys, slow)
    return _careful(unit.code(root), links)


def _careful(base: Code, links: tuple[Link, ...]) -> Code:
    """Walk a chain link by link, with the right error at the first that is not there."""

    def run(scope: Scope, frame: Frame) -> Any:
        value = base(scope, frame)
        for key, offset, where in links:
            try:
                value = _key_of(value, key) if type(key) is str else item_at(value, key)
            except Fault as fault:
                raise fault.at(offset, where) from None
        return value

    return run


def _key_of(value: Any, key: str) -> Any:
    if not isinstance(value, Mapping):
        raise no_keys(value)
    try:
        return value[key]
    except KeyError:
        raise Fault(missing_key(key, value), missing=True) from None


def _scope_chain(name: str, keys: tuple[Key, ...], slow: Code) -> Code:
    """Return the fastest walk from a name of the scope: written out for the usual lengths."""
    if len(keys) == 1:
        (first,) = keys

        def one(scope: Scope, frame: Frame) -> Any:
            try:
                return scope[name][first]
            except _FAILED:
                return slow(scope, frame)

        return one
    if len(keys) == 2:
        first, second = keys

        def two(scope: Scope, frame: Frame) -> Any:
            try:
                return scope[name][first][second]
            except _FAILED:
                return slow(scope, frame)

        return two

    def many(scope: Scope, frame: Frame) -> Any:
        try:
            value = scope[name]
            for key in keys:
                value = value[key]
        except _FAILED:
            return slow(scope, frame)
        return value

    return many


def _slot_chain(slot: int, keys: tuple[Key, ...], slow: Code) -> Code:
    """Return the fastest walk from a comprehension variable."""
    if len(keys) == 1:
        (first,) = keys

        def one(scope: Scope, frame: Frame) -> Any:
            try:
                return frame[slot][first]
            except _FAILED:
                return slow(scope, frame)

        return one

    def many(scope: Scope, frame: Frame) -> Any:
        try:
            value = frame[slot]
            for key in keys:
                value = value[key]
        except _FAILED:
            return slow(scope, frame)
        return value

    return many


def _dynamic(unit: Unit, node: ast.Subscript) -> Part:
    value, key = unit.code(node.value), unit.code(node.slice)
    offset, where = unit.offset(node), unit.source.segment(node)

    def run(scope: Scope, frame: Frame) -> Any:
        try:
            return item_at(value(scope, frame), key(scope, frame))
        except Fault as fault:
            raise fault.at(offset, where) from None

    return Part(run)


def _slice(unit: Unit, node: ast.Subscript, bounds: ast.Slice) -> Part:
    unit.builds = True
    value = unit.code(node.value)
    lower, upper, step = (
        unit.code(bound) if bound else _nothing for bound in (bounds.lower, bounds.upper, bounds.step)
    )
    offset, where = unit.offset(node), unit.source.segment(node)

    def run(scope: Scope, frame: Frame) -> Any:
        try:
            chosen = (lower(scope, frame), upper(scope, frame), step(scope, frame))
            return slice_of(value(scope, frame), chosen, frame)
        except Fault as fault:
            raise fault.at(offset, where) from None

    return Part(run)


def _nothing(_scope: Scope, _frame: Frame) -> None:
    return None
