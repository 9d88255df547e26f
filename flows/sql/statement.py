"""Compile SQL text with `${{ }}` in it into a function of the scope: values become parameters, never text.

The text is fixed when the flow is loaded.  What could not be a parameter is refused then: an interpolation inside
quotes, inside a comment, glued to a name, or where a table or column stands.  A list after `IN` becomes one parameter
for each element.

Raises SqlInvalid for a template that cannot be used.  Touches no I/O.
"""

import re
from collections.abc import Callable
from typing import Final

from flows.expr import Expression, Template
from flows.sdk import Scope, SqlStatement
from flows.sql.lexer import HOLE, Masked, mask

NO_MATCH: Final = (" (NULL) IS NOT NULL", " (NULL) IS NULL")
"""What stands after `IN` and after `NOT IN` for an empty list: always false and always true, in every database."""

REFUSED_WORDS: Final = frozenset(
    (
        *("ABORT", "BEGIN", "COMMIT", "END", "RELEASE", "ROLLBACK", "SAVEPOINT", "START", "XA"),
        *("ATTACH", "DETACH", "DEALLOCATE", "DISCARD", "EXECUTE", "HANDLER", "KILL", "LISTEN", "LOCK", "NOTIFY"),
        *("COPY", "LOAD", "PREPARE", "RESET", "SET", "UNLISTEN", "UNLOCK", "USE"),
    )
)
"""Statements about the session or the transaction: a step runs one statement on a shared connection."""


class SqlInvalid(ValueError):
    """SQL text that is refused at load.  `offset` counts characters of the template, None when not known."""

    def __init__(self, message: str, offset: int | None = 0) -> None:
        super().__init__(message)
        self.offset = offset


Render = Callable[[Scope], SqlStatement]


def compile_sql(template: Template) -> Render:
    """Return the function that takes the values out of the text.  Raises SqlInvalid."""
    texts, expressions = _split(template)
    masked = mask(texts)
    where = _Places(texts, expressions)
    _check_statement(masked, where)
    for index in range(len(expressions)):
        _check_place(masked, index, where)
    if not expressions:
        statement = SqlStatement(texts, ())
        return lambda _scope: statement
    lists = tuple(_list_place(masked, index) for index in range(len(expressions)))
    if any(lists):
        return _with_lists(texts, expressions, lists)
    if len(expressions) == 1:
        evaluate = expressions[0].evaluate
        return lambda scope: SqlStatement(texts, (evaluate(scope),))
    evaluates = tuple(expression.evaluate for expression in expressions)
    return lambda scope: SqlStatement(texts, tuple([evaluate(scope) for evaluate in evaluates]))


def _split(template: Template) -> tuple[tuple[str, ...], tuple[Expression, ...]]:
    """Return the texts between the expressions, always one more than expressions."""
    texts, expressions = [""], []
    for part in template.parts:
        if isinstance(part, str):
            texts[-1] += part
        else:
            expressions.append(part)
            texts.append("")
    return tuple(texts), tuple(expressions)


class _Places:
    """Knows what an expression is called in a message, and where things stand in the template."""

    def __init__(self, texts: tuple[str, ...], expressions: tuple[Expression, ...]) -> None:
        self._texts = texts
        self._expressions = expressions

    def name(self, index: int) -> str:
        return f"${{{{ {self._expressions[index].text} }}}}"

    def text(self, index: int) -> str:
        return self._expressions[index].text

    def expression(self, index: int) -> int:
        return self._expressions[index].offset

    def character(self, masked: Masked, position: int) -> int:
        """Return the offset of a character of the masked text; behind an expression, that of the expression."""
        before = masked.code.count(HOLE, 0, position)
        return position if not before else self.expression(before - 1)


# -- the statement as a whole --------------------------------------------------------------------------------------

_FIRST_WORD = re.compile(r"\s*([A-Za-z]+)")
_SECOND_STATEMENT = re.compile(r";(?=.*\S)", re.DOTALL)
_OWN_PLACEHOLDER = re.compile(r"(?<!\w)\$\d+")


def _check_statement(masked: Masked, where: _Places) -> None:
    code = masked.code
    if not code.strip(f" \t\r\n;{HOLE}"):
        raise SqlInvalid(
            "The SQL text is fixed, and values stand inside it. Write the statement out, for example "
            "SELECT name FROM users WHERE id = ${{ args.id }}."
        )
    first = _FIRST_WORD.match(code)
    word = first[1].upper() if first else ""
    if first and word in REFUSED_WORDS:
        raise SqlInvalid(
            f"{word} is not available: a step runs one statement that reads or changes data, in a transaction of its "
            "own.",
            where.character(masked, first.start(1)),
        )
    # The body of a trigger or procedure has semicolons of its own; there the database looks after the rule.
    if word != "CREATE" and (found := _SECOND_STATEMENT.search(code)):
        raise SqlInvalid(
            "A step runs one statement, and more text follows this semicolon. Make it two steps.",
            where.character(masked, found.start()),
        )
    if found := _OWN_PLACEHOLDER.search(code):
        raise SqlInvalid(
            f"{found[0]} has no value. Write ${{{{ ... }}}} where the value goes.",
            where.character(masked, found.start()),
        )


