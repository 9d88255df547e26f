"""Workers on their page: what they are, and that one which is killed is missed and comes back."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.headrace_process import HeadraceProcess
from tests.web.browser import WEB, axe_findings
from tests.web.conftest import serving

pytestmark = WEB


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[HeadraceProcess]:
    """A server with two workers."""
    with serving(tmp_path, HEADRACE_WORKERS="2") as server:
        yield server


async def test_workers_are_shown_and_one_that_is_killed_is_counted_and_comes_back(
    own_page: Page, own_server: HeadraceProcess
) -> None:
    await own_page.goto("/workers")
    table = own_page.get_by_role("table", name="Workers")
    rows = [table.get_by_role("row").filter(has_text=name) for name in ("worker-1", "worker-2")]
    for row in rows:
        await expect(row).to_contain_text("Ready")
        await expect(row).to_contain_text("Just now")
        await expect(row.get_by_role("meter", name="Load")).to_be_visible()
    assert await axe_findings(own_page) == []

    fleet = own_server.api("GET", "/workers")["workers"]
    killed = next(each["pid"] for each in fleet if each["name"] == "worker-1")
    os.kill(killed, signal.SIGKILL)

    await expect(own_page.get_by_text("Workers lost").locator("xpath=..")).to_contain_text("1")
    await expect(rows[0]).to_contain_text("Ready")
    await expect(rows[0]).not_to_contain_text(str(killed))
    assert await axe_findings(own_page) == []
