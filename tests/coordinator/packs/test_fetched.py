"""A pack from an https address: taken when its server is trusted and its digest is right, and in no other case."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import msgspec
import pytest
from aiohttp import web

from packs.archive import make_archive
from tests.certificates import Authority
from tests.headrace_process import HeadraceProcess
from tests.listening import listening
from tests.packs.support import mill

pytestmark = pytest.mark.processes

ARCHIVE = make_archive(mill())
DIGEST = hashlib.sha256(ARCHIVE).hexdigest()


@asynccontextmanager
async def https_server(context: ssl.SSLContext) -> AsyncIterator[str]:
    """Serve the archive, and a redirect to it; yield the address."""

    async def pack(_: web.Request) -> web.Response:
        return web.Response(body=ARCHIVE)

    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/mill.zip")

    app = web.Application()
    app.router.add_get("/mill.zip", pack)
    app.router.add_get("/moved.zip", moved)
    async with listening(app, context) as url:
        yield url


async def test_a_pack_is_fetched_from_a_trusted_server_by_its_digest(tmp_path: Path) -> None:
    trusted, stranger = Authority(), Authority()
    bundle = tmp_path / "authority.pem"
    bundle.write_bytes(trusted.certificate)
    async with (
        https_server(trusted.server_context(tmp_path)) as ours,
        https_server(stranger.server_context(tmp_path)) as theirs,
        HeadraceProcess(tmp_path, SSL_CERT_FILE=str(bundle), HEADRACE_ALLOW_PRIVATE_NETWORKS="true") as server,
    ):
        url = f"{ours}/mill.zip"
        wrong = await refused(server, url, "0" * 64)
        moved = await refused(server, f"{ours}/moved.zip", DIGEST)
        untrusted = await refused(server, f"{theirs}/mill.zip", DIGEST)
        made = await install(server, f"{url}?token=canary", DIGEST)

    assert (made["name"], made["source"]) == ("mill", url)
    assert [tool["name"] for tool in made["tools"]] == ["mill_count_sacks", "mill_grind"]
    assert wrong["detail"] == f"The archive is not the expected one: its SHA-256 is {DIGEST}."
    assert moved["detail"] == "The address answered with the status 302."
    assert untrusted["code"] == "pack_unavailable"
    assert "certificate" in untrusted["detail"]


async def install(server: HeadraceProcess, url: str, sha256: str) -> dict[str, Any]:
    """Install what is at an address, with the sample database."""
    body = {"source": {"url": url, "sha256": sha256}, "choices": {"connections": {"store": "sample"}}}
    made: dict[str, Any] = await asyncio.to_thread(server.api, "POST", "/packs/installs", body)
    return made


async def refused(server: HeadraceProcess, url: str, sha256: str) -> dict[str, Any]:
    """Try to install; return why that is refused."""
    with pytest.raises(HTTPError) as refusal:
        await install(server, url, sha256)
    with refusal.value as answer:
        why: dict[str, Any] = msgspec.json.decode(answer.read())
    return why
