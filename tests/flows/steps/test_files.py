"""The steps that read a folder: what is in it is found and read, what is outside of it never is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.errors import RunTimeout, StepError
from flows.runs import RunResult
from flows.steps._folder import LOOKED_AT_IN_ONE_GO, MARKER, Budget, open_folder
from flows.steps._folder_text import read_text
from flows.steps._globs import Glob
from tests.flow_runs import run_flow

CANARY = "what nobody outside of the folder may read"
STEP = """\
flow: look
input: {{call: {{params: {{root: string, given: {{type: object}}}}}}}}
steps:
  - id: found
    {step}:
      root: ${{{{ args.root }}}}
{fields}
output: {{reply: "${{{{ found }}}}"}}
"""


async def look(step: str, root: Path | str, **fields: Any) -> RunResult:
    """Run one step; every field comes from an argument, as in a pack."""
    lines = "\n".join(f"      {name}: ${{{{ args.given.{name} }}}}" for name in fields)
    return await run_flow(STEP.format(step=step, fields=lines), {"root": str(root), "given": fields})


async def found(step: str, root: Path, **fields: Any) -> Any:
    """Run a step that must succeed."""
    result = await look(step, root, **fields)
    assert result.error is None, result.error
    assert result.reply is not None
    return result.reply.value


async def code(step: str, root: Path, **fields: Any) -> str:
    """Run a step that must fail."""
    result = await look(step, root, **fields)
    assert result.error is not None, result.reply
    assert CANARY not in result.error.message
    return result.error.code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that may be read, beside things that may not."""
    root = tmp_path / "shared"
    (root / "notes" / "old").mkdir(parents=True)
    (root / MARKER).touch()
    (root / "mill.md").write_text("# Mill\nThe wheel turns.\nThe sluice is open.\nWater runs.\n")
    (root / "notes" / "plan.txt").write_text("Repair the wheel\r\nGrease it\r\n")
    (root / "notes" / "old" / "deep.md").write_text("an old Wheel")
    (root / ".env").write_text("KEY=hidden")
    (root / "mill.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    (tmp_path / "shared-not").mkdir()
    (tmp_path / "shared-not" / "secret.txt").write_text(CANARY)
    (tmp_path / "secret.txt").write_text(CANARY)
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "way").symlink_to(tmp_path)
    (root / "notes" / "up").symlink_to("../..")
    (root / "inner").symlink_to(root / "notes")
    os.mkfifo(root / "pipe")
    return root


# -- what is found -------------------------------------------------------------------------------------------------


async def test_a_folder_is_listed_without_links_devices_and_hidden_files(folder: Path) -> None:
    listed = await found("list_files", folder)

    assert [(entry["path"], entry["type"], entry["size"]) for entry in listed["entries"]] == [
        ("mill.md", "file", 56),
        ("mill.png", "file", 10),
        ("notes", "folder", None),
    ]
    assert listed["truncated"] is False


