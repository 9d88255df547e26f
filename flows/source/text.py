"""Turn bytes or text into text that the parser accepts, and what the parser found back into what was written."""

import re
from collections.abc import Callable
from itertools import islice

from flows.problems import Problem
from flows.source.limits import MAX_BYTES, MAX_DIRECTIVES, MAX_PROBLEMS
from flows.source.places import Lines, Position, problem_at

Restore = Callable[[str, bool], str]
"""Turns a scalar of the disguised text back; it is told whether that is in double quotes."""

_TOP = Position(1, 1)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# Allowed by YAML 1.2 and JSON inside of quotes; libyaml refuses them, or takes them for line breaks as in YAML 1.1.
_ODD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# JSON writes characters outside the basic plane as two escapes; libyaml refuses each of them.
_ESCAPED_PAIR = re.compile(
    r"(?<!\\)((?:\\\\)*)\\(u[dD][89abAB][0-9a-fA-F]{2})\\(u[dD][c-fC-F][0-9a-fA-F]{2})",
)


def decode(text: str | bytes, file: str) -> tuple[str | None, list[Problem]]:
    """Make sure of size, encoding and characters; the text comes back without a byte order mark."""
    if len(text) > MAX_BYTES:
        return None, [_too_large(file)]
    try:
        plain = text if isinstance(text, str) else str(text, "utf-8")
        size = len(plain.encode())
    except UnicodeError as error:
        return None, [_encoding_problem(error, file)]
    if size > MAX_BYTES:
        return None, [_too_large(file)]
    plain = plain.removeprefix("\ufeff")
    if plain.count("\n%") + plain.count("\r%") > MAX_DIRECTIVES:  # libyaml compares each directive with all others
        message = "Too many lines start with %. A flow needs no directives: remove them."
        return None, [problem_at(_TOP, "yaml.syntax", message, file)]
    found = _control_problems(plain, file) if _CONTROL.search(plain) else []
    return (None if found else plain), found


def _too_large(file: str) -> Problem:
    message = f"The file is larger than {MAX_BYTES >> 20} MiB. Split it, or keep large data elsewhere."
    return problem_at(_TOP, "yaml.too-large", message, file)


def _control_problems(text: str, file: str) -> list[Problem]:
    lines = Lines(text)
    return [
        problem_at(
            lines.position(control.start()),
            "yaml.control-character",
            f"The character {control[0]!r} is not allowed in YAML. Remove it, or write it as an escape "
            f'in double quotes: "\\x{ord(control[0]):02x}".',
            file,
        )
        for control in islice(_CONTROL.finditer(text), MAX_PROBLEMS)
    ]


def _encoding_problem(error: UnicodeError, file: str) -> Problem:
    if isinstance(error, UnicodeEncodeError):
        place = Lines(error.object).position(error.start)
        message = "The text holds half of a surrogate pair, which is not a character. Remove it."
        return problem_at(place, "yaml.encoding", message, file)
    place, name = _TOP, "not UTF-8 text"
    if isinstance(error, UnicodeDecodeError):
        if error.object.startswith((b"\xff\xfe", b"\xfe\xff")):
            name = "UTF-16 text"
        else:
            before = error.object[: error.start].decode("utf-8", "replace").removeprefix("\ufeff")
            place = Lines(before).position(len(before))
    return problem_at(place, "yaml.encoding", f"The file is {name}. Save it as UTF-8.", file)


def disguise(text: str) -> tuple[str, Restore | None]:
    """Replace what libyaml would refuse by as many characters that are not in the text."""
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
            joined = pair.sub(lambda found: join_pair(found[1], found[2]), value)
            value = joined if is_double_quoted else value.replace(slash, "\\")
        return value.translate(back)

    return text.translate(there), restore


def join_pair(high: str, low: str) -> str:
    """Make the character that JSON writes as two escapes of four hex digits."""
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
