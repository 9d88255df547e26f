"""Turn a path such as `/repos/{owner}` into one with expressions.  Raises Skip for tricks and for what is unclear."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from packs.openapi.notes import Skip
from packs.openapi.text import plain

MAX_PATH: Final = 400
_TEMPLATE: Final = re.compile(r"\{([^{}/]*)\}")
_REFUSED: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\?#\"<>^`|]")


def path_template(path: str, sent: Mapping[str, str]) -> str:
    """Return the path with `${{ }}` for each parameter; `sent` holds their expressions by name."""
    _check(path)
    names = _TEMPLATE.findall(path)
    for name in names:
        if name not in sent:
            raise Skip(f"its path has {{{plain(name)[:60]}}}, which is no parameter of it")
    if len(set(names)) < len(names):
        raise Skip("its path names a parameter twice")
    if unused := [name for name in sent if name not in names]:
        raise Skip(f"its path has no place for the parameter {plain(unused[0])[:60]!r}")
    return _TEMPLATE.sub(lambda found: f"${{{{ {sent[found[1]]} }}}}", path)


def _check(path: str) -> None:
    if not path.startswith("/") or len(path) > MAX_PATH:
        raise Skip("its path does not begin with `/`" if len(path) <= MAX_PATH else "its path is too long")
    if "//" in path:
        raise Skip("its path has an empty segment, which could name another host")
    literal = _TEMPLATE.sub("x", path)
    if "}{" in path:
        raise Skip("two parameters of its path stand side by side, and nobody knows where one ends")
    if "{" in literal or "}" in literal:
        raise Skip("its path has a brace without its other half, or more than a name between braces")
    if _REFUSED.search(literal) or not literal.isprintable():
        raise Skip("its path holds a character that paths do not have")
    for segment in _TEMPLATE.sub("", path).split("/"):
        meant = segment
        for _ in range(4):
            meant = unquote(meant)
        if re.split(r"[/\\;]", meant)[0].strip() in (".", "..") or "/" in meant or "\\" in meant:
            raise Skip("its path has a segment that would move it")