@pytest.mark.parametrize(
    ("fields", "paths"),
    [
        ({"levels": 3, "path": "notes"}, ["notes/old", "notes/plan.txt", "notes/old/deep.md"]),
        ({"levels": 2, "path": "./notes//"}, ["notes/old", "notes/plan.txt", "notes/old/deep.md"]),
        ({"levels": 9, "pattern": "*.md"}, ["mill.md", "notes/old/deep.md"]),
        ({"levels": 9, "pattern": "notes/**/*.md"}, ["notes/old/deep.md"]),
        ({"levels": 9, "pattern": "notes/*"}, ["notes/plan.txt"]),
        ({"hidden": True, "pattern": ".*"}, [".env"]),
        ({"levels": 9, "limit": 1}, ["mill.md"]),
    ],
)
async def test_files_are_found_by_path_pattern_and_depth(
    folder: Path, fields: dict[str, Any], paths: list[str]
) -> None:
    listed = await found("list_files", folder, **fields)

    assert [entry["path"] for entry in listed["entries"]] == paths
    assert listed["truncated"] is ("limit" in fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("# Mill\nThe wheel turns.\nThe sluice is open.\nWater runs.", 1, 4, None)),
        ({"first_line": 2, "lines": 2}, ("The wheel turns.\nThe sluice is open.", 2, 3, 4)),
        ({"max_characters": 25}, ("# Mill\nThe wheel turns.", 1, 2, 3)),
        ({"max_characters": 3}, ("# M", 1, 1, 2)),
        ({"first_line": 9}, ("", 9, 8, None)),
    ],
)
async def test_lines_are_read_with_where_to_go_on(
    folder: Path, fields: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    read = await found("read_file", folder, path="mill.md", **fields)

    assert (read["text"], read["first_line"], read["last_line"], read["next_line"]) == expected
    assert read["total_lines"] == 4
    assert read["is_cut"] is (fields.get("max_characters") == 3)


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        ("Größe".encode(), "Größe", "utf-8"),
        ("Größe".encode("utf-8-sig"), "Größe", "utf-8"),
        ("Größe".encode("utf-16"), "Größe", "utf-16-le"),
        ("Größe".encode("cp1252"), "Größe", "windows-1252"),
        (b"", "", "utf-8"),
        (b"\r\n", "", "utf-8"),
    ],
)
async def test_text_is_read_in_the_encoding_it_has(folder: Path, content: bytes, text: str, encoding: str) -> None:
    (folder / "text.txt").write_bytes(content)

    read = await found("read_file", folder, path="text.txt")

    assert (read["text"], read["encoding"]) == (text, encoding)


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({"search": "WHEEL"}, [("mill.md", 2), ("notes/plan.txt", 1), ("notes/old/deep.md", 1)]),
        ({"search": "wheel", "ignore_case": False}, [("mill.md", 2), ("notes/plan.txt", 1)]),
        ({"search": "^The .*[.]$", "regex": True}, [("mill.md", 2), ("mill.md", 3)]),
        ({"search": "^The .*[.]$"}, []),
        ({"search": "wheel", "pattern": "*.txt"}, [("notes/plan.txt", 1)]),
        ({"search": "wheel", "path": "notes/old"}, [("notes/old/deep.md", 1)]),
        ({"search": "hidden"}, []),
    ],
)
async def test_lines_are_found_by_text_and_by_pattern(
    folder: Path, fields: dict[str, Any], matches: list[tuple[str, int]]
) -> None:
    result = await found("search_files", folder, **fields)

    assert [(match["path"], match["line"]) for match in result["matches"]] == matches
    assert result["truncated"] is False


async def test_a_match_comes_with_the_lines_around_it_and_no_more_come_than_were_asked_for(folder: Path) -> None:
    result = await found("search_files", folder, search="e", path="", pattern="mill.md", context=1, limit=1)

    assert result["matches"] == [
        {
            "path": "mill.md",
            "line": 2,
            "text": "The wheel turns.",
            "before": ["# Mill"],
            "after": ["The sluice is open."],
        }
    ]
    assert result["truncated"] is True


async def test_what_is_not_text_is_counted_and_not_searched(folder: Path) -> None:
    result = await found("search_files", folder, search="PNG")

    assert (result["matches"], result["files"], result["skipped"]) == ([], 3, 1)


