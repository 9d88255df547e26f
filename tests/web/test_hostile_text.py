"""Hostile text in every place that shows text stays text: markup, script, signs that turn the line, great length.

The texts call `fault`, which fails the test when any of them is run; `visit` watches for that.
"""

import pytest
from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB
from tests.web.mcp import call_tool

pytestmark = WEB

SCRIPT = "<script>fault('argument')</script><img src=x onerror=fault(2)>"
TURNED = "\u202egnp.exe"
LONG = "x" * 20_000


async def test_what_a_flow_says_of_itself_is_shown_as_text(page: Page) -> None:
    await page.goto("/tools")
    await expect(page.get_by_role("table")).to_contain_text("<script>fault('description')</script>")
    await page.goto("/tools/hostile_text")

    await expect(page.get_by_text("<script>fault('description')</script>").first).to_be_visible()
    await expect(page.get_by_text("\\u202egnp.exe").first).to_be_visible()
    await expect(page.get_by_text("<svg onload=fault('title')>").first).to_be_visible()


@pytest.mark.parametrize(
    "argument", [SCRIPT, TURNED, LONG, "javascript:fault('url')"], ids=["script", "bidi", "long", "url"]
)
async def test_what_runs_took_and_gave_is_shown_as_text(page: Page, server: HeadraceProcess, argument: str) -> None:
    await call_tool(server, "", "hostile_text", text=argument)
    await page.goto("/runs?tool=hostile_text")
    await page.get_by_role("link", name="hostile_text").first.click()

    for region in ("Arguments", "Result"):
        shown = page.get_by_role("region", name=region, exact=True)
        await expect(shown).to_contain_text(argument[:40].replace("\u202e", "\\u202e"))
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1280


async def test_errors_are_shown_as_text(page: Page, server: HeadraceProcess) -> None:
    await call_tool(server, "", "hostile_text", text=f"refuse {SCRIPT} {TURNED}")
    await page.goto("/runs?tool=hostile_text&outcome=failed")
    await expect(page.get_by_role("table", name="Runs")).to_contain_text("<img src=x onerror=fault('error')>")
    await page.get_by_role("link", name="hostile_text").first.click()

    await expect(page.get_by_text("<img src=x onerror=fault('error')> refuse").first).to_be_visible()


async def test_the_label_of_a_token_is_shown_as_text_wherever_it_stands(page: Page, server: HeadraceProcess) -> None:
    label = "<img src=x onerror=fault('label')>"
    made = server.api("POST", "/tokens", {"label": label})
    await call_tool(server, made["token"], "slow_sum", a=1)

    await page.goto("/settings/tokens")
    await expect(page.get_by_role("table", name="Tokens")).to_contain_text(label)
    await page.get_by_role("row").filter(has_text=label).get_by_role("button", name="Revoke").click()
    await expect(page.get_by_role("dialog")).to_contain_text(label)
    await page.get_by_role("button", name="Cancel").click()
    await page.goto("/runs?tool=slow_sum")
    await expect(page.get_by_role("table", name="Runs")).to_contain_text(label)


async def test_the_answer_of_a_tool_that_is_run_on_its_page_is_shown_as_text(page: Page) -> None:
    await page.goto("/tools/hostile_text")
    await page.get_by_label("text", exact=True).fill(SCRIPT)
    await page.get_by_role("button", name="Run", exact=True).click()

    await expect(page.get_by_role("region", name="The MCP result")).to_contain_text("<script>fault('argument')")
