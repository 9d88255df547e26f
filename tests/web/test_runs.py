"""The history on its pages: what ran, where it failed, once more with the same arguments."""

from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB
from tests.web.mcp import call_tool

pytestmark = WEB


async def test_a_failing_call_is_followed_to_its_step_and_tried_again(page: Page, server: HeadraceProcess) -> None:
    await call_tool(server, "", "charge_card", amount=150)

    await page.goto("/runs?tool=charge_card&outcome=failed")
    await page.get_by_role("link", name="charge_card").first.click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Run of charge_card")
    await expect(page.get_by_text("The amount 150 is over the limit of 100.").first).to_be_visible()
    await expect(page.get_by_role("row").filter(has_text="limit").first).to_contain_text("Failed")
    await page.get_by_role("link", name="Try again with these arguments").click()
    amount = page.get_by_label("amount")
    await expect(amount).to_have_value("150")
    await amount.fill("50")
    await page.get_by_role("button", name="Run", exact=True).click()

    await expect(page.get_by_role("region", name="The MCP result")).to_contain_text('"charged": 50')


async def test_a_run_shows_its_steps_in_time_and_what_went_in_and_out(page: Page, server: HeadraceProcess) -> None:
    await call_tool(server, "", "slow_sum", a=21)

    await page.goto("/runs?tool=slow_sum")
    await page.get_by_role("link", name="slow_sum").first.click()

    steps = page.get_by_role("table", name="Steps of the run")
    for step in ("first", "doubled", "second", "total"):
        await expect(steps.get_by_role("link", name=step, exact=True)).to_be_visible()
    await expect(page.get_by_role("region", name="Arguments")).to_contain_text("a: 21")
    await expect(page.get_by_role("region", name="Result")).to_contain_text("total: 46")


async def test_a_run_appears_while_one_looks(page: Page, server: HeadraceProcess) -> None:
    made = server.api("POST", "/tokens", {"label": "Watched"})
    await page.goto("/runs?caller=Watched")
    await expect(page.get_by_role("heading", name="No run fits this filter")).to_be_visible()

    await call_tool(server, made["token"], "slow_sum", a=2)

    await expect(page.get_by_role("table", name="Runs")).to_contain_text("slow_sum")


async def test_the_filter_stands_in_the_address(page: Page, server: HeadraceProcess) -> None:
    await call_tool(server, "", "charge_card", amount=5)
    await call_tool(server, "", "charge_card", amount=500)

    await page.goto("/runs")
    await page.get_by_role("combobox", name="Outcome").select_option("Failed")
    await expect(page).to_have_url(f"{server.url}/runs?outcome=failed")
    await page.reload()

    await expect(page.get_by_role("combobox", name="Outcome")).to_have_value("failed")
    await expect(page.get_by_role("table", name="Runs")).not_to_contain_text("OK")
