"""Open what is inside of one folder, and nothing else, whatever a path says and whatever changes meanwhile.

Each name of a path is opened below the folder that is open already and never as a link, so there is no moment between
a check and a use in which a link could be put in place.  The folder itself says that it may be read: by the file
MARKER in it, which only somebody with access to the machine can put there.  What may be said about the rest of the
machine is therefore nothing, not even whether it is there.
"""

import errno
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from msgspec import Meta

from flows.errors import RunTimeout, StepError
from flows.sdk import StepContext
from flows.steps._threads import FILES, run_in

MARKER: Final = ".headrace-folder"
MAX_LEVELS: Final = 40
MAX_PATH: Final = 2000
MAX_SECONDS: Final = 20.0
LOOKED_AT_IN_ONE_GO: Final = 500
"""Names of one folder; then the time is looked at."""

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

VALUE: Final = {"x-kind": "value"}
"""An expression may stand there; what it gives is held against the type."""

Root = Annotated[
    str,
    Meta(
        description=f"Absolute path of the folder, which holds the file `{MARKER}` as a sign that it may be read.",
        extra_json_schema=VALUE,
    ),
]
Path = Annotated[
    str,
    Meta(
        description="Path inside of the folder, with `/` between names; empty is the folder itself.",
        extra_json_schema=VALUE,
    ),
]
Hidden = Annotated[
    bool, Meta(description="Whether names that begin with a dot are there too.", extra_json_schema=VALUE)
]
Pattern = Annotated[
    str | None,
    Meta(
        description="Only files whose name, or path if it has a slash in it, fits, for example `*.md`.",
        extra_json_schema=VALUE,
    ),
]

ResultT = TypeVar("ResultT")


class Entry(NamedTuple):
    """A file or folder that was found, with its path from the root."""

    path: str
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.status.st_mode)

    def described(self) -> dict[str, Any]:
        """Return what a caller is told of it."""
        modified = datetime.fromtimestamp(int(self.status.st_mtime), UTC)
        return {
            "path": self.path,
            "type": "folder" if self.is_folder else "file",
            "size": None if self.is_folder else self.status.st_size,
            "modified": modified.isoformat().replace("+00:00", "Z"),
        }


