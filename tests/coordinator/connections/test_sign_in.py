"""Signing in with a code and PKCE, and how tokens stay fresh: one refresh, whoever asks."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from coordinator.app import make_app
from tests.coordinator.connections.support import (
    ORDERS,
    allow,
    begin,
    call,
    put,
    put_interactive,
    query_of,
    sentence_of,
    shown,
    sign_in,
    start,
    unattended,
)
from tests.coordinator.in_process import ADDRESS, InProcess, coordinator
from tests.oauth_server import CLIENT_SECRET, OAuthServer, oauth_server

FLOWS = {"orders": ORDERS}
ENDED = (
    "This sign-in is not under way in this browser: it was used already, is older than ten minutes, or began in "
    "another one. Start it again.\n"
)


@pytest.fixture
async def provider() -> AsyncIterator[OAuthServer]:
    async with oauth_server() as server:
        yield server


@pytest.fixture
async def headrace(tmp_path: Path, provider: OAuthServer) -> AsyncIterator[InProcess]:
    async with coordinator(tmp_path, FLOWS) as opened:
        await put_interactive(opened, provider)
        yield opened


async def test_after_signing_in_the_tools_of_the_connection_work(headrace: InProcess, provider: OAuthServer) -> None:
    before = await call(headrace, id="7")
    page = await sign_in(headrace)
    after = await call(headrace, id="7")

    assert sentence_of(before) == (
        "Nobody has signed in for connection 'shop' yet. Sign in: `headrace connection authorize shop`."
    )
    assert (page.status_code, page.text) == (200, "The connection 'shop' is signed in. You can close this window.\n")
    assert after["structuredContent"] == {"you_sent": "Bearer ***", "path": "/api/orders/7"}
    assert (await shown(headrace, "shop"))["sign_in"]["signed_in"] is True


async def test_the_provider_is_asked_with_pkce_and_the_exact_redirect(
    headrace: InProcess, provider: OAuthServer
) -> None:
    url = await begin(headrace.client, await start(headrace))
    await headrace.client.get(await allow(url))

    asked = query_of(url)
    assert asked["redirect_uri"] == provider.requests[0]["redirect_uri"] == f"{ADDRESS}/oauth/callback"
    assert asked["scope"] == "orders"
    assert len(provider.requests[0]["code_verifier"]) == 43
    assert provider.requests[0]["code_verifier"] not in url


async def test_the_cookie_of_a_sign_in_is_for_the_browser_alone(headrace: InProcess) -> None:
    response = await headrace.client.get(await start(headrace))

    assert "HttpOnly" in response.headers["set-cookie"]
    assert "SameSite=lax" in response.headers["set-cookie"]
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_behind_https_the_cookie_is_bound_to_the_host(tmp_path: Path, provider: OAuthServer) -> None:
    async with coordinator(tmp_path, FLOWS, public_url="https://tools.example.com") as headrace:
        await put_interactive(headrace, provider)
        path = (await start(headrace)).removeprefix("https://tools.example.com")

        response = await headrace.client.get(path)

    assert response.headers["set-cookie"].startswith("__Host-headrace_sign_in=")
    assert "Secure" in response.headers["set-cookie"]
    assert query_of(response.headers["location"])["redirect_uri"] == "https://tools.example.com/oauth/callback"


async def test_a_captured_sign_in_is_of_no_use_in_another_browser(headrace: InProcess, provider: OAuthServer) -> None:
    back = await allow(await begin(headrace.client, await start(headrace)))

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_app(headrace.coordinator)), base_url=ADDRESS
    ) as other:
        replayed = await other.get(back)
    own = await headrace.client.get(back)
    again = await headrace.client.get(back)

    assert (replayed.status_code, replayed.text) == (400, ENDED)
    assert own.status_code == 200
    assert (again.status_code, again.text) == (400, ENDED)
    assert len(provider.requests) == 1


async def test_a_ticket_works_once(headrace: InProcess) -> None:
    url = await start(headrace)

    first, second = await headrace.client.get(url), await headrace.client.get(url)

    assert (first.status_code, second.status_code, second.text) == (302, 400, ENDED)


async def test_a_person_who_says_no_is_told_so(headrace: InProcess) -> None:
    asked = query_of(await begin(headrace.client, await start(headrace)))

    page = await headrace.client.get(f"/oauth/callback?error=access_denied&state={asked['state']}")

    assert page.text == "The sign-in for connection 'shop' was not granted (access_denied). Start it again.\n"


async def test_a_token_that_ended_is_refreshed_with_a_refresh_token_that_is_used_once(
    headrace: InProcess, provider: OAuthServer
) -> None:
    provider.lifetime = 0
    await sign_in(headrace)
    first = provider.refresh
    await call(headrace, id="1")
    provider.lifetime = 3600
    await call(headrace, id="2")
    result = await call(headrace, id="3")

    assert result["structuredContent"]["path"] == "/api/orders/3"
    assert provider.refreshes == 2
    assert provider.refresh != first


async def test_a_token_that_is_refused_early_is_refreshed_and_the_call_repeated(
    headrace: InProcess, provider: OAuthServer
) -> None:
    await sign_in(headrace)
    await call(headrace, id="1")
    provider.access = "canary-another-one"

    result = await call(headrace, id="2")

    assert result["structuredContent"]["path"] == "/api/orders/2"
    assert provider.refreshes == 1


async def test_calls_that_need_a_token_together_refresh_it_once(headrace: InProcess, provider: OAuthServer) -> None:
    await sign_in(headrace)
    await call(headrace, id="0")
    provider.access = "canary-another-one"

    results = await asyncio.gather(*(call(headrace, id=str(number)) for number in range(10)))

    assert [result["structuredContent"]["path"] for result in results] == [f"/api/orders/{n}" for n in range(10)]
    assert provider.refreshes == 1


async def test_a_caller_who_gives_up_does_not_lose_the_token_of_the_others(
    headrace: InProcess, provider: OAuthServer
) -> None:
    await sign_in(headrace)
    provider.access = "canary-another-one"
    provider.go_on.clear()
    provider.asked.clear()
    leaving = asyncio.create_task(call(headrace, id="1"))
    await asyncio.wait_for(provider.asked.wait(), 5)
    leaving.cancel()
    provider.go_on.set()

    result = await call(headrace, id="2")

    assert result["structuredContent"]["path"] == "/api/orders/2"
    assert provider.refreshes == 1


async def test_a_revoked_grant_says_what_to_do_and_is_not_tried_again(
    headrace: InProcess, provider: OAuthServer
) -> None:
    await sign_in(headrace)
    provider.revoke()

    results = [await call(headrace, id="1") for _ in range(3)]

    assert {sentence_of(result) for result in results} == {
        "The sign-in of connection 'shop' has ended (invalid_grant: no good: ***). "
        "Sign in again: `headrace connection authorize shop`.",
        "The sign-in of connection 'shop' has ended (invalid_grant: no good: ***). "
        "Sign in: `headrace connection authorize shop`.",
    }
    assert provider.refreshes == 1
    health = (await shown(headrace, "shop"))["sign_in"]
    assert health["signed_in"] is False
    assert health["error"] == "The sign-in of connection 'shop' has ended (invalid_grant: no good: ***)."
    await sign_in(headrace)
    assert (await call(headrace, id="2"))["structuredContent"]["path"] == "/api/orders/2"


async def test_a_provider_that_is_down_is_named_and_left_alone_for_a_moment(
    headrace: InProcess, provider: OAuthServer
) -> None:
    await sign_in(headrace)
    provider.access = "canary-another-one"
    provider.is_down = True

    results = [await call(headrace, id="1") for _ in range(3)]

    host = provider.url.removeprefix("http://")
    assert sentence_of(results[0]) == f"The provider of connection 'shop' ({host}) answered 503. Try again later."
    assert sentence_of(results[2]) == (
        f"The provider of connection 'shop' ({host}) answered 503. Try again in a few seconds."
    )
    assert provider.refreshes == 1
    assert (await shown(headrace, "shop"))["sign_in"]["signed_in"] is True


async def test_a_token_for_the_application_is_fetched_once_and_kept(tmp_path: Path, provider: OAuthServer) -> None:
    async with coordinator(tmp_path, FLOWS) as headrace:
        await put(headrace, "shop", unattended(provider, scopes=["a", "b"]), client_secret=CLIENT_SECRET)
        for number in range(3):
            assert (await call(headrace, id=str(number)))["structuredContent"]["path"] == f"/api/orders/{number}"
    async with coordinator(tmp_path, FLOWS) as headrace:
        await call(headrace, id="4")

    assert [each["grant_type"] for each in provider.requests] == ["client_credentials"]
    assert provider.requests[0]["scope"] == "a b"


async def test_a_wrong_secret_is_told_without_being_repeated(tmp_path: Path, provider: OAuthServer) -> None:
    async with coordinator(tmp_path, FLOWS) as headrace:
        await put(headrace, "shop", unattended(provider, client_auth="body"), client_secret="canary-wrong-secret")
        result = await call(headrace, id="1")

    host = provider.url.removeprefix("http://")
    assert sentence_of(result) == (
        f"The provider of connection 'shop' ({host}) refused to give a token "
        "(invalid_client: the secret *** is wrong). Check the client id, the secret and the scopes of the connection."
    )


async def test_a_changed_application_has_to_sign_in_again(headrace: InProcess, provider: OAuthServer) -> None:
    await sign_in(headrace)
    config = (await shown(headrace, "shop"))["config"]
    config["auth"]["scopes"] = ["orders", "more"]

    await put(headrace, "shop", config)

    assert sentence_of(await call(headrace, id="1")).startswith("Nobody has signed in for connection 'shop' yet.")


async def test_an_unknown_address_of_a_provider_is_a_sentence(tmp_path: Path, provider: OAuthServer) -> None:
    async with coordinator(tmp_path, FLOWS) as headrace:
        config = unattended(provider)
        config["auth"]["token_url"] = "http://127.0.0.1:9/token"
        await put(headrace, "shop", config, client_secret=CLIENT_SECRET)
        result = await call(headrace, id="1")

    assert sentence_of(result) == (
        "The provider of connection 'shop' (127.0.0.1:9) cannot be reached: it accepts no connection. "
        "Check `token_url` of the connection, and that the provider is up."
    )
