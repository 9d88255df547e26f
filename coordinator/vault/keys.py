"""Seal and open small values under a ring of keys: AES-256-GCM, each ciphertext bound to the row that it belongs to.

A sealed value is `hv1.<id of the key>.<nonce and ciphertext in base64>`.  The first key of the ring seals; all of them
open.  Touches no I/O.  Source: NIST SP 800-38D; a nonce is 96 random bits, far from its limit with as few values as
an installation keeps.
"""

import hashlib
import os
import re
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from flows.errors import HeadraceError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
FORMAT: Final = "hv1"
FEWEST_DIFFERENT_BYTES: Final = 16
"""A random key has about 30; fewer than this does not happen in the life of the universe."""
_PRINTABLE: Final = re.compile(rb"[\x20-\x7e\s]*")


class VaultKeyInvalid(HeadraceError):
    """The key of the vault is missing, malformed or no secret."""

    code = "vault_key_invalid"


class SecretUnreadable(HeadraceError):
    """A kept secret cannot be opened with the keys that there are."""

    code = "secret_unreadable"


class KeyRing:
    """Keys by their ids; never shown by `repr`."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        found = list(dict.fromkeys(keys))
        self._ciphers = {key_id(key): AESGCM(key) for key in found}
        self.ids = tuple(self._ciphers)

    @property
    def current(self) -> str:
        """The id of the key that seals."""
        return self.ids[0]

    def seal(self, place: str, value: bytes) -> str:
        """Encrypt a value for one place, which must be named again to open it."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._ciphers[self.current].encrypt(nonce, value, _bound_to(place))
        return f"{FORMAT}.{self.current}.{urlsafe_b64encode(sealed).decode()}"

    def open(self, place: str, sealed: str) -> bytes:
        """Decrypt.  Raises SecretUnreadable."""
        cipher = self._ciphers.get(sealed_by(sealed))
        if cipher is None:
            raise SecretUnreadable(
                f"The secret of {place} was encrypted with the key {sealed_by(sealed)[:16] or '?'}, "
                "which this server does not have.",
                fix="Bring the key back (HEADRACE_SECRET_KEY, or secret.key in the data directory), "
                "or enter the secret again.",
            )
        try:
            raw = urlsafe_b64decode(sealed.rpartition(".")[2])
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(place))
        except (InvalidTag, NotBase64, ValueError):
            raise SecretUnreadable(
                f"The secret of {place} was changed in the database, or belongs to another place.",
                fix="Enter it again.",
            ) from None

    def __repr__(self) -> str:
        return f"KeyRing(ids={self.ids!r})"


def sealed_by(sealed: str) -> str:
    """Return the id of the key that a value was sealed with; nothing for what is no sealed value."""
    parts = sealed.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == FORMAT else ""


def key_id(key: bytes) -> str:
    """Name a key without telling anything about it."""
    return hashlib.sha256(b"headrace vault key" + key).hexdigest()[:12]


def new_key() -> bytes:
    """Draw a key."""
    return os.urandom(KEY_BYTES)


def key_text(key: bytes) -> str:
    """Write a key as a file or a variable holds it."""
    return urlsafe_b64encode(key).decode()


def parse_key(text: str, where: str) -> bytes:
    """Read a key; `where` names its source in errors, which never repeat it.  Raises VaultKeyInvalid."""
    try:
        key = b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (NotBase64, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultKeyInvalid(f"{where} is not {KEY_BYTES} bytes in base64.", fix=_DRAW)
    if len(set(key)) < FEWEST_DIFFERENT_BYTES or _PRINTABLE.fullmatch(key):
        raise VaultKeyInvalid(f"{where} is a placeholder or a phrase, which others can guess.", fix=_DRAW)
    return key


_DRAW: Final = "Draw one: python3 -c 'import base64, os; print(base64.b64encode(os.urandom(32)).decode())'."


def _bound_to(place: str) -> bytes:
    return f"headrace vault 1\0{place}".encode()
