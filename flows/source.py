"""Read YAML text into plain values, and remember where in the text each value stands.

YAML is read as 1.2 with the core schema, so that all JSON is understood too.  Nothing is ever constructed but dict,
list, str, int, float, bool and None.  What a file can cost is bounded: bytes, depth, nodes, and an alias counts as all
that it stands for.  Raises nothing: what is wrong comes back as problems, and touches no I/O.

Source: YAML 1.2.2, chapters 5 to 8 (styles, escapes, folding) and 10.3 (core schema).
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, NamedTuple, NoReturn

import yaml

from flows.problems import Problem, did_you_mean

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML without libyaml: about ten times slower, with the same events
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_NODES = 100_000
MAX_DIGITS = 300
MAX_DIRECTIVES = 4
MAX_PROBLEMS = 100
MAX_TRACED = 100_000
"""Characters of a scalar up to which a place inside of it is found; beyond, it is the place of the scalar."""

Path = tuple[str | int, ...]
"""Keys and indexes from the top of a document to a value: `("steps", 0, "http", "url")`."""


class Position(NamedTuple):
    """A place in a text; both count from 1, columns in characters."""

    line: int
    column: int


def read_source(text: str | bytes, file: str = "") -> tuple["Source | None", list[Problem]]:
    """Read one YAML document, and find all that is wrong with it as YAML.

    The source is None when the text cannot be understood at all.  With lesser errors, such as a key given twice, it
    is there, so that what else is wrong can be found at the same time; such a value must not be used.
    """
    plain, found = _decode(text, file)
    if plain is None:
        return None, found
    builder = _Builder(plain, file)
    is_whole = builder.build()
    return (builder.source() if is_whole else None), builder.problems


def read_mapping(text: str | bytes, file: str = "") -> tuple["Source | None", list[Problem]]:
    """Read one YAML document that must be a mapping; the source is None when it is something else."""
    source, problems = read_source(text, file)
    if source is None or isinstance(source.value, dict):
        return source, problems
    is_empty = source.value is None
    message = "The file is empty." if is_empty else f"The file holds {_kind(source.value)}, not a mapping."
    return None, [*problems, source.problem("yaml.not-a-mapping", f"{message} Start with `key: value`.", ())]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A document that was read: its value, and the place of everything in it.

    A path that leads nowhere stands for its nearest parent that is there.
    """

    file: str
    text: str = field(repr=False)
    value: Any = field(repr=False)
    _marks: "_Marks" = field(repr=False)

    def position(self, path: Path) -> Position:
        """Find where a value starts."""
        return self._marks.position(self._marks.start(self._find(path).node))

    def key_position(self, path: Path) -> Position:
        """Find where the key of a value starts; an element of a list has none, so there it is the value."""
        found = self._find(path)
        return self._marks.position(self._marks.start(found.node if found.key is None else found.key))

    def span(self, path: Path) -> tuple[Position, Position]:
        """Find where a value starts and where it ends (the place after its last character)."""
        start, end = self._marks.span(self._find(path).node)
        return self._marks.position(start), self._marks.position(end)

    def position_in(self, path: Path, offset: int) -> Position:
        """Find where the character `offset` of a text value stands, whatever its style; else where the value starts."""
        found = self._find(path)
        if found.is_exact and isinstance(found.value, str):
            return self._marks.position(self._marks.character(found.node, found.value, offset))
        return self._marks.position(self._marks.start(found.node))

    def problem(
        self,
        code: str,
        message: str,
        path: Path,
        *,
        offset: int | None = None,
        at_key: bool = False,
        severity: Literal["error", "warning"] = "error",
    ) -> Problem:
        """Make a problem at a value, at its key, or at the character `offset` of it."""
        found = self._find(path)
        end: Position | None = None
        if offset is not None:
            start = self.position_in(path, offset)
        else:
            node = found.key if at_key and found.key is not None else found.node
            first, last = self._marks.span(node)
            start = self._marks.position(first)
            # A whole mapping underlined in an editor helps nobody.
            if node == found.key or (found.is_exact and not isinstance(found.value, dict | list)):
                end = self._marks.position(last)
        return _problem(self.file, code, message, start, end, severity)

    def _find(self, path: Path) -> "_Found":
        node, key, value = 0, None, self.value
        for part in path:
            children = self._marks.children(node, value)
            child = children.get(part) if isinstance(part, str) == isinstance(value, dict) else None
            if child is None:
                return _Found(node, key, value, is_exact=False)
            node, key = child
            value = value[part]
        return _Found(node, key, value, is_exact=True)


