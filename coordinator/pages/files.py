"""Read the built pages into memory, each with its compressed form and the headers that let browsers keep it.

The names of assets hold a digest of their content, so those are kept forever; the first page is asked for each time.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

STATIC: Final = Path(__file__).parents[1] / "static"
INDEX: Final = "index.html"
ASSETS: Final = "/assets/"
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_EACH_TIME: Final = "no-cache"
TYPES: Final[Mapping[str, str]] = {
    # Said here, because what a system believes about suffixes differs from one to the next.
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
COMPRESSED: Final = frozenset({".css", ".html", ".js", ".json", ".svg"})
SMALLEST_COMPRESSED: Final = 500


class PageFile(Struct, frozen=True, kw_only=True):
    """One file, ready to be sent."""

    content: bytes
    compressed: bytes | None
    type: str
    etag: str
    cache: str


def read_pages(directory: Path) -> dict[str, PageFile]:
    """Return all files by their path on the server; nothing when the pages are not built."""
    if not (directory / INDEX).is_file():
        return {}
    files = (file for file in sorted(directory.rglob("*")) if file.is_file())
    paths = {f"/{file.relative_to(directory).as_posix()}": file for file in files}
    # What begins with a dot is about the build.
    return {path: _read(path, file) for path, file in paths.items() if "/." not in path}


def _read(path: str, file: Path) -> PageFile:
    content = file.read_bytes()
    is_worth_it = file.suffix in COMPRESSED and len(content) >= SMALLEST_COMPRESSED
    return PageFile(
        content=content,
        compressed=gzip.compress(content, mtime=0) if is_worth_it else None,
        type=TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        cache=FOREVER if path.startswith(ASSETS) else ASK_EACH_TIME,
    )
