"""Find the keys of the vault: in HEADRACE_SECRET_KEY, else in a file of the data directory, made at the first start.

Both hold the newest key first.  The variable separates keys by commas, the file has one a line.
Raises VaultKeyInvalid.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from coordinator.vault.keys import KeyRing, VaultKeyInvalid, key_text, new_key, parse_key

VARIABLE: Final = "HEADRACE_SECRET_KEY"
FILE_NAME: Final = "secret.key"
FILE_MODE: Final = 0o600


class KeySource:
    """Where the keys are.  Every reading looks again: another process of this installation may have rotated."""

    def __init__(self, data: Path, environ: Mapping[str, str]) -> None:
        self._path = data / FILE_NAME
        self._given = environ.get(VARIABLE)
        self._read: tuple[tuple[int, int, int], KeyRing] | None = None

    @property
    def is_variable(self) -> bool:
        """Whether the keys come from the environment, where only the operator can change them."""
        return self._given is not None

    def ring(self) -> KeyRing:
        """Return the keys as they are now; make the file if there is none."""
        if self._given is not None:
            return KeyRing(self._keys(self._given.split(","), VARIABLE))
        try:
            mark = _mark(self._path.stat())
        except FileNotFoundError:
            self._make()
            mark = _mark(self._path.stat())
        if self._read is None or self._read[0] != mark:
            self._read = mark, KeyRing(self._keys(self._lines(), str(self._path)))
        return self._read[1]

    def add(self) -> KeyRing:
        """Draw a new key for the file and put it first; the others stay until `keep_newest`."""
        lines = [key_text(new_key()), *self._lines()]
        _replace(self._path, lines)
        return self.ring()

    def keep_newest(self) -> None:
        """Forget all keys of the file but the first."""
        _replace(self._path, self._lines()[:1])

    def _lines(self) -> list[str]:
        mode = self._path.stat().st_mode
        if stat.S_IMODE(mode) & 0o077:
            raise VaultKeyInvalid(f"Others can read the key file {self._path}.", fix=f"Run: chmod 600 {self._path}")
        return [line for line in self._path.read_text(encoding="ascii", errors="replace").splitlines() if line.strip()]

    def _keys(self, texts: Sequence[str], where: str) -> list[bytes]:
        keys = [parse_key(text, where) for text in texts if text.strip()]
        if not keys:
            raise VaultKeyInvalid(f"{where} holds no key.", fix="Put the key back, or remove it to begin anew.")
        return keys

    def _make(self) -> None:
        """Make the file, unless another process that starts now was first."""
        aside = _write_aside(self._path, [key_text(new_key())])
        try:
            with suppress(FileExistsError):
                os.link(aside, self._path)
        finally:
            aside.unlink()


def _mark(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_mode


def _replace(path: Path, lines: Sequence[str]) -> None:
    _write_aside(path, lines).replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # a key that a power failure takes away takes its secrets with it
    finally:
        os.close(directory)


def _write_aside(path: Path, lines: Sequence[str]) -> Path:
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    return aside
