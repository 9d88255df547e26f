"""What the installation is made of."""

from pathlib import Path

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
