"""Find the flow files that changed since the last look.  Blocking: meant for a thread.

A file has changed when its time, size or inode did, and is then read and compared by content.  Where the kernel tells
which directories were touched (`coordinator.catalog.watch`), only those are looked at, beside a share of all files in
turn.  Links are followed to files inside the directory only.
"""

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from coordinator.catalog.watch import DirectoryWatch, watch_directory
from flows.problems import Problem
from flows.source import MAX_BYTES

MAX_FILES: Final = 20_000
MAX_DEPTH: Final = 16
SUFFIXES: Final = (".yaml", ".yml")
LOOKS_FOR_ALL: Final = 12
"""After so many looks every file was looked at, whatever the kernel said: a minute by default."""
UNSETTLED_NS: Final = 2_000_000_000
"""A file that changed less long ago is read again at the next look: another change may leave the same time and size."""

Mark = tuple[int, int, int]


@dataclass(slots=True)
class _File:
    mark: Mark
    content: bytes
    is_settled: bool
    is_link: bool


@dataclass(slots=True)
class _Directory:
    inode: int
    changed_ns: int = 0
    files: dict[str, _File] = field(default_factory=dict)
    children: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    is_restless: bool = False
    """Whether to look again next time whatever the kernel says: links, and files that changed just now."""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file to compile.  `file` is its path inside the flow directory, `updated` milliseconds since the epoch."""

    file: str
    text: bytes
    updated: int


@dataclass(slots=True)
class Changes:
    """What one look found."""

    changed: list[ChangedFile] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.removed)


class FlowDirectory:
    """A directory of flow files, as it was at the last look."""

    def __init__(self, root: Path, now_ns: Callable[[], int] = time.time_ns) -> None:
        self.root = root
        self._now_ns = now_ns
        self._directories: dict[str, _Directory] = {}
        self._files = 0
        self._inode = 0
        self._turn = 0
        self._watch: DirectoryWatch | None = None
        self._root_problem: Problem | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with files and directories, apart from what is in the files."""
        found = [problem for directory in self._directories.values() for problem in directory.problems]
        return (*found, self._root_problem) if self._root_problem is not None else tuple(found)

    def look(self) -> Changes:
        """Return what changed since the last look.  A directory that cannot be read keeps what was known of it."""
        changes = Changes()
        try:
            inode = os.stat(self.root).st_ino
        except OSError as error:
            self._root_problem = _unreadable(".", error)
            return changes
        self._root_problem = None
        if inode != self._inode:
            self._start_over(inode)
        for path in self._wanted():
            if path in self._directories or not path:
                self._look_into(path, changes)
        return changes

    def read(self, file: str) -> bytes:
        """Return the text of a file that was found.  Raises OSError."""
        folder, _, name = file.rpartition("/")
        directory = self._directories.get(folder)
        known = None if directory is None else directory.files.get(name)
        if known is None:
            raise FileNotFoundError(file)
        return self._open(file, is_link=known.is_link)[0]

    def close(self) -> None:
        """Stop watching."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    # -- which directories -----------------------------------------------------------------------------------------

    def _start_over(self, inode: int) -> None:
        """Watch a root that is new, or that took the place of the one before."""
        self.close()
        self._inode = inode
        self._watch = watch_directory(self.root)
        self._turn = 0

    def _wanted(self) -> Iterable[str]:
        """Say which directories to look at now: the touched ones, those with links, and some in turn."""
        touched = None if self._watch is None else self._watch.touched()
        known = list(self._directories)
        if touched is None or self._turn == 0 or "" not in self._directories:
            self._turn = 1
            return ["", *(path for path in known if path)]
        turn, self._turn = self._turn, self._turn % LOOKS_FOR_ALL + 1
        always = (path for path, directory in self._directories.items() if directory.is_restless)
        return dict.fromkeys([*touched, *always, *self._suspects(turn - 1)])

    def _suspects(self, turn: int) -> Iterator[str]:
        """Name directories whose time changed, or that of one of their files, among a share of both."""
        for number, (path, directory) in enumerate(self._directories.items()):
            full = os.path.join(self.root, path)
            share = islice(directory.files.items(), turn, None, LOOKS_FOR_ALL)
            try:
                if (number % LOOKS_FOR_ALL == turn and os.stat(full).st_mtime_ns != directory.changed_ns) or any(
                    _mark(os.lstat(f"{full}/{name}")) != file.mark for name, file in share if not file.is_link
                ):
                    yield path
            except OSError:
                yield path

    # -- one directory ---------------------------------------------------------------------------------------------

    def _look_into(self, path: str, changes: Changes) -> None:
        """Compare one directory with what is known of it; directories that are new are looked into at once."""
        full = self.root / path
        known = self._directories.get(path)
        if self._watch is not None:
            self._watch.add(path, full)  # before reading, so that no change falls between
        try:
            itself = os.stat(full, follow_symlinks=not path)
            with os.scandir(full) as found:
                listed = list(found)
        except FileNotFoundError:
            self._forget(path, changes)
            return
        except OSError as error:
            known = self._directories.setdefault(path, _Directory(inode=0))
            known.problems = [_unreadable(path or ".", error)]
            known.is_restless = True
            return
        if known is None:
            known = self._directories[path] = _Directory(itself.st_ino)
        elif known.inode != itself.st_ino:
            known.inode = itself.st_ino
            known.files = {
                name: _File((0, 0, 0), file.content, False, file.is_link) for name, file in known.files.items()
            }
        known.changed_ns = itself.st_mtime_ns
        self._compare(path, known, listed, changes)

    def _compare(self, path: str, known: _Directory, listed: list[os.DirEntry[str]], changes: Changes) -> None:
        known.problems = []
        known.is_restless = False
        prefix = f"{path}/" if path else ""
        files: set[str] = set()
        children: set[str] = set()
        for entry in listed:
            if entry.name.startswith("."):  # `.git`, editors' swap files, the hidden side of a mounted ConfigMap
                continue
            if entry.name.endswith(SUFFIXES):
                if self._look_at(prefix, entry, known, changes):
                    files.add(entry.name)
            elif _is_directory(prefix, entry, known):
                children.add(entry.name)
        for name in known.files.keys() - files:
            del known.files[name]
            self._files -= 1
            changes.removed.append(prefix + name)
        self._compare_children(prefix, known, children, changes)

    def _compare_children(self, prefix: str, known: _Directory, children: set[str], changes: Changes) -> None:
        gone, known.children = known.children - children, children
        for name in gone:
            self._forget(prefix + name, changes)
        for name in sorted(children):
            if prefix + name not in self._directories:
                self._descend(prefix + name, known, changes)

    def _descend(self, path: str, parent: _Directory, changes: Changes) -> None:
        if path.count("/") + 1 >= MAX_DEPTH:
            parent.problems.append(_too_many(path, f"Directories deeper than {MAX_DEPTH} are not looked at."))
            return
        self._look_into(path, changes)

    def _forget(self, path: str, changes: Changes) -> None:
        """Drop a directory that is gone, with all below it."""
        for each in [each for each in self._directories if each == path or each.startswith(f"{path}/") or not path]:
            prefix = f"{each}/" if each else ""
            directory = self._directories.pop(each)
            self._files -= len(directory.files)
            changes.removed += [prefix + name for name in directory.files]

    # -- one file --------------------------------------------------------------------------------------------------

    def _look_at(self, prefix: str, entry: os.DirEntry[str], known: _Directory, changes: Changes) -> bool:
        """Note the file if it changed; False when it is none, or none of ours."""
        name, file = entry.name, prefix + entry.name
        before = known.files.get(name)
        try:
            is_link = entry.is_symlink()
            if is_link:
                known.is_restless = True
                if not self._is_inside(file):
                    known.problems.append(_outside(file))
                    return False
            found = entry.stat(follow_symlinks=is_link)
            if not stat.S_ISREG(found.st_mode):
                return False
            if before is not None and before.mark == _mark(found) and before.is_settled:
                return True
            text, found = self._open(file, is_link=is_link)
        except FileNotFoundError:
            return False
        except OSError as error:
            known.problems.append(_unreadable(file, error))
            known.is_restless = True
            return before is not None
        return self._note(file, name, text, found, is_link, known, changes)

    def _note(
        self,
        file: str,
        name: str,
        text: bytes,
        found: os.stat_result,
        is_link: bool,
        known: _Directory,
        changes: Changes,
    ) -> bool:
        before = known.files.get(name)
        if before is None:
            if self._files >= MAX_FILES:
                known.problems.append(_too_many(file, f"More than {MAX_FILES} flow files are not looked at."))
                return False
            self._files += 1
        content = hashlib.sha256(text).digest()
        is_settled = abs(self._now_ns() - found.st_mtime_ns) > UNSETTLED_NS
        known.files[name] = _File(_mark(found), content, is_settled, is_link)
        known.is_restless |= not is_settled
        if before is None or before.content != content:
            changes.changed.append(ChangedFile(file, text, found.st_mtime_ns // 1_000_000))
        return True

    def _is_inside(self, file: str) -> bool:
        root = os.path.realpath(self.root)
        return Path(os.path.realpath(self.root / file)).is_relative_to(root)

    def _open(self, file: str, *, is_link: bool) -> tuple[bytes, os.stat_result]:
        """Read a file, one byte more than a flow may have at most, and tell what it was at that moment."""
        path = os.path.realpath(self.root / file) if is_link else self.root / file
        # A link or a pipe that takes the file's place now must neither be followed nor make us wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise FileNotFoundError(file)
            return b"".join(_chunks(descriptor, MAX_BYTES + 1)), found
        finally:
            os.close(descriptor)


def _mark(found: os.stat_result) -> Mark:
    return found.st_mtime_ns, found.st_size, found.st_ino


def _is_directory(prefix: str, entry: os.DirEntry[str], known: _Directory) -> bool:
    """Whether to look into it; a link to a directory is a problem instead."""
    if entry.is_dir(follow_symlinks=False):
        return True
    if entry.is_symlink() and entry.is_dir():
        known.problems.append(_outside(prefix + entry.name))
    return False


def _chunks(descriptor: int, room: int) -> Iterator[bytes]:
    while room and (chunk := os.read(descriptor, min(room, 1 << 16))):
        room -= len(chunk)
        yield chunk


def _unreadable(file: str, error: OSError) -> Problem:
    message = f"It cannot be read: {error.strerror or error}. What was known of it stays. Check that it may be read."
    return Problem(code="flow.unreadable", message=message, file=file)


def _outside(file: str) -> Problem:
    message = "This link is not followed: links may lead to files inside the flow directory. Copy the file here."
    return Problem(code="flow.outside-directory", message=message, file=file)


def _too_many(file: str, message: str) -> Problem:
    return Problem(code="flow.too-many-files", message=message, file=file)
