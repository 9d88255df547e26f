"""Blank out what is no code in SQL text: quoted text and comments.

It knows the quotes that the supported databases share.  Where they differ (backslashes in MySQL's text, nested comments
in PostgreSQL) it may be wrong, and nothing depends on it but the clearness of a message: values are never text.
"""

import re
from dataclasses import dataclass
from typing import Final

HOLE: Final = "\x00"
"""Stands for an interpolation in the masked text."""

_OPENING = re.compile(r"""['"`]|--|/\*|(?<!\w)\$(?:[A-Za-z_]\w*)?\$""")


@dataclass(frozen=True, slots=True)
class Masked:
    """SQL text in which quoted text is `'` and comments are blanks, every character in its place.

    `inside` says for every interpolation what it stands in: a quote character, `$` for dollar quotes, `-` or `/` for
    comments, or nothing.
    """

    code: str
    inside: tuple[str, ...]
    holes: tuple[int, ...]

    def around(self, index: int) -> tuple[str, str]:
        """Return the masked text before and after an interpolation."""
        return self.code[: self.holes[index]], self.code[self.holes[index] + 1 :]


def mask(texts: tuple[str, ...]) -> Masked:
    """Return the masked text; the texts are those around the interpolations."""
    code: list[str] = []
    inside: list[str] = []
    closing = ""
    for text in texts:
        masked, closing = _mask_text(text, closing)
        code.append(masked)
        inside.append(_OPENED_BY.get(closing, closing[:1]))
    holes = []
    position = -1
    for masked in code[:-1]:
        position += len(masked) + 1
        holes.append(position)
    return Masked(HOLE.join(code), tuple(inside[:-1]), tuple(holes))


_OPENED_BY: Final = {"\n": "-", "*/": "/", "\\'": "'"}


def _mask_text(text: str, closing: str) -> tuple[str, str]:
    """Return the text masked, and what closes the quote or comment that is open at its end."""
    pieces = []
    position = 0
    while position < len(text):
        if closing:
            end = _end_of(text, position, closing)
            blank = " " if closing in {"\n", "*/"} else "'"
            pieces.append(blank * ((len(text) if end is None else end) - position))
            if end is None:
                return "".join(pieces), closing
            position, closing = end, ""
            continue
        found = _OPENING.search(text, position)
        if found is None:
            pieces.append(text[position:])
            break
        pieces.append(text[position : found.start()])
        closing = _closing_of(text, found)
        pieces.append((" " if closing in {"\n", "*/"} else "'") * len(found[0]))
        position = found.end()
    return "".join(pieces), closing


def _closing_of(text: str, found: re.Match[str]) -> str:
    opening = found[0]
    if opening == "--":
        return "\n"
    if opening == "/*":
        return "*/"
    if opening == "'" and re.search(r"(?<!\w)[eE]\Z", text[max(0, found.start() - 2) : found.start()]):
        return "\\'"
    return opening


def _end_of(text: str, position: int, closing: str) -> int | None:
    """Return the position after the closing mark, None when it is not in this text."""
    if closing == "\\'":
        found = re.compile(r"(?:[^'\\]|\\.)*'", re.DOTALL).match(text, position)
        return found.end() if found else None
    at = text.find(closing, position)
    return None if at < 0 else at + len(closing)
