"""Connections that an install makes: of what the pack declares and what is supplied, all of it or nothing."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.coordinator.connections.support import allow, begin, shown
from tests.coordinator.in_process import ADDRESS, InProcess, coordinator
from tests.coordinator.packs.support import install, post, shop_pack, tools
from tests.oauth_server import CLIENT_ID, CLIENT_SECRET, OAuthServer, oauth_server

CANARY = "canary-8f1f0d"
ACCOUNT = """\
    base_url: https://{shop}.example.com/api/v2
    settings:
      shop: {description: Its part of the address., pattern: "[a-z]+", example: tea}
    headers: {X-Version: "2025-10"}
    test_path: /me
    auth: {type: api_key, name: X-Key}
"""
SIGN_IN = """\
    auth: {type: oauth2_authorization_code, scopes: [orders]}
"""
KEYED: dict[str, Any] = {"settings": {"shop": "mine"}, "secrets": {"key": CANARY}}


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with coordinator(tmp_path, {}) as opened:
        yield opened


async def names(headrace: InProcess) -> list[str]:
    listed = await headrace.client.get("/api/connections", headers=headrace.admin)
    return [each["name"] for each in listed.json()["connections"]]


async def test_an_install_makes_the_connection_that_its_pack_declares(headrace: InProcess) -> None:
    made = await install(headrace, "work", shop_pack(ACCOUNT), {"shop": KEYED})
    connection = await shown(headrace, "work")

    assert made["missing"] == []
    assert made["choices"]["connections"] == {"shop": "work"}
    assert made["connections"] == [
        {"own": "shop", "name": "work", "kind": "http", "required": True, "lacking": "", "only_here": True}
    ]
    assert await tools(headrace) == ["work_find_order"]
    assert connection["config"]["base_url"] == "https://mine.example.com/api/v2"
    assert connection["config"]["headers"] == {"X-Version": "2025-10"}
    assert connection["config"]["test_path"] == "/me"
    assert connection["config"]["auth"]["name"] == "X-Key"
    assert connection["installs"] == ["work"]
    assert CANARY not in str([made, connection])


async def test_two_installs_have_two_accounts(headrace: InProcess) -> None:
    await install(headrace, "work", shop_pack(ACCOUNT), {"shop": KEYED})
    await install(headrace, "home", shop_pack(ACCOUNT), {"shop": {**KEYED, "settings": {"shop": "other"}}})

    assert (await shown(headrace, "home"))["config"]["base_url"] == "https://other.example.com/api/v2"
    assert await tools(headrace) == ["home_find_order", "work_find_order"]


@pytest.mark.parametrize(
    ("supplied", "choices", "detail"),
    [
        (KEYED, {"prefix": "first_"}, "There is a flow 'first_find_order' already."),
        (KEYED, {"groups": ["none"]}, "The pack has no group 'none'."),
        (KEYED | {"name": "first"}, {}, "There is a connection 'first' already."),
        (
            {"secrets": {"key": CANARY}},
            {},
            "The connection 'shop' needs the setting 'shop' (Its part of the address), for example tea.",
        ),
        (
            KEYED | {"settings": {"shop": "evil.example/"}},
            {},
            "The setting 'shop' does not fit the pattern [a-z]+.",
        ),
        (KEYED | {"secrets": {}}, {}, "The connection 'second' needs its secret `key`."),
        (KEYED | {"secrets": {"token": CANARY}}, {}, "This connection has no secret 'token'. It has: key."),
        (
            KEYED | {"settings": {"shop": "mine", "username": "me"}},
            {},
            "The connection 'shop' has no setting 'username'.",
        ),
    ],
)
async def test_an_install_that_fails_leaves_no_connection(
    headrace: InProcess, supplied: dict[str, Any], choices: dict[str, Any], detail: str
) -> None:
    await install(headrace, "first", shop_pack(ACCOUNT), {"shop": KEYED})

    refused = await install(headrace, "second", shop_pack(ACCOUNT), {"shop": supplied}, **choices)

    assert refused["detail"].startswith(detail)
    assert CANARY not in str(refused)
    assert await names(headrace) == ["first", "sample"]
    assert await tools(headrace) == ["first_find_order"]


async def test_an_install_whose_name_is_taken_takes_its_connection_back(headrace: InProcess) -> None:
    await install(headrace, "first", shop_pack(ACCOUNT), {"shop": KEYED})

    refused = await install(headrace, "first", shop_pack(ACCOUNT), {"shop": KEYED | {"name": "second"}})

    assert refused["detail"] == "There is an install 'first' already."
    assert await names(headrace) == ["first", "sample"]
    assert (await headrace.client.get("/api/connections/second", headers=headrace.admin)).status_code == 404


async def test_a_preview_needs_no_secrets_and_makes_nothing(headrace: InProcess) -> None:
    body = {"source": shop_pack(ACCOUNT), "new_connections": {"shop": {"settings": {"shop": "mine"}}}}

    seen = await post(headrace, "/preview", body)

    assert (seen["missing"], seen["conflicts"]) == ([], [])
    assert [tool["name"] for tool in seen["tools"]] == ["shop_find_order"]
    assert await names(headrace) == ["sample"]


async def test_an_account_to_sign_in_for_is_answered_with_the_address_to_do_so(headrace: InProcess) -> None:
    async with oauth_server() as provider:
        made = await install(headrace, "work", shop_pack(SIGN_IN), {"shop": account(provider)})
        before = await tools(headrace)
        back = await allow(await begin(headrace.client, made["sign_in"]["work"]["url"]))
        page = await headrace.client.get(back)

        assert made["sign_in"]["work"]["redirect_uri"] == f"{ADDRESS}/oauth/callback"
        assert before == []
        assert page.status_code == 200
        assert await tools(headrace) == ["work_find_order"]


def account(provider: OAuthServer) -> dict[str, Any]:
    """Return what a person supplies who registered an application at the provider."""
    provider.redirect_uris.add(f"{ADDRESS}/oauth/callback")
    settings = {
        "base_url": f"{provider.url}/api",
        "client_id": CLIENT_ID,
        "authorize_url": f"{provider.url}/authorize",
        "token_url": f"{provider.url}/token",
    }
    return {"settings": settings, "secrets": {"client_secret": CLIENT_SECRET}}


async def test_what_a_pack_leaves_open_of_a_sign_in_is_asked_for(headrace: InProcess) -> None:
    refused = await install(headrace, "work", shop_pack(SIGN_IN), {"shop": {}})

    assert refused["detail"] == (
        "The connection 'shop' needs `base_url` and `client_id` and `authorize_url` and `token_url` among its settings."
    )


@pytest.mark.parametrize(
    ("declared", "supplied", "config"),
    [
        (
            "kind: values\n    values: {user: {secret: false}, password: {}, pin: {required: false}}",
            {"settings": {"user": "me"}, "secrets": {"password": CANARY}},
            {"kind": "values", "fields": ["user", "password"]},
        ),
        ("kind: sql", {"secrets": {"url": "sqlite:///x.db"}}, {"kind": "sql"}),
        (
            "kind: http\n    base_url: https://a.example\n    auth: {type: basic}",
            {"settings": {"username": "me", "base_url": "https://b.example/x"}, "secrets": {"password": CANARY}},
            {"kind": "http", "base_url": "https://b.example/x", "auth": {"type": "basic", "username": "me"}},
        ),
        (
            "kind: http\n    base_url: https://a.example\n    settings: {me: {}}\n"
            "    auth: {type: basic, username: '{me}/token'}",
            {"settings": {"me": "me@a.example"}, "secrets": {"password": CANARY}},
            {"kind": "http", "auth": {"type": "basic", "username": "me@a.example/token"}},
        ),
    ],
    ids=["values", "sql", "base URL of one's own", "user name"],
)
async def test_every_kind_of_connection_is_made(
    headrace: InProcess, declared: str, supplied: dict[str, Any], config: dict[str, Any]
) -> None:
    more = f"  other:\n    description: Other.\n    {declared}\n"

    made = await install(headrace, "work", shop_pack(more), {"other": supplied})

    found = (await shown(headrace, "work-other"))["config"]
    assert made["choices"]["connections"] == {"other": "work-other"}
    assert found == {**found, **config}


HERE = """\
    base_url: http://127.0.0.1:9
    allow_private: true
