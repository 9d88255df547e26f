"""Turn a scalar into the value that it means by the core schema of YAML 1.2, or by its tag."""

import re
from math import isinf
from typing import Any, Literal, Protocol

from flows.source.limits import MAX_DIGITS

CORE = "tag:yaml.org,2002:"

_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
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
_BASES = {"int": 10, "oct": 8, "hex": 16}


class Report(Protocol):
    """What a reader of scalars says about the one at hand."""

    def __call__(self, code: str, message: str, *, severity: Literal["error", "warning"] = "error") -> None:
        """Note a problem."""


def resolve(text: str, tag: str | None, style: str | None, report: Report, is_key: bool = False) -> Any:
    """Return the value of a scalar; a plain one has no style.  A key's number is only known as such: it is 0."""
    if tag is not None:
        return _tagged(text, tag, report, is_key)
    if style or (text not in _WORDS and text[0] not in _NUMBER_STARTS):
        return text
    return _word_or_number(text, report, is_key)


def _tagged(text: str, tag: str, report: Report, is_key: bool) -> Any:
    name = tag.removeprefix(CORE)
    if name in ("!", "str"):
        return text
    if name not in _TAGGED or name == tag:
        report_tag(tag, text, report)
        return text
    value = _word_or_number(text, report, is_key)
    if type(value) not in _TAGGED[name]:
        report_tag(tag, value, report)
        return value
    return float(value) if name == "float" and abs(value) < 1e300 else value


def report_tag(tag: str, value: Any, report: Report) -> None:
    """Say why a tag cannot stand at a value."""
    name = tag.removeprefix(CORE)
    shown = shorten(tag if name == tag else "!!" + name)
    if name != tag and name in (*_TAGGED, "str", "map", "seq"):
        message = f"The tag {shown} does not fit {kind_of(value)}. Remove the tag, or change the value."
    else:
        message = f"The tag {shown} is not known. Remove it, or put quotes around the value if it is text."
    report("yaml.tag", message)


def _word_or_number(text: str, report: Report, is_key: bool) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if found := _NUMBER.fullmatch(text):
        return 0 if is_key else _number(text, found, report)
    return text


def _number(text: str, found: re.Match[str], report: Report) -> int | float:
    kind = found.lastgroup or ""
    if kind == "odd":
        report("yaml.number", f"JSON has no {text}. Write a number, or put quotes around it if it is text.")
        return 0.0
    if len(text) > MAX_DIGITS:
        message = f"A number may have {MAX_DIGITS} digits, not {len(text)}. Put quotes around it if it is text."
        report("yaml.number", message)
        return 0
    if kind == "float":
        value = float(text)
        if not isinf(value):
            return value
        message = f"{shorten(text)} is too large for a number. Put quotes around it if it is text."
        report("yaml.number", message)
        return 0.0
    digits = text.lstrip("+-")
    if kind == "int" and len(digits) > 1 and digits[0] == "0":
        message = f"{text} is read as the number {int(text)}. Put quotes around it to keep the zeros."
        report("yaml.leading-zero", message, severity="warning")
    return int(found[kind], _BASES[kind])


def kind_of(value: Any) -> str:
    """Name what a value is, for a message."""
    return _KINDS[type(value)]


def shorten(text: str) -> str:
    """Quote a text for a message."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
