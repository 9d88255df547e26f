"""Leave a key in the data directory with which the command line of the same user may use `/api`.

The key is made anew at each start; only its digest stays in memory, only the owner can read the file.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from coordinator.access.tokens import new_token

FILE_NAME: Final = "admin.key"


@contextmanager
def admin_key(data: Path) -> Iterator[str]:
    """Write a new key to `<data>/admin.key`, readable by its owner alone, and remove it at the end."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data / FILE_NAME
    key = new_token()
    _write(path, key)
    try:
        yield key
    finally:
        if read_admin_key(data) == key:  # else another coordinator has started on the same directory
            with suppress(OSError):
                path.unlink()


def read_admin_key(data: Path) -> str | None:
    """Return the key of the coordinator that runs on this data directory; None when there is none for us."""
    try:
        return (data / FILE_NAME).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _write(path: Path, key: str) -> None:
    temporary = path.with_name(f"{FILE_NAME}.{os.getpid()}")
    with suppress(FileNotFoundError):
        temporary.unlink()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    temporary.replace(path)
