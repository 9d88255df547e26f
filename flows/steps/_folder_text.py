"""Read a file as text, or say why it is none."""

import codecs
import os
from typing import Final, NamedTuple

from flows.errors import StepError

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
_LOOKED_AT: Final = 8192
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KINDS: Final = (
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b", "a compressed file"),
    (b"SQLite format 3", "a database"),
)


class Text(NamedTuple):
    """The text of a file and how it was written."""

    text: str
    encoding: str


class NoText(Exception):
    """The file is not text; the argument says what it is."""


def read_text(descriptor: int, size: int) -> Text:
    """Return the text of an open file.  Raises NoText, or StepError when the file is too large."""
    if size > MAX_FILE_BYTES:
        raise too_large(size)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise too_large(len(content))
    return text_of(content)


def text_of(content: bytes) -> Text:
    """Return the text that bytes stand for.  Raises NoText."""
    for start, kind in _KINDS:
        if content.startswith(start):
            raise NoText(kind)
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return Text(content[len(mark) :].decode(encoding, "replace"), encoding)
    if b"\0" in content[:_LOOKED_AT]:
        raise NoText("a binary file")
    try:
        return Text(content.decode(), "utf-8")
    except UnicodeDecodeError:
        return Text(content.decode("cp1252", "replace"), "windows-1252")


def too_large(size: int) -> StepError:
    """Return the error for a file that is not read."""
    return StepError(
        f"The file has {size:,} bytes; files of up to {MAX_FILE_BYTES:,} are read.",
        code="file_too_large",
        fix="Search it for what is needed in another way.",
    )


def no_text(path: str, kind: str) -> StepError:
    """Return the error for a file that is not text."""
    return StepError(f"{path!r} is {kind}, not text.", code="not_text", fix="Only text is read here.")
