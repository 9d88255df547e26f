"""What holds for every page: nothing for axe to find, no breach of the content policy, room in a narrow window."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB, axe_findings, visit
from tests.web.mcp import call_tool

pytestmark = WEB

PAGES = [
    "/",
    "/flows",
    "/flows/_new",
    "/flows/charge_card",
    "/packs",
    "/packs/_other",
    "/connections",
    "/tools",
    "/tools/charge_card",
    "/runs",
    "/workers",
    "/problems",
    "/settings/tokens",
    "/settings/access",
    "/settings/address",
    "/settings/history",
    "/settings/outbound",
    "/settings/server",
    "/settings/account",
    "/settings/about",
    "/help/nothing",
]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_reads_well_light_dark_and_narrow(page: Page, path: str) -> None:
    await settled(page, path)

    assert await axe_findings(page) == []

    await page.emulate_media(color_scheme="dark")

    assert await axe_findings(page) == []

    await page.set_viewport_size({"width": 360, "height": 740})

    assert await axe_findings(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360, "it needs scrolling sideways"


async def test_a_run_has_nothing_for_axe_to_find(page: Page, server: HeadraceProcess) -> None:
    await call_tool(server, "", "charge_card", amount=150)
    await page.goto("/runs?outcome=failed")
    await page.get_by_role("link", name="charge_card").first.click()
    await expect(page.get_by_role("heading", name="Arguments")).to_be_visible()

    assert await axe_findings(page) == []


async def test_dialogs_have_nothing_for_axe_to_find(page: Page) -> None:
    await page.goto("/settings/tokens")
    await page.get_by_role("button", name="Create a token").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    at_first = await axe_findings(page)
    await page.get_by_label("Label").fill("Looked at by axe")
    await page.get_by_role("button", name="Create", exact=True).click()
    await expect(page.get_by_role("region", name="The token")).to_be_visible()

    assert at_first + await axe_findings(page) == []


async def test_no_browser_reports_a_breach_of_the_content_policy(page: Page, server: HeadraceProcess) -> None:
    for path in PAGES:
        await settled(page, path)

    assert server.api("GET", "/csp-reports")["count"] == 0


async def test_the_navigation_of_a_narrow_window_opens_and_leads_to_pages(
    browser: Browser, server: HeadraceProcess
) -> None:
    async with visit(browser, server.url, viewport={"width": 390, "height": 800}) as page:
        await page.goto("/")
        tools = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Tools")
        await expect(tools).to_be_hidden()
        await page.get_by_role("button", name="Menu").click()
        await tools.click()

        await expect(page.get_by_role("heading", level=1)).to_have_text("Tools")
        await expect(tools).to_be_hidden()


async def test_the_chosen_theme_holds_over_that_of_the_system_and_over_a_reload(page: Page) -> None:
    await page.goto("/")
    await page.get_by_role("combobox", name="Theme").select_option("Dark")
    await page.reload()

    assert await page.evaluate("getComputedStyle(document.body.parentElement).colorScheme") == "dark"


async def test_an_unknown_tool_and_an_unknown_run_say_so(page: Page) -> None:
    await page.goto("/tools/no_such_tool")
    await expect(page.get_by_role("alert")).to_contain_text("There is no tool 'no_such_tool'")
    await page.goto("/runs/no-such-run")
    await expect(page.get_by_role("alert")).to_contain_text("There is no run 'no-such-run'")


async def settled(page: Page, path: str) -> None:
    """Open a page and wait until it shows what it came for."""
    await page.goto(path)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
