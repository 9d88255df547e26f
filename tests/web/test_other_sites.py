"""Pages of other sites change nothing here, whoever is signed in."""

import pytest
from playwright.async_api import Page, Route, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB

pytestmark = WEB

ELSEWHERE = "http://elsewhere.test/"
PASSWORD = "correct horse battery"


@pytest.mark.parametrize("is_signed_in", [False, True], ids=["open", "signed-in"])
async def test_a_form_of_another_site_changes_nothing(
    own_page: Page, own_server: HeadraceProcess, is_signed_in: bool
) -> None:
    if is_signed_in:
        await own_page.goto("/settings/account")
        await own_page.get_by_label("Password").fill(PASSWORD)
        await own_page.get_by_role("button", name="Make the account").click()
        await expect(own_page.get_by_text("Signed in as owner.")).to_be_visible()
    before = own_server.api("GET", "/tokens")

    # What a form can send that reads as JSON: its one field is `{"label": "theirs", "x": "=`.
    form = f"""<form method="post" enctype="text/plain" action="{own_server.url}/api/tokens">
      <input name='{{"label": "theirs", "ignored": "' value='"}}'><button>Win a prize</button></form>"""

    async def answer(route: Route) -> None:
        await route.fulfill(content_type="text/html", body=form)

    await own_page.route(f"{ELSEWHERE}**", answer)
    await own_page.goto(ELSEWHERE)
    async with own_page.expect_response("**/api/tokens") as sent:
        await own_page.get_by_role("button", name="Win a prize").click()

    assert (await sent.value).status in (401, 403, 415)
    assert own_server.api("GET", "/tokens") == before
