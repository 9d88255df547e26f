"""Where packs are found: the catalog and installed distributions."""

from pathlib import Path

import pytest

from coordinator.packs.sources import PackSource, PackSources
from flows.errors import FlowInvalid
from flows.sdk import NetworkPolicy
from packs.loader import CATALOG
from packs.manifest import FILE
from tests.packs.support import COUNT, MANIFEST, mill


def sources(catalog: Path) -> PackSources:
    return PackSources(NetworkPolicy, catalog)


def write(folder: Path, files: dict[str, bytes]) -> None:
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)


def test_a_pack_of_an_installed_distribution_is_found_without_running_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = b"raise AssertionError('a pack is data')"
    write(tmp_path / "site" / "mill_pack", mill() | {"__init__.py": code})
    entry_points = b"[headrace.packs]\nmill = mill_pack\n"
    metadata = b"Metadata-Version: 2.1\nName: mill-pack\nVersion: 1.0\n"
    write(tmp_path / "site" / "mill_pack-1.0.dist-info", {"METADATA": metadata, "entry_points.txt": entry_points})
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    found = sources(tmp_path / "catalog")

    assert {name: each.source for name, each in found.listed().items()} == {"mill": "distribution mill-pack"}
    assert found.named("mill").pack.files == mill()


def test_a_broken_pack_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path / "mill", mill())
    write(tmp_path / "other", mill(manifest="name: Other\n"))

    assert list(sources(tmp_path).listed()) == ["mill"]


def test_a_pack_whose_flow_is_broken_is_listed_and_says_so_when_it_is_wanted(tmp_path: Path) -> None:
    write(tmp_path / "mill", mill(count=COUNT.replace("sql:", "sqll:")))

    assert sources(tmp_path).listed()["mill"].head.tools == 2
    with pytest.raises(FlowInvalid, match="Unknown step 'sqll'"):
        sources(tmp_path).named("mill")


@pytest.mark.parametrize("name", sorted(folder.parent.name for folder in CATALOG.glob(f"*/{FILE}")))
def test_a_list_says_of_a_pack_what_the_whole_pack_says(name: str) -> None:
    found = PackSources(NetworkPolicy)

    assert found.listed()[name].head == found.named(name).pack.head


async def test_a_pack_that_was_changed_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "mill", mill())
    found = sources(tmp_path)
    first = await found.find(PackSource(pack="mill"))
    write(tmp_path / "mill", mill(manifest=MANIFEST.replace("1.0.0", "1.0.1")))

    second = await found.find(PackSource(pack="mill"))

    assert [each.pack.manifest.version for each in (first, second)] == ["1.0.0", "1.0.1"]
