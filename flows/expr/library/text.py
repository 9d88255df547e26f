"""Functions on text."""

import unicodedata
from collections.abc import Sequence
from functools import partial
from typing import Any

from flows.expr.errors import Fault
from flows.expr.function import Function, declare
from flows.expr.library.html import text_of_html
from flows.expr.limits import CHARACTERS_PER_STEP_LOG2, check_list, check_text

TEXT_FUNCTIONS: dict[str, Function] = {}
_text = partial(declare, TEXT_FUNCTIONS, "Text")


def _html_cost(values: Sequence[Any]) -> int:
    """Cost of going from tag to tag."""
    return (len(values[0]) >> CHARACTERS_PER_STEP_LOG2) + 10 * int(values[0].count("<"))


@_text(example='lines("a\\nb")', result=["a", "b"])
def lines(text: str) -> list[str]:
    """Return the lines of a text without their ends."""
    result = text.splitlines()
    check_list(len(result))
    return result


@_text(example='words("to be or")', result=["to", "be", "or"])
def words(text: str) -> list[str]:
    """Return the words of a text: what stands between white space."""
    result = text.split()
    check_list(len(result))
    return result


@_text(example='truncate("a long story", 7)', result="a long…")
def truncate(text: str, length: int, end: str = "…") -> str:
    """Cut a text to at most so many characters, the sign of the cut included."""
    if length < 0:
        raise Fault("`length` cannot be negative.")
    if len(text) <= length:
        return text
    return text[: max(length - len(end), 0)].rstrip() + end[:length]


@_text(cost=lambda values: len(values[0]) >> 3, example='slug("Crème brûlée, please!")', result="creme-brulee-please")
def slug(text: str, separator: str = "-") -> str:
    """Return lower-case letters and digits with separators between, for names in URLs and files."""
    if len(separator) > 1:
        raise Fault("`separator` is one character, or empty.")
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return separator.join("".join(letter if letter.isalnum() else " " for letter in plain).split())


@_text(example='indent("a\\nb", 2)', result="  a\n  b")
def indent(text: str, spaces: int) -> str:
    """Put so many spaces before every line."""
    if not 0 <= spaces <= 100:
        raise Fault("`spaces` goes from 0 to 100.")
    check_text(len(text) + (text.count("\n") + 1) * spaces)
    return "\n".join(" " * spaces + line for line in text.split("\n"))


@_text(cost=_html_cost, example='strip_html("<p>Fish &amp; chips</p>")', result="Fish & chips")
def strip_html(text: str) -> str:
    """Return the text of HTML without its tags."""
    return text_of_html(text)
