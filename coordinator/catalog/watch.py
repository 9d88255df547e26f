"""Learn from the kernel which directories were touched, so that ten thousand quiet files cost nothing.

Linux only (inotify), and only on file systems that report every change; elsewhere there is no watch, and the caller
looks everywhere.  What the kernel says is a hint: it may name too many directories, and the caller looks at all of them
from time to time.

Source: inotify(7).
"""

import ctypes
import os
import re
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

RELIABLE: Final = frozenset(
    {"bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "ramfs", "tmpfs", "xfs", "zfs"}
)
"""File systems whose changes all pass this kernel; on a network, others change files unseen."""
READ_BYTES: Final = 1 << 16

_MODIFY, _CLOSE_WRITE, _MOVED, _CREATE, _DELETE = 0x2, 0x8, 0x40 | 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _OVERFLOW, _IGNORED, _ONLYDIR = 0x400, 0x800, 0x4000, 0x8000, 0x01000000
_ATTRIB: Final = 0x4
_MASK: Final = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR
_EVENT: Final = struct.Struct("iIII")
_OCTAL: Final = re.compile(rb"\\([0-7]{3})")


class DirectoryWatch:
    """Watched directories by the path that the caller gave them."""

    def __init__(self, libc: ctypes.CDLL, descriptor: int) -> None:
        self._libc = libc
        self._descriptor = descriptor
        self._paths: dict[int, str] = {}
        self._is_complete = True

    def add(self, path: str, full: Path) -> None:
        """Watch a directory; again is harmless.  When that fails, `touched` says that it does not know."""
        found = self._libc.inotify_add_watch(self._descriptor, os.fsencode(full), _MASK)
        if found < 0:
            self._is_complete = False  # for example: more directories than the kernel lets one user watch
        else:
            self._paths[found] = path

    def touched(self) -> set[str] | None:
        """Return the paths of directories in which something changed since the last call; None is: look everywhere."""
        touched: set[str] = set()
        is_known = self._is_complete
        self._is_complete = True
        while data := self._read():
            offset = 0
            while offset < len(data):
                watch, mask, _, length = _EVENT.unpack_from(data, offset)
                offset += _EVENT.size + length
                if mask & (_OVERFLOW | _DELETE_SELF | _MOVE_SELF):
                    is_known = False
                elif mask & _IGNORED:
                    self._paths.pop(watch, None)
                elif watch in self._paths:
                    touched.add(self._paths[watch])
        return touched if is_known else None

    def close(self) -> None:
        """Stop watching."""
        os.close(self._descriptor)

    def _read(self) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self._descriptor, READ_BYTES)
        return b""


def watch_directory(root: Path) -> DirectoryWatch | None:
    """Make a watch for what lies below `root`; None where there is no reliable one."""
    if sys.platform != "linux" or _file_system(root) not in RELIABLE:
        return None
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return None
    return DirectoryWatch(libc, descriptor) if descriptor >= 0 else None


def _file_system(path: Path) -> str:
    """Return the type of the file system that holds the path, as the kernel's list of mounts says."""
    real = os.fsencode(os.path.realpath(path))
    longest, kind = -1, b""
    try:
        mounts = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return ""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(b" - ")
        mount = _OCTAL.sub(lambda found: bytes([int(found[1], 8)]), fields.split(b" ")[4])
        inside = real == mount or real.startswith(mount.rstrip(b"/") + b"/")
        if inside and len(mount) >= longest:  # of several mounts on one place the last one counts
            longest, kind = len(mount), rest.split(b" ", 1)[0]
    return kind.decode()
