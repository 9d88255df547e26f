"""What starts a flow that nobody calls, on the page of the flow: its next times, the address of its webhook."""

from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB, axe_findings

pytestmark = WEB

REPORT = """\
flow: morning_report
description: Write the report of the morning.
input: {schedule: {cron: "30 7 * * *", time_zone: Europe/Oslo}}
steps:
  - map: ${{ args.scheduled }}
"""
HOOK = """\
flow: on_push
description: Note pushes of a repository.
input: {webhook: {path: /github}}
steps:
  - map: ${{ args.body }}
"""


async def test_a_schedule_shows_its_next_times_and_is_run_now(page: Page, server: HeadraceProcess) -> None:
    server.api("POST", "/flows", {"text": REPORT})
    await page.goto("/flows/morning_report")
    await page.get_by_role("tab", name="Times").click()
    panel = page.get_by_role("tabpanel")
    await expect(panel.get_by_text("30 7 * * * (Europe/Oslo)")).to_be_visible()
    await expect(panel.get_by_role("region", name="Next times").get_by_role("listitem")).to_have_count(5)
    await panel.get_by_role("button", name="Run now").click()
    await expect(panel.get_by_text("It was started.")).to_be_visible()
    assert await axe_findings(page) == []
    await panel.get_by_role("link", name="its runs").click()

    await expect(page.get_by_role("table", name="Runs")).to_contain_text("morning_report")


async def test_a_webhook_shows_where_to_send_and_who_may(page: Page, server: HeadraceProcess) -> None:
    server.api("POST", "/flows", {"text": HOOK})
    await page.goto("/flows/on_push")
    await page.get_by_role("tab", name="Address").click()
    panel = page.get_by_role("tabpanel")

    await expect(panel.get_by_role("region", name="Address of the webhook")).to_have_text(f"{server.url}/hooks/github")
    await expect(panel.get_by_role("button", name="Copy: Address of the webhook")).to_be_visible()
    await expect(panel.get_by_text("Anybody who knows the address can start this flow.")).to_be_visible()
    assert await axe_findings(page) == []
