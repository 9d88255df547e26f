"""Turn a pattern of file names into an expression that is matched in linear time."""

import re
from typing import Final

import re2

from flows.errors import StepError

MAX_PATTERN: Final = 200
_PIECE: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\[\]/!][^\[\]/]*\]|[^*?]", re.DOTALL)
_MEANS: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


class Glob:
    """Tells which paths fit: `*` and `?` stay inside of a name, `**` goes through folders.

    A pattern without a slash is about names, wherever they are.
    """

    def __init__(self, pattern: str) -> None:
        if not 0 < len(pattern) <= MAX_PATTERN:
            message = f"The pattern has not 1 to {MAX_PATTERN} characters."
            raise StepError(message, code="bad_pattern", fix="For example *.md or notes/**/*.txt.")
        self._by_name = "/" not in pattern
        options = re2.Options()
        options.log_errors = False
        options.dot_nl = True
        try:
            self._compiled = re2.compile("".join(map(_meaning, _PIECE.findall(pattern))), options)
        except (re2.error, UnicodeEncodeError):
            message = f"{pattern!r} is no pattern for names."
            raise StepError(message, code="bad_pattern", fix="For example *.md or notes/**/*.txt.") from None

    def fits(self, path: str) -> bool:
        """Whether a path fits."""
        return self._compiled.fullmatch(path.rpartition("/")[2] if self._by_name else path) is not None


def _meaning(piece: str) -> str:
    if piece in _MEANS:
        return _MEANS[piece]
    if len(piece) > 1:
        negated = piece[1] == "!"
        inside = "".join(char if char == "-" else re.escape(char) for char in piece[1 + negated : -1])
        return f"[^/{inside}]" if negated else f"[{inside}]"
    return re.escape(piece)
