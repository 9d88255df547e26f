"""Settings, problems and workers on their pages."""

import re

from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB
from tests.web.mcp import call_tool

pytestmark = WEB


async def test_authentication_that_is_switched_on_holds_at_once_and_goes_back_to_its_default(
    own_page: Page, own_server: HeadraceProcess
) -> None:
    await own_page.goto("/settings/account")
    await own_page.get_by_label("Password").fill("correct horse battery")
    await own_page.get_by_role("button", name="Make the account").click()
    await expect(own_page.get_by_text("Signed in as owner.")).to_be_visible()
    await own_page.goto("/settings/access")
    await own_page.get_by_label("Require auth").select_option("Yes")
    await own_page.get_by_role("button", name="Save").click()
    await expect(own_page.get_by_text("Saved. It is in force now.")).to_be_visible()
    refused, _ = await call_tool(own_server, "", "slow_sum", a=1)
    await own_page.get_by_role("button", name="Back to the default of Require auth").click()
    await expect(own_page.get_by_label("Require auth")).to_have_value("false")
    status, _ = await call_tool(own_server, "", "slow_sum", a=1)

    assert (refused, status) == (401, 200)


async def test_without_an_account_one_is_asked_before_authentication_closes_the_pages(
    own_page: Page, own_server: HeadraceProcess
) -> None:
    await own_page.goto("/settings/access")
    await own_page.get_by_label("Require auth").select_option("Yes")
    await own_page.get_by_role("button", name="Save").click()
    await own_page.get_by_role("dialog", name="Close these pages, too?").get_by_role("button", name="Cancel").click()
    kept, _ = await call_tool(own_server, "", "slow_sum", a=1)
    await own_page.get_by_role("button", name="Save").click()
    await own_page.get_by_role("button", name="Close them").click()

    await expect(own_page.get_by_role("heading", name="Make the owner's account")).to_be_visible()
    assert kept == 200


async def test_a_value_that_does_not_fit_is_told_and_nothing_is_changed(
    own_page: Page, own_server: HeadraceProcess
) -> None:
    await own_page.goto("/settings/address")
    await own_page.get_by_label("Public URL").fill("not a url")
    await own_page.get_by_role("button", name="Save").click()

    await expect(own_page.get_by_role("alert")).to_contain_text("public_url")
    settings = own_server.api("GET", "/settings")["settings"]
    assert next(each["value"] for each in settings if each["name"] == "public_url") == ""


async def test_what_cannot_be_changed_here_says_where_it_is_set(page: Page) -> None:
    await page.goto("/settings/server")

    await expect(page.get_by_text("The default; to change it, set HEADRACE_HOST and restart")).to_be_visible()
    await expect(page.get_by_text("Set by HEADRACE_PORT; change it there and restart")).to_be_visible()


async def test_a_problem_leads_to_its_line_in_the_editor(page: Page) -> None:
    await page.goto("/problems")
    await expect(page.get_by_role("table", name="Problems")).to_contain_text(
        "Unknown step 'htpp'. Did you mean 'http'?"
    )
    await page.get_by_role("link", name="broken_report.yaml:9:5").click()

    await expect(page).to_have_url(re.compile(r"/flows/broken_report\?line=9$"))
    await expect(page.get_by_role("heading", level=1)).to_be_visible()


async def test_the_process_that_runs_flows_is_shown(page: Page) -> None:
    await page.goto("/workers")

    await expect(page.get_by_role("table", name="Workers")).to_contain_text("Ready")
