"""Read an uploaded zip into the files of a pack, in memory: nothing is ever written by the names inside it.

Whatever a pack does not have is refused with a reason: paths that lead elsewhere, links, other kinds of files, what is
encrypted, large, or grows large when it is unpacked.
"""

import io
import stat
import struct
import zipfile
import zlib
from typing import Final

from flows.errors import InputRejected
from flows.source import MAX_BYTES
from packs.loader import is_pack_file
from packs.manifest import FILE

MAX_ARCHIVE_BYTES: Final = 5 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 20 * 1024 * 1024
MAX_ENTRIES: Final = 500
MAX_FILE_BYTES: Final = MAX_BYTES
DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
)
"""What the library raises for an archive that lies about itself."""
METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class ArchiveRefused(InputRejected):
    """An archive is not that of a pack."""

    code = "archive_refused"


def read_archive(content: bytes) -> dict[str, bytes]:
    """Return the files of the pack in a zip, at its top or in its one folder.  Raises ArchiveRefused."""
    if len(content) > MAX_ARCHIVE_BYTES:
        raise ArchiveRefused(f"The archive is larger than {MAX_ARCHIVE_BYTES >> 20} MiB.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _files(archive)
    except DAMAGED as error:
        raise ArchiveRefused("This is not a zip archive, or it is damaged.") from error


def make_archive(files: dict[str, bytes]) -> bytes:
    """Return a zip with these files: what `read_archive` reads."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def _files(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise ArchiveRefused(f"The archive has more than {MAX_ENTRIES} entries.")
    for entry in entries:
        _check_entry(entry)
    top = _top_folder([entry.filename for entry in entries])
    files: dict[str, bytes] = {}
    room = MAX_UNPACKED_BYTES
    for entry in entries:
        name = entry.filename.removeprefix(top)
        if entry.is_dir():
            continue
        if name in files:
            raise ArchiveRefused(f"The archive has {name!r} twice.")
        if not is_pack_file(name):
            raise ArchiveRefused(
                f"The archive holds {name[:100]!r}, which packs do not have.",
                fix=f"A pack has {FILE}, flows/NAME.yaml, pages in Markdown and an icon.",
            )
        files[name] = _unpacked(archive, entry, name, min(room, MAX_FILE_BYTES))
        room -= len(files[name])
    return files


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Refuse what could lead elsewhere or cannot be read.  Raises ArchiveRefused."""
    name = entry.orig_filename
    parts = name.rstrip("/").split("/")
    if name != entry.filename or "\\" in name or "\0" in name or ":" in name or not name.isprintable():
        raise ArchiveRefused(f"The archive holds a file with the unusual name {name[:100]!r}.")
    if any(part in ("", ".", "..") for part in parts):
        raise ArchiveRefused(f"The path {name[:100]!r} in the archive leads out of it.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveRefused(f"{name[:100]!r} in the archive is a link or a device, not a file.")
    if entry.flag_bits & 0x1:
        raise ArchiveRefused("The archive is encrypted.")
    if entry.compress_type not in METHODS:
        raise ArchiveRefused(f"{name[:100]!r} is compressed in an unusual way. Use deflate.")


def _top_folder(names: list[str]) -> str:
    """Return the folder that everything is in, as hosts of source code pack it; "" when the pack is at the top."""
    tops = {name.partition("/")[0] for name in names}
    if FILE in names or len(tops) != 1:
        return ""
    (top,) = tops
    return f"{top}/"


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, room: int) -> bytes:
    """Unpack no more than there is room for, whatever the archive says about sizes.  Raises ArchiveRefused."""
    with archive.open(entry) as file:
        content = file.read(room + 1)
    if len(content) > room:
        raise ArchiveRefused(f"{name[:100]!r} is too large when it is unpacked.")
    return content
