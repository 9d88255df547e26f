"""Find what place of a document a cursor is at, in a text that is being written and seldom whole.

The word at the cursor is replaced by a mark, and the text is read with it, as it stands and in a few forms that an
author may be on the way to; the first one that is YAML says where the mark is.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from msgspec import Struct

from flows.source import Path, read_source

MARK: Final = "HeadraceCursorHere"
MAX_CHARACTERS: Final = 200_000
"""A longer text is read too slowly to answer while somebody types."""
_WORD: Final = re.compile(r"[\w.$-]*\Z")
_WORD_AFTER: Final = re.compile(r"[\w.$-]*")
_LINE_HEAD: Final = re.compile(r"\s*(- +)*\Z")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\'')
_CLOSING: Final = {"{": "}", "[": "]"}


class Place(Struct, frozen=True, kw_only=True):
    """Where a cursor is.  `path` leads to the collection for a key, to the value itself for a value."""

    role: Literal["key", "value"]
    path: Path
    document: Any
    """What was read, with the mark in it."""
    start: int
    end: int
    """The word at the cursor: offsets into the text."""
    word: str
    """Its part before the cursor."""
    has_colon: bool
    """Whether a key has its colon already."""
    in_flow: bool
    """Whether it is between brackets, where all stands in one line."""
    indent: int
    """Characters before a key that begins in its line."""


class Expression(Struct, frozen=True, kw_only=True):
    """The expression that a cursor is in.  `before` is its text up to the cursor."""

    path: Path
    document: Any
    before: str
    start: int
    end: int


def offset_of(text: str, line: int, column: int) -> int:
    """Turn a line and a column, both from 1, into an offset; what lies outside is moved to the nearest character."""
    lines = text.split("\n")
    row = max(1, min(line, len(lines)))
    return sum(len(each) + 1 for each in lines[: row - 1]) + max(0, min(column - 1, len(lines[row - 1])))


def expression_at(text: str, offset: int) -> Expression | None:
    """Return the expression around a cursor, None when it is in none."""
    opening = text.rfind("${{", 0, offset)
    if opening < 0 or "}}" in text[opening:offset] or offset - opening > 2_000:
        return None
    before = text[opening + 3 : offset]
    closing = text.find("}}", offset)
    line_end = _line_end(text, offset)
    end = closing + 2 if closing >= 0 and (closing < line_end or "\n" in before) else line_end
    found = _read(
        text[:opening], [MARK + text[end:line_end] if end <= line_end else MARK, MARK], text, max(end, offset)
    )
    path, document = ((), None) if found is None else (found[0], found[2])
    word = _WORD.search(before)
    start = offset - (len(word[0]) if word else 0)
    after = _WORD_AFTER.match(text, offset)
    return Expression(path=path, document=document, before=before, start=start, end=after.end() if after else offset)


def place_at(text: str, offset: int) -> Place | None:
    """Return the place of a cursor, None when the text around it cannot be understood."""
    return next(places_at(text, offset), None)


def places_at(text: str, offset: int) -> Iterator[Place]:
    """Return the places that a cursor can be meant to be at, the likeliest first."""
    found = _WORD.search(text, text.rfind("\n", 0, offset) + 1, offset)
    start = found.start() if found else offset
    after = _WORD_AFTER.match(text, offset)
    end = after.end() if after else offset
    line_start = text.rfind("\n", 0, start) + 1
    head, rest = text[line_start:start], text[end : _line_end(text, end)]
    begins_line = _LINE_HEAD.match(head) is not None
    has_colon = rest.lstrip().startswith(":")
    forms = [MARK + rest, f"{MARK}:"] if has_colon or not begins_line else [f"{MARK}:", MARK]
    seen = set()
    for form in forms:
        read = _read(text[:start], [form], text, end)
        if read is None or read[:2] in seen:
            continue
        seen.add(read[:2])
        yield Place(
            role=read[1],
            path=read[0],
            document=read[2],
            start=start,
            end=end,
            word=text[start:offset],
            has_colon=has_colon,
            in_flow=bool(_open_brackets(text[:start])),
            indent=len(head),
        )


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _read(before: str, forms: list[str], text: str, end: int) -> tuple[Path, Literal["key", "value"], Any] | None:
    """Read the text with a form of the mark in it: with all that follows, with closed brackets, with nothing more."""
    if len(text) > MAX_CHARACTERS:
        return None
    line_end = _line_end(text, end)
    closers = _open_brackets(before[before.rfind("\n") + 1 :])
    for tail in (text[line_end:], ""):
        for form in dict.fromkeys([*forms, *(f"{form}{closers}" for form in forms if closers)]):
            source, _ = read_source(before + form + tail)
            if source is not None and (found := _find(source.value, ())) is not None:
                return (*found, source.value)
    return None


def _open_brackets(text: str) -> str:
    """Return what would close the brackets that a text leaves open, as far as its last line of block style."""
    closers: list[str] = []
    for char in re.sub(r"(^|\s)#.*", "", _QUOTED.sub("", text.replace("${{", "").replace("}}", ""))):
        if char in _CLOSING:
            closers.append(_CLOSING[char])
        elif closers and char == closers[-1]:
            closers.pop()
    return "".join(reversed(closers))


def _find(value: Any, path: Path) -> tuple[Path, Literal["key", "value"]] | None:
    """Find the mark: as a key, or in a value."""
    if isinstance(value, str):
        return (path, "value") if MARK in value else None
    if isinstance(value, dict):
        for key, item in value.items():
            if MARK in key:
                return path, "key"
            if (found := _find(item, (*path, key))) is not None:
                return found
    if isinstance(value, list):
        for index, item in enumerate(value):
            if (found := _find(item, (*path, index))) is not None:
                return found
    return None
