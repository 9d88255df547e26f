"""Decide what of a value is kept in history: secrets taken out, and no more than a number of bytes.

Most values are small and hold no secret, so they are encoded once and looked at as bytes.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import re2
from msgspec import Struct

from coordinator.scrub import REDACTED, SECRET_WORDS, is_secret_key, scrub_text

MAX_DEPTH: Final = 32
CUT: Final = "..."
LONGEST_SECRET: Final = 256
"""Text is scrubbed this far past the cut, so that half a secret is not left at the end."""

# One pass in linear time; looking for the words one by one takes several times as long.
_SIGN: Final = re2.compile(
    b"(?i)"
    + b"|".join(map(re2.escape, (*(word.encode() for word in SECRET_WORDS), b"hr_", b"bearer", b"signature=")))
    + b"|://[^/]*@"
)
_encode = msgspec.json.Encoder(enc_hook=repr).encode


def encode_plain(value: Any, limit: int) -> bytes | None:
    """Encode a value that is small and holds nothing that looks secret, as nearly all do; None for any other."""
    try:
        encoded = _encode(value)
    except Exception:  # whatever a component returned: history must not fail for it
        return None
    return encoded if len(encoded) <= limit and _SIGN.search(encoded) is None else None


def kept(value: Any, limit: int) -> bytes:
    """Return JSON of the value without secrets, cut to about `limit` bytes.  Never raises."""
    plain = encode_plain(value, limit)
    return _encode(_Keeper(limit).keep(value, 0)) if plain is None else plain


def clean_text(text: str, limit: int) -> str:
    """Return text that any database takes, without secrets and without control characters, cut to `limit`."""
    text = scrub_text(text[: limit + LONGEST_SECRET])[:limit]
    return text if text.isprintable() else _storable(text)


def _storable(text: str) -> str:
    # PostgreSQL takes no NUL, and nothing takes half of a surrogate pair.
    return text.replace("\0", "").encode("utf-8", "replace").decode()


class _Keeper:
    """Copies a value until the room is used up."""

    def __init__(self, limit: int) -> None:
        self._room = limit

    def keep(self, value: Any, depth: int) -> Any:
        self._room -= 2
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool | int | float):
            self._room -= 6
            return value
        if depth >= MAX_DEPTH:
            return CUT
        if isinstance(value, Struct):
            value = {field: getattr(value, field) for field in value.__struct_fields__}
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple):
            return self._list(value, depth)
        return self._text(str(msgspec.to_builtins(value, enc_hook=repr)))

    def _text(self, text: str) -> str:
        room = max(self._room, 0)
        clean = _storable(scrub_text(text[: room + LONGEST_SECRET]))
        if len(clean) > room:
            clean = clean[:room] + CUT
        self._room -= len(clean)
        return clean

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for number, (key, item) in enumerate(value.items()):
            if self._room <= 0:
                result[CUT] = f"{len(value) - number} more"
                break
            if item is msgspec.UNSET:
                continue
            name = self._text(str(key))
            result[name] = REDACTED if is_secret_key(name) and item is not None else self.keep(item, depth + 1)
        return result

    def _list(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        result: list[Any] = []
        for number, item in enumerate(value):
            if self._room <= 0:
                result.append(f"{CUT} {len(value) - number} more")
                break
            result.append(self.keep(item, depth + 1))
        return result
