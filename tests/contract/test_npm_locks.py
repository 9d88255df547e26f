"""`npm ci` takes the locks: each names exactly the versions that its package.json asks for."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["web", "tests/clients"])
def test_a_lock_is_of_the_package_json_beside_it(folder: str) -> None:
    package = json.loads((ROOT / folder / "package.json").read_text())
    locked = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"][""]

    for kind in ("dependencies", "devDependencies"):
        assert locked.get(kind, {}) == package.get(kind, {}), f"npm install --package-lock-only --prefix {folder}"
