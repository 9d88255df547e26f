"""Picture every page, light and dark, into docs/images: `make screenshots`.

A server with the example flows is filled with calls first, so that the pages show what they are for.  Each picture has
few colours, so that all of them together stay small.
"""

import asyncio
import math
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from playwright.async_api import Page, async_playwright, expect

from coordinator.db import open_database
from coordinator.statistics.statistics import Statistics
from tests.coordinator.runs.support import failure, finished, reply
from tests.headrace_process import HeadraceProcess
from tests.web.browser import ROOT, launch, visit
from tests.web.mcp import call_tool

IMAGES: Final = ROOT / "docs" / "images"
FLOWS: Final = Path(__file__).parent / "flows"
SIZE: Final = {"width": 1280, "height": 800}
CLIENTS: Final = ("Claude Desktop", "Cursor on the laptop", "Nightly report")
PAGES: Final = {
    "home": "/",
    "flows": "/flows",
    "editor": "/flows/get_weather",
    "packs": "/packs",
    "connections": "/connections",
    "tools": "/tools",
    "tool": "/tools/charge_card",
    "runs": "/runs",
    "run": "/runs?outcome=failed",
    "workers": "/workers",
    "problems": "/problems",
    "settings": "/settings/tokens",
}


async def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        flows = Path(directory) / "flows"
        gather(flows)
        (data := Path(directory) / "data").mkdir()
        await remember_a_day(data)
        async with HeadraceProcess(Path(directory), flows) as server, async_playwright() as playwright:
            await fill(server)
            browser = await launch(playwright)
            for scheme in ("light", "dark"):
                async with visit(browser, server.url, viewport=SIZE, color_scheme=scheme) as page:
                    for name, path in PAGES.items():
                        await picture(page, path, IMAGES / f"{name}-{scheme}.png")
            await browser.close()


async def picture(page: Page, path: str, file: Path) -> None:
    """Take the picture of one page."""
    await page.goto(path)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    if "outcome=failed" in path:
        await page.get_by_role("table").get_by_role("link").first.click()
        await expect(page.get_by_role("heading", name="Steps")).to_be_visible()
    for waiting in ("Loading", "Checking …"):
        await expect(page.get_by_text(waiting, exact=True)).to_have_count(0)
    await page.evaluate("document.fonts.ready.then(() => document.activeElement.blur())")
    await page.screenshot(path=file, animations="disabled", scale="css")


async def remember_a_day(data: Path) -> None:
    """Count calls of the day before, as they come in the life of a server: few at night, a bad hour after noon."""
    dice = random.Random(11)
    now = time.time()
    async with open_database(f"sqlite:///{data}/headrace.db") as database:
        statistics = Statistics(database)
        for minutes in range(10, 24 * 60, 5):
            started = now - minutes * 60
            by_day = 1 - math.cos(2 * math.pi * (started % 86_400) / 86_400)
            for _ in range(round(by_day * dice.uniform(10, 40))):
                tool, usual = dice.choice([("largest_cities", 700), ("find_countries", 900), ("slow_sum", 91_000)])
                is_bad = dice.random() < (0.3 if 180 < minutes < 240 else 0.02)
                result = failure("http_status", "The service answered 503.") if is_bad else reply({})
                took = msgspec.structs.replace(result, duration=round(usual * dice.lognormvariate(0, 0.5)))
                statistics.count(finished(took, tool=tool, started=started), "failed" if is_bad else "ok")
        await statistics.sync()


async def fill(server: HeadraceProcess) -> None:
    """Let a few clients call the tools."""
    dice = random.Random(7)  # the pictures change only when the pages do
    tokens = [server.api("POST", "/tokens", {"label": label})["token"] for label in CLIENTS]
    for name, arguments in calls(dice):
        await call_tool(server, dice.choice(tokens), name, **arguments)
    # The history is written in batches.
    server.api("GET", "/runs?limit=1")


def calls(dice: random.Random) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield calls, most of which go well."""
    for _ in range(60):
        yield (
            "largest_cities",
            {"country": dice.choice(["Japan", "India", "Norway", "Brazil"]), "limit": dice.randint(1, 8)},
        )
        yield "find_countries", {"continent": dice.choice(["Africa", "Asia", "Europe"])}
        if dice.random() < 0.5:
            yield "slow_sum", {"a": dice.randint(1, 40)}
        if dice.random() < 0.3:
            yield "charge_card", {"amount": dice.randint(5, 130)}
    yield "charge_card", {"amount": 150, "note": "Two seats in the front row"}


def gather(flows: Path) -> None:
    """Lay the example flows and those of the tests that look like somebody's into one directory."""
    for source in (ROOT / "flows" / "examples", FLOWS):
        for file in sorted(source.rglob("*")):
            if file.is_file() and file.name != "hostile_text.yaml":
                copy = flows / file.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(file.read_bytes())


if __name__ == "__main__":
    asyncio.run(main())
