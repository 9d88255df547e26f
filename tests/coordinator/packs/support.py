"""Packs through REST and MCP, as tests do it."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from packs.archive import make_archive
from tests.coordinator.in_process import InProcess
from tests.packs.support import mill

BOUND = {"connections": {"store": "sample"}}

SHOP = """\
name: shop
title: Shop
version: 1.0.0
description: Look into a shop.
connections:
  shop:
    kind: http
    title: The shop
    description: An account.
"""
FIND_ORDER = """\
flow: find_order
description: Find an order.
input: {mcp_tool: {annotations: {readOnly: true}}}
steps:
  - id: it
    http: {connection: shop, path: /orders/7}
output: {reply: "${{ it.body }}"}
tests:
  - {name: one, mock: {it: {body: {n: 7}}}, expect: {n: 7}}
"""


def zipped(**changed: str | None) -> dict[str, str]:
    """Return the source of the mill, some of its files changed."""
    return as_source(mill(**changed))


def shop_pack(more: str = "", flows: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the source of a pack with one HTTP connection; `more` ends its manifest."""
    return as_source(shop_files(more, flows))


def shop_files(more: str = "", flows: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """Return the files of that pack."""
    texts = {"find_order": FIND_ORDER} if flows is None else flows
    files = {"pack.yaml": (SHOP + more).encode(), "README.md": b"# Shop\n"}
    return files | {f"flows/{name}.yaml": text.encode() for name, text in texts.items()}


def as_source(files: dict[str, bytes]) -> dict[str, str]:
    """Return what REST takes for a pack with these files."""
    return {"zip": b64encode(make_archive(files)).decode()}


async def post(headrace: InProcess, path: str, body: Any = None) -> Any:
    """Send to a path below `/api/packs`; return the answer."""
    response = await headrace.client.post(f"/api/packs{path}", json=body or {}, headers=headrace.admin)
    return response.json()


async def install(
    headrace: InProcess, name: str = "", source: Any = None, new: Mapping[str, Any] | None = None, **choices: Any
) -> Any:
    """Install a pack, the mill with its database unless another one is named."""
    body = {"source": source or zipped(), "name": name, "choices": {**(BOUND if source is None else {}), **choices}}
    return await post(headrace, "/installs", body | ({"new_connections": new} if new else {}))


async def tools(headrace: InProcess, path: str = "/mcp") -> list[str]:
    """List the tools as a client does; return their names."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"accept": "application/json, text/event-stream"}
    response = await headrace.client.post(path, json=message, headers=accept)
    return [tool["name"] for tool in response.json()["result"]["tools"]]
