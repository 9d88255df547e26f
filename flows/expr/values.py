"""What every part of the language must agree on about values: names of kinds, text form, messages on what is missing.

Values are what JSON has: None, bool, int, float, str, list, dict.  Nothing else is ever made.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from flows.expr.errors import Fault

_KINDS = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a dict",
}
_KEYS_SHOWN = 10
_KEYS_COMPARED = 200
_CHARACTERS_SHOWN = 40


def kind_of(value: Any) -> str:
    """Return the words for the kind of a value, with article."""
    return _KINDS.get(type(value)) or ("a dict" if isinstance(value, Mapping) else "a value of another kind")


def kind_of_type(kind: type) -> str:
    """Return the words for a type of the language."""
    return _KINDS[kind]


def not_whole(value: Any) -> str:
    """Return the words for a value where a whole number is wanted."""
    return "a decimal number" if type(value) is float else kind_of(value)


def to_text(value: Any) -> str:
    """Return how a value reads inside text: text as it is, everything else as compact JSON."""
    kind = type(value)
    if kind is str:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return int_text(value)
    return json_text(value)


def int_text(value: int) -> str:
    """Return the digits of a whole number."""
    try:
        return str(value)
    except ValueError:  # Python refuses more than 4,300 digits, because writing them takes quadratic time
        raise Fault("the number has too many digits to be written.", costly=True) from None


def json_text(value: Any, indent: int | None = None) -> str:
    """Return a value as JSON; compact unless `indent` says otherwise."""
    separators = (",", ":") if indent is None else (",", ": ")
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=separators, indent=indent)
    except RecursionError:
        raise Fault("the value is nested too deeply to become JSON.", costly=True) from None
    except (TypeError, ValueError):
        raise Fault("the value holds something that JSON cannot express.") from None


def shorten(text: str, most: int = _CHARACTERS_SHOWN) -> str:
    """Return the text cut to at most so many characters, on one line."""
    text = " ".join(text[: most * 4].split())
    return text if len(text) <= most else text[: most - 1] + "…"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant."""
    candidates = [name for name, _ in zip(known, range(_KEYS_COMPARED), strict=False) if len(name) <= _CHARACTERS_SHOWN]
    lowered = {name.lower(): name for name in candidates}
    if len(word) > _CHARACTERS_SHOWN or word in candidates:
        return None
    found = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def listing(names: Iterable[str], count: int) -> str:
    """Return the first few names, and how many more there are."""
    shown = [shorten(str(name)) for name, _ in zip(names, range(_KEYS_SHOWN), strict=False)]
    rest = count - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")


def missing_key(key: str, there: Mapping[str, Any]) -> Callable[[], str]:
    """Return the message for a key that a dict does not have; worded when it is read."""

    def worded() -> str:
        if not there:
            return f"there is no key {shorten(key)!r}. The dict is empty."
        return f"there is no key {shorten(key)!r}. It has: {listing(there, len(there))}.{_suggestion(key, there)}"

    return worded


def missing_name(name: str, scope: Mapping[str, Any]) -> Callable[[], str]:
    """Return the message for a name that is not in scope; worded when it is read."""

    def worded() -> str:
        names = [known for known in scope if known.isidentifier()]
        if not names:
            return f"there is no name {shorten(name)!r} here."
        return f"there is no name {shorten(name)!r}. There are: {listing(names, len(names))}.{_suggestion(name, names)}"

    return worded


def _suggestion(word: str, known: Iterable[str]) -> str:
    found = nearest(word, known)
    if found is None:
        return ""
    written = found if found.isidentifier() else f'["{found}"]'
    return f" Did you mean {written!r}?" if found.isidentifier() else f" Did you mean {written}?"


def no_keys(value: Any) -> Fault:
    """Return the fault of asking something that is not a dict for a key.  Asking null counts as missing."""
    if value is None:
        return Fault("null has no keys.", missing=True)
    return Fault(f"{kind_of(value)} has no keys.")