class _Found(NamedTuple):
    node: int
    key: int | None
    value: Any
    is_exact: bool


def _problem(
    file: str,
    code: str,
    message: str,
    start: Position,
    end: Position | None = None,
    severity: Literal["error", "warning"] = "error",
) -> Problem:
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


# -- the places of nodes -----------------------------------------------------------------------------------------


class _Marks:
    """Where nodes start and end, as offsets into the text.

    Nodes are numbered in the order of the text, keys included.  `nexts` is the number after the last node inside of a
    collection.  An alias is a node of its own.  `dropped` are keys that have no part in the value.
    """

    __slots__ = ("_characters", "_children", "_lines", "aliases", "dropped", "ends", "nexts", "starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = array("I")
        self.ends = array("I")
        self.nexts: dict[int, int] = {}
        self.aliases: dict[int, int] = {}
        self.dropped: set[int] = set()
        self._lines: list[int] | None = None
        self._children: dict[int, dict[str | int, tuple[int, int | None]]] = {}
        self._characters: tuple[int, list[int] | None] = (-1, None)

    def position(self, offset: int) -> Position:
        """Turn an offset into line and column."""
        if self._lines is None:
            self._lines = [0, *(found.end() for found in _BREAK.finditer(self.text))]
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1)

    def start(self, node: int) -> int:
        """Find the first character of a node; an empty document starts at its end."""
        return self.starts[node] if node < len(self.starts) else 0

    def span(self, node: int) -> tuple[int, int]:
        """Find the first character of a node and the place after its last one."""
        if node >= len(self.starts):
            return 0, 0
        start, end = self.starts[node], self.ends[node]
        while end > start and self.text[end - 1] in " \t\r\n":  # block scalars reach to the next token
            end -= 1
        return start, end

    def children(self, node: int, value: Any) -> dict[str | int, tuple[int, int | None]]:
        """List what is in a collection: `{key or index: (node, node of the key)}`."""
        node = self.aliases.get(node, node)
        known = self._children.get(node)
        if known is None:
            known = self._children[node] = dict(self.walk(node, value))
        return known

    def walk(self, node: int, value: Any) -> Iterator[tuple[str | int, tuple[int, int | None]]]:
        """Go through what is in a collection that may still be open."""
        child = node + 1
        if isinstance(value, list):
            for index in range(len(value)):
                yield index, (child, None)
                child = self._after(child)
        elif isinstance(value, dict):
            for name in value:
                while child in self.dropped:
                    child = self._after(self._after(child))
                yield name, (self._after(child), child)
                child = self._after(self._after(child))

    def _after(self, node: int) -> int:
        return self.nexts.get(node, node + 1)

    def character(self, node: int, value: str, offset: int) -> int:
        """Find a character of a text value; past its end is the place after its last character."""
        node = self.aliases.get(node, node)
        if self._characters[0] != node:
            self._characters = (node, _character_places(self.text, self.starts[node], self.ends[node], value))
        places = self._characters[1]
        if not places:
            return self.starts[node]
        return places[max(offset, 0)] if offset < len(places) else places[-1] + 1


# -- text to characters that libyaml accepts -----------------------------------------------------------------------

_BREAK = re.compile(r"\r\n?|\n")
_HALF = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Allowed by YAML 1.2 and JSON inside of quotes; libyaml refuses them, or takes them for line breaks as in YAML 1.1.
_ODD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# JSON writes characters outside the basic plane as two escapes; libyaml refuses each of them.
_ESCAPED_PAIR = re.compile(
    r"(?<!\\)((?:\\\\)*)\\(u[dD][89abAB][0-9a-fA-F]{2})\\(u[dD][c-fC-F][0-9a-fA-F]{2})",
)


