"""The sample database: built once, whole, from the figures that come with the examples."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from coordinator.sample import FIGURES, SampleUnusable, ensure_sample, sample_url, with_sample


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_every_country_and_city_of_the_figures_is_there_with_numbers_as_numbers(tmp_path: Path) -> None:
    path = ensure_sample(tmp_path / "data")

    lines = {name: len((FIGURES / f"{name}.csv").read_text().splitlines()) - 1 for name in ("countries", "cities")}
    assert query(path, "SELECT count(*) FROM countries") == [(lines["countries"],)]
    assert query(path, "SELECT count(*) FROM cities") == [(lines["cities"],)]
    assert query(path, "SELECT name, population, typeof(area_km2) FROM countries WHERE code = 'NO'") == [
        ("Norway", 5314336, "real")
    ]


def test_a_database_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    before = ensure_sample(tmp_path).stat()

    after = ensure_sample(tmp_path).stat()

    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_changed_figures_make_it_anew(tmp_path: Path) -> None:
    figures = tmp_path / "figures"
    figures.mkdir()
    for name in ("countries", "cities"):
        (figures / f"{name}.csv").write_bytes((FIGURES / f"{name}.csv").read_bytes())
    path = ensure_sample(tmp_path, figures)
    with (figures / "countries.csv").open("a") as file:
        file.write("ZZ,Headrace,Europe,Weir,1,2,EUR\n")

    ensure_sample(tmp_path, figures)

    assert query(path, "SELECT capital FROM countries WHERE code = 'ZZ'") == [("Weir",)]


def test_a_file_that_is_no_database_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "sample.db").write_bytes(b"cut short")

    path = ensure_sample(tmp_path)

    assert query(path, "SELECT count(*) > 0 FROM cities") == [(1,)]


def test_a_failure_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "countries.csv").write_text("code,name\nNO,Norway\n")
    (figures / "cities.csv").write_text("id\n1\n")

    with pytest.raises(SampleUnusable, match=r"cannot be made: NOT NULL constraint failed"):
        ensure_sample(tmp_path / "data", figures)

    assert list((tmp_path / "data").iterdir()) == []


def test_a_connection_of_the_settings_wins_over_the_sample(tmp_path: Path) -> None:
    assert with_sample({}, tmp_path) == {"sample": sample_url(tmp_path)}
    assert with_sample({"sample": "postgresql://db/x"}, tmp_path) == {"sample": "postgresql://db/x"}
