"""Show the icon of a pack as an image.  The guard adds what keeps scripts in it from running."""

from typing import Final

from msgspec import Struct

from flows.errors import NotFound
from packs.pack import Pack

_MEDIA_TYPES: Final = {".svg": "image/svg+xml", ".png": "image/png"}


class Icon(Struct, frozen=True):
    """An image."""

    content: bytes
    media_type: str


def icon_of(pack: Pack) -> Icon:
    """Return the icon of a pack.  Raises NotFound."""
    file = pack.manifest.icon
    if not file:
        raise NotFound(f"The pack {pack.manifest.name!r} has no icon.")
    return Icon(pack.files[file], _MEDIA_TYPES[file[file.rindex(".") :]])
