"""Turn offsets into a text into lines and columns, and problems that are found there."""

import re
from bisect import bisect_right
from typing import Literal, NamedTuple

from flows.problems import Problem

BREAK = re.compile(r"\r\n?|\n")


class Position(NamedTuple):
    """A place in a text; both count from 1, columns in characters."""

    line: int
    column: int


class Lines:
    """Where the lines of a text start; they are looked for when a position is first asked for."""

    __slots__ = ("_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] | None = None

    def position(self, offset: int) -> Position:
        """Turn an offset into line and column."""
        if self._starts is None:
            self._starts = [0, *(found.end() for found in BREAK.finditer(self.text))]
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)


def problem_at(
    start: Position,
    code: str,
    message: str,
    file: str,
    *,
    end: Position | None = None,
    severity: Literal["error", "warning"] = "error",
) -> Problem:
    """Make a problem at a position; with an end, an editor can underline it."""
    return Problem(
        code=code,
        message=message,
        file=file,
        line=start.line,
        column=start.column,
        end_line=end.line if end else None,
        end_column=end.column if end else None,
        severity=severity,
    )
