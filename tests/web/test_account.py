"""The owner's account: made on the first page, asked for on every other."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB, axe_findings, visit
from tests.web.conftest import serving

pytestmark = WEB

PASSWORD = "correct horse battery"


@pytest.fixture
def open_to_all(tmp_path: Path) -> Iterator[HeadraceProcess]:
    """A server that other machines can reach."""
    with serving(tmp_path, HEADRACE_HOST="0.0.0.0") as server:
        yield server


async def test_on_this_machine_the_pages_are_open_and_say_so_until_an_account_closes_them(
    own_page: Page, own_server: HeadraceProcess, browser: Browser
) -> None:
    await own_page.goto("/")
    await expect(own_page.get_by_text("The web pages are open to every program on this machine.")).to_be_visible()
    await own_page.get_by_role("link", name="The web pages are open").click()
    await own_page.get_by_label("Password").fill(PASSWORD)
    await own_page.get_by_role("button", name="Make the account").click()
    await expect(own_page.get_by_text("Signed in as owner.")).to_be_visible()
    await own_page.reload()
    await expect(own_page.get_by_text("Signed in as owner.")).to_be_visible()

    async with visit(browser, own_server.url) as other:
        await other.goto("/runs?outcome=failed")
        await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
        assert await axe_findings(other) == []
        await other.get_by_label("Password").fill("wrong horse battery")
        await other.get_by_role("button", name="Sign in").click()
        await expect(other.get_by_role("alert")).to_contain_text("The name or the password is not right.")
        await other.get_by_label("Password").fill(PASSWORD)
        await other.get_by_role("button", name="Sign in").click()
        await expect(other.get_by_role("heading", level=1)).to_have_text("Runs")
        await expect(other.get_by_role("combobox", name="Outcome")).to_have_value("failed")


async def test_signing_out_everywhere_ends_every_window(
    own_page: Page, own_server: HeadraceProcess, browser: Browser
) -> None:
    await own_page.goto("/settings/account")
    await own_page.get_by_label("Password").fill(PASSWORD)
    await own_page.get_by_role("button", name="Make the account").click()
    await expect(own_page.get_by_text("Signed in as owner.")).to_be_visible()

    async with visit(browser, own_server.url) as other:
        await other.goto("/tools")
        await other.get_by_label("Password").fill(PASSWORD)
        await other.get_by_role("button", name="Sign in").click()
        await expect(other.get_by_role("heading", level=1)).to_have_text("Tools")
        await own_page.get_by_role("button", name="Sign out everywhere").click()
        await own_page.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
        await expect(own_page.get_by_role("heading", name="Sign in")).to_be_visible()
        await other.get_by_role("link", name="Runs", exact=True).click()

        await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_elsewhere_the_account_is_made_with_the_code_of_the_log(
    browser: Browser, open_to_all: HeadraceProcess
) -> None:
    url = f"http://127.0.0.1:{open_to_all.url.rpartition(':')[2]}"
    async with visit(browser, url) as page:
        await page.goto("/tools")
        await expect(page.get_by_role("heading", name="Make the owner's account")).to_be_visible()
        assert await axe_findings(page) == []
        await page.get_by_label("Code").fill("AAAA-AAAA-AAAA")
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Make the account").click()
        await expect(page.get_by_role("alert")).to_contain_text("The code is not right.")
        await page.get_by_label("Code").fill(code_in(open_to_all.log()))
        await page.get_by_role("button", name="Make the account").click()

        await expect(page.get_by_role("heading", level=1)).to_have_text("Tools")


def code_in(log: str) -> str:
    """Return the code that the server wrote for the owner."""
    lines = (json.loads(line) for line in log.splitlines() if line.startswith("{"))
    return next(
        str(line["code"]) for line in lines if "code" in line and "the web pages need an account" in line["event"]
    )