async def test_a_file_says_what_it_is(folder: Path) -> None:
    text = await found("file_info", folder, path="mill.md")
    picture = await found("file_info", folder, path="mill.png")
    whole = await found("file_info", folder, path="")

    assert (text["kind"], text["encoding"], text["lines"], text["size"]) == ("text", "utf-8", 4, 56)
    assert (picture["kind"], picture["lines"]) == ("a picture", None)
    assert (whole["type"], whole["kind"], whole["path"]) == ("folder", None, "")


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("../secret.txt", "bad_path"),
        ("notes/../../secret.txt", "bad_path"),
        ("..", "bad_path"),
        ("/etc/passwd", "bad_path"),
        ("/", "bad_path"),
        ("mill.md\0.txt", "bad_path"),
        ("a/" * 41, "bad_path"),
        ("a" * 3000, "bad_path"),
        ("a" * 300, "not_found"),
        ("\ud800", "bad_path"),
        ("..\\secret.txt", "not_found"),
        ("%2e%2e/secret.txt", "not_found"),
        ("~/secret.txt", "not_found"),
        ("mill.md/x", "not_found"),
        ("MILL.MD", "not_found"),
        (".env", "not_found"),
        (MARKER, "not_found"),
        ("link.txt", "not_a_file"),
        ("way/secret.txt", "not_a_file"),
        ("way/shared-not/secret.txt", "not_a_file"),
        ("notes/up/secret.txt", "not_a_file"),
        ("inner/plan.txt", "not_a_file"),
        ("pipe", "not_a_file"),
        ("notes", "not_a_file"),
        ("", "not_a_file"),
        ("mill.png", "not_text"),
    ],
)
async def test_a_path_that_is_not_a_text_file_inside_is_refused(folder: Path, path: str, expected: str) -> None:
    assert await code("read_file", folder, path=path) == expected


@pytest.mark.parametrize("path", ["..", "way", "notes/up", "link.txt", "inner", "mill.md", "none"])
async def test_no_path_lists_or_searches_elsewhere(folder: Path, path: str) -> None:
    expected = {"..": "bad_path", "mill.md": "not_a_folder", "none": "not_found"}.get(path, "not_a_file")

    assert await code("list_files", folder, path=path) == expected
    assert await code("search_files", folder, path=path, search="what") == expected


async def test_a_folder_is_read_only_while_it_says_so_itself(folder: Path) -> None:
    (folder / MARKER).unlink()
    (folder.parent / "mark").touch()

    there = await look("list_files", folder)
    not_there = await look("list_files", folder.parent / "nothing")
    (folder / MARKER).symlink_to(folder.parent / "mark")
    linked = await look("list_files", folder)

    assert there.error is not None
    assert not_there.error is not None
    assert linked.error is not None
    assert {there.error.code, not_there.error.code, linked.error.code} == {"folder_not_allowed"}
    assert there.error.message.replace(str(folder), "") == not_there.error.message.replace(
        str(folder.parent / "nothing"), ""
    )


@pytest.mark.parametrize("root", ["", ".", "shared", "~", "/\0", "/\ud800"])
async def test_a_folder_is_named_by_an_absolute_path(root: str) -> None:
    result = await look("list_files", root)

    assert result.error is not None
    assert result.error.code == "bad_folder"


async def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    with (folder / "large.txt").open("wb") as file:
        file.truncate(10 * 1024 * 1024 + 1)

    assert await code("read_file", folder, path="large.txt") == "file_too_large"
    assert (await found("file_info", folder, path="large.txt"))["kind"] == "a file too large to be read"
    assert (await found("search_files", folder, search="x"))["skipped"] == 2


@pytest.mark.parametrize(
    ("step", "fields", "expected"),
    [
        ("search_files", {"search": "(", "regex": True}, "bad_pattern"),
        ("search_files", {"search": "(?=x)", "regex": True}, "bad_pattern"),
        ("search_files", {"search": ""}, "bad_value"),
        ("search_files", {"search": "x", "limit": 501}, "bad_value"),
        ("search_files", {"search": "x", "pattern": ""}, "bad_pattern"),
        ("list_files", {"levels": 0}, "bad_value"),
        ("list_files", {"path": 7}, "bad_value"),
        ("list_files", {"pattern": "x" * 201}, "bad_pattern"),
    ],
)
async def test_what_cannot_be_meant_is_refused(folder: Path, step: str, fields: dict[str, Any], expected: str) -> None:
    assert await code(step, folder, **fields) == expected


async def test_a_catastrophic_pattern_finds_what_there_is(folder: Path) -> None:
    (folder / "long.txt").write_text("a" * 100_000 + "!")

    result = await found("search_files", folder, search="(a+)+$", regex=True, pattern="long.txt")

    assert result["matches"] == []


class Impatient(Budget):
    """Has time to begin with one folder."""

    looks = 0

    def check(self) -> None:
        super().check()
        self.looks += 1
        if self.looks == 2:
            self.stopped.set()