# -- the places of values ------------------------------------------------------------------------------------------

_GLUED_BEFORE = re.compile(r"[\w.'$]\Z")
_GLUED_AFTER = re.compile(r"\A[\w.'$]")
_NAME_BEFORE = re.compile(r"\b(ORDER\s+BY|GROUP\s+BY|JOIN|INTO|UPDATE|TABLE)\s*\Z", re.IGNORECASE)
_FROM_BEFORE = re.compile(r"(\bDISTINCT\s+)?\bFROM\s*\Z", re.IGNORECASE)
_QUOTES: Final = {"'": "quotes", '"': "quotes", "`": "quotes", "$": "a dollar-quoted text"}


def _check_place(masked: Masked, index: int, where: _Places) -> None:
    inside, name = masked.inside[index], where.name(index)
    if inside in _QUOTES:
        raise SqlInvalid(
            f"{name} stands inside {_QUOTES[inside]}. A value is a parameter and goes without them: write {name}, or "
            f"${{{{ '%' + {where.text(index)} + '%' }}}} to put text around it.",
            where.expression(index),
        )
    if inside:
        raise SqlInvalid(f"{name} stands inside a comment. Remove it, or the comment.", where.expression(index))
    before, after = masked.around(index)
    if _GLUED_BEFORE.search(before) or _GLUED_AFTER.search(after):
        raise SqlInvalid(
            f"{name} is glued to the text beside it. A value cannot be part of a name: put blanks around it, or write "
            "the name out.",
            where.expression(index),
        )
    if word := _word_for_names(before):
        raise SqlInvalid(
            f"{name} stands after {word}, where a table or column is named. A value cannot be a name: write the name "
            "out, and use a `switch` step to choose between statements.",
            where.expression(index),
        )


def _word_for_names(before: str) -> str:
    """Return the word before the interpolation when it wants the name of a table or column."""
    if found := _NAME_BEFORE.search(before):
        return " ".join(found[1].upper().split())
    # Inside parentheses FROM may also be that of `extract(year FROM x)` and `substring(x FROM n)`.
    found = _FROM_BEFORE.search(before)
    return "FROM" if found and not found[1] and before.count("(") == before.count(")") else ""


# -- lists after IN ------------------------------------------------------------------------------------------------

_IN_BEFORE = re.compile(r"\b(NOT\s+)?IN\s*(\(\s*)?\Z", re.IGNORECASE)
_CLOSED_AFTER = re.compile(r"\A\s*\)")


class _ListPlace:
    """An interpolation that stands alone after IN.  `before` and `after` are the characters of its parentheses."""

    def __init__(self, before: int, after: int, is_negated: bool) -> None:
        self.before = before
        self.after = after
        self.empty = NO_MATCH[is_negated]


def _list_place(masked: Masked, index: int) -> _ListPlace | None:
    before, after = masked.around(index)
    found = _IN_BEFORE.search(before)
    if found is None:
        return None
    if found[2] is None:
        return _ListPlace(0, 0, bool(found[1]))
    closed = _CLOSED_AFTER.match(after)
    return _ListPlace(len(found[2]), closed.end(), bool(found[1])) if closed else None


def _with_lists(
    texts: tuple[str, ...], expressions: tuple[Expression, ...], lists: tuple[_ListPlace | None, ...]
) -> Render:
    def render(scope: Scope) -> SqlStatement:
        pieces, params = [texts[0]], []
        for expression, place, text in zip(expressions, lists, texts[1:], strict=True):
            value = expression.evaluate(scope)
            if place is None:
                params.append(value)
                pieces.append(text)
                continue
            items = value if isinstance(value, list | tuple) else (value,)
            pieces[-1] = pieces[-1][: len(pieces[-1]) - place.before]
            if items:
                params.extend(items)
                pieces[-1] += " ("
                pieces.extend([", "] * (len(items) - 1))
                pieces.append(")" + text[place.after :])
            else:
                pieces[-1] += place.empty + text[place.after :]
        return SqlStatement(tuple(pieces), tuple(params))

    return render


def first_word(statement: SqlStatement) -> str:
    """Return the first word of the statement in upper case, or nothing."""
    found = _FIRST_WORD.match(statement.texts[0])
    return found[1].upper() if found else ""
