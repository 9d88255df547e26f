"""Finding changed files: all of them, none twice, nothing outside."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.catalog import directory as module
from coordinator.catalog.directory import LOOKS_FOR_ALL, FlowDirectory
from coordinator.catalog.watch import watch_directory
from flows.source import MAX_BYTES

LONG_AGO = 1_600_000_000


@pytest.fixture(params=["told by the kernel", "looking everywhere"])
def flows(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlowDirectory]:
    root = tmp_path / "flows"
    root.mkdir()
    if request.param == "looking everywhere":
        monkeypatch.setattr(module, "watch_directory", lambda _root: None)
    elif (watch := watch_directory(root)) is None:
        pytest.skip("this file system does not tell of all changes")
    else:
        watch.close()
    found = FlowDirectory(root)
    yield found
    found.close()


def write(flows: FlowDirectory, file: str, text: str = "x", age: float | None = None) -> Path:
    path = flows.root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if age is not None:
        os.utime(path, (LONG_AGO - age, LONG_AGO - age))
    return path


def changed(flows: FlowDirectory) -> dict[str, str]:
    return {each.file: each.text.decode() for each in flows.look().changed}


def test_the_first_look_finds_all_flow_files_however_deep(flows: FlowDirectory) -> None:
    for file in ("a.yaml", "b.yml", "sub/c.yaml", "sub/deep/d.yaml", "notes.txt", ".hidden.yaml", ".git/e.yaml"):
        write(flows, file, file)

    assert changed(flows) == {file: file for file in ("a.yaml", "b.yml", "sub/c.yaml", "sub/deep/d.yaml")}
    assert flows.problems == ()


def test_without_a_change_nothing_is_found_again(flows: FlowDirectory) -> None:
    write(flows, "a.yaml")
    write(flows, "sub/old.yaml", age=0)

    flows.look()

    assert [bool(flows.look()) for _ in range(2 * LOOKS_FOR_ALL)] == [False] * 2 * LOOKS_FOR_ALL


def test_an_edit_in_place_is_found(flows: FlowDirectory) -> None:
    path = write(flows, "sub/a.yaml", "one", age=0)
    flows.look()

    with path.open("w") as file:
        file.write("two")

    assert changed(flows) == {"sub/a.yaml": "two"}


def test_an_edit_by_renaming_a_new_file_into_place_is_found(flows: FlowDirectory) -> None:
    path = write(flows, "a.yaml", "one", age=0)
    flows.look()

    path.with_suffix(".tmp").write_text("two")
    path.with_suffix(".tmp").replace(path)

    assert changed(flows) == {"a.yaml": "two"}


def test_a_second_edit_in_the_same_instant_of_the_same_size_is_found(flows: FlowDirectory) -> None:
    path = write(flows, "a.yaml", "one")
    now = path.stat().st_mtime_ns
    flows.look()

    path.write_text("two")
    os.utime(path, ns=(now, now))

    assert changed(flows) == {"a.yaml": "two"}


def test_a_file_that_was_only_touched_has_not_changed(flows: FlowDirectory) -> None:
    path = write(flows, "a.yaml", "one", age=10)
    flows.look()

    os.utime(path, (LONG_AGO, LONG_AGO))

    assert not flows.look()


def test_files_and_directories_that_go_are_reported(flows: FlowDirectory) -> None:
    for file in ("a.yaml", "sub/b.yaml", "sub/deep/c.yaml"):
        write(flows, file, age=0)
    flows.look()

    (flows.root / "a.yaml").unlink()
    (flows.root / "sub").rename(flows.root.parent / "elsewhere")

    assert sorted(flows.look().removed) == ["a.yaml", "sub/b.yaml", "sub/deep/c.yaml"]


def test_a_directory_that_takes_the_place_of_another_is_read(flows: FlowDirectory) -> None:
    write(flows, "sub/a.yaml", "one", age=0)
    write(flows, "new/a.yaml", "two", age=0)
    flows.look()

    (flows.root / "sub").rename(flows.root.parent / "old")
    (flows.root / "new").rename(flows.root / "sub")

    changes = flows.look()
    assert {each.file: each.text for each in changes.changed} == {"sub/a.yaml": b"two"}
    assert changes.removed == ["new/a.yaml"]


def test_a_directory_that_is_moved_in_is_followed_from_then_on(flows: FlowDirectory) -> None:
    flows.look()
    outside = flows.root.parent / "made"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "a.yaml").write_text("one")
    outside.rename(flows.root / "made")

    assert changed(flows) == {"made/deep/a.yaml": "one"}
    write(flows, "made/deep/a.yaml", "two")
    write(flows, "made/deep/b.yaml", "three")
    assert changed(flows) == {"made/deep/a.yaml": "two", "made/deep/b.yaml": "three"}


def test_a_root_that_is_swapped_is_read_anew(flows: FlowDirectory, tmp_path: Path) -> None:
    write(flows, "a.yaml", "one", age=0)
    write(flows, "b.yaml", "same", age=0)
    flows.look()

    flows.root.rename(tmp_path / "before")
    write(flows, "a.yaml", "two", age=0)
    write(flows, "b.yaml", "same", age=0)

    assert changed(flows) == {"a.yaml": "two"}
    write(flows, "a.yaml", "three", age=0)
    assert changed(flows) == {"a.yaml": "three"}


def test_a_root_that_is_gone_keeps_what_was_known_and_comes_back(flows: FlowDirectory, tmp_path: Path) -> None:
    write(flows, "a.yaml", "one", age=0)
    flows.look()

    flows.root.rename(tmp_path / "before")
    assert not flows.look()
    assert [str(problem) for problem in flows.problems] == [
        ".:1:1: It cannot be read: No such file or directory. What was known of it stays. "
        "Check that it may be read.   [flow.unreadable]"
    ]

    (tmp_path / "before").rename(flows.root)
    assert not flows.look()
    assert flows.problems == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_cannot_be_read_keeps_what_was_known(flows: FlowDirectory) -> None:
    path = write(flows, "a.yaml", "one", age=0)
    flows.look()

    path.write_text("two")
    path.chmod(0)
    assert not flows.look()
    assert [problem.code for problem in flows.problems] == ["flow.unreadable"]

    path.chmod(0o600)
    assert changed(flows) == {"a.yaml": "two"}
    assert flows.problems == ()


def test_links_out_of_the_directory_are_problems_not_flows(flows: FlowDirectory, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("secret")
    (tmp_path / "flows-beside").mkdir()
    (tmp_path / "flows-beside" / "x.yaml").write_text("secret")
    (flows.root / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    (flows.root / "b.yaml").symlink_to(tmp_path / "flows-beside" / "x.yaml")
    (flows.root / "c.yaml").symlink_to("../secret.yaml")
    (flows.root / "d").symlink_to(tmp_path / "flows-beside")
    (flows.root / "e.yaml").symlink_to("/etc/passwd")
    (flows.root / "loop").symlink_to(flows.root)

    assert changed(flows) == {}
    assert sorted(problem.file for problem in flows.problems) == ["a.yaml", "b.yaml", "c.yaml", "d", "e.yaml", "loop"]
    assert {problem.code for problem in flows.problems} == {"flow.outside-directory"}


def test_links_inside_are_followed_as_a_mounted_config_map_needs(flows: FlowDirectory) -> None:
    for version in ("one", "two"):
        write(flows, f"..{version}/a.yaml", version, age=0)
    (flows.root / "..data").symlink_to("..one")
    (flows.root / "a.yaml").symlink_to("..data/a.yaml")
    assert changed(flows) == {"a.yaml": "one"}

    (flows.root / "..next").symlink_to("..two")
    (flows.root / "..next").rename(flows.root / "..data")

    assert changed(flows) == {"a.yaml": "two"}


def test_what_is_no_regular_file_is_left_alone(flows: FlowDirectory) -> None:
    (flows.root / "dir.yaml").mkdir()
    os.mkfifo(flows.root / "pipe.yaml")

    assert changed(flows) == {}


def test_of_a_huge_file_only_enough_is_read_to_see_that_it_is_too_large(flows: FlowDirectory) -> None:
    path = write(flows, "a.yaml")
    with path.open("wb") as file:
        file.truncate(50 * MAX_BYTES)

    (found,) = flows.look().changed

    assert len(found.text) == MAX_BYTES + 1


def test_too_many_files_and_too_deep_directories_are_problems(
    flows: FlowDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_FILES", 3)
    for number in range(5):
        write(flows, f"{number}.yaml")
    write(flows, "/".join(["d"] * 20) + "/deep.yaml")

    assert len(flows.look().changed) == 3
    assert [problem.code for problem in flows.problems] == ["flow.too-many-files"] * 3


def test_only_files_that_were_found_can_be_read(flows: FlowDirectory, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("secret")
    write(flows, "sub/a.yaml", "one")
    flows.look()

    assert flows.read("sub/a.yaml") == b"one"
    for file in ("../secret.yaml", "sub/../../secret.yaml", "/etc/passwd", "b.yaml", ""):
        with pytest.raises(FileNotFoundError):
            flows.read(file)


def test_what_the_kernel_did_not_tell_is_found_in_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Deaf:
        def add(self, path: str, full: Path) -> None: ...
        def touched(self) -> set[str]:
            return set()

        def close(self) -> None: ...

    monkeypatch.setattr(module, "watch_directory", lambda _root: Deaf())
    flows = FlowDirectory(tmp_path)
    for number in range(50):
        write(flows, f"{number % 5}/{number}.yaml", age=0)
    flows.look()
    write(flows, "3/13.yaml", "changed", age=0)
    write(flows, "4/new.yaml", "new", age=0)
    (flows.root / "2" / "7.yaml").unlink()

    found = [flows.look() for _ in range(LOOKS_FOR_ALL)]

    assert sorted(each.file for changes in found for each in changes.changed) == ["3/13.yaml", "4/new.yaml"]
    assert [file for changes in found for file in changes.removed] == ["2/7.yaml"]


def test_watching_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd") if Path("/proc/self/fd").is_dir() else []

    flows = FlowDirectory(tmp_path)
    write(flows, "a.yaml")
    flows.look()
    flows.close()

    after = os.listdir("/proc/self/fd") if before else []
    assert len(after) == len(before)


ACTION = st.tuples(
    st.sampled_from(["write", "replace", "remove", "move", "look"]),
    st.sampled_from(["a.yaml", "b.yaml", "x/a.yaml", "x/y/b.yaml", "z/a.yaml"]),
    st.sampled_from(["", "x", "z"]),
    st.integers(0, 3),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ACTION, max_size=25))
def test_whatever_happens_to_the_files_the_looks_add_up_to_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, str, str, int]]
) -> None:
    # Seen from the future every file is settled, so that the kernel's word and the marks must do.
    flows = FlowDirectory(tmp_path_factory.mktemp("flows"), now_ns=lambda: time.time_ns() + 10**12)
    known: dict[str, str] = {}

    def look() -> None:
        changes = flows.look()
        for file in changes.removed:
            known.pop(file, None)
        known.update({each.file: each.text.decode() for each in changes.changed})

    for action, file, folder, number in actions:
        path = flows.root / file
        if action == "look":
            look()
        elif action == "write":
            write(flows, file, "x" * number)
        elif action == "replace" and path.exists():
            path.with_suffix(".new").write_text("x" * number)
            path.with_suffix(".new").replace(path)
        elif action == "remove":
            path.unlink(missing_ok=True)
        elif action == "move" and folder and (flows.root / folder).is_dir():
            target = flows.root / f"{folder}{number}"
            if not target.exists():
                (flows.root / folder).rename(target)
    look()
    flows.close()

    there = {str(path.relative_to(flows.root)): path.read_text() for path in flows.root.rglob("*.yaml")}
    assert known == there


@pytest.mark.parametrize("folders", [1, 50])
def test_a_tick_over_quiet_files_looks_at_a_share_of_them_and_reads_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folders: int
) -> None:
    if (watch := watch_directory(tmp_path)) is None:
        pytest.skip("this file system does not tell of all changes")
    watch.close()
    flows = FlowDirectory(tmp_path)
    for number in range(1200):
        write(flows, f"{number % folders}/{number}.yaml", age=0)
    flows.look()
    used: Counter[str] = Counter()
    for name in ("lstat", "stat", "scandir", "open"):
        monkeypatch.setattr(os, name, _counted(used, name, getattr(os, name)))

    for _ in range(LOOKS_FOR_ALL):
        assert not flows.look()
    monkeypatch.undo()
    flows.close()

    assert used["lstat"] == 1200  # each file once in all these looks
    assert used["stat"] == LOOKS_FOR_ALL + folders + 1  # the root each time, each directory once
    assert (used["scandir"], used["open"]) == (0, 0)


def _counted(used: Counter[str], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        used[name] += 1
        return function(*args, **options)

    return call
