"""Packs of the catalog with an account: installed, given credentials, called by a client, against small services."""

from pathlib import Path
from typing import Any

from aiohttp import web

from tests.coordinator.connections.support import put
from tests.coordinator.in_process import InProcess, coordinator
from tests.coordinator.packs.support import install
from tests.oauth_server import CLIENT_ID, CLIENT_SECRET, oauth_server
from tests.packs.fake_shopify import HEADER, FakeShopify
from tests.packs.fake_shopify import TOKEN as SHOP_TOKEN
from tests.packs.fake_slack import TOKEN as SLACK_TOKEN
from tests.packs.fake_slack import FakeSlack
from tests.packs.octokit import GitHubApi
from tests.packs.standin import served

GITHUB_TOKEN = "github_pat_made_up"
SHOP_PATH = "/admin/api/2026-10"
REPOSITORY = {
    "full_name": "ada/mill",
    "private": False,
    "fork": False,
    "default_branch": "main",
    "stargazers_count": 1,
    "forks_count": 0,
    "open_issues_count": 0,
    "html_url": "https://github.example.com/ada/mill",
}


async def call(headrace: InProcess, tool: str, **args: Any) -> Any:
    """Return what a client gets from a tool."""
    result = (await headrace.mcp("tools/call", {"name": tool, "arguments": args})).json()["result"]
    assert result.get("isError") is not True, result
    return result["structuredContent"]


async def test_github_is_called_with_the_token_of_the_install_on_an_enterprise_server_too(tmp_path: Path) -> None:
    async with served(GitHubApi(), "Authorization") as server, coordinator(tmp_path, {}) as headrace:
        account = {"settings": {"base_url": f"{server.origin}/api/v3"}, "secrets": {"token": GITHUB_TOKEN}}
        made = await install(headrace, source={"pack": "github"}, new={"github": account})
        server.begin([{"status": 200, "body": REPOSITORY}])
        found = await call(headrace, "github_get_repository", owner="ada", repo="mill")

    assert made["missing"] == []
    assert found["full_name"] == "ada/mill"
    assert [sent.path for sent in server.sent] == ["/api/v3/repos/ada/mill"]
    assert server.credentials == {f"Bearer {GITHUB_TOKEN}"}
    assert GITHUB_TOKEN not in str([made, found])


async def test_slack_is_called_with_the_token_of_the_install(tmp_path: Path) -> None:
    async with served(FakeSlack(), "Authorization", keeps_state=True) as server, coordinator(tmp_path, {}) as headrace:
        account = {"settings": {"base_url": f"{server.origin}/api"}, "secrets": {"token": SLACK_TOKEN}}
        made = await install(headrace, source={"pack": "slack"}, new={"slack": account})
        posted = await call(headrace, "slack_post_message", channel="C0MILL001", text="It turns.")

    assert made["missing"] == []
    assert posted["channel"] == "C0MILL001"
    assert server.credentials == {f"Bearer {SLACK_TOKEN}"}
    assert SLACK_TOKEN not in str([made, posted])


async def test_shopify_is_called_with_a_token_fetched_for_the_client_id(tmp_path: Path) -> None:
    async with (
        served(FakeShopify(), HEADER, keeps_state=True) as server,
        oauth_server() as provider,
        coordinator(tmp_path, {}) as headrace,
    ):
        provider.answer = web.json_response({"access_token": SHOP_TOKEN, "scope": "read_orders", "expires_in": 86399})
        settings = {
            "shop": "mill",
            "base_url": server.origin + SHOP_PATH,
            "client_id": CLIENT_ID,
            "token_url": f"{provider.url}/token",
        }
        account = {"settings": settings, "secrets": {"client_secret": CLIENT_SECRET}}
        made = await install(headrace, source={"pack": "shopify"}, new={"shopify": account})
        order = await call(headrace, "shopify_get_order", order_id="1001")

    assert made["missing"] == []
    assert order["order"]["name"] == "#1001"
    assert provider.requests == [
        {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    ]
    assert server.credentials == {SHOP_TOKEN}
    assert not any(secret in str([made, order]) for secret in (SHOP_TOKEN, CLIENT_SECRET))


async def test_shopify_is_called_with_the_token_of_an_older_app(tmp_path: Path) -> None:
    async with served(FakeShopify(), HEADER, keeps_state=True) as server, coordinator(tmp_path, {}) as headrace:
        auth = {"type": "api_key", "name": HEADER}
        config = {"kind": "http", "base_url": server.origin + SHOP_PATH, "auth": auth}
        await put(headrace, "tea-house", config, key=SHOP_TOKEN)
        made = await install(headrace, source={"pack": "shopify"}, connections={"shopify": "tea-house"})
        order = await call(headrace, "shopify_get_order", order_id="1001")

    assert made["missing"] == []
    assert order["order"]["name"] == "#1001"
    assert server.credentials == {SHOP_TOKEN}