def _decode(text: str | bytes, file: str) -> tuple[str | None, list[Problem]]:
    """Make sure of size, encoding and characters; the text comes back without a byte order mark."""
    too_large = f"The file is larger than {MAX_BYTES >> 20} MiB. Split it, or keep large data elsewhere."
    if len(text) > MAX_BYTES:
        return None, [_problem(file, "yaml.too-large", too_large, Position(1, 1))]
    try:
        plain = text if isinstance(text, str) else str(text, "utf-8")
        size = len(plain.encode())
    except UnicodeError as error:
        return None, [_encoding_problem(error, file)]
    if size > MAX_BYTES:
        return None, [_problem(file, "yaml.too-large", too_large, Position(1, 1))]
    plain = plain.removeprefix("\ufeff")
    if plain.count("\n%") + plain.count("\r%") > MAX_DIRECTIVES:  # libyaml compares each directive with all others
        message = "Too many lines start with %. A flow needs no directives: remove them."
        return None, [_problem(file, "yaml.syntax", message, Position(1, 1))]
    found = _control_problems(plain, file) if _CONTROL.search(plain) else []
    return (None if found else plain), found


def _control_problems(text: str, file: str) -> list[Problem]:
    place = _Marks(text).position
    return [
        _problem(
            file,
            "yaml.control-character",
            f"The character {control[0]!r} is not allowed in YAML. Remove it, or write it as an escape "
            f'in double quotes: "\\x{ord(control[0]):02x}".',
            place(control.start()),
        )
        for control in islice(_CONTROL.finditer(text), MAX_PROBLEMS)
    ]


def _encoding_problem(error: UnicodeError, file: str) -> Problem:
    if isinstance(error, UnicodeEncodeError):
        place = _Marks(error.object).position(error.start)
        message = "The text holds half of a surrogate pair, which is not a character. Remove it."
        return _problem(file, "yaml.encoding", message, place)
    place, name = Position(1, 1), "not UTF-8 text"
    if isinstance(error, UnicodeDecodeError):
        before = error.object[: error.start].decode("utf-8", "replace").removeprefix("\ufeff")
        place = _Marks(before).position(len(before))
        if error.object.startswith((b"\xff\xfe", b"\xfe\xff")):
            place, name = Position(1, 1), "UTF-16 text"
    return _problem(file, "yaml.encoding", f"The file is {name}. Save it as UTF-8.", place)


def _disguise(text: str) -> tuple[str, Callable[[str, bool], str] | None]:
    """Replace what libyaml would refuse by as many characters that are not in the text.

    Returns the text to parse, and a function that turns a scalar back; it is told whether that is in double quotes.
    """
    odd = [] if text.isascii() and "\x7f" not in text else sorted(set(_ODD.findall(text)))
    has_pairs = "\\u" in text and _ESCAPED_PAIR.search(text) is not None
    if not odd and not has_pairs:
        return text, None
    used = set(text)
    spare = (chr(point) for point in range(0xF0000, 0x10FFFE) if chr(point) not in used)
    # 1 MiB of UTF-8 cannot name all of these characters: four bytes each.
    there = {ord(char): next(spare) for char in odd}
    back = {ord(disguised): chr(char) for char, disguised in there.items()}
    slash = next(spare)
    pair = re.compile(rf"{slash}u([0-9a-fA-F]{{4}}){slash}u([0-9a-fA-F]{{4}})")
    if has_pairs:
        text = _ESCAPED_PAIR.sub(rf"\1{slash}\2{slash}\3", text)

    def restore(value: str, is_double_quoted: bool) -> str:
        if slash in value:
            value = pair.sub(_join_pair, value) if is_double_quoted else value.replace(slash, "\\")
        return value.translate(back)

    return text.translate(there), restore


def _join_pair(found: re.Match[str]) -> str:
    return chr(0x10000 + ((int(found[1], 16) - 0xD800) << 10) + int(found[2], 16) - 0xDC00)


# -- events to values ----------------------------------------------------------------------------------------------

_WANTED = object()
_DROPPED = object()
_CORE = "tag:yaml.org,2002:"
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NOT_KEYS = frozenset((*_WORDS, "<<"))
_NUMBER_STARTS = frozenset("+-.0123456789")
_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+)"
    r"|0o(?P<oct>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
    r"|(?P<odd>[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
