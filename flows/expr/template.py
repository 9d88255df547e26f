"""Compile a scalar of a flow: text in which `${{ ... }}` holds expressions.  Raises ExpressionInvalid.

An expression ends at the first `}}` where what stands before it parses, so dict literals and f-strings need no
escaping.  `$${{` stands for a plain `${{`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from flows.expr.errors import ExpressionError, ExpressionInvalid, Fault
from flows.expr.expression import Expression, compile_expression
from flows.expr.limits import SOURCE_CHARACTERS, STEPS, check_text, deep_size
from flows.expr.syntax import Source, is_complete, parse
from flows.expr.values import to_text as value_text

OPENING = "${{"
CLOSING = "}}"
SHARED_TEMPLATES = 4096
SHARED_CHARACTERS = 200
_ENDS_TRIED = 100


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled scalar.  `is_expression` says that it is one expression and nothing else: its value keeps its type."""

    parts: tuple[str | Expression, ...]
    names: Mapping[str, int]
    is_expression: bool

    def evaluate(self, scope: Mapping[str, Any]) -> Any:
        """Return the value of the one expression, or the text with every expression in it as text."""
        if self.is_expression:
            return self.parts[0].evaluate(scope)  # type: ignore[union-attr]
        return self._joined(scope, _to_text)

    def evaluate_with(self, scope: Mapping[str, Any], escape: Callable[[Any], str]) -> str:
        """Return the text with every value put through `escape`; literal text stays as it is.

        Raises ExpressionError; a ValueError raised by `escape` becomes one, at the expression.
        """
        return self._joined(scope, escape)

    def _joined(self, scope: Mapping[str, Any], write: Callable[[Any], str]) -> str:
        text = "".join(
            [part if isinstance(part, str) else _written(part, part.evaluate(scope), write) for part in self.parts]
        )
        try:
            check_text(len(text))
        except Fault as fault:
            raise fault.at(0) from None
        return text


def _written(part: Expression, value: Any, write: Callable[[Any], str]) -> str:
    try:
        return write(value)
    except Fault as fault:
        raise fault.at(part.offset, part.text[:60]) from None
    except ValueError as exc:
        raise ExpressionError(str(exc), part.offset) from exc


def _to_text(value: Any) -> str:
    if type(value) in (list, dict) and deep_size(value) > STEPS:
        raise Fault("the value is too big to become text.", costly=True)
    return value_text(value)


def to_text(value: Any) -> str:
    """Return how a value reads inside text: text as it is, everything else as compact JSON.

    Raises ValueError when JSON has no way to say it, or when it is too big.
    """
    try:
        return _to_text(value)
    except Fault as fault:
        raise ValueError(fault.message) from None


def compile_template(text: str) -> Template | None:
    """Compile a scalar; None when it holds no `${{`, which makes it plain text.  Raises ExpressionInvalid."""
    if OPENING not in text:
        return None
    return _shared(text) if len(text) <= SHARED_CHARACTERS else _compiled(text)


def _compiled(text: str) -> Template:
    parts = tuple(_merged(_parts(text)))
    expressions = [part for part in parts if isinstance(part, Expression)]
    names: dict[str, int] = {}
    for expression in expressions:
        for name, offset in expression.names.items():
            names.setdefault(name, offset)
    is_expression = len(expressions) == 1 and all(part.isspace() for part in parts if isinstance(part, str))
    return Template(tuple(expressions) if is_expression else parts, MappingProxyType(names), is_expression)


# Flows that live together say much alike, such as `${{ args.id }}`, and a template is the same wherever it stands.
_shared = lru_cache(maxsize=SHARED_TEMPLATES)(_compiled)


def _merged(pieces: Iterator[str | Expression]) -> Iterator[str | Expression]:
    """Put texts that follow each other together, and leave empty ones out."""
    waiting = ""
    for piece in pieces:
        if isinstance(piece, str):
            waiting += piece
            continue
        if waiting:
            yield waiting
            waiting = ""
        yield piece
    if waiting:
        yield waiting


def _parts(text: str) -> Iterator[str | Expression]:
    at = 0
    while (opening := text.find(OPENING, at)) >= 0:
        if opening > at and text[opening - 1] == "$":
            yield text[at : opening - 1] + OPENING
            at = opening + len(OPENING)
            continue
        yield text[at:opening]
        start = opening + len(OPENING)
        end = _end(text, start)
        yield compile_expression(text[start:end], start)
        at = end + len(CLOSING)
    yield text[at:]


def _end(text: str, start: int) -> int:
    """Return where the expression that starts here ends."""
    first_end = end = text.find(CLOSING, start)
    if end < 0:
        raise ExpressionInvalid("The expression is not closed. Write }} behind it.", start - len(OPENING))
    for _ in range(_ENDS_TRIED):
        if is_complete(text[start:end]):
            return end
        end = text.find(CLOSING, end + 1)
        if end < 0 or end - start > SOURCE_CHARACTERS:
            break
    _explain(text, start, first_end)
    raise ExpressionInvalid("The expression is not closed. Write }} behind it.", start - len(OPENING))


def _explain(text: str, start: int, end: int) -> None:
    """Raise what is wrong with the expression, at the first end that is not inside of a bracket or text of its own."""
    first: ExpressionInvalid | None = None
    limit = text.find(OPENING, start)
    for _ in range(_ENDS_TRIED):
        try:
            parse(Source(text[start:end], start))
        except ExpressionInvalid as exc:
            first = first or exc
            if "never closed" not in exc.message and "unterminated" not in exc.message:
                raise
        end = text.find(CLOSING, end + 1)
        if end < 0 or 0 <= limit < end:
            break
    if first is not None:
        raise first
