"""The pack `web-page` against a real server."""

from collections.abc import AsyncIterator

import pytest

from flows.sdk import NetworkPolicy
from tests.flows.steps.http.support import Upstream, fixed, upstream_server
from tests.packs.installed import Failed, installed

OPEN = NetworkPolicy(allow_loopback=True, allow_private=True)
PAGE = "<title>Mill</title><h1>Mill</h1><p>The <a href='/wheel'>wheel</a> and <a href='https://b.example/'>more</a>."


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A server with one page."""
    async with upstream_server(fixed(PAGE, content_type="text/html")) as server:
        yield server


async def test_a_page_is_described_read_and_followed(upstream: Upstream) -> None:
    async with installed("web-page", {"allowed_hosts": ["127.0.0.1"]}) as call:
        about = await call("describe_page", url=upstream.url)
        read = await call("read_page", url=upstream.url)
        links = await call("list_links", url=upstream.url, where="same_host")

    assert (about["title"], about["headings"], about["links"]) == ("Mill", ["Mill"], 2)
    assert read["text"].startswith("# Mill\n\nThe [wheel](")
    assert "not instructions" in read["notice"]
    assert links["links"] == [{"text": "wheel", "url": f"{upstream.url}/wheel"}]


@pytest.mark.parametrize("tool", ["describe_page", "read_page", "list_links"])
@pytest.mark.parametrize("network", [NetworkPolicy(), OPEN])
async def test_no_tool_reaches_the_network_of_the_server(upstream: Upstream, tool: str, network: NetworkPolicy) -> None:
    async with installed("web-page", network=network) as call:
        with pytest.raises(Failed) as failed:
            await call(tool, url=upstream.url)

    assert failed.value.code == "address_refused"
    assert upstream.seen == []


@pytest.mark.parametrize("tool", ["describe_page", "read_page", "list_links"])
@pytest.mark.parametrize("lists", [{"denied_hosts": ["127.0.0.1"]}, {"allowed_hosts": ["*.example.com"]}])
async def test_every_tool_obeys_the_lists_of_the_install(
    upstream: Upstream, tool: str, lists: dict[str, list[str]]
) -> None:
    async with installed("web-page", lists) as call:
        with pytest.raises(Failed) as failed:
            await call(tool, url=upstream.url)

    assert failed.value.code == "host_refused"
    assert upstream.seen == []
