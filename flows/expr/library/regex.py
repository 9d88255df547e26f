"""Functions with regular expressions.  RE2 reads them: no pattern makes it go back, so none can hang.

Three things still need a bound.  RE2's slow path costs pattern size x text length, which is capped before a match.
Finding all matches can scan the rest of the text again for each, which the clock pays for.  So is compiling a
pattern that is not written in the flow, unless it was used lately.
"""

from collections.abc import Iterator
from functools import partial
from time import thread_time_ns
from typing import Annotated, Any, NamedTuple

import re2

from flows.expr.errors import Fault
from flows.expr.function import Function, Prepare, declare
from flows.expr.limits import NANOSECONDS_PER_STEP, Frame, charge, check_list, check_text
from flows.expr.values import shorten

REGEX_FUNCTIONS: dict[str, Function] = {}
_regex = partial(declare, REGEX_FUNCTIONS, "Patterns (RE2)")

PATTERN_CHARACTERS = 1_000
REPLACEMENT_CHARACTERS = 10_000
PATTERN_MEMORY = 512 * 1024
PATTERNS_KEPT = 64
WORK_LIMIT = 4_000_000  # pattern size x characters: under 50 ms on the slow path (measured 7 to 10 ns each)


class Pattern(NamedTuple):
    """A compiled pattern, the size of its program and the names of its groups by number."""

    compiled: Any
    size: int
    groups: int
    names: dict[int, str]


_kept: dict[str, Pattern] = {}


def compile_pattern(text: str, frame: Frame | None = None) -> Pattern:
    """Compile a pattern, or return it from the few that are kept.  Raises Fault when it is none."""
    if (known := _kept.get(text)) is not None:
        return known
    if len(text) > PATTERN_CHARACTERS:
        raise Fault(f"the pattern is longer than {PATTERN_CHARACTERS:,} characters.", costly=True)
    started = thread_time_ns()
    pattern = _compile(text)
    if frame is not None:
        charge(frame, (thread_time_ns() - started) // NANOSECONDS_PER_STEP)
    while len(_kept) >= PATTERNS_KEPT:
        _kept.pop(next(iter(_kept)), None)
    _kept[text] = pattern
    return pattern


def _compile(text: str) -> Pattern:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY
    try:
        # Not `re2.compile`: its own cache would keep patterns that hostile input made.
        compiled = re2._Regexp(text, options)
    except re2.error as exc:
        reason = exc.args[0].decode("utf-8", "replace") if isinstance(exc.args[0], bytes) else str(exc)
        raise Fault(f"the pattern is not valid: {shorten(reason, 120)}. The syntax is RE2's: no lookaround, no "
                    "backreferences.") from None  # fmt: skip
    except UnicodeEncodeError:
        raise Fault("the pattern holds half a character (a lone surrogate).") from None
    names = {number: name for name, number in compiled.groupindex.items()}
    return Pattern(compiled, max(compiled.programsize, 1), compiled.groups, names)


RegexText = Annotated[Pattern, Prepare(compile_pattern, takes=str)]


def _matches(pattern: Pattern, text: str, frame: Frame) -> Iterator[Any]:
    """Yield the matches, paying by the clock for each."""
    if pattern.size * len(text) > WORK_LIMIT:
        most = WORK_LIMIT // pattern.size
        raise Fault(f"this pattern can be used on texts of up to {most:,} characters. Cut the text first: "
                    "truncate(text, n).", costly=True)  # fmt: skip
    found = pattern.compiled.finditer(text)
    while True:
        started = thread_time_ns()
        try:
            match = next(found, None)
        except UnicodeEncodeError:
            raise Fault("the text holds half a character (a lone surrogate).") from None
        charge(frame, (thread_time_ns() - started) // NANOSECONDS_PER_STEP)
        if match is None:
            return
        yield match


def _value(pattern: Pattern, match: Any) -> Any:
    """Return a match as Python's findall would, and named groups as a dict."""
    if pattern.names:
        return {name: match[number] for number, name in sorted(pattern.names.items())}
    if pattern.groups == 0:
        return match[0]
    groups = list(match.groups())
    return groups[0] if len(groups) == 1 else groups


@_regex(builds=False, example='matches("INV-2041", "^INV-[0-9]+$")', result=True)
def matches(frame: Frame, text: str, pattern: RegexText) -> bool:
    """Say whether the pattern is found in the text; ^ and $ pin it to the start and the end."""
    return any(True for _ in _matches(pattern, text, frame))


@_regex(example='re_find("total: 42 EUR", "([0-9]+) ([A-Z]+)")', result=["42", "EUR"])
def re_find(frame: Frame, text: str, pattern: RegexText) -> Any:
    """Return the first match, or null: its text, its one group, a list of groups, or a dict of named groups."""
    return next((_value(pattern, match) for match in _matches(pattern, text, frame)), None)


@_regex(example='re_find_all("a1 b22", "[0-9]+")', result=["1", "22"])
def re_find_all(frame: Frame, text: str, pattern: RegexText) -> list[Any]:
    """Return all matches in a list, each as re_find returns it."""
    found = [_value(pattern, match) for match in _matches(pattern, text, frame)]
    check_list(len(found))
    return found


@_regex(example='re_split("a, b;c", "[,;] *")', result=["a", "b", "c"])
def re_split(frame: Frame, text: str, pattern: RegexText) -> list[str]:
    """Cut the text wherever the pattern is found."""
    pieces, at = [], 0
    for match in _matches(pattern, text, frame):
        pieces.append(text[at : match.start()])
        at = match.end()
    check_list(len(pieces) + 1)
    return [*pieces, text[at:]]


@_regex(example='re_replace("2026-01-31", "([0-9]+)-([0-9]+)-([0-9]+)", "$3.$2.$1")', result="31.01.2026")
def re_replace(frame: Frame, text: str, pattern: RegexText, by: str) -> str:
    r"""Put a text in place of every match; $1 or ${name} in it stand for a group, $0 for the match, $$ for a dollar."""
    pieces = _replacement(by, pattern)
    parts, at, total = [], 0, 0
    for match in _matches(pattern, text, frame):
        charge(frame, len(pieces))
        parts.append(text[at : match.start()])
        parts.extend(piece if type(piece) is str else match[piece] or "" for piece in pieces)
        total += sum(map(len, parts[-len(pieces) - 1 :]))
        check_text(total)
        at = match.end()
    return "".join([*parts, text[at:]])


_GROUP = re2.compile(r"\$(?:(\$)|([0-9]{1,2})|\{([A-Za-z0-9_]{1,50})\})")


def _replacement(by: str, pattern: Pattern) -> list[str | int]:
    """Cut a replacement into texts and group numbers."""
    if len(by) > REPLACEMENT_CHARACTERS:
        raise Fault(f"`by` is longer than {REPLACEMENT_CHARACTERS:,} characters.", costly=True)
    pieces: list[str | int] = []
    at = 0
    for found in _GROUP.finditer(by):
        pieces.append(by[at : found.start()])
        pieces.append("$" if found[1] else _group_number(found[2] or found[3], pattern))
        at = found.end()
    return [*pieces, by[at:]]


def _group_number(name: str, pattern: Pattern) -> int:
    numbers = {known: number for number, known in pattern.names.items()}
    number = int(name) if name.isdecimal() else numbers.get(name, -1)
    if not 0 <= number <= pattern.groups:
        raise Fault(f"the pattern has no group {name!r}. Write $$ for a dollar sign.")
    return number
