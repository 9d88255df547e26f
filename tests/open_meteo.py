"""A small Open-Meteo on this machine, under the names of the real one.

    async with open_meteo(tmp_path) as meteo, HeadraceProcess(tmp_path, **meteo.environment) as server:
        ...

The server process is given another telephone book and one more authority to trust, and is otherwise as it always is:
the requests of the weather pack leave it over TLS, as they are written in its flows.
"""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from tests.certificates import Authority
from tests.headrace_process import ROOT
from tests.listening import listening

NAMES = ("api.open-meteo.com", "geocoding-api.open-meteo.com")
PLACES = {"Oslo": {"name": "Oslo", "country": "Norway", "latitude": 59.91, "longitude": 10.75}}
CELSIUS = -4.0

TELEPHONE_BOOK = """\
import json, os, socket
import aiohttp.resolver

book = json.loads(os.environ["TEST_TELEPHONE_BOOK"])
ask = aiohttp.resolver.ThreadedResolver.resolve

async def resolve(self, host, port=0, family=socket.AF_INET):
    if host not in book:
        return await ask(self, host, port, family)
    return [dict(hostname=host, host="127.0.0.1", port=book[host], family=socket.AF_INET, proto=0, flags=0)]

aiohttp.resolver.ThreadedResolver.resolve = resolve
"""


class OpenMeteo:
    """The names that were asked, in order, and the environment in which a process finds this server."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.environment: dict[str, str] = {}

    async def search(self, request: web.Request) -> web.Response:
        """Find a place by its exact name."""
        self.asked.append(request.url.host or "")
        place = PLACES.get(request.query["name"])
        return web.json_response({"results": [place]} if place else {"generationtime_ms": 0.1})

    async def forecast(self, request: web.Request) -> web.Response:
        """Tell the weather, which is the same everywhere, in the units that were asked for."""
        self.asked.append(request.url.host or "")
        degrees = CELSIUS * 9 / 5 + 32 if request.query["temperature_unit"] == "fahrenheit" else CELSIUS
        now = dict.fromkeys(request.query["current"].split(","), 0) | {"temperature_2m": degrees, "weather_code": 71}
        return web.json_response({"timezone": "Europe/Oslo", "current": {"time": "2026-01-10T12:00"} | now})


@asynccontextmanager
async def open_meteo(folder: Path) -> AsyncIterator[OpenMeteo]:
    """Serve on a port of its own until the block ends.  Files for the process go into the folder."""
    meteo, authority = OpenMeteo(), Authority()
    app = web.Application()
    app.router.add_get("/v1/search", meteo.search)
    app.router.add_get("/v1/forecast", meteo.forecast)
    async with listening(app, authority.server_context(folder, *NAMES)) as url:
        (folder / "authority.pem").write_bytes(authority.certificate)
        (folder / "sitecustomize.py").write_text(TELEPHONE_BOOK)
        meteo.environment = {
            "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
            "SSL_CERT_FILE": str(folder / "authority.pem"),
            "TEST_TELEPHONE_BOOK": json.dumps(dict.fromkeys(NAMES, urlsplit(url).port)),
        }
        yield meteo