_KINDS: dict[type, str] = {
    dict: "a mapping", list: "a list", str: "text", bool: "a boolean", int: "a number", float: "a number",
    type(None): "null",
}  # fmt: skip
_TAGGED: dict[str, tuple[type, ...]] = {
    "null": (type(None),), "bool": (bool,), "int": (int,), "float": (float, int),
}  # fmt: skip


def _kind(value: Any) -> str:
    return _KINDS[type(value)]


class _Stop(Exception):
    """Reading cannot go on; the problem is noted."""


class _Builder:
    """Builds the value from the events of the parser, without recursion.

    `_key` says what the next node is for: a key (`_WANTED`), the value of a key, nothing (`_DROPPED`), or an element of
    a list (None).  `_shared` counts what aliases stand for; `_deepest` is how deep the open collection goes, `_sizes`
    the nodes and the height of those that an alias may name.
    """

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._text = text
        self._marks = marks = _Marks(text)
        self._starts, self._ends = marks.starts, marks.ends
        self._disguised, self._restore = _disguise(text)
        self._root: list[Any] = []
        self._container: Any = self._root
        self._key: Any = None
        self._stack: list[tuple[Any, Any, int, int, int]] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._sizes: dict[int, tuple[int, int]] = {}
        self._shared = 0
        self._deepest = 0
        self._end = 0
        self._documents = 0

    def source(self) -> Source:
        return Source(self._file, self._text, self._root[0] if self._root else None, self._marks)

    def build(self) -> bool:
        """Read all events; False when the value is not complete."""
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.SequenceStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            loader = _Loader(self._disguised)
            while (kind := type(event := loader.get_event())) is not yaml.StreamEndEvent:
                handle = handlers.get(kind)
                if handle is not None:
                    handle(event)
        except _Stop:
            return self._documents > 1
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # the Python parser fails so on "\\UFFFFFFFF"
            self._report("yaml.syntax", *_explain(error, self._text))
            return False
        return True

    # -- one method for each kind of event

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            message = "A second document starts here. Put each into a file of its own."
            self._stop("yaml.document-count", message, event.start_mark.index)

    def _scalar(self, event: Any) -> None:
        node = self._note(event)
        text: str = event.value
        if self._restore is not None:
            text = self._restore(text, event.style == '"')
        if not text.isascii() and _HALF.search(text):  # only the parser in Python lets such an escape pass
            self._stop("yaml.syntax", "An escape in this text is half of a character.", event.start_mark.index)
        if self._key is _WANTED:
            value: Any = text
            self._key = self._scalar_key(event, text, node)
        else:
            value = text if event.style and event.tag is None else self._resolve(event, text)
            self._attach(value)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, node)

    def _open(self, event: Any) -> None:
        node = self._note(event)
        is_mapping = type(event) is yaml.MappingStartEvent
        child: Any = {} if is_mapping else []
        if len(self._stack) >= MAX_DEPTH:
            self._too_deep(node)
        if event.tag is not None and event.tag not in ("!", _CORE + ("map" if is_mapping else "seq")):
            self._bad_tag(event.tag, node, child)
        if event.anchor is not None:
            self._anchors[event.anchor] = (child, node)
        if self._key is _WANTED:
            self._key = self._odd_key(child, node)
        else:
            self._attach(child)
        self._stack.append((self._container, self._key, node, self._shared, self._deepest))
        self._deepest = len(self._stack)
        self._container = child
        self._key = _WANTED if is_mapping else None

    def _close(self, event: Any) -> None:
        height = self._deepest - len(self._stack) + 1
        self._container, self._key, node, shared, deepest = self._stack.pop()
        self._deepest = max(self._deepest, deepest)
        if self._anchors:
            self._sizes[node] = (len(self._starts) - node + self._shared - shared, height)
        # The end of a block collection has no text of its own: it ends with the last node in it.
        if event.end_mark.index > event.start_mark.index:
            self._end = event.end_mark.index
        self._ends[node] = self._end
        self._marks.nexts[node] = len(self._starts)

    def _alias(self, event: Any) -> None:
        node = self._note(event)
        value, target = self._anchors.get(event.anchor, (None, None))
        if target is None:
            hint = did_you_mean(event.anchor, self._anchors) or " Put quotes around text that starts with *."
            self._report("yaml.alias", f"There is no anchor &{event.anchor} before this.{hint}", node=node)
        elif value is self._container or any(value is frame[0] for frame in self._stack):
            value = None
            message = f"The alias *{event.anchor} stands inside of what it refers to. Write the value out."
            self._report("yaml.alias", message, node=node)
        else:
            self._marks.aliases[node] = target
            self._count_again(target, node)
        if self._key is not _WANTED:
            self._attach(value)
        elif isinstance(value, str):
            self._key = self._text_key(value, node)
        else:
            self._key = self._odd_key(value, node)

    # -- nodes

    def _note(self, event: Any) -> int:
        node = len(self._starts)
        self._starts.append(event.start_mark.index)
        self._end = end = event.end_mark.index
        self._ends.append(end)
        if node + self._shared >= MAX_NODES:
            self._too_many(node)
        return node

    def _attach(self, value: Any) -> None:
        key = self._key
        if key is None:
            self._container.append(value)
            return
        if key is not _DROPPED:
            self._container[key] = value
        self._key = _WANTED

    def _count_again(self, target: int, node: int) -> None:
        """Add what an alias stands for to the nodes and to the depth, so that no reader of the value is surprised."""
        size, height = self._sizes.get(target, (1, 0))
        self._shared += size - 1
        self._deepest = max(self._deepest, len(self._stack) + height)
        if len(self._starts) + self._shared > MAX_NODES:
            self._too_many(node)
        if self._deepest > MAX_DEPTH:
            self._too_deep(node)

    # -- keys

    def _scalar_key(self, event: Any, text: str, node: int) -> Any:
        if event.tag is None:
            if event.style or (text not in _NOT_KEYS and text[0] not in _NUMBER_STARTS):
                return self._text_key(text, node)
            if text == "<<":
                message = "YAML 1.2 has no merge key. Write the keys out, or share a whole value with an alias."
                return self._drop_key("yaml.merge-key", message, node)
        value = self._resolve(event, text, is_key=True)
        return self._text_key(text, node) if isinstance(value, str) else self._odd_key(value, node, text)

    def _text_key(self, text: str, node: int) -> Any:
        if text not in self._container:
            return text
        first = self._marks.position(self._marks.start(self._key_node(text))).line
        message = f"The key {_short(text)} is here twice; the first is in line {first}. Remove or rename one."
        return self._drop_key("yaml.duplicate-key", message, node)

    def _key_node(self, text: str) -> int:
        for name, (_, key) in self._marks.walk(self._stack[-1][2], self._container):
            if name == text and key is not None:
                return key
        return 0

    def _odd_key(self, value: Any, node: int, text: str = "") -> Any:
        if isinstance(value, dict | list):
            message = f"A key is text, but here is {_kind(value)}. Put quotes around it."
            if isinstance(value, dict) and self._text.startswith("{", self._starts[node]):
                message = 'A key is text, but here is a mapping. Put an expression in quotes: "${{ ... }}".'
            return self._drop_key("yaml.key", message, node)
        if not text:
            return self._drop_key("yaml.key", "A key is missing before the colon.", node)
        message = f"A key is text, but {_short(text)} is {_kind(value)}. Put quotes around it."
        self._report("yaml.key", message, node=node)
        return self._text_key(text, node)

    def _drop_key(self, code: str, message: str, node: int) -> Any:
        self._report(code, message, node=node)
        self._marks.dropped.add(node)
        return _DROPPED

    # -- scalars

    def _resolve(self, event: Any, text: str, is_key: bool = False) -> Any:
        tag = event.tag
        if tag is None:
            return text if event.style else self._plain(text, is_key)
        name = tag.removeprefix(_CORE)
        if name in ("!", "str"):
            return text
        if name not in _TAGGED or name == tag:
            self._bad_tag(tag, len(self._starts) - 1, text)
            return text
        value = self._plain(text, is_key)
        if type(value) not in _TAGGED[name]:
            self._bad_tag(tag, len(self._starts) - 1, value)
            return value
        return float(value) if name == "float" and abs(value) < 1e300 else value

    def _plain(self, text: str, is_key: bool) -> Any:
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in _NUMBER_STARTS and (found := _NUMBER.fullmatch(text)):
            return 0 if is_key else self._number(text, found)
        return text

    def _number(self, text: str, found: re.Match[str]) -> int | float:
        kind = found.lastgroup or ""
        node = len(self._starts) - 1
        if kind == "odd":
            message = f"JSON has no {text}. Write a number, or put quotes around it if it is text."
            self._report("yaml.number", message, node=node)
            return 0.0
        if len(text) > MAX_DIGITS:
            message = f"A number may have {MAX_DIGITS} digits, not {len(text)}. Put quotes around it if it is text."
            self._report("yaml.number", message, node=node)
            return 0
        if kind == "float":
            value = float(text)
            if abs(value) == float("inf"):
                message = f"{_short(text)} is too large for a number. Put quotes around it if it is text."
                self._report("yaml.number", message, node=node)
                return 0.0
            return value
        digits = text.lstrip("+-")
        if kind == "int" and len(digits) > 1 and digits[0] == "0":
            message = f"{text} is read as the number {int(text)}. Put quotes around it to keep the zeros."
            self._report("yaml.leading-zero", message, node=node, severity="warning")
        return int(found[kind], {"int": 10, "oct": 8, "hex": 16}[kind])

    # -- problems

    def _bad_tag(self, tag: str, node: int, value: Any) -> None:
        name = tag.removeprefix(_CORE)
        shown = _short(tag if name == tag else "!!" + name)
        if name != tag and name in (*_TAGGED, "str", "map", "seq"):
            message = f"The tag {shown} does not fit {_kind(value)}. Remove the tag, or change the value."
        else:
            message = f"The tag {shown} is not known. Remove it, or put quotes around the value if it is text."
        self._report("yaml.tag", message, node=node)

    def _too_deep(self, node: int) -> NoReturn:
        message = f"Lists and mappings are nested more than {MAX_DEPTH} deep. Make the structure flatter."
        self._stop("yaml.too-deep", message, self._starts[node])

    def _too_many(self, node: int) -> NoReturn:
        message = f"The file holds more than {MAX_NODES:,} values (an alias counts as all it stands for). Split it."
        self._stop("yaml.too-many-nodes", message, self._starts[node])

    def _stop(self, code: str, message: str, offset: int) -> NoReturn:
        self._report(code, message, offset)
        raise _Stop

    def _report(
        self,
        code: str,
        message: str,
        offset: int = 0,
        *,
        node: int | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        end: Position | None = None
        if node is not None:
            offset, last = self._marks.span(node)
            end = self._marks.position(last)
        start = self._marks.position(offset)
        if len(self.problems) >= MAX_PROBLEMS:
            message = f"There are more than {MAX_PROBLEMS} problems. Repair these first."
            self.problems.append(_problem(self._file, "yaml.too-many-problems", message, start))
            raise _Stop
        self.problems.append(_problem(self._file, code, message, start, end, severity))


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


# -- syntax errors in our words ------------------------------------------------------------------------------------

_AT, _FROM = "problem_mark", "context_mark"
# What the parser says, where to point, what we say.  `{char}` stands at the problem; `{line}` and `{column}` are where
# the construct around it starts.  Both parsers are covered: libyaml, and the one in Python.
_SYNTAX = (
    (r"tab character|'\\t' that cannot", _AT, "A tab stands where YAML wants spaces. Use spaces."),
    (r"quoted scalar.*(end of stream|document)", _FROM, "This quote is never closed. Add the closing quote."),
    (
        r"expected ',' or",
        _AT,
        "Expected a comma or the closing bracket of line {line}. Inside of [ ] and {{ }} put quotes around expressions "
        "and special characters.",
    ),
    (
        r"block mapping.*expected (key|<block end>)",
        _AT,
        "Expected a key in column {column}, as in line {line}. Check the indentation, and quotes that close too early.",
    ),
    (
        r"block collection.*expected ('-' indicator|<block end>)",
        _AT,
        "Expected `- ` in column {column}, as in line {line}. Check the indentation.",
    ),
    (r"expected (the )?node content", _AT, "A value is missing before {char}. Put quotes around it if it is text."),
    (
        r"expected '?<document start>",
        _AT,
        "The document ends before this. Check that all keys at the top start in the same column.",
    ),
    (
        r"could not find expected ':'",
        _FROM,
        "There is no colon after this. Write `key: value`, or indent the line if it belongs to the text above.",
    ),
    (r"unknown escape", _AT, r"Unknown escape in double quotes. Write \\ for a backslash, or use single quotes."),
    (r"hexdecimal number|escape sequence of", _AT, r"This escape needs more digits: \x takes 2, \u 4 and \U 8."),
    (r"Unicode character escape", _AT, "This escape is half of a character. Write both halves, or the character."),
    (r"sequence entries are not", _AT, "A list cannot start here. Put `- ` on a line of its own, below its key."),
    (r"mapping keys are not", _AT, "A key cannot start with `? `. Put quotes around the text."),
    (r"an (alias|anchor)", _FROM, "* and & start an alias or an anchor. Put quotes around the value if it is text."),
    (r"a tag|tag (URI|handle)|%TAG", _FROM, "! starts a tag. Put quotes around the value if it is text."),
    (r"incompatible", _AT, "This is not YAML 1.2. Remove the line that starts with %YAML."),
    (r"directive", _AT, "A line that starts with % is a directive. Put quotes around it if it is text."),
    (
        r"block scalar.*(comment or|chomping)",
        _AT,
        "Text after | or > starts on the next line. Move it there, or use quotes.",
    ),
    (r"cannot start any token", _AT, "A value cannot start with {char}. Put quotes around it."),
)


def _explain(error: Exception, text: str) -> tuple[str, int]:
    """Say in our words what the parser stumbled on, and at which offset."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read")
    said = f"{getattr(error, 'context', None) or ''} {problem}"
    offsets = {_AT: _offset(error, _AT, text), _FROM: _offset(error, _FROM, text)}
    if "mapping values are not allowed" in said:
        return _misplaced_colon(text, offsets[_AT])
    char = text[offsets[_AT] : offsets[_AT] + 1]
    if char == "\t":
        said = said.replace("character that", "character '\\t' that")  # libyaml does not say which
    around = _Marks(text).position(offsets[_FROM])
    for pattern, place, message in _SYNTAX:
        if re.search(pattern, said):
            shown = repr(char) if char.strip() else "the end of the line"
            return message.format(char=shown, line=around.line, column=around.column), offsets[place]
    return f"This is not valid YAML: {problem}.", offsets[_AT]


def _offset(error: Exception, name: str, text: str) -> int:
    mark = getattr(error, name, None) or getattr(error, _AT, None)
    return min(mark.index, len(text)) if mark else 0


def _misplaced_colon(text: str, offset: int) -> tuple[str, int]:
    """Find out why a colon is where no key may start."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    line = text[start:offset]
    above = text[:start].rstrip()
    above_start = max(above.rfind("\n"), above.rfind("\r")) + 1
    previous = above[above_start:]
    if re.search(r":\s", line):
        return "The value holds a colon and a space. Put quotes around it.", offset
    if glued := re.match(r"[ \t]*(?:- +)*[\w.-]+:(?=[^\s/:])", previous):
        return "A space is missing after the colon. Write `key: value`.", above_start + glued.end() - 1
    if len(line) - len(line.lstrip()) > len(previous) - len(previous.lstrip()):
        message = "This line is indented deeper than the value above it allows. Check the indentation."
        return message, start + len(line) - len(line.lstrip())
    return "A key cannot start here. Check the indentation, and put quotes around text.", offset


# -- characters of a scalar to places in the text ------------------------------------------------------------------

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


def _character_places(text: str, start: int, end: int, value: str) -> list[int] | None:
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
            breaks = [found.start() for found in _BREAK.finditer(text, token.start(), token.end())]
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
        breaks = [found.start() for found in _BREAK.finditer(text, token.start(), token.end())]
        yield from (("\n", place) for place in breaks[1:])
    elif len(digits) == 10:
        yield chr(0x10000 + ((int(digits[:4], 16) - 0xD800) << 10) + int(digits[6:], 16) - 0xDC00), token.start()
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
