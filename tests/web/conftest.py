"""One browser and one server for all tests of pages; tests that change settings or accounts start their own server."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.headrace_process import HeadraceProcess
from tests.web.browser import STATIC, launch, visit

FLOWS = Path(__file__).parent / "flows"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A running Chromium."""
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadraceProcess]:
    """A server with the flows beside this file, for tests that do not mind each other's runs and tokens."""
    with serving(tmp_path_factory.mktemp("web")) as server:
        yield server


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[HeadraceProcess]:
    """A server of the test's own."""
    with serving(tmp_path) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, server: HeadraceProcess) -> AsyncIterator[Page]:
    """A new window on the shared server."""
    async with visit(browser, server.url) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def own_page(browser: Browser, own_server: HeadraceProcess) -> AsyncIterator[Page]:
    """A new window on the test's own server."""
    async with visit(browser, own_server.url) as page:
        yield page


def serving(directory: Path, **env: str) -> HeadraceProcess:
    """Return a server with the flows beside this file and the built pages."""
    assert (STATIC / "index.html").is_file(), "The pages are not built: run `make pages` first."
    return HeadraceProcess(directory, FLOWS, **env)
