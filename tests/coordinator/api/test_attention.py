"""What the first page and the problems say needs somebody: connections and installs that cannot work yet."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.coordinator.connections.support import put_interactive, sign_in
from tests.coordinator.in_process import InProcess, coordinator
from tests.coordinator.packs.support import BOUND, install, shop_pack, zipped
from tests.oauth_server import oauth_server


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with coordinator(tmp_path, {}) as opened:
        yield opened


async def overview(headrace: InProcess) -> dict[str, Any]:
    response = await headrace.client.get("/api/overview", headers=headrace.admin)
    found: dict[str, Any] = response.raise_for_status().json()
    return found


async def waiting(headrace: InProcess) -> list[tuple[str, str, str]]:
    response = await headrace.client.get("/api/problems", headers=headrace.admin)
    return [(each["level"], each["title"], each["path"]) for each in response.raise_for_status().json()["waiting"]]


async def test_all_is_not_well_while_an_install_is_not_configured(headrace: InProcess) -> None:
    await install(headrace, source=zipped(), connections={})
    before = await overview(headrace)
    path = "/api/packs/installs/mill"
    await headrace.client.put(path, json={"choices": BOUND}, headers=headrace.admin)

    after = await overview(headrace)

    found = before["attention"][0]
    assert (before["is_well"], before["summary"]) == (False, "0 tools live, 1 thing to look at.")
    assert (found["level"], found["path"]) == ("warning", "/packs/installed/mill")
    assert found["title"] == "The tools of the install mill are hidden."
    assert found["detail"].startswith("The connection 'store' is not bound")
    assert (after["is_well"], after["summary"]) == (True, "All is well: 2 tools live.")


async def test_what_is_switched_off_waits_for_nobody(headrace: InProcess) -> None:
    await install(headrace, source=zipped(), connections={})
    await headrace.client.post("/api/packs/installs/mill/disable", headers=headrace.admin)

    shown = await overview(headrace)

    assert (shown["is_well"], shown["summary"]) == (True, "No tool is live yet.")
    assert await waiting(headrace) == []


async def test_a_connection_without_a_sign_in_is_named_once_for_all_that_wait_for_it(headrace: InProcess) -> None:
    async with oauth_server() as provider:
        await put_interactive(headrace, provider, "mine")
        await install(headrace, "work", shop_pack(), connections={"shop": "mine"})
        await install(headrace, "home", shop_pack(), connections={"shop": "mine"})
        before = await waiting(headrace)
        await sign_in(headrace, "mine")

        after = await waiting(headrace)

    assert before == [("warning", "Nobody is signed in for the connection mine.", "/connections/mine")]
    assert after == []
