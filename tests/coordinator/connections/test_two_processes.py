"""Two processes on one database: one refresh for both, and nobody writes with a lease that has passed on."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coordinator.connections import grants as module
from coordinator.connections.grants import Grants
from coordinator.connections.model import AuthorizationCode
from coordinator.connections.provider import Answer, Provider
from coordinator.connections.states import Application
from coordinator.db import Database, open_database
from coordinator.vault.key_source import KeySource
from coordinator.vault.vault import Vault
from flows.sdk import NetworkPolicy
from tests.headrace_process import ROOT
from tests.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer, oauth_server

LOOPBACK = NetworkPolicy(allow_loopback=True)
CHILD = """\
import asyncio, sys
from pathlib import Path
from coordinator.db import open_database
from tests.coordinator.connections.test_two_processes import application_of, grants_of

async def main(database_url, data, provider_url):
    async with open_database(database_url) as database:
        grants = grants_of(database, Path(data))
        print("ready", flush=True)
        sys.stdin.readline()
        held = await grants.token(application_of(provider_url), refused=1)
        print(held.version, held.access, flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


def application_of(provider_url: str) -> Application:
    oauth = AuthorizationCode(
        client_id=CLIENT_ID, authorize_url=f"{provider_url}/authorize", token_url=f"{provider_url}/token"
    )
    return Application(connection="shop", oauth=oauth, client_secret=CLIENT_SECRET, allow_private=False)


def grants_of(database: Database, data: Path) -> Grants:
    return Grants(database, Vault(database, KeySource(data, {})), Provider(LOOPBACK))


@pytest.fixture
async def provider() -> AsyncIterator[OAuthServer]:
    async with oauth_server() as server:
        server.access, server.refresh = "canary-access-first", "canary-refresh-first"
        yield server


async def signed_in(grants: Grants, provider: OAuthServer) -> None:
    answer = Answer(access=provider.access, refresh=provider.refresh, lifetime=3600)
    await grants.keep(application_of(provider.url), answer)


@pytest.mark.processes
async def test_two_processes_that_need_a_token_refresh_it_exactly_once(
    database_url: str, provider: OAuthServer, tmp_path: Path
) -> None:
    async with open_database(database_url) as database:
        await signed_in(grants_of(database, tmp_path), provider)
    command = (sys.executable, "-c", CHILD, database_url, str(tmp_path), provider.url)
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
    children = [await asyncio.create_subprocess_exec(*command, cwd=ROOT, **pipes) for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        assert await asyncio.wait_for(child.stdout.readline(), 30) == b"ready\n"

    said = await asyncio.gather(*(asyncio.wait_for(child.communicate(b"go\n"), 30) for child in children))

    assert [out.decode() for out, _ in said] == [f"2 {provider.access}\n"] * 2
    assert provider.refreshes == 1


async def test_who_held_the_lease_too_long_writes_nothing_and_takes_what_the_other_got(
    sqlite: Database, provider: OAuthServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.0)
    slow, quick = grants_of(sqlite, tmp_path), grants_of(sqlite, tmp_path)
    await signed_in(slow, provider)
    application = application_of(provider.url)
    provider.go_on.clear()
    late = asyncio.create_task(slow.token(application, refused=1))
    await asyncio.wait_for(provider.asked.wait(), 5)

    # The provider has not answered yet when the lease ends and a person signs in anew.
    answer = Answer(access="canary-access-newer", refresh="canary-refresh-newer", lifetime=3600)
    await quick.keep(application, answer)
    provider.go_on.set()

    assert (await late).access == "canary-access-newer"
    assert (await quick.token(application)).access == "canary-access-newer"


async def test_a_refresh_that_a_dead_process_began_is_taken_over_when_its_lease_ends(
    sqlite: Database, provider: OAuthServer, tmp_path: Path
) -> None:
    now = [1000.0]
    dead = Grants(sqlite, Vault(sqlite, KeySource(tmp_path, {})), Provider(LOOPBACK), clock=lambda: now[0])
    alive = Grants(sqlite, Vault(sqlite, KeySource(tmp_path, {})), Provider(LOOPBACK), clock=lambda: now[0])
    application = application_of(provider.url)
    await signed_in(dead, provider)
    assert isinstance(await dead._claim(application, 1), tuple)

    assert await alive._claim(application, 1) is None
    now[0] += module.LEASE_SECONDS
    held = await alive.token(application, refused=1)

    assert (held.version, held.access) == (2, provider.access)
