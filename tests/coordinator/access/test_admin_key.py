"""The key that the command line of the same user finds on disk."""

from pathlib import Path

from coordinator.access.admin_key import FILE_NAME, admin_key, read_admin_key


def test_the_key_is_on_disk_while_the_coordinator_runs_for_its_owner_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"

    with admin_key(data) as key:
        assert read_admin_key(data) == key
        assert (data / FILE_NAME).stat().st_mode & 0o777 == 0o600
        assert data.stat().st_mode & 0o777 == 0o700

    assert read_admin_key(data) is None
    assert list(data.iterdir()) == []


def test_each_start_makes_a_new_key(tmp_path: Path) -> None:
    with admin_key(tmp_path) as first:
        pass
    with admin_key(tmp_path) as second:
        assert first != second


def test_a_key_left_behind_by_a_crash_is_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("hr_old")
    (tmp_path / FILE_NAME).chmod(0o644)

    with admin_key(tmp_path) as key:
        assert read_admin_key(tmp_path) == key
        assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_the_key_of_another_coordinator_is_not_removed(tmp_path: Path) -> None:
    with admin_key(tmp_path):
        (tmp_path / FILE_NAME).write_text("hr_of_another")

    assert read_admin_key(tmp_path) == "hr_of_another"


def test_a_link_in_the_place_of_the_key_is_replaced_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / FILE_NAME).symlink_to(victim)

    with admin_key(tmp_path):
        assert victim.read_text() == "precious"
        assert not (tmp_path / FILE_NAME).is_symlink()
