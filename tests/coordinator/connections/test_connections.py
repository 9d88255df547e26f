"""Making, changing, testing and removing connections; what comes back never has a secret in it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from coordinator.connections.model import AuthorizationCode, HttpConnection, checked
from flows.errors import InputRejected
from tests.coordinator.connections.support import ORDERS, call, put, sentence_of, shown
from tests.coordinator.in_process import InProcess, coordinator
from tests.flows.steps.http.support import Upstream, fixed, upstream_server

CANARY = "canary-of-a-connection"
HOW_TO_ENTER = "On the command line --secret asks for it; REST takes it under `secrets`."
COUNT = """\
flow: count
description: Count.
input: {mcp_tool: {}}
steps:
  - id: it
    sql: {connection: db, query: SELECT 7 AS n}
output: {reply: {n: "${{ it.rows[0].n }}"}}
"""


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with upstream_server() as server:
        yield server


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with coordinator(tmp_path, {"orders": ORDERS, "count": COUNT}) as opened:
        yield opened


def bearer_at(url: str, **more: Any) -> dict[str, Any]:
    return {"kind": "http", "base_url": url, "auth": {"type": "bearer"}, **more}


async def problem(headrace: InProcess, name: str, config: dict[str, Any], **secrets: str) -> str:
    response = await put(headrace, name, config, **secrets)
    assert response.status_code in (400, 409), response.text
    found = response.json()
    return f"{found['detail']} {found.get('fix', '')}".rstrip()


async def tried(headrace: InProcess, name: str) -> tuple[bool, str]:
    response = await headrace.client.post(f"/api/connections/{name}/test", headers=headrace.admin)
    found = response.raise_for_status().json()
    return found["is_ok"], found["message"]


async def test_a_connection_is_used_by_the_next_call_and_shows_who_uses_it(
    headrace: InProcess, upstream: Upstream
) -> None:
    before = await call(headrace, id="1")
    made = await put(headrace, "shop", bearer_at(f"{upstream.url}/v1/"), token=CANARY)
    after = await call(headrace, id="1")

    assert sentence_of(before) == (
        "There is no connection 'shop'. Known: sample. "
        "Make one with `headrace connection set`, or name one under `connections` in the settings."
    )
    assert "isError" not in after or not after["isError"]
    assert str(upstream.seen[0].rel_url) == "/v1/orders/1"
    assert upstream.seen[0].headers["Authorization"] == f"Bearer {CANARY}"
    found = made.json()
    assert (found["secrets"], found["dependents"], found["origin"]) == (["token"], ["orders"], "api")
    assert found["config"]["base_url"] == f"{upstream.url}/v1"
    assert CANARY not in made.text


async def test_it_shows_the_tokens_that_may_call_what_uses_it(headrace: InProcess, upstream: Upstream) -> None:
    for label, tools in (("all", []), ("some", ["ord*"]), ("others", ["count"])):
        await headrace.new_token(label=label, tools=tools)
    await put(headrace, "shop", bearer_at(upstream.url), token=CANARY)

    found = await shown(headrace, "shop")

    assert (sorted(found["tokens"]), found["installs"]) == (["all", "some"], [])


async def test_a_changed_credential_is_in_every_call_from_then_on(headrace: InProcess, upstream: Upstream) -> None:
    for token in ("first-canary", "second-canary"):
        await put(headrace, "shop", bearer_at(upstream.url), token=token)
        await call(headrace, id="1")

    seen = [request.headers["Authorization"] for request in upstream.seen]
    assert seen == ["Bearer first-canary", "Bearer second-canary"]


async def test_connections_and_secrets_are_there_after_a_restart(tmp_path: Path, upstream: Upstream) -> None:
    async with coordinator(tmp_path, {"orders": ORDERS}) as headrace:
        await put(headrace, "shop", bearer_at(upstream.url), token=CANARY)
    async with coordinator(tmp_path, {"orders": ORDERS}) as headrace:
        await call(headrace, id="1")

    assert upstream.seen[0].headers["Authorization"] == f"Bearer {CANARY}"


async def test_a_secret_that_is_not_given_stays_while_it_goes_to_the_same_address(
    headrace: InProcess, upstream: Upstream
) -> None:
    await put(headrace, "shop", bearer_at(upstream.url), token=CANARY)

    same = await put(headrace, "shop", bearer_at(upstream.url, description="The shop"))
    other = await problem(headrace, "shop", bearer_at("https://evil.example"))

    assert same.status_code == 200
    assert other == (
        "The connection 'shop' needs its secret `token`. "
        f"It goes to another address now, so secrets have to be entered again. {HOW_TO_ENTER}"
    )


@pytest.mark.parametrize(
    ("config", "secrets", "message"),
    [
        (bearer_at("https://a.example"), {}, f"The connection 'shop' needs its secret `token`. {HOW_TO_ENTER}"),
        (
            bearer_at("https://a.example"),
            {"tokn": CANARY},
            "This connection has no secret 'tokn'. It has: token. Did you mean 'token'?",
        ),
        (
            bearer_at("https://a.example"),
            {"token": f"{CANARY}\nX: y"},
            "The secret 'token' has a line break or a character that cannot be sent.",
        ),
        (
            bearer_at("a.example"),
            {"token": CANARY},
            "The connection 'shop' cannot be used. A URL begins with https:// or http:// and a host.",
        ),
        (
            bearer_at("https://a.example", headers={"Host": "evil.example"}),
            {"token": CANARY},
            "The connection 'shop' cannot be used. The header 'Host' is set by the HTTP client. Remove it.",
        ),
        (
            {"kind": "values", "fields": ["a b"]},
            {},
            "`fields` are 1 to 50 names of letters, digits and _.",
        ),
    ],
    ids=["missing", "unknown", "line break", "no URL", "header", "fields"],
)
async def test_what_cannot_be_a_connection_is_refused_in_a_sentence(
    headrace: InProcess, config: dict[str, Any], secrets: dict[str, str], message: str
) -> None:
    assert await problem(headrace, "shop", config, **secrets) == message


async def test_those_of_the_settings_are_listed_and_cannot_be_changed(tmp_path: Path) -> None:
    async with coordinator(tmp_path, {"count": COUNT}, connection_db=f"sqlite:///{tmp_path}/{CANARY}.db") as headrace:
        refused = await problem(headrace, "db", {"kind": "sql"}, url="sqlite:///:memory:")
        listed = await headrace.client.get("/api/connections", headers=headrace.admin)
        removed = await headrace.client.delete("/api/connections/sample", headers=headrace.admin)

    assert refused == (
        "The connection 'db' comes from the settings or is built in. Change it there, or choose another name."
    )
    found = {each["name"]: each["origin"] for each in listed.json()["connections"]}
    assert found == {"db": "settings", "sample": "settings"}
    assert CANARY not in listed.text
    assert removed.status_code == 409


async def test_what_is_used_is_removed_only_by_force(headrace: InProcess, upstream: Upstream) -> None:
    await put(headrace, "shop", bearer_at(upstream.url), token=CANARY)

    refused = await headrace.client.delete("/api/connections/shop", headers=headrace.admin)
    forced = await headrace.client.delete("/api/connections/shop?force=true", headers=headrace.admin)
    gone = await headrace.client.get("/api/connections/shop", headers=headrace.admin)

    assert refused.json()["detail"] == "The connection 'shop' is used by orders."
    assert forced.status_code == 200
    assert gone.json()["detail"].startswith("There is no connection 'shop'.")


@pytest.mark.parametrize(
    ("status", "is_ok", "message"),
    [
        (200, True, "The service answered 200 OK."),
        (401, False, "The service answered 401 Unauthorized: it does not accept the credentials."),
        (
            404,
            True,
            "The service answered 404 Not Found; it was reached and did not refuse the credentials. "
            "Name a `test_path` to know more.",
        ),
        (
            503,
            False,
            "The service answered 503 Service Unavailable, so whether the credentials are good is not known.",
        ),
    ],
)
async def test_a_test_says_what_happened(
    headrace: InProcess, upstream: Upstream, status: int, is_ok: bool, message: str
) -> None:
    upstream.answer = fixed(CANARY, status, "text/plain")
    await put(headrace, "shop", bearer_at(upstream.url), token=CANARY)

    assert await tried(headrace, "shop") == (is_ok, message)


async def test_a_test_of_a_database_or_of_a_dead_host_says_what_is_wrong(headrace: InProcess) -> None:
    await put(headrace, "good", {"kind": "sql"}, url="sqlite:///:memory:")
    await put(headrace, "bad", {"kind": "sql"}, url=f"postgresql://ada:{CANARY}@127.0.0.1:9/x")
    await put(headrace, "dead", bearer_at("http://127.0.0.1:9"), token=CANARY)
    await put(headrace, "fields", {"kind": "values", "fields": ["one"]}, one=CANARY)

    assert await tried(headrace, "good") == (True, "The database answers.")
    assert await tried(headrace, "fields") == (
        True,
        "Its fields are filled in (1); whether they are right shows where they are used.",
    )
    for name, beginning in (
        ("bad", "The database of connection 'bad' cannot be reached: "),
        ("dead", "Cannot connect to 127.0.0.1:9: "),
    ):
        is_ok, message = await tried(headrace, name)
        assert not is_ok
        assert message.startswith(beginning)
        assert CANARY not in message


async def test_a_lost_key_leaves_other_connections_usable_and_says_what_to_do(tmp_path: Path) -> None:
    async with coordinator(tmp_path, {"count": COUNT}) as headrace:
        await put(headrace, "db", {"kind": "sql"}, url="sqlite:///:memory:")
    (tmp_path / "data" / "secret.key").unlink()
    async with coordinator(tmp_path, {"count": COUNT}) as headrace:
        broken = sentence_of(await call(headrace, "count"))
        problem_shown = (await shown(headrace, "db"))["problem"]
        await put(headrace, "db", {"kind": "sql"}, url="sqlite:///:memory:")
        mended = await call(headrace, "count")

    assert broken.startswith("Connection 'db' cannot be used. The secret of connection/db was encrypted with the key")
    assert problem_shown in broken
    assert mended["structuredContent"] == {"n": 7}


async def test_rotating_the_key_disturbs_nobody(headrace: InProcess) -> None:
    await put(headrace, "db", {"kind": "sql"}, url="sqlite:///:memory:")
    rotated = await headrace.client.post("/api/secrets/rotate-key", headers=headrace.admin)
    result = await call(headrace, "count")

    assert (rotated.json()["secrets"], rotated.json()["is_finished"]) == (1, True)
    assert result["structuredContent"] == {"n": 7}


def test_a_preset_fills_in_what_is_not_said() -> None:
    auth = AuthorizationCode(client_id="x", preset="shopify", preset_values={"shop": "my-shop"})

    made = checked("shop", HttpConnection(base_url="https://my-shop.myshopify.com/admin/api", auth=auth))

    assert isinstance(made, HttpConnection)
    assert isinstance(made.auth, AuthorizationCode)
    assert made.auth.token_url == "https://my-shop.myshopify.com/admin/oauth/access_token"
    assert (made.auth.token_header, made.auth.scope_separator) == ("X-Shopify-Access-Token", ",")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"preset": "shopfy"}, "There is no preset 'shopfy'. Did you mean 'shopify'?"),
        ({"preset": "shopify"}, "Shopify asks for `shop` under `preset_values`: letters, digits and dashes."),
        (
            {"preset": "shopify", "preset_values": {"shop": "evil.example/x?"}},
            "Shopify asks for `shop` under `preset_values`: letters, digits and dashes.",
        ),
        ({}, "A URL begins with https:// or http:// and a host."),
    ],
)
def test_a_preset_that_cannot_be_used_is_refused(more: dict[str, Any], message: str) -> None:
    auth = AuthorizationCode(client_id="x", **more)

    with pytest.raises(InputRejected) as caught:
        checked("shop", HttpConnection(base_url="https://a.example", auth=auth))

    assert str(caught.value) == f"The connection 'shop' cannot be used. {message}"
