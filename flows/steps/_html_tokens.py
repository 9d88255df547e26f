"""Cut HTML into tags and text, in one pass from left to right.

Parsers that build a tree as browsers do take quadratic time on pages made for it: thousands of attributes on one
element, of elements inside of another, of unclosed ones.  Nothing here looks back, so every page costs what its length
says.  Text, and not a tree, is all that is wanted of a page.
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Final, NamedTuple

MAX_ATTRIBUTES: Final = 16 * 1024
"""Characters of a tag that are looked through for attributes."""
_TOO_LONG_NUMBER: Final = re.compile(r"&#[0-9]{1000,};?")
"""A character's number that Python refuses to read; the largest that means one has seven digits."""

_NAME: Final = re.compile(r"/?[A-Za-z][^\s/>]*")
_END_OR_VALUE: Final = re.compile(r"[>=]")
_SPACE: Final = re.compile(r"[\t\n\f\r ]*")
_ATTRIBUTE: Final = re.compile(r"""([^\s=/>"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_RAW: Final = {
    name: re.compile(rf"</{name}[\s/>]", re.IGNORECASE)
    for name in ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript")
}


class Tag(NamedTuple):
    """A start tag, or an end tag."""

    name: str
    is_end: bool
    source: str

    def attributes(self) -> Mapping[str, str]:
        """Return the attributes by their names in lower case; the first of a name counts."""
        found: dict[str, str] = {}
        for each in _ATTRIBUTE.finditer(self.source, len(self.name) + 1, MAX_ATTRIBUTES):
            found.setdefault(each[1].lower(), _unescaped(each[2] or each[3] or each[4] or ""))
        return found


def tokens_of(html: str) -> Iterator[Tag | str]:
    """Give the tags and the texts between them, in order; comments and declarations are left out."""
    at = 0
    while (start := html.find("<", at)) >= 0:
        if start > at:
            yield _unescaped(html[at:start])
        if html.startswith(("<!", "<?"), start):
            at = _after(html, "-->" if html.startswith("<!--", start) else ">", start)
            continue
        named = _NAME.match(html, start + 1)
        if named is None:
            yield "<"
            at = start + 1
            continue
        at = _end_of_tag(html, named.end())
        name = named[0].lstrip("/").lower()
        is_end = named[0].startswith("/")
        yield Tag(name, is_end, html[start + 1 : at])
        if not is_end and name in _RAW:
            end = _RAW[name].search(html, at)
            stop = len(html) if end is None else end.start()
            if name in ("title", "textarea", "xmp"):
                yield _unescaped(html[at:stop])
            at = stop
    yield _unescaped(html[at:])


def _unescaped(text: str) -> str:
    """Return text with its character references read."""
    try:
        return unescape(text)
    except ValueError:
        return unescape(_TOO_LONG_NUMBER.sub("\ufffd", text))


def _end_of_tag(html: str, at: int) -> int:
    """Return where the tag ends; a `>` inside of a quoted value is part of it."""
    while (found := _END_OR_VALUE.search(html, at)) is not None:
        if found[0] == ">":
            return found.end()
        space = _SPACE.match(html, found.end())
        at = found.end() if space is None else space.end()
        if html[at : at + 1] in ('"', "'"):
            closing = html.find(html[at], at + 1)
            if closing < 0:
                break
            at = closing + 1
    return len(html)


def _after(html: str, mark: str, start: int) -> int:
    found = html.find(mark, start)
    return len(html) if found < 0 else found + len(mark)
