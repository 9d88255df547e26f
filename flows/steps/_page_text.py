"""Turn a page into text: what a person would read of it, its links, and what it says about itself."""

import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final, Literal, NamedTuple
from urllib.parse import urljoin

from flows.steps._html_tokens import Tag, tokens_of

Format = Literal["markdown", "text"]

MAX_TOKENS: Final = 500_000
MAX_LINKS: Final = 2000
MAX_ADDRESSES: Final = 4 * MAX_LINKS
"""How many addresses are resolved: each costs as much as the address of the page is long."""
MAX_URL: Final = 2000
MAX_HEADINGS: Final = 200
MAX_TITLE: Final = 300
"""Characters of the title, and of each heading."""
ENOUGH: Final = 250
"""Characters that a main part must have to be taken for the page."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOID: Final = _words("area base br col embed hr img input link meta param source track wbr")
_UNSEEN: Final = _words("template svg math object canvas select button dialog audio video map datalist")
_AROUND: Final = _words("nav header footer aside")
_BLOCKS: Final = _words(
    """address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr legend li main nav ol option p pre section summary table tbody tfoot thead tr ul
    """
)
_HEADING: Final = re.compile(r"h[1-6]")
_INVISIBLE: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_MEANINGS: Final = {
    "title": ("og:title", "twitter:title", "dc.title"),
    "description": ("description", "og:description", "twitter:description"),
    "author": ("author", "article:author", "dc.creator"),
    "published": ("article:published_time", "date", "dc.date", "datepublished"),
    "modified": ("article:modified_time", "last-modified", "datemodified"),
    "site": ("og:site_name", "application-name"),
    "kind": ("og:type",),
    "image": ("og:image", "twitter:image"),
}


class Link(NamedTuple):
    """A link of a page: its text and where it leads."""

    text: str
    url: str


class PageText(NamedTuple):
    """What a page says."""

    title: str
    text: str
    links: list[Link]
    about: Mapping[str, str | None]
    headings: list[str]
    is_complete: bool


def page_text(html: str, url: str, form: Format, *, whole: bool) -> PageText:
    """Return what a page says.  What is not shown to people, such as hidden elements, is left out."""
    reader = _Reader(url, form, whole)
    tokens = tokens_of(html)
    for token in islice(tokens, MAX_TOKENS):
        reader.take(token)
    is_complete = next(tokens, None) is None
    return reader.result(is_complete)


class _Reader:
    """Takes tokens and keeps what has been read so far."""

    def __init__(self, url: str, form: Format, whole: bool) -> None:
        self._base = url if len(url) <= MAX_URL else ""
        self._addresses = 0
        self._markdown = form == "markdown"
        self._whole = whole
        self._skipping = ""
        self._depth = 0
        self._lines: list[str] = []
        self._inline: list[str] = []
        self._prefix = ""
        self._lists: list[int | None] = []
        self._quotes = 0
        self._is_pre = 0
        self._anchor: tuple[str, int] | None = None
        self._main: tuple[int, int] | None = None
        self._main_from = -1
        self._articles = 0
        self._in_title = False
        self._title: list[str] = []
        self._meta: dict[str, str] = {}
        self._language = self._canonical = ""
        self._links: dict[str, str] = {}
        self._anchors = 0
        self._headings: list[str] = []

    def take(self, token: Tag | str) -> None:
        """Read one token."""
        if isinstance(token, str):
            if self._in_title:
                self._title.append(token)
            elif not self._skipping:
                self._inline.append(token)
        elif self._skipping:
            self._skip(token)
        elif token.is_end:
            self._end(token.name)
        else:
            self._start(token)

    def result(self, is_complete: bool) -> PageText:
        """Return what was read."""
        self._flush()
        lines = self._lines
        if self._main_from >= 0:
            self._main = self._main or (self._main_from, len(lines))
        if self._main is not None and not self._whole:
            part = lines[slice(*self._main)]
            if sum(map(len, part)) >= ENOUGH:
                lines = part
        about = {name: self._about(keys) for name, keys in _MEANINGS.items()}
        about |= {"language": self._language or None, "canonical": self._canonical or None}
        title = " ".join("".join(self._title).split()) or about["title"] or ""
        links = [Link(text, url) for url, text in self._links.items()]
        return PageText(title[:MAX_TITLE], _tidy(lines), links, about, self._headings, is_complete)

    # -- tags --------------------------------------------------------------------------------------------------

    def _skip(self, tag: Tag) -> None:
        if tag.name == self._skipping:
            self._depth += -1 if tag.is_end else 1
            if self._depth == 0:
                self._skipping = ""

    def _start(self, tag: Tag) -> None:
        name = tag.name
        if name not in _VOID and self._is_unseen(tag):
            self._flush()
            self._skipping, self._depth = name, 1
            return
        if name in _BLOCKS:
            self._flush()
        if (handle := _STARTS.get(name)) is not None:
            handle(self, tag)
        elif self._markdown and _HEADING.fullmatch(name):
            self._prefix = "#" * int(name[1]) + " "

    def _end(self, name: str) -> None:
        # In `pre` the text of a heading is not its own, and stays for the next one to be read again.
        if _HEADING.fullmatch(name) and not self._is_pre and len(self._headings) < MAX_HEADINGS:
            heading = " ".join("".join(self._inline).split())
            if heading:
                self._headings.append(heading[:MAX_TITLE])
        if name == "pre":
            self._end_pre()
        elif name in _BLOCKS:
            self._flush()
        if (handle := _ENDS.get(name)) is not None:
            handle(self)

    def _is_unseen(self, tag: Tag) -> bool:
        if tag.name in _UNSEEN or (tag.name in _AROUND and not self._whole and not self._articles):
            return True
        source = tag.source.lower()
        if "hidden" not in source and "display" not in source and "font-size" not in source:
            return False
        attributes = tag.attributes()
        if tag.name in ("html", "body"):
            return False  # many pages show themselves by script
        hidden = "hidden" in attributes or attributes.get("aria-hidden") == "true"
        return hidden or _INVISIBLE.search(attributes.get("style", "")) is not None

    def start_html(self, tag: Tag) -> None:
        self._language = tag.attributes().get("lang", "")[:40]

    def start_base(self, tag: Tag) -> None:
        self._base = self._address(tag) or self._base

    def start_title(self, _tag: Tag) -> None:
        self._in_title = not self._title

    def end_title(self) -> None:
        self._in_title = False

    def start_meta(self, tag: Tag) -> None:
        attributes = tag.attributes()
        name = (attributes.get("name") or attributes.get("property") or attributes.get("itemprop") or "").lower()
        if name and (content := attributes.get("content", "").strip()):
            self._meta.setdefault(name, content[:1000])

    def start_link(self, tag: Tag) -> None:
        attributes = tag.attributes()
        if attributes.get("rel", "").lower() == "canonical":
            self._canonical = self._canonical or self._address(tag)

    def start_a(self, tag: Tag) -> None:
        self.end_a()
        if url := self._address(tag):
            self._anchor = url, len(self._inline)

    def end_a(self) -> None:
        if self._anchor is None:
            return
        (url, start), self._anchor = self._anchor, None
        text = " ".join("".join(self._inline[start:]).split())
        if len(self._links) < MAX_LINKS:
            self._links[url] = self._links.get(url) or text[:300]
        self._anchors += 1
        if self._markdown and text and not self._is_pre and self._anchors <= MAX_LINKS:
            self._inline[start:] = [f"[{text}]({url})"]

    def start_img(self, tag: Tag) -> None:
        if alt := " ".join(tag.attributes().get("alt", "").split()):
            self._inline.append(f"[image: {alt[:300]}]")

    def start_br(self, _tag: Tag) -> None:
        if self._is_pre:
            self._inline.append("\n")
        else:
            self._flush(blank=False)

    def start_hr(self, _tag: Tag) -> None:
        self._lines.append("---" if self._markdown else "")

    def start_list(self, tag: Tag) -> None:
        if len(self._lists) < 20:
            self._lists.append(0 if tag.name == "ol" else None)

    def end_list(self) -> None:
        if self._lists:
            self._lists.pop()

    def start_item(self, _tag: Tag) -> None:
        mark = "- "
        if self._lists and (number := self._lists[-1]) is not None:
            self._lists[-1] = number + 1
            mark = f"{number + 1}. "
        self._prefix = "  " * max(0, len(self._lists) - 1) + mark

    def start_quote(self, _tag: Tag) -> None:
        self._quotes = min(self._quotes + 1, 10)

    def end_quote(self) -> None:
        self._quotes = max(0, self._quotes - 1)

    def start_pre(self, _tag: Tag) -> None:
        self._is_pre += 1

    def start_article(self, _tag: Tag) -> None:
        self._articles += 1  # its own header and footer belong to it

    def end_article(self) -> None:
        self._articles = max(0, self._articles - 1)

    def start_main(self, tag: Tag) -> None:
        self.start_article(tag)
        if self._main is None and self._main_from < 0:
            self._main_from = len(self._lines)

    def end_main(self) -> None:
        self.end_article()
        if self._main is None and self._main_from >= 0:
            self._main = self._main_from, len(self._lines)

    def start_cell(self, _tag: Tag) -> None:
        if self._inline:
            self._inline.append(" | ")

    def mark_code(self, _tag: Tag | None = None) -> None:
        if self._markdown and not self._is_pre:
            self._inline.append("`")

    # -- text --------------------------------------------------------------------------------------------------

    def _flush(self, *, blank: bool = True) -> None:
        """End a line with what was read since the last one."""
        if self._is_pre:
            return
        if self._anchor is not None and blank:
            self.end_a()
        text = " ".join("".join(self._inline).split())
        self._inline.clear()
        self._anchor = (self._anchor[0], 0) if self._anchor is not None else None
        if text and text.strip("| "):
            self._lines.append(f"{self._quote()}{self._prefix}{text}")
            self._prefix = ""
        if blank:
            self._lines.append("")

    def _end_pre(self) -> None:
        if not self._is_pre:
            return
        self._is_pre = 0
        raw = "".join(self._inline).strip("\n")
        self._inline.clear()
        self._anchor = None
        fence = ["```"] if self._markdown else []
        self._lines += ["", *fence, *raw.split("\n"), *fence, ""]

    def _quote(self) -> str:
        return "> " * self._quotes if self._markdown else ""

    def _address(self, tag: Tag) -> str:
        """Return where a tag leads, when it is to an address of the web and not too many came before."""
        self._addresses += 1
        return _joined(self._base, tag.attributes().get("href", "")) if self._addresses <= MAX_ADDRESSES else ""

    def _about(self, keys: tuple[str, ...]) -> str | None:
        return next((self._meta[key] for key in keys if key in self._meta), None)


_STARTS: Final[Mapping[str, Callable[[_Reader, Tag], None]]] = {
    "html": _Reader.start_html,
    "base": _Reader.start_base,
    "title": _Reader.start_title,
    "meta": _Reader.start_meta,
    "link": _Reader.start_link,
    "a": _Reader.start_a,
    "img": _Reader.start_img,
    "br": _Reader.start_br,
    "hr": _Reader.start_hr,
    "ul": _Reader.start_list,
    "ol": _Reader.start_list,
    "li": _Reader.start_item,
    "blockquote": _Reader.start_quote,
    "pre": _Reader.start_pre,
    "main": _Reader.start_main,
    "article": _Reader.start_article,
    "code": _Reader.mark_code,
    "td": _Reader.start_cell,
    "th": _Reader.start_cell,
}
_ENDS: Final[Mapping[str, Callable[[_Reader], None]]] = {
    "title": _Reader.end_title,
    "a": _Reader.end_a,
    "ul": _Reader.end_list,
    "ol": _Reader.end_list,
    "blockquote": _Reader.end_quote,
    "main": _Reader.end_main,
    "article": _Reader.end_article,
    "code": _Reader.mark_code,
}


def _joined(base: str, href: str) -> str:
    """Return the address that a link means, when it is one of the web."""
    href = href.strip()
    if not href or href.startswith("#") or len(href) > MAX_URL:
        return ""
    try:
        url = urljoin(base, href)
    except ValueError:
        return ""
    is_web = url.startswith(("https://", "http://")) and len(url) <= MAX_URL
    return url.replace(" ", "%20") if is_web else ""


def _tidy(lines: list[str]) -> str:
    """Join lines; two blank ones become one, and between items of a list there is none."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    tight = [
        line
        for place, line in enumerate(kept)
        if line or not (0 < place < len(kept) - 1 and _is_item(kept[place - 1]) and _is_item(kept[place + 1]))
    ]
    return "\n".join(tight).strip()


def _is_item(line: str) -> bool:
    start = line.lstrip(" >")
    return start.startswith("- ") or " | " in start or re.match(r"\d+\. ", start) is not None
