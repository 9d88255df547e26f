"""A real Chromium for tests, and what every page is held to: no error, no report of the content policy, no axe finding.

async with visit(browser, server.url) as page:
    await page.goto("/runs")
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Playwright, expect

ROOT: Final = Path(__file__).parents[2]
CHROMIUM: Final = "/usr/bin/chromium"
AXE: Final = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
STATIC: Final = ROOT / "coordinator" / "static"
SOON: Final = 20_000
"""Milliseconds that something on a page may take on a busy machine."""
expect.set_options(timeout=SOON)

WEB: Final = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
"""The marks of every module with tests of pages: they share one browser, which lives in one event loop."""

REFUSED: Final = "Failed to load resource"
"""What the console says of an answer such as 404; a test that expects one sees it on the page."""

_RUN_AXE: Final = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations.map(
  found => `${found.id}: ${found.help} (${found.nodes.map(node => node.target.join(" ")).join(", ")})`)"""


async def launch(playwright: Playwright) -> Browser:
    """Start the browser of the system."""
    # Containers give root no user namespaces; what the tests open is their own server.
    return await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])


@asynccontextmanager
async def visit(browser: Browser, url: str, **options: Any) -> AsyncIterator[Page]:
    """Open a window of its own on a server; what went wrong in it fails the test at its end."""
    defaults: dict[str, Any] = {
        "viewport": {"width": 1280, "height": 860},
        "locale": "en-GB",
        "timezone_id": "UTC",
        "reduced_motion": "reduce",  # so that nothing is looked at half way
    }
    context = await browser.new_context(base_url=url, **(defaults | options))
    context.set_default_timeout(SOON)
    faults: list[str] = []
    page = await context.new_page()
    # Hostile texts call `fault`: nobody ever should.
    await page.expose_function("fault", lambda text="": faults.append(f"a text was run: {text}"))
    page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
    page.on("console", lambda message: faults.extend(_faults_of(message)))
    try:
        yield page
    finally:
        await context.close()
    if faults:
        raise AssertionError("\n".join(faults))


async def axe_findings(page: Page) -> list[str]:
    """Return what axe-core has to say against the page as it is now."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = await page.evaluate(_RUN_AXE)
    return found


def _faults_of(message: ConsoleMessage) -> list[str]:
    is_fault = message.type in ("error", "warning") and not message.text.startswith(REFUSED)
    return [f"console: {message.text}"] if is_fault else []
