"""Fill what whoever installs a pack supplies into the addresses of its connections: `https://{shop}.example.com/api`.

A value is one piece of a host, a whole host, or one segment of a path.  None can change the scheme or what is fixed of
the host.  Touches no I/O.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from flows.expr.errors import Fault
from flows.expr.library.regex import compile_pattern
from flows.urls import UrlInvalid, parse_base_url

SETTING_NAME: Final = r"^[a-z][a-z0-9_]*$"
MAX_SETTING_CHARACTERS: Final = 200
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_PARTS: Final = re.compile(r"(https?)://([^/?#]*)(.*)", re.DOTALL)
_LABEL: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:[0-9]{1,5})?")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_~-]([A-Za-z0-9._~-]*[A-Za-z0-9_~-])?")


def placeholders(text: str) -> list[str]:
    """Return the names that stand between braces, each once, in order."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def address_problem(text: str) -> str:
    """Say what is wrong with an address that may have placeholders; empty when nothing is."""
    found = _PARTS.fullmatch(text)
    if found is None:
        return "An address starts with https:// or http://, written out."
    _, host, _ = found.groups()
    names = placeholders(host)
    if names and host != f"{{{names[0]}}}" and (host.count("{") > 1 or not re.search(r"\}\.[^{}:]+(:\d+)?$", host)):
        return "A host is one placeholder alone, or ends with a fixed domain, as in https://{shop}.example.com."
    try:
        parse_base_url(_PLACEHOLDER.sub("x", text))
    except UrlInvalid as error:
        return str(error)
    return ""


def fill_address(text: str, values: Mapping[str, str]) -> str:
    """Return an address with the values in their places.  Raises ValueError with a sentence."""
    found = _PARTS.fullmatch(text)
    if found is None:
        raise ValueError("An address starts with https:// or http://, written out.")
    scheme, host, path = found.groups()
    is_whole = _PLACEHOLDER.fullmatch(host) is not None
    allowed, words = (_HOST, "a host") if is_whole else (_LABEL, "letters, digits and dashes")
    filled_host = _filled(host, values, allowed, words)
    filled_path = _filled(path, values, _SEGMENT, "letters, digits and `.`, `_`, `~`, `-`, and no slash")
    return parse_base_url(f"{scheme}://{filled_host}{filled_path}")


def setting_problem(name: str, value: str, pattern: str) -> str:
    """Say why a value is not one of a setting; empty when it is."""
    if not value or len(value) > MAX_SETTING_CHARACTERS or not value.isprintable():
        return f"The setting {name!r} is empty, has control characters, or is longer than {MAX_SETTING_CHARACTERS}."
    if pattern and not matches(pattern, value):
        return f"The setting {name!r} does not fit the pattern {pattern}."
    return ""


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value fits an RE2 pattern."""
    return compile_pattern(pattern).compiled.fullmatch(value) is not None


def pattern_problem(pattern: str) -> str:
    """Say what is wrong with a pattern; empty when nothing is."""
    try:
        compile_pattern(pattern)
    except Fault as fault:
        return fault.message[:1].upper() + fault.message[1:]
    return ""


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """Return a text that is no address, such as a user name, with the values in it."""
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def unknown_placeholders(text: str, known: Mapping[str, object]) -> Iterator[str]:
    """Yield the names between braces that nobody declared."""
    yield from (name for name in placeholders(text) if name not in known)


def _filled(text: str, values: Mapping[str, str], allowed: re.Pattern[str], words: str) -> str:
    def value_of(found: re.Match[str]) -> str:
        value = values[found[1]]
        if not allowed.fullmatch(value):
            raise ValueError(f"The setting {found[1]!r} is {words}, for it becomes part of an address.")
        return value

    return _PLACEHOLDER.sub(value_of, text)