def test_the_time_for_one_large_folder_is_bounded_too(tmp_path: Path) -> None:
    (tmp_path / MARKER).touch()
    for number in range(LOOKED_AT_IN_ONE_GO):
        (tmp_path / str(number)).touch()

    with open_folder(str(tmp_path)) as opened, pytest.raises(RunTimeout):
        list(opened.walk("", 1, Impatient(60)))


async def test_names_that_are_no_text_are_left_out(folder: Path) -> None:
    (folder / os.fsdecode(b"\xff.txt")).write_text("x")

    listed = await found("list_files", folder, pattern="*.txt")

    assert listed["entries"] == []


# -- property and race ---------------------------------------------------------------------------------------------

NAMES = ["..", ".", "", "notes", "old", "way", "up", "inner", "shared", "shared-not", "secret.txt", "link.txt"]
PIECES = st.one_of(
    st.sampled_from([*NAMES, "%2e%2e", "..;", "...", "\\", "~", "\0", " ..", MARKER]), st.text(max_size=8)
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=6), slash=st.booleans())
async def test_no_path_reads_outside_of_the_folder(folder: Path, pieces: list[str], slash: bool) -> None:
    path = "/" * slash + "/".join(pieces)

    for step, fields in (
        ("read_file", {"path": path}),
        ("list_files", {"path": path, "levels": 40}),
        ("search_files", {"path": path, "search": CANARY}),
    ):
        result = await look(step, folder, **fields)
        answer = result.error.message if result.error is not None else str(result.reply)
        assert CANARY not in answer
        if step == "list_files":
            assert "secret" not in answer or result.error is not None
        if step == "search_files" and result.error is None:
            assert result.reply is not None
            assert result.reply.value["matches"] == []


SWAP = """
import os, sys
os.chdir(sys.argv[1])
while True:
    for what in ("real", "link"):
        os.rename(what, "door")
        os.rename("door", what)
"""


@pytest.fixture
def swapped(folder: Path) -> Iterator[Path]:
    """A folder in which `door` is a folder and a link to another one in turns, as fast as another process can."""
    (folder / "real").mkdir()
    (folder / "real" / "secret.txt").write_text("what everybody may read")
    (folder / "link").symlink_to(folder.parent)
    with subprocess.Popen([sys.executable, "-c", SWAP, str(folder)]) as process:
        yield folder
        process.kill()


def test_a_link_that_takes_the_place_of_a_folder_meanwhile_is_not_followed(swapped: Path) -> None:
    read = set()
    with open_folder(str(swapped)) as folder:
        for _ in range(20_000):  # without O_NOFOLLOW dozens of these read the secret
            with suppress(StepError), folder.opened("door/secret.txt") as (descriptor, entry):
                read.add(read_text(descriptor, entry.status.st_size).text)

    assert read == {"what everybody may read"}


@pytest.mark.parametrize(
    ("pattern", "fitting", "not_fitting"),
    [
        ("*.md", ["a.md", "x/a.md", ".md"], ["a.mdx", "a.md/x"]),
        ("a?.txt", ["ab.txt"], ["a.txt", "abc.txt"]),
        ("[a-c].txt", ["a.txt", "c.txt"], ["d.txt", "-.txt"]),
        ("[!a].txt", ["b.txt"], ["a.txt"]),
        ("docs/*.md", ["docs/a.md"], ["docs/x/a.md", "a.md"]),
        ("docs/**/*.md", ["docs/a.md", "docs/x/y/a.md"], ["a.md", "docsx/a.md"]),
        ("docs/**", ["docs/a", "docs/x/y"], ["docs", "doc/a"]),
        ("a+b(1).txt", ["a+b(1).txt"], ["aab1.txt"]),
        ("[", ["["], ["a"]),
    ],
)
def test_a_pattern_of_names_means_what_shells_mean(pattern: str, fitting: list[str], not_fitting: list[str]) -> None:
    glob = Glob(pattern)

    assert [path for path in fitting if not glob.fits(path)] == []
    assert [path for path in not_fitting if glob.fits(path)] == []
