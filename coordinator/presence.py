"""Leave word in the data directory where the server of this directory answers, so that the command line finds it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

FILE_NAME: Final = "server.url"


@contextmanager
def presence(data: Path, url: str) -> Iterator[None]:
    """Write the URL to `<data>/server.url`, and remove the file at the end."""
    path = data / FILE_NAME
    aside = path.with_name(f"{FILE_NAME}.{os.getpid()}")
    aside.write_text(url, encoding="ascii")
    aside.replace(path)
    try:
        yield
    finally:
        if read_presence(data) == url:  # else another coordinator has started on the same directory
            with suppress(OSError):
                path.unlink()


def read_presence(data: Path) -> str | None:
    """Return where the server of this data directory answers; None when none is there."""
    try:
        return (data / FILE_NAME).read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
