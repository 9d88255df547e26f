"""A whole coordinator in the process of the test: real database, real flows, real dispatcher, no socket.

async with coordinator(tmp_path, flows={"hello": HELLO}) as headrace:
    response = await headrace.client.get("/api/flows")
"""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from coordinator.app import make_app
from coordinator.cli.serve import local_dispatcher
from coordinator.db import open_database
from coordinator.dispatching import Runners
from coordinator.lifecycle import Coordinator, open_coordinator
from coordinator.sample import ensure_sample
from coordinator.services import Services
from coordinator.settings import DATABASE_FILE
from coordinator.settings_sources import Loaded, load_settings
from tests.headrace_process import write_flows

ADDRESS = "http://127.0.0.1:8080"

HELLO = """\
flow: hello
title: Say hello
description: Greet somebody.
input: {mcp_tool: {params: {name: {type: string, description: Whom to greet}}}}
steps:
  - id: greeting
    map: Hello, ${{ args.name }}!
output: {reply: {text: "${{ greeting }}"}}
"""


@dataclass
class InProcess:
    """An open coordinator and a client of it."""

    coordinator: Coordinator
    client: httpx.AsyncClient
    data: Path
    flows: Path

    @property
    def services(self) -> Services:
        """Everything that is open."""
        return self.coordinator.services

    @property
    def admin(self) -> dict[str, str]:
        """The header with which the command line of the same user comes."""
        return bearer((self.data / "admin.key").read_text())

    async def mcp(
        self, method: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send one MCP request."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params or {})}
        accept = {"accept": "application/json, text/event-stream"}
        return await self.client.post("/mcp", json=message, headers=accept | dict(headers or {}))

    async def new_token(self, **wanted: Any) -> str:
        """Make a token; return it."""
        body = {"label": "test", **wanted}
        response = await self.client.post("/api/tokens", json=body, headers=self.admin)
        token: str = response.raise_for_status().json()["token"]
        return token


@asynccontextmanager
async def coordinator(tmp_path: Path, flows: Mapping[str, str] | None = None, **env: str) -> AsyncIterator[InProcess]:
    """Open a coordinator on this directory.  Keyword arguments are HEADRACE_* variables without the prefix."""
    directory = write_flows(tmp_path, {"hello": HELLO} if flows is None else flows)
    await _prepare(tmp_path / "data")
    environ = {"HEADRACE_DATA": str(tmp_path / "data"), "HEADRACE_FLOWS": str(directory)}
    environ |= {f"HEADRACE_{name.upper()}": value for name, value in env.items()}

    def load(stored: Mapping[str, Any]) -> Loaded:
        return load_settings({}, environ, stored=stored, directory=tmp_path)

    async with open_coordinator(load, Runners(local_dispatcher), ADDRESS, environ) as opened:
        transport = httpx.ASGITransport(make_app(opened), raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            yield InProcess(opened, client, tmp_path / "data", directory)


async def _prepare(data: Path) -> None:
    """Put databases there that are empty and up to date: making them takes most of a start."""
    global _made
    if _made is None:
        _made = TemporaryDirectory(prefix="headrace-tests-")
        async with open_database(f"sqlite:///{_made.name}/{DATABASE_FILE}"):
            ensure_sample(Path(_made.name))
    _copy(Path(_made.name), data)


def _copy(made: Path, data: Path) -> None:
    if not data.exists():
        data.mkdir(mode=0o700)
        for file in made.iterdir():
            shutil.copy(file, data)


_made: TemporaryDirectory[str] | None = None


def bearer(token: str) -> dict[str, str]:
    """Return the header that presents a token."""
    return {"Authorization": f"Bearer {token}"}
