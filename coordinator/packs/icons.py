"""Show the icon of a pack as an image.  The guard adds what keeps scripts in it from running."""

from typing import Final

from msgspec import Struct

from flows.errors import NotFound
from packs.check import icon_problem
from packs.pack import PackHead

_MEDIA_TYPES: Final = {".svg": "image/svg+xml", ".png": "image/png"}


class Icon(Struct, frozen=True):
    """An image."""

    content: bytes
    media_type: str


def icon_of(head: PackHead) -> Icon:
    """Return the icon of a pack.  Raises NotFound."""
    file = head.manifest.icon
    if not file or icon_problem(file, head.files):
        raise NotFound(f"The pack {head.manifest.name!r} has no icon.")
    return Icon(head.files[file], _MEDIA_TYPES[file[file.rindex(".") :]])
