"""Take the text out of HTML.  One pass with plain text searches: regular expressions would scan again and again."""

from html import unescape

_BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})
_HIDDEN = ("script", "style")


def text_of_html(html: str) -> str:
    """Return the text without tags, comments, scripts and styles; blocks end lines."""
    parts: list[str] = []
    lowered = html.lower() if len(html.lower()) == len(html) else html
    at = 0
    while (start := html.find("<", at)) >= 0:
        parts.append(html[at:start])
        at = _after_tag(html, lowered, start, parts)
    parts.append(html[at:])
    lines = (" ".join(line.split()) for line in unescape("".join(parts)).split("\n"))
    return "\n".join(line for line in lines if line)


def _after_tag(html: str, lowered: str, start: int, parts: list[str]) -> int:
    """Return where the tag, comment or hidden element that starts here ends; the end of the text when it does not."""
    if html.startswith("<!--", start):
        return _after(html, "-->", start)
    if not html[start + 1 : start + 2].strip("/!?").isalpha() and html[start + 1 : start + 2] not in (
        "/",
        "!",
        "?",
    ):
        parts.append("<")  # a bare "<", as in "a < b"
        return start + 1
    end = _after(html, ">", start)
    name = lowered[start + 1 : min(end, start + 12)].strip("/").split(">")[0].split(maxsplit=1)[:1]
    if name and name[0] in _HIDDEN and html[start + 1] != "/":
        return _after(html, ">", lowered.find(f"</{name[0]}", end) if f"</{name[0]}" in lowered[end:] else len(html))
    if name and name[0].rstrip("/") in _BREAKS:
        parts.append("\n")
    return end


def _after(html: str, mark: str, start: int) -> int:
    found = html.find(mark, start)
    return len(html) if found < 0 else found + len(mark)
