"""A pack that changes where it came from: what the upgrade brings, tool by tool, and the way back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.headrace_process import ROOT, HeadraceProcess
from tests.packs.support import COUNT, GRIND, MANIFEST, mill
from tests.web.browser import WEB, axe_findings
from tests.web.conftest import serving

pytestmark = WEB

HOSTILE = "<img src=x onerror=fault('pack')>"
TURNED = "\u202egnp.exe"
DISTRIBUTION = {
    "METADATA": b"Metadata-Version: 2.1\nName: mill-pack\nVersion: 1.0\n",
    "entry_points.txt": b"[headrace.packs]\nmill = mill_pack\n",
}
BURN = GRIND.replace("flow: grind", "flow: burn").replace("Grind some sacks", "Burn some sacks")


def write(folder: Path, files: dict[str, bytes]) -> None:
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of distributions, in which one brings the mill."""
    write(tmp_path / "site" / "mill_pack", mill())
    write(tmp_path / "site" / "mill_pack-1.0.dist-info", DISTRIBUTION)
    return tmp_path / "site"


@pytest.fixture
def own_server(tmp_path: Path, site: Path) -> Iterator[HeadraceProcess]:
    """A server that finds the mill among its distributions."""
    with serving(tmp_path, PYTHONPATH=f"{ROOT}:{site}") as server:
        yield server


async def test_an_upgrade_shows_what_it_changes_of_each_tool_and_can_be_taken_back(
    own_page: Page, own_server: HeadraceProcess, site: Path
) -> None:
    choices = {"connections": {"store": "sample"}}
    own_server.api("POST", "/packs/installs", {"source": {"pack": "mill"}, "choices": choices})
    manifest = MANIFEST.replace("1.0.0", "1.1.0").replace("[grind]", "[burn]")
    write(site / "mill_pack", mill(manifest=manifest, count=COUNT.replace("how many", "exactly how many")))
    write(site / "mill_pack", {"flows/burn.yaml": BURN.encode()})
    (site / "mill_pack" / "flows" / "grind.yaml").unlink()
    await own_page.goto("/packs/installed/mill")
    await own_page.get_by_role("button", name="Upgrade to 1.1.0").click()
    dialog = own_page.get_by_role("dialog", name="Upgrade from 1.0.0 to 1.1.0")
    tools = dialog.get_by_role("list", name="Tools that will appear").get_by_role("listitem")
    await expect(tools.filter(has_text="count_sacks")).to_contain_text("changed: description")
    await expect(tools.filter(has_text="burn")).to_contain_text("added")
    await expect(dialog.get_by_text("removed")).to_be_visible()
    assert await axe_findings(own_page) == []
    await dialog.get_by_role("button", name="Upgrade", exact=True).click()
    shown = own_page.get_by_role("table", name="Tools of the install")
    await expect(shown).to_contain_text("burn")
    await expect(own_page.get_by_role("button", name="Upgrade to")).to_have_count(0)

    await own_page.get_by_role("tab", name="Versions").click()
    await own_page.get_by_role("button", name="Bring back version 1").click()
    await own_page.get_by_role("dialog").get_by_role("button", name="Bring it back").click()
    await expect(own_page.get_by_role("button", name="Upgrade to 1.1.0")).to_be_visible()
    assert await axe_findings(own_page) == []
    await own_page.get_by_role("tab", name="Tools").click()

    await expect(shown).to_contain_text("grind")
    await expect(shown).not_to_contain_text("burn")


async def test_what_a_pack_says_of_itself_stays_text(own_page: Page, own_server: HeadraceProcess, site: Path) -> None:
    manifest = MANIFEST.replace("title: Mill", f'title: "{HOSTILE} {TURNED}"')
    manifest = manifest.replace("Grind what is there.", f"{HOSTILE} {'x' * 300}").replace(
        "title: Store", f'title: "{HOSTILE}"'
    )
    count = COUNT.replace("Say how many sacks there are.", f'"{HOSTILE} {TURNED} {"y" * 300}"')
    readme = (
        f"# Mill\n\n{HOSTILE} {TURNED}\n\n[click](javascript:fault('link'))\n\n| {HOSTILE} |\n|---|\n| `{HOSTILE}` |\n"
    )
    write(site / "mill_pack", mill(manifest=manifest, count=count, readme=readme))
    choices = {"connections": {"store": "sample"}, "note": HOSTILE}
    own_server.api("POST", "/packs/installs", {"source": {"pack": "mill"}, "name": "hostile", "choices": choices})

    for path in ("/packs", "/packs/mill", "/packs/mill/install", "/packs/installed/hostile"):
        await own_page.goto(path)
        await expect(own_page.get_by_text(HOSTILE).first).to_be_visible()
        await expect(own_page.get_by_text("\\u202egnp.exe").first).to_be_visible()
        assert await axe_findings(own_page) == []
        assert await own_page.locator("img[src=x]").count() == 0
        await own_page.set_viewport_size({"width": 390, "height": 860})
        assert await own_page.evaluate("document.documentElement.scrollWidth") <= 390, path
        await own_page.set_viewport_size({"width": 1280, "height": 860})
    await own_page.goto("/packs/mill")

    await expect(own_page.get_by_text("[click](javascript:fault('link'))")).to_be_visible()
