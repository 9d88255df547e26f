"""Take secrets out of text and values before they are written or shown.

Logs, history and the settings view all go through here.  What looks like a secret is replaced by `REDACTED`: by the
name it stands under, or by its shape.  Touches no I/O.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

REDACTED: Final = "[redacted]"
MAX_DEPTH = 16

SECRET_WORDS: Final = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "apikey",
    "api_key",
    "api-key",
    "private_key",
    "privatekey",
    "private-key",
    "credential",
    "cookie",
)
"""A key that contains one of these, in any case, names a secret."""

NOT_SECRET: Final = frozenset({"token_id", "tokens", "max_tokens", "total_tokens", "token_count", "progresstoken"})
"""Keys that contain such a word and yet hold nothing secret."""

# Every repetition before a fixed word is bounded, so that no text makes these patterns slow.
_TOKEN = re.compile(r"hr_[A-Za-z0-9_-]{16,}")
_ASSIGNED = re.compile(
    r"(?i)((?:token|api_?key|password|secret|signature)(?:=|%3d))(?!\[redacted)[^&\s\"'<>#;,)\]}\\]+"
)
_HEADER = re.compile(r"(?i)(authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?[a-z]{1,16}\s{1,4})[^\s\"',]+")
_BEARER = re.compile(r"(?i)\b(bearer\s{1,4})[A-Za-z0-9._~+/=-]{16,}")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^-]*(?:-(?!----END )[^-]*)*(?:-----END [A-Z0-9 ]{0,40}-----)?"
)
_USERINFO = re.compile(r"(://[^/\s:@\"']{0,256}):[^/\s\"']{0,512}@")


def scrub_text(text: str) -> str:
    """Replace tokens of Headrace, secrets in URLs, credentials of HTTP headers and private keys inside any text."""
    if "://" in text:
        text = _USERINFO.sub(rf"\1:{REDACTED}@", text)
    if "=" in text or "%3" in text:
        text = _ASSIGNED.sub(rf"\1{REDACTED}", text)
    folded = text.casefold()
    if "authorization" in folded or "bearer" in folded:
        text = _BEARER.sub(rf"\1{REDACTED}", _HEADER.sub(rf"\1{REDACTED}", text))
    if "PRIVATE KEY-----" in text:
        text = _PRIVATE_KEY.sub(REDACTED, text)
    return _TOKEN.sub(REDACTED, text) if "hr_" in text else text


def is_secret_key(key: str) -> bool:
    """Whether a key of this name holds a secret."""
    folded = key.casefold()
    return any(word in folded for word in SECRET_WORDS) and folded not in NOT_SECRET


def scrub_value(value: Any, depth: int = 0) -> Any:
    """Return a copy of a JSON-like value without what its keys or its shape call secret."""
    if isinstance(value, str):
        return scrub_text(value)
    if depth >= MAX_DEPTH:
        return value if value is None or isinstance(value, bool | int | float) else "..."
    if isinstance(value, Mapping):
        return {
            key: REDACTED if is_secret_key(str(key)) and item is not None else scrub_value(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [scrub_value(item, depth + 1) for item in value]
    return value


def mask_url(url: str) -> str:
    """Return the URL with its password, and whatever in its query looks secret, replaced."""
    return scrub_text(url)
