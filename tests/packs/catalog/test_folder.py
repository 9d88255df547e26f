"""The pack `folder` on a real folder."""

from pathlib import Path

import pytest

from flows.steps._folder import MARKER
from tests.packs.installed import Failed, installed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two notes, and a secret beside it."""
    root = tmp_path / "documents"
    (root / "notes").mkdir(parents=True)
    (root / MARKER).touch()
    (root / "notes" / "mill.md").write_text("# Mill\nThe wheel turns.\n")
    (root / ".env").write_text("KEY=1\n")
    (tmp_path / "secret.txt").write_text("secret")
    return root


async def test_an_assistant_finds_its_way_from_the_list_to_a_line(folder: Path) -> None:
    async with installed("folder", {"folder": str(folder)}) as call:
        listed = await call("list_folder")
        found = await call("find_files", pattern="*.md")
        info = await call("file_info", path=found["files"][0]["path"])
        searched = await call("search_text", search="wheel", context=1)
        read = await call("read_file", path=searched["matches"][0]["path"], first_line=searched["matches"][0]["line"])

    assert [entry["path"] for entry in listed["entries"]] == ["notes"]
    assert info["lines"] == 2
    assert searched["matches"][0]["before"] == ["# Mill"]
    assert (read["text"], read["next_line"]) == ("The wheel turns.", None)


async def test_hidden_files_are_seen_only_where_the_install_says_so(folder: Path) -> None:
    async with installed("folder", {"folder": str(folder), "hidden_files": True}) as call:
        shown = await call("read_file", path=".env")
    async with installed("folder", {"folder": str(folder)}) as call:
        with pytest.raises(Failed) as failed:
            await call("read_file", path=".env")

    assert shown["text"] == "KEY=1"
    assert failed.value.code == "not_found"


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("list_folder", {"path": ".."}),
        ("find_files", {"pattern": "*", "path": ".."}),
        ("file_info", {"path": "../secret.txt"}),
        ("read_file", {"path": "../secret.txt"}),
        ("search_text", {"search": "secret", "path": ".."}),
    ],
)
async def test_no_tool_leaves_the_folder(folder: Path, tool: str, args: dict[str, str]) -> None:
    async with installed("folder", {"folder": str(folder)}) as call:
        with pytest.raises(Failed) as failed:
            await call(tool, **args)

    assert failed.value.code == "bad_path"


async def test_a_folder_that_nobody_on_the_machine_opened_is_not_read(folder: Path) -> None:
    async with installed("folder", {"folder": str(folder.parent)}) as call:
        with pytest.raises(Failed) as failed:
            await call("read_file", path="secret.txt")

    assert failed.value.code == "folder_not_allowed"
    assert "touch" in failed.value.message
