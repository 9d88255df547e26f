"""Compile comprehensions.  A loop pays for all its rounds before the first; only lists and dicts can be gone over."""

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from flows.expr.errors import Fault
from flows.expr.limits import Frame, check_list
from flows.expr.operators import looped
from flows.expr.paths import LITERALS
from flows.expr.unit import Code, Part, Scope, Unit
from flows.expr.values import kind_of

Bind = Callable[[Frame, Any], None]
Rounds = Callable[[Scope, Frame], Iterator[None]]


class Clause(NamedTuple):
    """One `for ... in ... if ...`.  `slot` is set when its target is one plain name, `bind` otherwise."""

    source: Code
    slot: int | None
    bind: Bind | None
    conditions: tuple[Code, ...]
    offset: int
    where: str


class Loop(NamedTuple):
    """The clauses of a comprehension, its element(s), and what a round costs."""

    clauses: tuple[Clause, ...]
    elements: tuple[Code, ...]
    weight: int


def compile_list_loop(unit: Unit, node: ast.ListComp | ast.GeneratorExp) -> Part:
    """Compile `[x for ...]`, which is also what a generator argument becomes."""
    loop = _loop(unit, node.generators, (node.elt,))
    offset = unit.offset(node)
    return Part(_simple_list(loop) if _is_simple(loop) else _general_list(loop, offset))


def compile_dict_loop(unit: Unit, node: ast.DictComp) -> Part:
    """Compile `{key: value for ...}`."""
    loop = _loop(unit, node.generators, (node.key, node.value))
    key, value = loop.elements
    each = _rounds(loop.clauses, loop.weight)
    offset = unit.offset(node.key)

    def run(scope: Scope, frame: Frame) -> Any:
        result = {}
        for _ in each(scope, frame):
            name = key(scope, frame)
            if type(name) is not str:
                raise Fault(f"the keys of a dict are text, not {kind_of(name)}. Write str(...) around it.").at(offset)
            result[name] = value(scope, frame)
        return result

    return Part(run)


def compile_quantifier(unit: Unit, node: ast.GeneratorExp, stop_at: bool) -> Part:
    """Compile any(...) or all(...) over a loop, which ends at the first item that decides."""
    with unit.growth.unseen():
        loop = _loop(unit, node.generators, (node.elt,))
    each = _rounds(loop.clauses, loop.weight)
    element = loop.elements[0]

    def run(scope: Scope, frame: Frame) -> bool:
        for _ in each(scope, frame):
            if bool(element(scope, frame)) is stop_at:
                return stop_at
        return not stop_at

    return Part(run)


def _loop(unit: Unit, generators: list[ast.comprehension], elements: tuple[ast.expr, ...]) -> Loop:
    first = unit.code(generators[0].iter)  # Python reads the first source outside of the loop
    unit.variables.append({})
    before = unit.nodes
    clauses = []
    for index, generator in enumerate(generators):
        if generator.is_async:
            unit.refuse(generator.target, "There is no `async` in expressions.")
        source = first if index == 0 else unit.code(generator.iter)
        clauses.append(_clause(unit, generator, source))
    codes = unit.codes(elements)
    unit.variables.pop()
    unit.growth.level -= len(generators)
    return Loop(tuple(clauses), codes, 1 + unit.nodes - before)


def _clause(unit: Unit, generator: ast.comprehension, source: Code) -> Clause:
    target = generator.target
    unit.growth.level += 1
    slot = _new_slot(unit, target) if isinstance(target, ast.Name) else None
    bind = None if slot is not None else _binder(unit, target)
    offset, where = unit.offset(generator.iter), unit.source.segment(generator.iter)
    conditions = tuple(unit.unseen(condition).code for condition in generator.ifs)
    return Clause(source, slot, bind, conditions, offset, where)


def _new_slot(unit: Unit, target: ast.Name) -> int:
    name = target.id
    if name in LITERALS or (name.startswith("_") and name != "_"):
        unit.refuse(target, f"{name[:40]!r} cannot be the variable of a loop. Choose another name.")
    return unit.new_slot(name)


def _binder(unit: Unit, target: ast.expr) -> Bind:
    """Return what puts an item into the variables of `for a, b in ...`."""
    if isinstance(target, ast.Name):
        slot = _new_slot(unit, target)

        def bind_one(frame: Frame, item: Any) -> None:
            frame[slot] = item

        return bind_one
    if not isinstance(target, ast.Tuple | ast.List):
        unit.refuse(target, "A loop needs names behind `for`, such as: for key, value in x.items().")
    unit.nodes += len(target.elts)
    binders = tuple(_binder(unit, inner) for inner in target.elts)
    offset, where, count = unit.offset(target), unit.source.segment(target), len(binders)

    def bind_many(frame: Frame, item: Any) -> None:
        if type(item) is not list or len(item) != count:
            what = f"a list of {len(item)}" if type(item) is list else kind_of(item)
            raise Fault(f"it takes lists of {count}, not {what}.").at(offset, f"for {where}")
        for bind, value in zip(binders, item, strict=True):
            bind(frame, value)

    return bind_many


def _is_simple(loop: Loop) -> bool:
    clause = loop.clauses[0]
    return len(loop.clauses) == 1 and clause.slot is not None and len(clause.conditions) <= 1


def _simple_list(loop: Loop) -> Code:
    """Return the fastest loop: one source, one variable, at most one condition."""
    source, slot, _, conditions, offset, where = loop.clauses[0]
    assert slot is not None  # noqa: S101  see _is_simple
    element, weight = loop.elements[0], loop.weight

    def plain(scope: Scope, frame: Frame) -> list[Any]:
        items = source(scope, frame)
        try:
            items = looped(items, frame, weight)
            check_list(len(items))
        except Fault as fault:
            raise fault.at(offset, where) from None
        return [element(scope, frame) for frame[slot] in items]

    if not conditions:
        return plain
    condition = conditions[0]

    def filtered(scope: Scope, frame: Frame) -> list[Any]:
        items = source(scope, frame)
        try:
            items = looped(items, frame, weight)
        except Fault as fault:
            raise fault.at(offset, where) from None
        return [element(scope, frame) for frame[slot] in items if condition(scope, frame)]

    return filtered


def _general_list(loop: Loop, offset: int) -> Code:
    each = _rounds(loop.clauses, loop.weight)
    element = loop.elements[0]

    def run(scope: Scope, frame: Frame) -> list[Any]:
        result = [element(scope, frame) for _ in each(scope, frame)]
        try:
            check_list(len(result))
        except Fault as fault:
            raise fault.at(offset) from None
        return result

    return run


def _rounds(clauses: tuple[Clause, ...], weight: int) -> Rounds:
    """Return the generator that sets the variables for one round after the other."""
    source, slot, bind, conditions, offset, where = clauses[0]
    inner = _rounds(clauses[1:], weight) if len(clauses) > 1 else None

    def each(scope: Scope, frame: Frame) -> Iterator[None]:
        items = source(scope, frame)
        try:
            items = looped(items, frame, weight)
        except Fault as fault:
            raise fault.at(offset, where) from None
        for item in items:
            if slot is not None:
                frame[slot] = item
            elif bind is not None:
                bind(frame, item)
            if all(condition(scope, frame) for condition in conditions):
                if inner is None:
                    yield
                else:
                    yield from inner(scope, frame)

    return each