"""


@pytest.mark.parametrize(
    ("said", "may"), [({}, False), ({"allow_private": True}, True), ({"allow_private": False}, False)]
)
async def test_a_pack_that_was_uploaded_opens_private_networks_only_if_who_installs_it_says_so(
    headrace: InProcess, said: dict[str, bool], may: bool
) -> None:
    wanted = {"source": shop_pack(HERE), "name": "work", "new_connections": {"shop": {"settings": said}}}

    seen = await post(headrace, "/preview", wanted)
    await post(headrace, "/installs", wanted)
    changed = await post(
        headrace, "/installs/work/preview", {"choices": {}, "new_connections": {"shop": {"name": "other"}}}
    )

    assert seen["private"] == {"shop": may}
    assert (await shown(headrace, "work"))["config"]["allow_private"] is may
    assert changed["private"] == {"shop": False}


async def test_a_pack_of_the_catalog_is_taken_at_its_word_about_private_networks(headrace: InProcess) -> None:
    new = {"server": {"name": "this", "secrets": {"token": CANARY}}}
    wanted = {"source": {"pack": "headrace"}, "new_connections": new}

    seen = await post(headrace, "/preview", wanted)
    await post(headrace, "/installs", wanted)

    assert seen["private"] == {"server": True}
    assert (await shown(headrace, "this"))["config"]["allow_private"] is True


async def test_an_uninstall_takes_the_connections_that_only_it_used(headrace: InProcess) -> None:
    await install(headrace, "work", shop_pack(ACCOUNT), {"shop": KEYED})
    await install(headrace, "too", shop_pack(ACCOUNT), connections={"shop": "work"})
    path = "/api/packs/installs"

    shared = (await headrace.client.delete(f"{path}/too?connections=true", headers=headrace.admin)).json()
    left = await names(headrace)
    alone = (await headrace.client.delete(f"{path}/work?connections=true", headers=headrace.admin)).json()

    assert [each["only_here"] for each in shared["connections"]] == [False]
    assert left == ["sample", "work"]
    assert [each["only_here"] for each in alone["connections"]] == [True]
    assert await names(headrace) == ["sample"]


async def test_a_change_of_choices_can_make_a_connection_too(headrace: InProcess) -> None:
    without = await install(headrace, "work", shop_pack(ACCOUNT))
    body = {"choices": without["choices"], "new_connections": {"shop": KEYED}}

    changed = await headrace.client.put("/api/packs/installs/work", json=body, headers=headrace.admin)

    assert len(without["missing"]) == 1
    assert changed.json()["missing"] == []
    assert await tools(headrace) == ["work_find_order"]


async def test_a_pack_says_what_to_register_at_a_provider(headrace: InProcess) -> None:
    found = (await headrace.client.get("/api/packs/google-drive", headers=headrace.admin)).json()

    assert found["redirect_uri"] == f"{ADDRESS}/oauth/callback"
    assert found["connections"]["google_drive"]["auth"]["type"] == "oauth2_authorization_code"
    asked = found["asks"]["google_drive"]
    assert [(each["name"], each["secret"], each["required"]) for each in asked] == [
        ("client_id", False, True),
        ("client_secret", True, False),
    ]


@pytest.mark.parametrize(
    "supplied",
    [
        {"secrets": {"key": [CANARY]}},
        {"secrets": CANARY},
        {"secret": {"key": CANARY}},
        {"secrets": {"key": f"{CANARY}\nX-Other: 1"}, "settings": {"shop": "mine"}},
        {"secrets": {"key": CANARY * 3000}, "settings": {"shop": "mine"}},
    ],
    ids=["a list", "no mapping", "another key", "a line break", "too long"],
)
async def test_a_secret_that_cannot_be_used_is_not_repeated(headrace: InProcess, supplied: Any) -> None:
    body = {"source": shop_pack(ACCOUNT), "new_connections": {"shop": supplied}}

    for path in ("/installs", "/preview"):
        refused = await headrace.client.post(f"/api/packs{path}", json=body, headers=headrace.admin)

        assert 400 <= refused.status_code < 500
        assert "canary" not in refused.text
