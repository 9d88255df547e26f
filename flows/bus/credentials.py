"""A credentials file of NATS (`.creds`): who a user is, and the key with which he proves it.

Source: NATS documentation, "Decentralized JWT authentication" and nkeys.
"""

import base64
import binascii
import re
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

JWT: Final = "NATS USER JWT"
SEED: Final = "USER NKEY SEED"
SEED_OF_USER: Final = (18 << 3 | 20 >> 2, (20 << 6) & 0xFF)
"""The first two bytes of the seed of a user: they make it begin with SU."""
PREFIX_BYTES: Final = 2
CHECKSUM_BYTES: Final = 2
KEY_BYTES: Final = 32


class UnusableCredentials(OSError):
    """The file is no credentials file.  An OSError, because the client library tries again after those."""


class Credentials(Struct, frozen=True):
    """What the file says.  Never shown by `repr`."""

    jwt: str
    key: bytes

    def __repr__(self) -> str:
        return "Credentials(...)"

    def sign(self, nonce: str) -> bytes:
        """Return the proof that we are who the file says."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return base64.b64encode(Ed25519PrivateKey.from_private_bytes(self.key).sign(nonce.encode()))


def credentials_options(path: str) -> dict[str, Any]:
    """Return what the client library is to be told.  The file is read anew for each connection: it may be renewed.

    Raises OSError.
    """
    read_credentials(path)
    return {
        "user_jwt_cb": lambda: read_credentials(path).jwt.encode(),
        "signature_cb": lambda nonce: read_credentials(path).sign(nonce),
    }


def read_credentials(path: str) -> Credentials:
    """Read a credentials file.  Raises OSError."""
    text = Path(path).read_bytes().decode("ascii", "replace")
    return Credentials(_part(text, JWT, path), _key(_part(text, SEED, path), path))


def _part(text: str, name: str, path: str) -> str:
    found = re.search(rf"-+BEGIN {name}-+\s+(\S+)\s+-+END {name}-+", text)
    if found is None:
        raise UnusableCredentials(f"{path} is no credentials file of NATS: it has no {name}")
    return found[1]


def _key(seed: str, path: str) -> bytes:
    """Return the key in a seed: base32 of what kind it is, the key, and a checksum."""
    try:
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except binascii.Error:
        raw = b""
    content, checksum = raw[:-CHECKSUM_BYTES], raw[-CHECKSUM_BYTES:]
    is_whole = (
        len(content) == PREFIX_BYTES + KEY_BYTES and binascii.crc_hqx(content, 0).to_bytes(2, "little") == checksum
    )
    if not is_whole or tuple(content[:PREFIX_BYTES]) != SEED_OF_USER:
        raise UnusableCredentials(f"{path} cannot be used: its {SEED} is not whole, or not that of a user")
    return content[PREFIX_BYTES:]
