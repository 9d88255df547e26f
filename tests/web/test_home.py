"""The first page says what needs somebody and leads there; an address of nothing says so."""

from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB

pytestmark = WEB


async def test_home_and_problems_lead_to_an_install_that_waits_for_its_connection(
    own_page: Page, own_server: HeadraceProcess
) -> None:
    own_server.api("POST", "/packs/installs", {"source": {"pack": "github"}, "choices": {}})
    for path in ("/problems", "/"):
        await own_page.goto(path)
        await expect(own_page.get_by_text("All is well")).to_have_count(0)
        await own_page.get_by_role("link", name="The tools of the install github are hidden.").click()

        await expect(own_page.get_by_role("heading", level=1)).to_have_text("github")
        await expect(own_page.get_by_text("is not bound")).to_be_visible()


async def test_an_address_of_nothing_says_so_and_leads_on(page: Page) -> None:
    await page.goto("/flows/some/where")
    await expect(page.get_by_role("heading", level=1)).to_have_text("There is no such page")
    await page.get_by_role("link", name="Go to Home").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Home")
