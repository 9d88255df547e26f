"""Packs that are not in the catalog: from a file, and from an address that must give what was promised."""

from playwright.async_api import FilePayload, Page, expect

from packs.archive import make_archive
from tests.headrace_process import HeadraceProcess
from tests.packs.support import MANIFEST, mill
from tests.web.browser import WEB, axe_findings
from tests.web.mcp import call_tool

pytestmark = WEB

HOSTILE = "<img src=x onerror=fault('zip')>"
ZIP = make_archive(mill(manifest=MANIFEST.replace("title: Mill", f'title: "{HOSTILE}"')))


async def test_a_pack_is_installed_from_a_file_after_a_look_at_it(page: Page, server: HeadraceProcess) -> None:
    await page.goto("/packs")
    await page.get_by_role("link", name="Install another pack").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Install another pack")
    assert await axe_findings(page) == []
    zipped = FilePayload(name="mill.zip", mimeType="application/zip", buffer=ZIP)
    await page.get_by_label("Zip of the pack").set_input_files(zipped)
    await page.get_by_role("button", name="Look at it").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"Install {HOSTILE}")
    await page.get_by_label("Use one that exists").check()
    await expect(page.get_by_role("list", name="Tools that will appear")).to_contain_text("mill_count_sacks")
    assert await axe_findings(page) == []
    await page.get_by_role("button", name="Install", exact=True).click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("mill")
    _, body = await call_tool(server, "", "mill_count_sacks")
    assert body["result"]["structuredContent"] == {"sacks": 7}
    await page.get_by_role("button", name="Change").click()
    change = page.get_by_role("dialog", name="Change mill")
    await change.get_by_label("Single tools").check()
    await change.get_by_label("grind", exact=True).check()
    await change.get_by_role("button", name="Change", exact=True).click()
    await expect(page.get_by_role("tab", name="Tools (1)")).to_be_visible()


async def test_a_file_that_is_no_pack_is_refused_with_a_reason(page: Page) -> None:
    await page.goto("/packs/_other")
    payload = FilePayload(name="note.zip", mimeType="application/zip", buffer=b"no zip")
    await page.get_by_label("Zip of the pack").set_input_files(payload)
    await page.get_by_role("button", name="Look at it").click()

    await expect(page.get_by_role("alert")).to_contain_text("This is not a zip archive")


async def test_an_address_is_taken_with_its_digest_only(page: Page) -> None:
    await page.goto("/packs/_other")
    await page.get_by_role("button", name="An address").click()
    await page.get_by_label("Address of the zip").fill("http://example.com/mill.zip")
    await page.get_by_label("SHA-256 of the zip").fill("0" * 64)
    await page.get_by_role("button", name="Look at it").click()
    await expect(page.get_by_role("alert")).to_contain_text("starts with https://")

    assert await axe_findings(page) == []
