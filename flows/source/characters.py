"""Turn the characters of a scalar into the offsets where they stand in the text, whatever its style."""

import re
from collections.abc import Iterator
from itertools import islice

from flows.source.limits import MAX_BYTES, MAX_TRACED
from flows.source.places import BREAK
from flows.source.text import join_pair

_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s|#[^\r\n]*)*)*")
_FOLD = r"(?P<fold>[ \t]*(?:\r\n?|\n)[ \t\r\n]*)|[ \t]+"
_ESCAPE = r"(?P<escape>\\(?:u[dD][89abAB]..\\u....|x..|u....|U.{8}|(?:\r\n?|\n)[ \t\r\n]*|.))"
_FLOW_TOKENS = {
    "": re.compile(rf"{_FOLD}|[^ \t\r\n]+"),
    "'": re.compile(rf"{_FOLD}|(?P<quote>'')|[^ \t\r\n']+"),
    '"': re.compile(rf"{_FOLD}|{_ESCAPE}|[^ \t\r\n\\]+", re.DOTALL),
}
_ESCAPES = dict(zip('0abt\tnvfre "/\\N_LP', '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029', strict=True))
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n)")
_BLOCK_LINE = re.compile(r"( *)([^\r\n]*)(\r\n?|\n|\Z)")
_FIRST_TEXT = re.compile(r"^( *)[^ \r\n]", re.MULTILINE)


def character_places(text: str, start: int, end: int, value: str) -> list[int] | None:
    """List the offset of each character of a scalar that stands in `text[start:end]`; None when that cannot be told."""
    if end - start > MAX_TRACED:
        return None
    properties = _PROPERTIES.match(text, start, end)
    at = properties.end() if properties else start
    style = text[at : at + 1]
    if style and style in "|>":
        found = _block_characters(text, at, end, value)
    elif style and style in "'\"":
        found = _flow_characters(text, at + 1, end - 1, style)
    else:
        found = _flow_characters(text, at, end, "")
    characters = list(islice(found, len(value)))
    if "".join(character for character, _ in characters) != value:
        return None
    return [place for _, place in characters]


def _flow_characters(text: str, at: int, end: int, quote: str) -> Iterator[tuple[str, int]]:
    """Read a plain or quoted scalar: one line break becomes a space, of more the first is lost."""
    for token in _FLOW_TOKENS[quote].finditer(text, at, end):
        kind = token.lastgroup
        if kind == "fold":
            breaks = [found.start() for found in BREAK.finditer(text, token.start(), token.end())]
            yield from [("\n", place) for place in breaks[1:]] or [(" ", breaks[0])]
        elif kind == "quote":
            yield "'", token.start()
        elif kind == "escape":
            yield from _escaped(text, token)
        else:
            yield from zip(token[0], range(token.start(), token.end()), strict=True)


def _escaped(text: str, token: re.Match[str]) -> Iterator[tuple[str, int]]:
    name, digits = token[0][1], token[0][2:]
    if name in "\r\n":
        breaks = [found.start() for found in BREAK.finditer(text, token.start(), token.end())]
        yield from (("\n", place) for place in breaks[1:])
    elif len(digits) == 10:
        yield join_pair(digits[:4], digits[6:]), token.start()
    else:
        yield chr(int(digits, 16)) if name in "xuU" else _ESCAPES.get(name, name), token.start()


def _block_characters(text: str, at: int, end: int, value: str) -> Iterator[tuple[str, int]]:
    """Read a literal or folded block scalar, with all line breaks at its end; the value says what is indentation."""
    header = _BLOCK_HEADER.match(text, at, end)
    if header is None:
        return
    is_folded = text[at] == ">"
    raw_first, value_first = _FIRST_TEXT.search(text, header.end(), end), _FIRST_TEXT.search(value)
    indent = max(len(raw_first[1]) - len(value_first[1]), 0) if raw_first and value_first else MAX_BYTES
    last_break: int | None = None
    was_blank = False
    empty: list[int] = []
    for line in _BLOCK_LINE.finditer(text, header.end(), end):
        if len(line[1]) < indent and line[2]:
            break
        if not line[2] and len(line[1]) <= indent:
            empty += [line.start(3)] if line[3] else []
            continue
        content = line.start() + indent
        is_blank = text[content] in " \t"
        if last_break is not None:
            if not is_folded or was_blank or is_blank:
                yield "\n", last_break
            elif not empty:
                yield " ", last_break
        yield from (("\n", place) for place in empty)
        yield from zip(text[content : line.end(2)], range(content, line.end(2)), strict=True)
        last_break, was_blank, empty = (line.start(3) if line[3] else None), is_blank, []
    if last_break is not None:
        yield "\n", last_break
    yield from (("\n", place) for place in empty)