class Budget:
    """How long work in a thread may go on.  Whoever waits for it may stop it."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + min(seconds, MAX_SECONDS)
        self.stopped = threading.Event()

    def check(self) -> None:
        """Raise RunTimeout when the time is over or nobody waits any more."""
        if self.stopped.is_set() or time.monotonic() > self._until:
            raise RunTimeout("Reading took too long.", fix="Name a smaller folder, or a narrower pattern of files.")


async def in_thread(context: StepContext, work: Callable[[Budget], ResultT]) -> ResultT:
    """Do work that reads files without holding up other runs."""
    budget = Budget(context.remaining)
    try:
        return await run_in(FILES, lambda: work(budget))
    finally:
        budget.stopped.set()


class Folder:
    """A folder that is open for reading.  Raises StepError."""

    def __init__(self, descriptor: int, hidden: bool) -> None:
        self._root = descriptor
        self._hidden = hidden

    @contextmanager
    def opened(self, path: str) -> Iterator[tuple[int, Entry]]:
        """Open a file or a folder below."""
        names = self._names(path)
        descriptor, status = self._descend(names)
        try:
            yield descriptor, Entry("/".join(names), status)
        finally:
            os.close(descriptor)

    def walk(self, path: str, levels: int, budget: Budget) -> Iterator[Entry]:
        """Give what is below a folder, by name, each folder before what is in it; links and devices are left out."""
        waiting = [(path, levels)]
        while waiting:
            budget.check()
            at, left = waiting.pop()
            try:
                entries = self._entries(at, budget)
            except StepError:
                if at == path:
                    raise
                continue  # it went away meanwhile, or may not be read
            folders = []
            for entry in entries:
                yield entry
                if entry.is_folder and left > 1:
                    folders.append((entry.path, left - 1))
            waiting += reversed(folders)

    def _entries(self, path: str, budget: Budget) -> list[Entry]:
        with self.opened(path) as (descriptor, found):
            if not found.is_folder:
                raise StepError(f"{path!r} is a file.", code="not_a_folder", fix="Name a folder, or read the file.")
            entries: list[Entry] = []
            with os.scandir(descriptor) as listed:
                for place, each in enumerate(listed):
                    if place % LOOKED_AT_IN_ONE_GO == 0:
                        budget.check()
                    if self._shows(each.name):
                        with suppress(FileNotFoundError, PermissionError):
                            status = each.stat(follow_symlinks=False)
                            if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
                                entries.append(Entry(f"{found.path}/{each.name}".lstrip("/"), status))
        return sorted(entries, key=lambda entry: entry.path)

    def _shows(self, name: str) -> bool:
        return name != MARKER and (self._hidden or not name.startswith(".")) and _is_text(name)

    def _names(self, path: str) -> list[str]:
        names = [name for name in path.split("/") if name not in ("", ".")]
        fault = ""
        if path.startswith("/"):
            fault = "begins with a slash"
        elif ".." in names:
            fault = "leads upwards"
        elif "\0" in path or not _is_text(path):
            fault = "has a character in it that no path has"
        elif len(path) > MAX_PATH or len(names) > MAX_LEVELS:
            fault = "is too long"
        if fault:
            message = f"The path {path[:100]!r} {fault}."
            raise StepError(message, code="bad_path", fix="Paths are inside of the folder, for example notes/today.md.")
        if not all(map(self._shows, names)):
            raise _missing(path)
        return names

    def _descend(self, names: list[str]) -> tuple[int, os.stat_result]:
        """Open one name after the other, each below the one before."""
        current = os.dup(self._root)
        path = ""
        for place, name in enumerate(names):
            path = f"{path}/{name}".lstrip("/")
            try:
                following = _open_below(current, name, path, last=place == len(names) - 1)
            finally:
                os.close(current)
            current = following
        status = os.fstat(current)
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            os.close(current)
            raise _special(path)
        return current, status


@contextmanager
def open_folder(root: str, *, hidden: bool = False) -> Iterator[Folder]:
    """Open a folder that says it may be read.  Raises StepError, which never says what else there is."""
    if not os.path.isabs(root) or "\0" in root or not _is_text(root):
        raise StepError("The folder is no absolute path.", code="bad_folder", fix="For example /srv/documents.")
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        raise _unmarked(root) from None
    try:
        try:
            is_marked = stat.S_ISREG(os.stat(MARKER, dir_fd=descriptor, follow_symlinks=False).st_mode)
        except OSError:
            is_marked = False
        if not is_marked:
            raise _unmarked(root)
        yield Folder(descriptor, hidden)
    finally:
        os.close(descriptor)


def _open_below(folder: int, name: str, path: str, *, last: bool) -> int:
    """Open one name in a folder.  What is neither file nor folder is not even opened: devices do things then."""
    try:
        mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISDIR(mode):
            return os.open(name, _FOLDER, dir_fd=folder)
        if stat.S_ISREG(mode):
            if not last:
                raise _missing(path)
            return os.open(name, _FILE, dir_fd=folder)
    except PermissionError:
        message = f"{path!r} may not be read by the server."
        raise StepError(message, code="not_readable", fix="Give the server's user the right to read it.") from None
    except OSError as problem:
        if problem.errno in (errno.ELOOP, errno.EMLINK):  # it became a link a moment ago
            raise _special(path) from None
        raise _missing(path) from None
    raise _special(path)


def _is_text(name: str) -> bool:
    """Whether a name can be written as JSON: names that are no UTF-8 can not."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _unmarked(root: str) -> StepError:
    return StepError(
        f"{root!r} is no folder that Headrace may read: it holds no file {MARKER}, or the server cannot see it.",
        code="folder_not_allowed",
        fix=f"Whoever may decide that on the machine of the server runs: touch {root.rstrip('/')}/{MARKER}",
    )


def _missing(path: str) -> StepError:
    return StepError(
        f"There is no {path[:200]!r} in the folder.", code="not_found", fix="List the folder to see names."
    )


def _special(path: str) -> StepError:
    message = f"{path[:200]!r} is a link or a device; only files and folders are read."
    return StepError(message, code="not_a_file", fix="Name the file itself.")
