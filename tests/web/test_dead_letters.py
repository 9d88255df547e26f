"""Runs that nobody waited for and that failed for good: seen among the problems, run again, dropped."""

import httpx2
from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB, axe_findings

pytestmark = WEB

ORDER = """\
flow: take_order
description: Take an order of the shop.
input: {{webhook: {{path: /orders, retries: {{attempts: 1}}}}}}
steps:
  - when: {when}
    fail: {{code: no_stock, message: "Nothing is left of ${{{{ args.body.item }}}}."}}
"""
NOTHING_LEFT, ENOUGH = ORDER.format(when="true"), ORDER.format(when="false")


async def test_a_run_that_was_set_aside_is_seen_run_again_and_dropped(
    own_page: Page, own_server: HeadraceProcess
) -> None:
    own_server.api("POST", "/flows", {"text": NOTHING_LEFT})
    async with httpx2.AsyncClient() as sender:
        for item in ("flour", "<img src=x onerror=fault('letter')>"):
            answer = await sender.post(f"{own_server.url}/hooks/orders", json={"item": item})
            assert answer.status_code == 202, answer.text
    await own_page.goto("/problems")
    letters = own_page.get_by_role("table", name="Runs that were set aside")
    flour, hostile = (letters.get_by_role("row").filter(has_text=f"is left of {item}") for item in ("flour", "<img"))
    await expect(flour).to_contain_text("webhook")
    await expect(hostile).to_be_visible()
    assert await axe_findings(own_page) == []

    own_server.api("PUT", "/flows/take_order", {"text": ENOUGH})
    await flour.get_by_role("button", name="Run again").click()
    await expect(own_page.get_by_text("take_order runs again.")).to_be_visible()
    await expect(flour).to_have_count(0)
    await hostile.get_by_role("button", name="Drop").click()
    await own_page.get_by_role("dialog").get_by_role("button", name="Drop").click()
    await expect(letters).to_have_count(0)
    await own_page.goto("/runs?tool=take_order&outcome=ok")

    await expect(own_page.get_by_role("table", name="Runs")).to_contain_text("take_order")
    assert own_server.api("GET", "/dead-letters")["total"] == 0
