"""Turn the text of an expression into Python's syntax tree, and places in the tree back into places in the text.

Python's parser only reads; nothing is compiled or run.  Raises ExpressionInvalid, whatever the text.
"""

import ast
import keyword
import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache

from flows.expr.errors import ExpressionInvalid
from flows.expr.limits import SOURCE_CHARACTERS
from flows.expr.values import shorten

_HINTS = (
    (re.compile(r"&&"), "Write `and` instead of `&&`."),
    (re.compile(r"\|\|"), "Write `or` instead of `||`."),
    (re.compile(r"\?\."), "Write default(a.b, null) for what may be missing."),
    (re.compile(r"\?[^?]*:|\?\?"), "Write `a if condition else b`, or default(a, b)."),
    (re.compile(r"(?<![=!<>])=(?!=)"), "Write `==` to compare."),
    (re.compile(r"!(?!=)"), "Write `not` instead of `!`."),
    (re.compile(r"\.\s*(\w+)"), 'A key that is a word of the language is written in brackets: a["{0}"].'),
)
_LINE_END = re.compile(r"\r\n|\r|\n")  # where Python's parser counts lines, unlike `str.splitlines`
_MAY_WARN = re.compile(r"\\|[0-9][A-Za-z]")
_KEYWORDS = frozenset(keyword.kwlist)


@dataclass(frozen=True)
class Source:
    """The text of one expression, where it starts in the text that was given, and how to find places in it."""

    text: str
    start: int
    lines: list[tuple[int, str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", _lines(self.text))

    def offset(self, node: ast.AST) -> int:
        """Return where a node starts, in the text that was given."""
        return self.start + self._begin(node)

    def segment(self, node: ast.AST) -> str:
        """Return the text of a node, shortened for a message."""
        end = self.index(getattr(node, "end_lineno", 1), getattr(node, "end_col_offset", 1))
        return shorten(self.text[self._begin(node) : end], 60)

    def _begin(self, node: ast.AST) -> int:
        return self.index(getattr(node, "lineno", 1), getattr(node, "col_offset", 1))

    def index(self, line: int, column: int, *, in_bytes: bool = True) -> int:
        """Return the index in the text.  Trees count columns in UTF-8 bytes, errors in characters.

        On line 1 the column includes the bracket that was put before the text.
        """
        if not 1 <= line <= len(self.lines):
            return len(self.text)
        start, current = self.lines[line - 1]
        column = max(column - 1 if line == 1 else column, 0)
        if in_bytes and not current.isascii():
            column = len(current.encode(errors="replace")[:column].decode(errors="ignore"))
        return start + min(column, len(current))


def _lines(text: str) -> list[tuple[int, str]]:
    """Return where each line starts, and what it says."""
    lines, at = [], 0
    for end in _LINE_END.finditer(text):
        lines.append((at, text[at : end.start()]))
        at = end.end()
    return [*lines, (at, text[at:])]


def parse(source: Source) -> ast.expr:
    """Return the tree of an expression.  Brackets around the text let it go over several lines."""
    text = source.text
    if len(text) > SOURCE_CHARACTERS:
        what = f"The expression is longer than {SOURCE_CHARACTERS:,} characters."
        raise ExpressionInvalid(f"{what} Split it over several steps.", source.start)
    if not text.strip():
        raise ExpressionInvalid("The expression is empty.", source.start)
    tree = _parse(source, "(", ")")
    if (tree.lineno, tree.col_offset) == (1, 0):
        # It starts at our own bracket: a tuple, or `a) + (b`, which closes ours.  Nothing closes two kinds.
        _parse(source, "[", "]")
    return tree


def is_complete(text: str) -> bool:
    """Say whether a text parses, so that an expression may end behind it."""
    try:
        parse(Source(text, 0))
    except ExpressionInvalid:
        return False
    return True


def _parse(source: Source, opening: str, closing: str) -> ast.expr:
    try:
        return _tree(f"{opening}{source.text}\n{closing}")
    except SyntaxError as exc:
        raise _invalid(source, exc) from None
    except (RecursionError, MemoryError):
        raise ExpressionInvalid(
            "The expression is nested too deeply. Split it over several steps.", source.start
        ) from None
    except ValueError:  # null characters, lone surrogates
        raise ExpressionInvalid("The expression holds a character that cannot be read.", source.start) from None


@lru_cache(maxsize=8)  # a template parses a text to find its end, and again to compile it
def _tree(text: str) -> ast.expr:
    if not _MAY_WARN.search(text):
        return ast.parse(text, mode="eval").body
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about "\\d" in a text, which Python and authors read the same way
        return ast.parse(text, mode="eval").body


def _invalid(source: Source, exc: SyntaxError) -> ExpressionInvalid:
    is_ours = (exc.lineno or 1) > len(source.lines)
    if exc.msg.endswith("was never closed") or (is_ours and exc.msg.startswith("closing parenthesis")):
        exc = _innermost_open(source) or exc
    at = source.index(exc.lineno or 1, max((exc.offset or 1) - 1, 0), in_bytes=False)
    reason = _reason(exc)
    if not reason.endswith("?"):
        reason += "."
    return ExpressionInvalid(f"This is not an expression: {reason}{_hint(source.text, at)}", source.start + at)


def _innermost_open(source: Source) -> SyntaxError | None:
    """Return the error of the author's open bracket.  With our closing bracket behind, Python finds our opening one."""
    try:
        ast.parse(f"({source.text}\n", mode="eval")
    except SyntaxError as exc:
        return exc
    except (RecursionError, MemoryError, ValueError):
        pass
    return None


def _reason(exc: SyntaxError) -> str:
    message = exc.msg.split(" (<unknown>")[0].split(" (detected")[0].rstrip(".")
    if message.startswith("closing parenthesis"):
        return f"{message.split()[2]} closes nothing that is open here"
    if message.startswith("Exceeds the limit"):
        return "the number has too many digits"
    return shorten(message, 160)


def _hint(text: str, at: int) -> str:
    around = text[max(at - 20, 0) : at + 20]
    for pattern, hint in _HINTS:
        for found in pattern.finditer(around):
            if not found.groups() or found[1] in _KEYWORDS:
                return " " + hint.format(*found.groups())
    return ""
