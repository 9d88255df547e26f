"""What somebody does on the first day: start the server, install packs with three commands, and see them in a client.

A real server, the real command line, and the official Python SDK as the client.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.clients.clients import Connection, python_sdk
from tests.coordinator.packs.support import FIND_ORDER, SHOP
from tests.headrace_process import HeadraceProcess
from tests.listening import listening
from tests.open_meteo import open_meteo

pytestmark = pytest.mark.processes

KEYED = SHOP + "    base_url: https://{shop}.example.com\n    settings: {shop: {}}\n    auth: {type: bearer}\n"


class Shop:
    """An API that takes one key."""

    def __init__(self) -> None:
        self.key = "canary-first-key"
        self.url = ""

    async def order(self, request: web.Request) -> web.Response:
        """Answer with the order, or with 401."""
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            raise web.HTTPUnauthorized
        return web.json_response({"order": 7})


@asynccontextmanager
async def shop_service() -> AsyncIterator[Shop]:
    """Serve the API on a port of its own."""
    shop = Shop()
    app = web.Application()
    app.router.add_get("/orders/7", shop.order)
    async with listening(app) as shop.url:
        yield shop


async def headrace(server: HeadraceProcess, *command: str, stdin: str = "") -> list[str]:
    """Run a command as its user does; return the lines that it writes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "coordinator.cli",
        *command,
        env=server.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(stdin.encode())
    assert process.returncode == 0, err.decode()
    return out.decode().splitlines()


def connected(server: HeadraceProcess, path: str = "") -> AbstractAsyncContextManager[Connection]:
    """Connect the official Python SDK with a token of its own."""
    token = server.api("POST", "/tokens", {"label": "first day"})["token"]
    return python_sdk("auto")(server.mcp_url + path, token)


async def asked(client: Connection, tool: str, **arguments: Any) -> Any:
    return json.loads(await client.call(tool, arguments))


async def test_three_commands_bring_the_explorer_and_the_weather_twice(tmp_path: Path) -> None:
    async with (
        open_meteo(tmp_path) as meteo,
        HeadraceProcess(tmp_path, **meteo.environment) as server,
        connected(server) as client,
    ):
        before = await client.tools()
        explorer = await headrace(server, "pack", "install", "sql-explorer", "--connect", "database=sample")
        weather = await headrace(server, "pack", "install", "weather")
        options = ("--name", "weather-us", "--set", "temperature_unit=fahrenheit", "--note", "US")
        other = await headrace(server, "pack", "install", "weather", *options)
        after = await client.tools()
        tables = await asked(client, "db_list_tables")
        counted = await asked(client, "db_query", sql="SELECT count(*) AS n FROM countries WHERE name = 'Japan'")
        here = await asked(client, "weather_current_weather", place="Oslo")
        there = await asked(client, "weather_us_current_weather", place="Oslo")
        await headrace(server, "pack", "disable", "weather-us")
        without = await client.tools()
        async with connected(server, "/weather") as alone:
            of_one = await alone.tools()
        await headrace(server, "pack", "enable", "weather-us")
        again = await client.tools()

    assert "db_query" in explorer
    assert "weather_current_weather" in weather
    assert "weather_us_current_weather" in other
    assert after.keys() - before.keys() == {*explorer, *weather, *other}
    assert after["weather_us_current_weather"].endswith("(US)")
    assert {"cities", "countries"} <= {table["name"] for table in tables["tables"]}
    assert counted["rows"] == [{"n": 1}]
    assert (here["place"], here["sky"], here["temperature"]) == ("Oslo, Norway", "slight snow", -4)
    assert (there["temperature"], there["units"]["temperature"]) == (24.8, "fahrenheit")
    assert meteo.asked == ["geocoding-api.open-meteo.com", "api.open-meteo.com"] * 2
    assert after.keys() - without.keys() == set(other)
    assert set(of_one) == set(weather)
    assert again == after


async def test_a_rotated_credential_and_a_disabled_install_are_seen_at_the_next_request(tmp_path: Path) -> None:
    pack = tmp_path / "shop"
    (pack / "flows").mkdir(parents=True)
    (pack / "pack.yaml").write_text(KEYED)
    (pack / "flows" / "find_order.yaml").write_text(FIND_ORDER)
    async with (
        shop_service() as shop,
        HeadraceProcess(tmp_path) as server,
        connected(server) as client,
    ):
        options = ["--new-connection", "shop=account", "--set", f"shop.base_url={shop.url}", "--secret", "shop.token"]
        installed = await headrace(server, "pack", "install", str(pack), *options, stdin=f"{shop.key}\n")
        first = await asked(client, "shop_find_order")

        shop.key = "canary-second-key"
        refused = await client.call("shop_find_order", {})
        fields = ["http", f"base_url={shop.url}", "auth.type=bearer", "--secret", "token"]
        await headrace(server, "connection", "set", "account", *fields, stdin=f"{shop.key}\n")
        second = await asked(client, "shop_find_order")

        await headrace(server, "pack", "disable", "shop")
        disabled = await client.tools()
        await headrace(server, "pack", "enable", "shop")
        await headrace(server, "connection", "remove", "account", "--force")
        removed = await client.tools()

    assert installed == ["shop_find_order"]
    assert first == second == {"order": 7}
    assert "401" in refused
    assert "shop_find_order" not in disabled.keys() | removed.keys()
    assert "canary" not in server.log()
