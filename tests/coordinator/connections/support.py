"""Connections to a fake provider, and flows that use them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import httpx

from tests.coordinator.in_process import ADDRESS, InProcess
from tests.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer

ORDERS = """\
flow: orders
description: Look up an order.
input: {mcp_tool: {params: {id: {type: string, description: Which one}}}}
steps:
  - id: it
    http: {connection: shop, path: "/orders/${{ args.id }}"}
output: {reply: "${{ it.body }}"}
"""


async def put(headrace: InProcess, name: str, config: dict[str, Any], **secrets: str) -> httpx.Response:
    body = {"config": config, "secrets": secrets}
    return await headrace.client.put(f"/api/connections/{name}", json=body, headers=headrace.admin)


async def shown(headrace: InProcess, name: str) -> dict[str, Any]:
    response = await headrace.client.get(f"/api/connections/{name}", headers=headrace.admin)
    found: dict[str, Any] = response.raise_for_status().json()
    return found


async def call(headrace: InProcess, tool: str = "orders", **arguments: Any) -> dict[str, Any]:
    """Call a tool over MCP; return its result."""
    response = await headrace.mcp("tools/call", {"name": tool, "arguments": arguments}, headrace.admin)
    result: dict[str, Any] = response.json()["result"]
    return result


def sentence_of(result: dict[str, Any]) -> str:
    """Return what a failed call says, without the code behind it."""
    assert result["isError"], result
    text: str = result["content"][0]["text"]
    return text.partition(" [")[0]


def interactive(provider: OAuthServer, **more: Any) -> dict[str, Any]:
    provider.redirect_uris.add(f"{ADDRESS}/oauth/callback")
    auth = {
        "type": "oauth2_authorization_code",
        "client_id": CLIENT_ID,
        "authorize_url": f"{provider.url}/authorize",
        "token_url": f"{provider.url}/token",
        "scopes": ["orders"],
    }
    return {"kind": "http", "base_url": f"{provider.url}/api", "auth": auth | more}


def unattended(provider: OAuthServer, **more: Any) -> dict[str, Any]:
    auth = {"type": "oauth2_client_credentials", "client_id": CLIENT_ID, "token_url": f"{provider.url}/token"}
    return {"kind": "http", "base_url": f"{provider.url}/api", "auth": auth | more}


async def put_interactive(headrace: InProcess, provider: OAuthServer, name: str = "shop") -> None:
    response = await put(headrace, name, interactive(provider), client_secret=CLIENT_SECRET)
    assert response.status_code == 200, response.text


async def start(headrace: InProcess, name: str = "shop") -> str:
    response = await headrace.client.post(f"/api/connections/{name}/oauth/start", headers=headrace.admin)
    url: str = response.raise_for_status().json()["url"]
    return url


async def begin(browser: httpx.AsyncClient, url: str) -> str:
    """Open the URL of a sign-in; return where the provider is to be asked."""
    response = await browser.get(url)
    assert response.status_code == 302, response.text
    return response.headers["location"]


async def allow(authorize_url: str) -> str:
    """Click on Allow at the provider; return where it sends the browser."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(authorize_url, allow_redirects=False) as response,
    ):
        assert response.status == 302, await response.text()
        return response.headers["Location"]


async def sign_in(headrace: InProcess, name: str = "shop") -> httpx.Response:
    """Do what a person does with a browser; the client of the test is the browser."""
    back = await allow(await begin(headrace.client, await start(headrace, name)))
    return await headrace.client.get(back)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
