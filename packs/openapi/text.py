"""Turn the prose of a description into text for a model: plain, short, harmless."""

import re
import unicodedata
from functools import lru_cache
from typing import Any, Final

TOOL_CHARACTERS: Final = 400
PARAM_CHARACTERS: Final = 240

_LINK: Final = re.compile(r"!?\[([^\]\[]{0,300})\]\([^()\s]{0,500}\)")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<!--.{0,500}?-->", re.DOTALL)
_MARKS: Final = re.compile(r"\*\*|__|^#{1,6} |^> ?(\[!\w+\])?", re.MULTILINE)
_SENTENCE_END: Final = re.compile(r"[.!?](?=\s)")
# Sentences that only lead elsewhere, where a model cannot go.
_ELSEWHERE: Final = re.compile(
    r"(?:(?<=[.!?] )|^)(?:For (?:more|further) (?:information|details)|To learn more|Learn more|See also)\b"
    r"[^.!?]{0,300}[.!?](?=[\"')]*(?:\s|$))[\"')]*"
)
_OBVIOUS: Final = re.compile(r"(?:(?<=[.!?] )|^)(?:Optional|Required)\.(?: |$)")
_WORDS: Final = re.compile(r"\w+")
_READ_CHARACTERS: Final = 8_000


def plain(text: Any) -> str:
    """Return one line without markup, control or direction characters, and without expressions."""
    if not isinstance(text, str):
        return ""
    text = _MARKS.sub("", _TAG.sub(" ", _LINK.sub(r"\1", text[:_READ_CHARACTERS])))
    text = " ".join(text.split())
    if not (text.isascii() and text.isprintable()):
        text = "".join(each for each in text if unicodedata.category(each) not in _REFUSED)
        text = " ".join(text.split())
    return defused(text)


# Controls, formats (bidirectional overrides, zero width), surrogates, private use, unassigned.
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def defused(text: str) -> str:
    """Return text in which nothing is an expression."""
    return text.replace("${{", "$ {{")


def paragraph(text: Any, limit: int) -> str:
    """Return the first sentences of a description that fit into so many characters."""
    return _paragraph(text, limit) if isinstance(text, str) else ""


@lru_cache(maxsize=4096)  # descriptions of shared schemas come back again and again
def _paragraph(text: str, limit: int) -> str:
    first, _, rest = text.strip().partition("\n\n")
    line = plain(first)
    line = line if len(line) >= 20 or not rest else plain(f"{first} {rest}")
    return shortened(_OBVIOUS.sub("", _ELSEWHERE.sub("", line)).strip() or line, limit)


def shortened(line: str, limit: int) -> str:
    """Cut a line at the end of a sentence, or of a word."""
    if len(line) <= limit:
        return line
    ends = [found.end() for found in _SENTENCE_END.finditer(line[: limit + 1])]
    if ends and ends[-1] >= limit // 3:
        return line[: ends[-1]]
    return line[: limit - 3].rsplit(" ", 1)[0].rstrip(" ,;:") + "..."


def sentence(line: str) -> str:
    """End a line with a full stop."""
    return line if not line or line.endswith((".", "!", "?", "...")) else f"{line}."


def tool_description(summary: Any, description: Any) -> str:
    """Say what an operation does: its summary, and the first paragraph of its description unless it says the same."""
    head, body = shortened(plain(summary), 160), paragraph(description, TOOL_CHARACTERS)
    begins = set(_WORDS.findall(body[:200].lower()))
    if not head or (body and set(_WORDS.findall(head.lower())) - {"a", "an", "the"} <= begins):
        return sentence(body or head)
    return sentence(shortened(f"{sentence(head)} {body}".strip(), TOOL_CHARACTERS))
