"""Tokens on the page of settings: made, used, revoked."""

from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB
from tests.web.mcp import call_tool

pytestmark = WEB


async def test_a_token_made_on_the_page_works_at_mcp_until_it_is_revoked_there(
    page: Page, server: HeadraceProcess
) -> None:
    await page.goto("/settings/tokens")
    await page.get_by_role("button", name="Create a token").click()
    await page.get_by_label("Label").fill("Laptop")
    await page.get_by_role("button", name="Create", exact=True).click()
    token = await page.get_by_role("region", name="The token").inner_text()
    await page.get_by_role("button", name="I have copied it").click()

    status, body = await call_tool(server, token.strip(), "slow_sum", a=2)
    await page.reload()
    row = page.get_by_role("row").filter(has_text="Laptop")
    await expect(row).to_contain_text("python-httpx2")
    await row.get_by_role("button", name="Revoke Laptop").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    await expect(row).to_have_count(0)
    refused, _ = await call_tool(server, token.strip(), "slow_sum", a=2)

    assert status == 200
    assert body["result"]["structuredContent"] == {"total": 8, "of": [2, 2]}
    assert refused == 401


async def test_a_token_may_call_only_the_tools_that_were_chosen_for_it(page: Page, server: HeadraceProcess) -> None:
    await page.goto("/settings/tokens")
    await page.get_by_role("button", name="Create a token").click()
    await page.get_by_label("Label").fill("Cashier")
    await page.get_by_role("combobox", name="Allowed tools").fill("charge_*")
    await page.get_by_role("combobox", name="Allowed tools").press("Enter")
    await page.get_by_role("button", name="Create", exact=True).click()
    token = (await page.get_by_role("region", name="The token").inner_text()).strip()

    _, charged = await call_tool(server, token, "charge_card", amount=5)
    _, summed = await call_tool(server, token, "slow_sum", a=2)

    assert charged["result"]["structuredContent"] == {"charged": 5}
    assert "error" in summed


async def test_a_new_token_comes_with_what_to_paste_into_each_client(page: Page, server: HeadraceProcess) -> None:
    await page.goto("/settings/tokens")
    await page.get_by_role("button", name="Create a token").click()
    await page.get_by_label("Label").fill("Everywhere")
    await page.get_by_role("button", name="Create", exact=True).click()
    made = page.get_by_role("dialog")
    token = (await made.get_by_role("region", name="The token").inner_text()).strip()

    for client in ("Claude Code", "Claude Desktop", "Cursor", "VS Code", "curl"):
        await made.get_by_role("tab", name=client, exact=True).click()
        shown = made.get_by_role("region", name=f"Configuration for {client}", exact=True)
        await expect(shown).to_contain_text(server.mcp_url)
        await expect(shown).to_contain_text(token)
