"""Icons of packs, which anybody may have made: images, in which nothing runs."""

from pathlib import Path

import pytest

from packs.check import PNG_SIGNATURE
from tests.coordinator.in_process import coordinator
from tests.coordinator.packs.support import BOUND, as_source, install
from tests.packs.support import MANIFEST, mill

HOSTILE = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@pytest.mark.parametrize(
    ("file", "content", "kind"),
    [("mill.svg", HOSTILE, "image/svg+xml"), ("mill.png", PNG_SIGNATURE + b"x", "image/png")],
)
async def test_an_icon_is_an_image_that_runs_and_fetches_nothing(
    tmp_path: Path, file: str, content: bytes, kind: str
) -> None:
    files = mill(manifest=f"{MANIFEST}icon: {file}\n") | {file: content}
    async with coordinator(tmp_path) as headrace:
        made = await install(headrace, source=as_source(files), **BOUND)
        shown = await headrace.client.get(made["icon"], headers=headrace.admin)

    assert made["icon"] == "/api/packs/installs/mill/icon"
    assert shown.content == content
    assert shown.headers["content-type"] == kind
    assert shown.headers.get_list("content-security-policy") == [POLICY]
    assert shown.headers["x-content-type-options"] == "nosniff"


async def test_a_pack_without_an_icon_says_so(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        listed = (await headrace.client.get("/api/packs/sql-explorer")).json()
        shown = await headrace.client.get("/api/packs/sql-explorer/icon")

    assert listed["summary"]["icon"] == ""
    assert (shown.status_code, shown.json()["detail"]) == (404, "The pack 'sql-explorer' has no icon.")


async def test_a_file_that_is_no_image_is_refused_as_an_icon(tmp_path: Path) -> None:
    files = mill(manifest=f"{MANIFEST}icon: mill.png\n") | {"mill.png": b"<html>"}
    async with coordinator(tmp_path) as headrace:
        refused = await install(headrace, source=as_source(files), **BOUND)

    assert refused["problems"][0]["message"] == "'mill.png' does not hold what its name says."


async def test_the_schema_of_manifests_is_served(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        schema = (await headrace.client.get("/api/pack-schema")).json()

    assert schema["$defs"]["ConnectionFields"]["properties"]["kind"]["enum"] == ["http", "sql", "values"]
