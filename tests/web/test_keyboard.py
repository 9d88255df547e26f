"""Everything by keyboard alone, and one always sees where one is."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB
from tests.web.mcp import call_tool

pytestmark = WEB

MOST_STOPS = 120

_IS_SEEN = """element => {
  const isDrawn = style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return isDrawn(getComputedStyle(element)) || isDrawn(getComputedStyle(element, "::after"));
}"""


async def test_a_token_is_made_and_revoked_by_keyboard(page: Page, server: HeadraceProcess) -> None:
    await page.goto("/")
    await go_to(page, page.get_by_role("link", name="Settings"))
    create = page.get_by_role("button", name="Create a token")
    await go_to(page, create)
    await page.keyboard.type("By keyboard")
    await go_to(page, page.get_by_role("button", name="Create", exact=True))
    token = (await page.get_by_role("region", name="The token").inner_text()).strip()
    await go_to(page, page.get_by_role("button", name="I have copied it"))
    await expect(create).to_be_focused()
    status, _ = await call_tool(server, token, "slow_sum", a=1)
    await go_to(page, page.get_by_role("button", name="Revoke By keyboard"))
    await go_to(page, page.get_by_role("dialog").get_by_role("button", name="Revoke"))
    await expect(page.get_by_role("button", name="Revoke By keyboard")).to_have_count(0)
    refused, _ = await call_tool(server, token, "slow_sum", a=1)

    assert (status, refused) == (200, 401)


async def test_a_tool_is_run_and_its_failure_followed_by_keyboard(page: Page) -> None:
    await page.goto("/")
    await go_to(page, page.get_by_role("navigation", name="Pages").get_by_role("link", name="Tools"))
    await go_to(
        page, page.get_by_role("table", name="Tools", exact=True).get_by_role("link", name="charge_card", exact=True)
    )
    await reach(page, page.get_by_label("amount"))
    await page.keyboard.type("777")
    await go_to(page, page.get_by_role("button", name="Run", exact=True))
    await expect(page.get_by_role("region", name="The MCP result")).to_contain_text("over the limit")
    latest = page.get_by_role("table", name="Latest runs")
    await expect(latest.get_by_role("row").nth(1)).to_contain_text("777")
    await go_to(page, latest.get_by_role("link").first)

    await expect(page.get_by_role("heading", level=1)).to_have_text("Run of charge_card")
    await reach(page, page.get_by_role("table", name="Steps of the run").get_by_role("link", name="limit"))


async def test_escape_closes_a_dialog_and_gives_the_focus_back(page: Page) -> None:
    await page.goto("/settings/tokens")
    create = page.get_by_role("button", name="Create a token")
    await create.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Label")).to_be_focused()
    await page.keyboard.press("Escape")

    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(create).to_be_focused()


async def test_the_first_stop_leads_past_the_navigation(page: Page) -> None:
    await page.goto("/tools")
    await expect(page.get_by_role("table")).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")

    await expect(page.get_by_role("searchbox", name="Search tools")).to_be_focused()


@pytest.mark.parametrize(
    "path", ["/", "/tools/charge_card", "/runs", "/settings/tokens", "/settings/access", "/problems"]
)
async def test_every_stop_of_the_keyboard_is_seen(page: Page, path: str) -> None:
    await page.goto(path)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await expect(page.get_by_text("Loading", exact=True)).to_have_count(0)

    unseen = []
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if await focused.count() == 0:
            break
        if not await focused.evaluate(_IS_SEEN):
            unseen.append(await focused.evaluate("element => element.outerHTML.slice(0, 120)"))

    assert unseen == []


async def go_to(page: Page, target: Locator) -> None:
    """Go to a control with the tab key, and press it."""
    await reach(page, target)
    await page.keyboard.press("Enter")


async def reach(page: Page, target: Locator) -> None:
    """Press the tab key until a control has the focus."""
    await expect(target).to_be_visible()
    wanted = await target.element_handle()
    for _ in range(MOST_STOPS):
        if await page.evaluate("element => element === document.activeElement", wanted):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the tab key does not lead to {target}")
