"""Packs of the catalog with an account: installed, given a token, called as a client does, against small services."""

from pathlib import Path
from typing import Any

import pytest

from tests.coordinator.in_process import coordinator
from tests.coordinator.packs.support import install, tools
from tests.packs.fake_shopify import HEADER, FakeShopify
from tests.packs.fake_shopify import TOKEN as SHOP_TOKEN
from tests.packs.fake_slack import TOKEN as SLACK_TOKEN
from tests.packs.fake_slack import FakeSlack
from tests.packs.octokit import GitHubApi
from tests.packs.standin import DescribedApi, served

GITHUB_TOKEN = "github_pat_made_up"


@pytest.mark.parametrize(
    ("pack", "api", "path", "header", "secrets", "credential", "tool", "args"),
    [
        (
            "github",
            GitHubApi(),
            "/api/v3",  # where a GitHub Enterprise Server has it
            "Authorization",
            {"token": GITHUB_TOKEN},
            f"Bearer {GITHUB_TOKEN}",
            "github_get_repository",
            {"owner": "ada", "repo": "mill"},
        ),
        (
            "slack",
            FakeSlack(),
            "/api",
            "Authorization",
            {"token": SLACK_TOKEN},
            f"Bearer {SLACK_TOKEN}",
            "slack_post_message",
            {"channel": "C0MILL001", "text": "It turns."},
        ),
        (
            "shopify",
            FakeShopify(),
            "/admin/api/2026-10",
            HEADER,
            {"key": SHOP_TOKEN},
            SHOP_TOKEN,
            "shopify_get_order",
            {"order_id": "1001"},
        ),
    ],
    ids=["github", "slack", "shopify"],
)
async def test_a_pack_of_the_catalog_is_installed_with_a_token_and_called(
    tmp_path: Path,
    pack: str,
    api: DescribedApi,
    path: str,
    header: str,
    secrets: dict[str, str],
    credential: str,
    tool: str,
    args: dict[str, Any],
) -> None:
    async with served(api, header, keeps_state=True) as server, coordinator(tmp_path, {}) as headrace:
        settings = {"base_url": server.origin + path}
        made = await install(headrace, source={"pack": pack}, new={pack: {"settings": settings, "secrets": secrets}})
        listed = await tools(headrace)
        if pack == "github":
            server.begin([{"status": 200, "body": REPOSITORY}])
        called = (await headrace.mcp("tools/call", {"name": tool, "arguments": args})).json()["result"]

    assert made["missing"] == []
    assert tool in listed
    assert called.get("isError") is not True, called
    assert called["structuredContent"]
    [sent] = server.sent
    assert sent.credential == credential
    assert sent.path.startswith(f"{path}/")
    assert not any(secret in str([made, called]) for secret in secrets.values())


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
