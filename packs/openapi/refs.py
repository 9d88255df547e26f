"""Follow `$ref` inside the document, and nowhere else.  Raises Skip with the reason.

Source: RFC 6901 (JSON pointers), RFC 3986 section 3.5 (fragments).
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from packs.openapi.notes import Skip

MAX_CHAIN: Final = 20
_SHOWN: Final = 80


class Refs:
    """The references of one document."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def resolve(self, node: Any) -> dict[str, Any]:
        """Return the mapping that a node is or refers to; what stands beside `$ref` wins."""
        return self.follow(node)[0]

    def follow(self, node: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return the mapping that a node is or refers to, and the references on the way."""
        beside: dict[str, Any] = {}
        trail: tuple[str, ...] = ()
        while isinstance(node, dict) and "$ref" in node:
            ref = node["$ref"]
            if ref in trail or len(trail) >= MAX_CHAIN:
                raise Skip(f"the reference {_shown(ref)} leads back to itself")
            beside = {**{key: value for key, value in node.items() if key != "$ref"}, **beside}
            node = self._target(ref)
            trail = (*trail, ref)
        if not isinstance(node, dict):
            where = f"the reference {_shown(trail[-1])} leads to" if trail else "a part of it is"
            raise Skip(f"{where} something that is no mapping")
        return {**node, **beside} if beside else node, trail

    def _target(self, ref: Any) -> Any:
        if not isinstance(ref, str):
            raise Skip("a $ref is not text")
        if not ref.startswith("#/"):
            raise Skip(f"it refers to {_shown(ref)}, and only references inside the document are followed")
        node: Any = self._root
        for part in ref[2:].split("/"):
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            if isinstance(node, dict) and key in node:
                node = node[key]
            elif isinstance(node, list) and key.isdecimal() and len(key) < 8 and int(key) < len(node):
                node = node[int(key)]
            else:
                raise Skip(f"the reference {_shown(ref)} leads nowhere")
        return node


def _shown(ref: Any) -> str:
    text = str(ref)
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
