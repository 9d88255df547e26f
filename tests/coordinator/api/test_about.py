"""What the installation is made of."""

from pathlib import Path

from coordinator.about import page_libraries
from coordinator.version import VERSION
from tests.coordinator.in_process import coordinator


async def test_versions_and_licences_of_everything_are_shown(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        shown = (await headrace.client.get("/api/about")).json()

    libraries = {each["name"].lower(): each for each in shown["libraries"]}
    assert (shown["name"], shown["version"], shown["database"]) == ("Headrace", VERSION, "SQLite")
    assert shown["python"].startswith("CPython 3.")
    assert shown["mcp_revisions"][0] == "2026-07-28"
    assert {"litestar", "msgspec", "sqlalchemy", "argon2-cffi", "greenlet", "pyyaml"} <= libraries.keys()
    assert "headrace" not in libraries
    assert "pytest" not in libraries
    assert [each["name"] for each in shown["libraries"] if not each["licence"]] == []
    assert libraries["litestar"]["licence"].startswith("MIT")


def test_what_the_pages_contain_is_what_their_build_wrote_and_nothing_without_one(tmp_path: Path) -> None:
    before = page_libraries(tmp_path)
    (tmp_path / "licences.json").write_text(
        '[{"name": "river", "version": "1.2", "licence": "MIT", "url": "", "text": "Do as you like."}]'
    )

    written = page_libraries(tmp_path)

    assert before == []
    assert [(each.name, each.licence, each.text) for each in written] == [("river", "MIT", "Do as you like.")]
