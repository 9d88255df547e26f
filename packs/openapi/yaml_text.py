"""Write values as YAML that a person would have written: short mappings in one line, prose folded, few quotes.

What is read back is what was given: plain text stands unquoted only where it can mean nothing else.
"""

import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any, Final

WIDTH: Final = 120
_BLOCKS: Final = frozenset(
    ["input", "mcp_tool", "params", "steps", "http", "output", "tests", "properties", "connections"]
)
"""Keys whose mappings are written line by line, however short."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9_$/(.+][^\x00-\x1f\x7f-\uffff#:,\[\]{}\"'&*!|>%@`\\]*(?<! )", re.ASCII)
_PLAIN_BLOCK: Final = re.compile(r"[A-Za-z0-9_$/(][\x20-\x7e\xa1-\u1fff]*(?<! )")
# Words and numbers of YAML 1.2 and 1.1, and what old readers take for dates.
_MEANS_OTHER: Final = re.compile(
    r"null|true|false|yes|no|on|off|~|=|<<|[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)(e[-+]?[0-9]+)?"
    r"|[-+]?0[box]?[0-9a-f_]+|[-+]?\.(inf|nan)|[0-9]+(:[0-9]+)+(\.[0-9]*)?|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*",
    re.IGNORECASE,
)
_ODD: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def write_yaml(document: Mapping[str, Any]) -> str:
    """Return the text of a document."""
    return "\n".join(_mapping(document, 0)) + "\n"


def _mapping(value: Mapping[str, Any], indent: int) -> list[str]:
    lines: list[str] = []
    for key, item in value.items():
        lines += _entry(f"{' ' * indent}{_scalar(key, in_flow=True)}:", key, item, indent)
    return lines


def _entry(head: str, key: str, item: Any, indent: int) -> list[str]:
    """Write what follows a key: on its line, folded, or below it."""
    if isinstance(item, str):
        return _text(head, item, indent)
    if not isinstance(item, dict | list) or not item:
        return [f"{head} {_flow(item)}"]
    if key not in _BLOCKS and _is_short(item) and len(line := f"{head} {_flow(item)}") <= WIDTH:
        return [line]
    if isinstance(item, dict):
        return [head, *_mapping(item, indent + 2)]
    if not any(isinstance(each, dict | list) and each for each in item):
        return _wrapped(head, item, indent)
    return [head, *_list(item, indent + 2)]


def _wrapped(head: str, items: list[Any], indent: int) -> list[str]:
    """Write plain items between brackets, over as many lines as it takes."""
    lines, line = [], f"{head} ["
    for index, item in enumerate(items):
        piece = _flow(item) + ("," if index < len(items) - 1 else "]")
        if len(line) + len(piece) > WIDTH:
            lines.append(line.rstrip())
            line = " " * (indent + 2)
        line += f"{piece} "
    return [*lines, line.rstrip()]


def _list(value: list[Any], indent: int) -> list[str]:
    lines: list[str] = []
    for item in value:
        if isinstance(item, dict) and item:
            block = _mapping(item, indent + 2)
            is_short = _is_short(item) and len(line := f"{' ' * indent}- {_flow(item)}") <= WIDTH
            if is_short and not item.keys() & {"id", "name"}:
                lines.append(line)
            else:
                lines += [f"{' ' * indent}- {block[0].lstrip()}", *block[1:]]
        else:
            lines.append(f"{' ' * indent}- {_flow(item)}")
    return lines


def _text(head: str, text: str, indent: int) -> list[str]:
    line = f"{head} {_scalar(text, in_flow=False)}"
    if len(line) <= WIDTH or not _can_fold(text):
        return [line]
    width = max(WIDTH - indent - 2, 40)
    folded = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [f"{head} >-", *(f"{' ' * (indent + 2)}{each}" for each in folded)]


def _can_fold(text: str) -> bool:
    return text.isprintable() and text == " ".join(text.split()) and not _ODD.search(text)


def _is_short(item: Any) -> bool:
    """Whether a value reads well in one line: plain members, or one level of lists and mappings below them."""
    members = list(item.values() if isinstance(item, dict) else item)
    nested = [each for each in members if isinstance(each, dict | list) and each]
    return len(nested) <= 3 and all(
        not isinstance(inner, dict | list) or not inner
        for each in nested
        for inner in (each.values() if isinstance(each, dict) else each)
    )


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_scalar(key, in_flow=True)}: {_flow(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value, in_flow=True)


def _scalar(value: Any, *, in_flow: bool) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    pattern = _PLAIN if in_flow else _PLAIN_BLOCK
    is_plain = pattern.fullmatch(value) and not _MEANS_OTHER.fullmatch(value)
    if is_plain and ": " not in value and " #" not in value and not value.endswith(":"):
        return value
    if '"' in value or "\\" in value:
        if value.isprintable() and not _ODD.search(value):
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value)
    return json.dumps(value) if _ODD.search(value) else json.dumps(value, ensure_ascii=False)
