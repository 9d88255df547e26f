"""What the built pages weigh, and that nothing in them comes from elsewhere."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.web.browser import ROOT, STATIC

pytestmark = pytest.mark.browser

FIRST_LOAD = 110_000
EDITOR = 260_000


@pytest.fixture(scope="module")
def manifest() -> Mapping[str, Any]:
    """What the build says of its chunks."""
    return json.loads((STATIC / ".vite" / "manifest.json").read_text())


def test_the_first_page_with_all_it_needs_is_small(manifest: Mapping[str, Any]) -> None:
    first = {"index.html", *closure(manifest, "index.html"), *closure(manifest, "src/pages/home.tsx")}

    assert weight(first) <= FIRST_LOAD


def test_the_editor_is_a_chunk_of_its_own_and_bounded(manifest: Mapping[str, Any]) -> None:
    shared = set(closure(manifest, "index.html"))
    editor = set(closure(manifest, "src/pages/flow-editor.tsx")) - shared

    assert weight(editor) <= EDITOR


def test_the_first_page_holds_no_script_or_style_of_its_own_and_names_no_other_place() -> None:
    page = (STATIC / "index.html").read_text()

    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert "style=" not in page
    assert re.findall(r"""(?:src|href)=["'](?!/)""", page) == []


def test_no_style_asks_for_anything_from_elsewhere() -> None:
    for file in STATIC.rglob("*.css"):
        assert re.findall(r"url\((?!/|[\"']?/)|@import", file.read_text()) == [], file.name


def test_the_build_writes_the_licence_of_each_library_that_the_pages_contain() -> None:
    written = {each["name"]: each for each in json.loads((STATIC / "licences.json").read_text())}
    wanted = json.loads((ROOT / "web" / "package.json").read_text())["dependencies"]

    assert wanted.items() <= {name: each["version"] for name, each in written.items()}.items()
    assert [name for name, each in written.items() if not each["licence"]] == []
    assert "Permission is hereby granted" in written["react"]["text"]


def closure(manifest: Mapping[str, Any], entry: str) -> Iterator[str]:
    """Yield the files that a chunk needs before it can run, each once."""
    seen: set[str] = set()
    waiting = [entry]
    while waiting:
        key = waiting.pop()
        if key in seen:
            continue
        seen.add(key)
        chunk = manifest[key]
        yield chunk["file"]
        yield from chunk.get("css", ())
        waiting += chunk.get("imports", ())


def weight(names: set[str]) -> int:
    """Return how many bytes files are on the way."""
    return sum(len(gzip.compress((STATIC / name).read_bytes())) for name in names)
