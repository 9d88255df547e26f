"""`headrace pack new` and `headrace pack check`, and the tests of a pack: without a server."""

from pathlib import Path

from tests.coordinator.cli.command import Command
from tests.packs.support import COUNT, mill


def write(folder: Path, files: dict[str, bytes]) -> None:
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)


def test_a_new_pack_is_sound_and_its_test_passes(headrace: Command) -> None:
    made = headrace("pack new my-shop")
    checked = headrace("pack check my-shop")
    tested = headrace("test my-shop")

    assert made.out.splitlines() == ["my-shop/pack.yaml", "my-shop/README.md", "my-shop/flows/say_hello.yaml"]
    assert made.err == "Now change it, then try `headrace pack check my-shop` and `headrace test my-shop`.\n"
    assert (checked.code, checked.out, checked.err) == (0, "", "2 flow files checked: no problems.\n")
    assert (tested.code, tested.err) == (0, "1 test: 1 passed.\n")


def test_a_pack_does_not_take_the_place_of_another(headrace: Command) -> None:
    headrace("pack new my-shop")

    again = headrace("pack new my-shop")

    assert (again.code, again.err) == (1, "headrace: There is 'my-shop' already. Choose another name.\n")


def test_a_pack_with_a_bad_name_is_not_begun(headrace: Command, tmp_path: Path) -> None:
    ended = headrace("pack new ../shop")

    assert ended.code == 1
    assert ended.err == (
        "headrace: '../shop' is no name for a pack. Use small letters, digits and -, for example my-shop.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_every_problem_of_a_pack_has_its_file_line_and_column(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "mill", mill(count=COUNT.replace("connection: store", "connection: stor")))

    ended = headrace("pack check mill")

    assert ended.code == 1
    assert ended.out.splitlines()[1] == (
        "mill/flows/count_sacks.yaml:6:1: pack.yaml declares no connection 'stor'. Did you mean 'store'? "
        "A flow of a pack names connections as the pack does.   [pack.unknown-connection]"
    )
    assert ended.err == "4 flow files checked: 1 error and 1 warning.\n"


def test_packs_are_checked_and_tested_among_flows_each_by_itself(headrace: Command, tmp_path: Path) -> None:
    write(tmp_path / "flows" / "mill", mill())
    write(tmp_path / "flows" / "other", mill())
    write(tmp_path / "flows", {"turn.yaml": b"flow: turn\ninput: {call: {}}\ntests: [{name: none, expect: null}]\n"})

    checked = headrace("check")
    tested = headrace("test")

    assert (checked.code, checked.out, checked.err) == (0, "", "9 flow files checked: no problems.\n")
    assert (tested.code, tested.err) == (0, "7 tests: 7 passed.\n")


def test_a_folder_that_is_no_pack_is_not_checked_as_one(headrace: Command) -> None:
    ended = headrace("pack check .")

    assert ended.code == 1
    assert ended.err == "headrace: There is no pack.yaml in '.'. Make a pack with `headrace pack new`.\n"
