"""Uploaded archives: what is no pack is refused, and nothing is ever written."""

import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packs import archive
from packs.archive import ArchiveRefused, make_archive, read_archive
from packs.loader import is_pack_file
from tests.packs.support import mill


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Return a zip with whatever is asked for."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            file.writestr(name, content)
    return buffer.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    """Return an entry that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def test_a_pack_that_is_zipped_is_the_same_pack() -> None:
    assert read_archive(make_archive(mill())) == mill()


def test_the_one_folder_around_a_pack_is_left_out() -> None:
    content = zipped(("mill-1.0.0/", b""), *((f"mill-1.0.0/{name}", text) for name, text in mill().items()))

    assert read_archive(content) == mill()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (("../pack.yaml", b""), "The path '../pack.yaml' in the archive leads out of it."),
        (("/etc/pack.yaml", b""), "The path '/etc/pack.yaml' in the archive leads out of it."),
        (("flows/../../a.yaml", b""), "The path 'flows/../../a.yaml' in the archive leads out of it."),
        (("flows//a.yaml", b""), "The path 'flows//a.yaml' in the archive leads out of it."),
        (("C:a.md", b""), "The archive holds a file with the unusual name 'C:a.md'."),
        (("flows\\a.yaml", b""), "The archive holds a file with the unusual name 'flows\\\\a.yaml'."),
        ((link("flows/a.yaml"), b"/etc/passwd"), "'flows/a.yaml' in the archive is a link or a device, not a file."),
        (
            ("setup.py", b""),
            "The archive holds 'setup.py', which packs do not have. "
            "A pack has pack.yaml, flows/NAME.yaml, pages in Markdown and an icon.",
        ),
        (
            ("flows/sub/a.yaml", b""),
            "The archive holds 'flows/sub/a.yaml', which packs do not have. "
            "A pack has pack.yaml, flows/NAME.yaml, pages in Markdown and an icon.",
        ),
        (("flows/a.yaml", b"0" * (archive.MAX_FILE_BYTES + 1)), "'flows/a.yaml' is too large when it is unpacked."),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else value[:40],
)
def test_what_packs_do_not_have_is_refused_with_a_reason(
    entry: tuple[str | zipfile.ZipInfo, bytes], message: str
) -> None:
    with pytest.raises(ArchiveRefused) as refusal:
        read_archive(zipped(("pack.yaml", b"name: mill"), entry))

    assert str(refusal.value) == message


def test_an_archive_that_grows_large_is_refused_before_it_is_unpacked() -> None:
    each = b"0" * (archive.MAX_FILE_BYTES - 1)
    content = zipped(("pack.yaml", b""), *((f"flows/f{number}.yaml", each) for number in range(30)))
    assert len(content) < 100_000

    with pytest.raises(ArchiveRefused, match="is too large when it is unpacked"):
        read_archive(content)


def test_too_many_entries_are_refused() -> None:
    content = zipped(*((f"flows/f{number}.yaml", b"") for number in range(archive.MAX_ENTRIES + 1)))

    with pytest.raises(ArchiveRefused, match="The archive has more than 500 entries"):
        read_archive(content)


def test_the_same_name_twice_is_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped(("pack.yaml", b"a"), ("pack.yaml", b"b"))

    with pytest.raises(ArchiveRefused, match="twice"):
        read_archive(content)


def test_what_is_encrypted_is_refused() -> None:
    content = bytearray(zipped(("pack.yaml", b"name: mill")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1

    with pytest.raises(ArchiveRefused, match="The archive is encrypted"):
        read_archive(bytes(content))


def test_what_is_no_zip_is_refused() -> None:
    for content in (b"", b"name: mill", make_archive(mill())[:-30], b"0" * (archive.MAX_ARCHIVE_BYTES + 1)):
        with pytest.raises(ArchiveRefused):
            read_archive(content)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.text(min_size=1, max_size=30), st.binary(max_size=40)), max_size=4))
def test_no_archive_gives_a_file_that_packs_do_not_have(
    entries: list[tuple[str, bytes]],
) -> None:
    named = {name: content for name, content in entries if name.isprintable()}
    try:
        files = read_archive(zipped(*named.items()))
    except ArchiveRefused:
        return

    assert all(is_pack_file(name) and ".." not in Path(name).parts for name in files)


def test_an_archive_that_begins_before_itself_is_refused() -> None:
    content = bytearray(make_archive(mill()))
    end = content.rindex(b"PK\x05\x06")
    content[end + 18] = 1  # it says that more lies in front of its files than there is

    with pytest.raises(ArchiveRefused, match="damaged"):
        read_archive(bytes(content))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_an_archive_that_was_damaged_never_fails_in_another_way(data: st.DataObject) -> None:
    content = bytearray(make_archive(mill()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    try:
        files = read_archive(bytes(content))
    except ArchiveRefused:
        return

    assert all(is_pack_file(name) for name in files)
