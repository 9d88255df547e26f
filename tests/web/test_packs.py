"""Packs on pages: from the catalog to tools that clients call, and away again."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB, axe_findings
from tests.web.mcp import call_tool

pytestmark = WEB


async def install(page: Page, pack: str) -> None:
    await page.goto(f"/packs/{pack}/install")
    await expect(page.get_by_role("list", name="Tools that will appear")).to_be_visible()


async def test_a_pack_is_installed_with_a_connection_that_exists_and_its_tool_called(
    page: Page, server: HeadraceProcess
) -> None:
    await page.goto("/packs")
    await page.get_by_label("Search the catalog").fill("database")
    await page.get_by_role("link", name="SQL explorer").click()
    await expect(page.get_by_role("table", name="Tools of the pack")).to_contain_text("list_tables")
    await page.get_by_role("link", name="Install", exact=True).click()
    await page.get_by_label("Name of the install").fill("books")
    await page.get_by_label("Use one that exists").check()
    preview = page.get_by_role("list", name="Tools that will appear")
    await expect(preview).to_contain_text("books_list_tables")
    await page.get_by_role("button", name="Install", exact=True).click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("books")
    tools = page.get_by_role("table", name="Tools of the install")
    await expect(tools.get_by_text("live").first).to_be_visible()
    _, body = await call_tool(server, "", "books_list_tables")
    assert not body["result"].get("isError")

    row = tools.get_by_role("row").filter(has_text="books_list_tables")
    await row.get_by_role("button", name="Switch off books_list_tables").click()
    await expect(row.get_by_role("button", name="Switch on books_list_tables")).to_be_visible()
    _, refused = await call_tool(server, "", "books_list_tables")
    assert "error" in refused


async def test_a_pack_makes_its_connection_and_its_secret_never_comes_back(page: Page, server: HeadraceProcess) -> None:
    await install(page, "github")
    await page.get_by_label("Name of the install").fill("hub")
    await page.get_by_label("Access token").fill("canary-of-the-wizard")
    await page.get_by_label("Groups of tools").check()
    await page.get_by_label("read", exact=True).check()
    preview = page.get_by_role("list", name="Tools that will appear")
    await expect(preview).not_to_contain_text("hub_merge_pull_request")
    await expect(preview).to_contain_text("hub_get_issue")
    await page.get_by_role("button", name="Install", exact=True).click()
    await page.get_by_role("tab", name="Connections").click()
    await page.get_by_role("tabpanel").get_by_role("link", name="hub").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("hub")
    await expect(page.get_by_text("token (never shown)")).to_be_visible()
    await page.get_by_role("button", name="Change").click()
    await expect(page.get_by_label("token", exact=True)).to_have_value("")
    assert "canary" not in await page.content()
    assert "canary" not in str(server.api("GET", "/connections/hub"))
    assert server.api("GET", "/packs/installs/hub")["choices"]["groups"] == ["read"]


async def test_an_install_is_changed_brought_back_and_removed_with_what_only_it_uses(
    page: Page, server: HeadraceProcess
) -> None:
    source = {"source": {"pack": "weather"}, "name": "sky"}
    server.api("POST", "/packs/installs", source)
    await page.goto("/packs/installed/sky")
    await page.get_by_role("button", name="Change").click()
    await page.get_by_label("Single tools").check()
    await page.get_by_label("air_quality", exact=True).check()
    await expect(page.get_by_role("dialog").get_by_text("removed").first).to_be_visible()
    await page.get_by_role("dialog").get_by_role("button", name="Change", exact=True).click()
    await expect(page.get_by_role("tab", name="Tools (1)")).to_be_visible()
    await page.get_by_role("tab", name="Versions").click()
    await page.get_by_role("button", name="Bring back version 1").click()
    await page.get_by_role("dialog").get_by_role("button", name="Bring it back").click()
    await expect(page.get_by_role("tab", name="Tools (6)")).to_be_visible()
    await page.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("dialog")).to_contain_text("sky_air_quality")
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()

    await expect(page).to_have_url(f"{server.url}/packs")
    assert "sky" not in [each["name"] for each in server.api("GET", "/packs/installs")["installs"]]


async def test_a_pack_is_installed_by_keyboard_alone(page: Page, server: HeadraceProcess) -> None:
    await page.goto("/packs/weather")
    await tab_to(page, page.get_by_role("link", name="Install", exact=True))
    await page.keyboard.press("Enter")
    name = page.get_by_label("Name of the install")
    await expect(name).to_be_visible()
    await tab_to(page, name)
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("keys")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", level=1)).to_have_text("keys")
    assert "keys_find_places" in str(server.api("GET", "/packs/installs/keys")["tools"])


async def test_a_pack_is_previewed_before_anything_is_filled_in(page: Page) -> None:
    await install(page, "google-calendar")
    preview = page.get_by_role("region", name="What will appear")

    await expect(preview).to_contain_text("Once that is there: 13 tools")


async def test_what_cannot_be_installed_says_why(page: Page) -> None:
    await install(page, "weather")
    await page.get_by_label("Name of the install").fill("No Name!")

    await expect(page.get_by_role("region", name="What will appear")).to_contain_text("is no name for an install")


@pytest.mark.parametrize(
    "path",
    ["/packs", "/packs/github", "/packs/github/install", "/packs/google-calendar/install", "/packs/sql-explorer"],
)
async def test_pages_of_packs_have_nothing_for_axe_to_find_and_fit_a_narrow_window(page: Page, path: str) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(path)
    await expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    light = await axe_findings(page)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    dark = await axe_findings(page)
    await page.set_viewport_size({"width": 390, "height": 800})

    assert light + dark + await axe_findings(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_an_install_has_nothing_for_axe_to_find(page: Page, server: HeadraceProcess) -> None:
    server.api("POST", "/packs/installs", {"source": {"pack": "weather"}, "name": "looked-at"})
    await page.goto("/packs/installed/looked-at")
    await expect(page.get_by_role("table", name="Tools of the install")).to_be_visible()
    at_first = await axe_findings(page)
    await page.get_by_role("button", name="Change").click()
    await expect(page.get_by_role("list", name="Tools that will appear")).to_be_visible()

    assert at_first + await axe_findings(page) == []


async def tab_to(page: Page, wanted: Locator) -> None:
    """Go on with the Tab key until something has the focus."""
    for _ in range(80):
        if await wanted.evaluate("element => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not reach {wanted}")
