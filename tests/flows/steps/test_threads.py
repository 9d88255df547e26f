"""Long work of steps has threads of its own, so that looking up names and signing in do not wait for it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from flows.steps._folder import MARKER
from flows.steps._threads import FILES, run_in
from tests.flow_runs import steps, value_of
from tests.flows.steps.http.support import Upstream, fixed, upstream_server

MORE_THAN_THERE_ARE_THREADS = 50


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A server with one page."""
    async with upstream_server(fixed("<title>Mill</title><p>It turns.", content_type="text/html")) as server:
        yield server


async def title(upstream: Upstream) -> str:
    """Read the page; return its title."""
    page = f"  - id: page\n    fetch_page: {{url: '{upstream.url}', allow_hosts: [127.0.0.1]}}"
    found: str = await value_of(steps(page) + 'output: {reply: "${{ page.title }}"}\n')
    return found


async def test_slow_searches_hold_up_nothing_else(upstream: Upstream) -> None:
    is_over = threading.Event()
    searches = [asyncio.ensure_future(run_in(FILES, is_over.wait)) for _ in range(MORE_THAN_THERE_ARE_THREADS)]
    try:
        async with asyncio.timeout(5):
            elsewhere = await asyncio.to_thread(lambda: "looked up")
            read = await title(upstream)
    finally:
        is_over.set()
        await asyncio.gather(*searches)

    assert (elsewhere, read) == ("looked up", "Mill")


async def test_files_and_pages_are_read_while_all_other_threads_are_taken(tmp_path: Path, upstream: Upstream) -> None:
    (tmp_path / MARKER).touch()
    (tmp_path / "mill.md").write_text("The wheel turns.")
    files = f"  - id: files\n    search_files: {{root: '{tmp_path}', search: wheel}}"
    is_over = threading.Event()
    others = [asyncio.ensure_future(asyncio.to_thread(is_over.wait)) for _ in range(MORE_THAN_THERE_ARE_THREADS)]
    try:
        async with asyncio.timeout(5):
            matches = await value_of(steps(files) + 'output: {reply: "${{ files.matches }}"}\n')
            read = await title(upstream)
    finally:
        is_over.set()
        await asyncio.gather(*others)

    assert [each["path"] for each in matches] == ["mill.md"]
    assert read == "Mill"
