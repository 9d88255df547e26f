"""What proves to a NATS who somebody is: certificate files, and the keys and JWTs of a NATS with an operator."""

import base64
import binascii
import hashlib
import json
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from tests.certificates import Authority

PREFIXES = {"operator": 14, "account": 0, "user": 20}
SEED = 18
UNLIMITED = ("subs", "data", "payload", "imports", "exports", "conn", "leaf")
JETSTREAM = ("mem_storage", "disk_storage", "streams", "consumer")


class FileAuthority(Authority):
    """An authority that leaves its certificate, and those that it makes, in a folder.  `file` is its own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        super().__init__()
        self._folder = folder
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate)

    def vouch(self, name: str, host: str, password: bytes = b"") -> Path:
        """Return a file with a key and the certificate of a host: an address, or a name."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        is_address = host[0].isdigit()
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host)) if is_address else x509.DNSName(host)])
        signed = self._builder(subject, key).add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
        file = self._folder / f"{name}.pem"
        file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
        return file


class NatsKey:
    """A key as NATS writes it.  `name` is its public half; `seed` is for whoever may sign with it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._key = Ed25519PrivateKey.generate()
        prefix = PREFIXES[kind]
        self.name = _text(bytes([prefix << 3]) + self._key.public_key().public_bytes_raw())
        self.seed = _text(bytes([SEED << 3 | prefix >> 2, (prefix << 6) & 0xFF]) + self._key.private_bytes_raw())

    def vouch(self, other: "NatsKey", **more: Any) -> str:
        """Return the JWT in which this key says what the other is."""
        claims: dict[str, Any] = {
            "iat": int(time.time()),
            "iss": self.name,
            "name": f"test {other.kind}",
            "sub": other.name,
            "nats": {"type": other.kind, "version": 2, **more},
        }
        claims["jti"] = base64.b32encode(hashlib.sha256(json.dumps(claims).encode()).digest()).decode().rstrip("=")
        body = f"{_json({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_json(claims)}"
        return f"{body}.{_url_safe(self._key.sign(body.encode()))}"


class Operator:
    """A NATS whose users come with JWTs.  `configuration` is that of its server."""

    def __init__(self) -> None:
        operator, system, self._account = NatsKey("operator"), NatsKey("account"), NatsKey("account")
        limits = dict.fromkeys(UNLIMITED, -1) | {"wildcards": True}
        accounts = {
            system.name: operator.vouch(system, limits=limits),
            self._account.name: operator.vouch(self._account, limits=limits | dict.fromkeys(JETSTREAM, -1)),
        }
        preload = "\n".join(f"  {name}: {jwt}" for name, jwt in accounts.items())
        self.configuration = (
            f"operator: {operator.vouch(operator, system_account=system.name)}\n"
            f"system_account: {system.name}\nresolver: MEMORY\nresolver_preload: {{\n{preload}\n}}\n"
        )

    def credentials(self, file: Path) -> Path:
        """Write the credentials file of a new user."""
        user = NatsKey("user")
        jwt = self._account.vouch(user, subs=-1, data=-1, payload=-1)
        file.write_text(
            f"-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
        )
        return file


def _text(raw: bytes) -> str:
    return base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).decode().rstrip("=")


def _json(value: Any) -> str:
    return _url_safe(json.dumps(value).encode())


def _url_safe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
