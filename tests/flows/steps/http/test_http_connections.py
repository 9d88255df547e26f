"""Requests through a connection: where they go, who they say we are, and what never comes back."""

import re
from dataclasses import replace as changed
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from flows.connections import Connection, FixedConnections, masks_of
from flows.errors import StepError
from flows.expr import compile_template
from flows.sdk import NetworkPolicy
from flows.steps.http import HttpConfig, http
from flows.urls import UrlInvalid, compile_path, is_below, parse_base_url
from tests.flows.steps.http.support import Run, Upstream, first_then, fixed, redirect

SECRET = "canary/key+with=signs"


class ConnectedRun(Run):
    """A run that knows one connection, and a way to sign in again."""

    def __init__(self, connection: Connection, tokens: tuple[str, ...] = (), network: NetworkPolicy | None = None):
        super().__init__(network or NetworkPolicy(allow_loopback=True))
        self.installed = connection
        self.tokens = list(tokens)
        self.refusals: list[bool] = []

    def connection(self, name: str) -> Connection:
        assert name == self.installed.name
        return self.installed

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        self.refusals.append(refused)
        if not self.tokens:
            raise StepError("Connection 'shop' has to be signed in again.", code="sign_in_needed")
        token = self.tokens.pop(0)
        return replace(connection, headers={"Authorization": f"Bearer {token}"}, masks=masks_of([token]))


def shop(upstream: Upstream, base: str = "/v1", **more: Any) -> Connection:
    url = parse_base_url(f"{upstream.url}{base}")
    return Connection(name="shop", kind="http", url=url, masks=masks_of([SECRET]), has_auth=True, **more)


async def ask(run: Run, path: str | None = "/orders/7", **config: Any) -> dict[str, Any]:
    given = {} if path is None else {"path": path}
    try:
        result: dict[str, Any] = await http.run(HttpConfig(connection="shop", **given, **config), run)
        return result
    finally:
        await run.resources.close()


async def refusal(run: Run, **config: Any) -> StepError:
    with pytest.raises(StepError) as caught:
        await ask(run, **config)
    return caught.value


async def test_a_request_goes_below_the_address_of_its_connection(upstream: Upstream) -> None:
    result = await ask(ConnectedRun(shop(upstream)), query={"page": 2})

    assert str(upstream.seen[0].rel_url) == "/v1/orders/7?page=2"
    assert result["url"] == f"{upstream.url}/v1/orders/7"


async def test_without_a_path_the_address_itself_is_asked(upstream: Upstream) -> None:
    await ask(ConnectedRun(shop(upstream)), None)

    assert str(upstream.seen[0].rel_url) == "/v1"


async def test_stored_credentials_win_over_whatever_the_flow_sends(upstream: Upstream) -> None:
    connection = shop(upstream, headers={"X-Api-Key": SECRET})
    written = {"authorization": "Bearer author", "x-API-key": "author", "X-Other": "kept"}

    await ask(ConnectedRun(connection), headers=written)

    seen = upstream.seen[0].headers
    assert seen.getall("X-Api-Key") == [SECRET]
    assert "Authorization" not in seen
    assert seen["X-Other"] == "kept"


@pytest.mark.parametrize("name", ["key", "k%65y", "%6bey"])
async def test_a_stored_key_in_the_query_wins_in_whatever_spelling(upstream: Upstream, name: str) -> None:
    connection = shop(upstream, query={"key": SECRET})

    await ask(ConnectedRun(connection), f"/orders?{name}=author&page=1", query={"key": "author"})

    assert upstream.seen[0].query.getall("key") == [SECRET]
    assert upstream.seen[0].query["page"] == "1"


async def test_a_redirect_inside_the_connection_brings_the_credentials_along(upstream: Upstream) -> None:
    connection = shop(upstream, headers={"X-Api-Key": SECRET}, query={"key": SECRET})
    upstream.answer = first_then(redirect("/v1/moved?page=2"), fixed())

    await ask(ConnectedRun(connection), follow_redirects=1)

    assert upstream.seen[1].headers["X-Api-Key"] == SECRET
    assert dict(upstream.seen[1].query) == {"page": "2", "key": SECRET}


@pytest.mark.parametrize(
    "location",
    ["/other/place", "/v1/../other", "/v1/%2e%2e/other", "/v12/place", "/v1/..;/x"],
)
async def test_a_redirect_that_leaves_the_base_path_brings_no_credentials(upstream: Upstream, location: str) -> None:
    connection = shop(upstream, headers={"X-Api-Key": SECRET}, query={"key": SECRET})
    upstream.answer = first_then(redirect(location), fixed())

    await ask(ConnectedRun(connection), follow_redirects=1, headers={"X-Other": "own"})

    assert SECRET not in str(upstream.seen[1].headers)
    assert SECRET not in unquote(str(upstream.seen[1].rel_url))
    assert "X-Other" not in upstream.seen[1].headers


async def test_another_host_never_sees_the_credentials_nor_does_the_way_back(
    upstream: Upstream, elsewhere: Upstream
) -> None:
    connection = shop(upstream, headers={"X-Api-Key": SECRET})
    upstream.answer = first_then(redirect(f"{elsewhere.url}/v1/there"), fixed())
    elsewhere.answer = redirect(f"{upstream.url}/v1/back")

    await ask(ConnectedRun(connection), follow_redirects=2)

    assert "X-Api-Key" not in elsewhere.seen[0].headers
    assert "X-Api-Key" not in upstream.seen[1].headers


async def test_a_secret_that_comes_back_is_masked_in_results_and_in_errors(upstream: Upstream) -> None:
    async def echo(request: web.Request) -> web.StreamResponse:
        key = request.headers["X-Api-Key"]
        body = {"got": [f"key {key}"], key: 1}
        return web.json_response(body, headers={"X-Echo": key}, status=int(request.query["status"]))

    connection = shop(upstream, headers={"X-Api-Key": SECRET})
    upstream.answer = echo

    good = await ask(ConnectedRun(connection), query={"status": 200})
    bad = await refusal(ConnectedRun(connection), query={"status": 400})

    assert good["body"] == {"got": ["key ***"], "***": 1}
    assert good["headers"]["x-echo"] == "***"
    assert str(bad).endswith('answered 400 Bad Request: {"got": ["key ***"], "***": 1}')


async def test_a_token_that_is_refused_is_replaced_once(upstream: Upstream) -> None:
    upstream.answer = first_then(fixed("", 401), fixed())
    run = ConnectedRun(shop(upstream, signs_in=True), ("first-token", "second-token"))

    result = await ask(run, json={"n": 1})

    assert result["status"] == 200
    assert [request.headers["Authorization"] for request in upstream.seen] == [
        "Bearer first-token",
        "Bearer second-token",
    ]
    assert upstream.bodies == [b'{"n":1}'] * 2
    assert run.refusals == [False, True]


async def test_a_second_refusal_is_the_answer(upstream: Upstream) -> None:
    upstream.answer = fixed("no", 401, "text/plain")
    run = ConnectedRun(shop(upstream, signs_in=True), ("first-token", "second-token", "third-token"))

    error = await refusal(run)

    assert error.code == "http_401"
    assert len(upstream.seen) == 2


async def test_a_fetched_token_that_comes_back_in_an_error_is_masked_too(upstream: Upstream) -> None:
    upstream.answer = first_then(fixed("", 401), redirect("/second-token"))
    run = ConnectedRun(shop(upstream, signs_in=True), ("first-token", "second-token"))

    error = await refusal(run, follow_redirects=0)

    assert "/***" in str(error)
    assert "second-token" not in str(error)


async def test_a_private_address_may_be_opened_to_one_connection(upstream: Upstream, elsewhere: Upstream) -> None:
    closed = NetworkPolicy()
    upstream.answer = first_then(fixed(), redirect(f"{elsewhere.url}/v1/there"))
    allowed = shop(upstream, allow_private=True)

    result = await ask(ConnectedRun(allowed, network=closed))
    led_away = await refusal(ConnectedRun(allowed, network=closed), follow_redirects=1)
    refused = await refusal(ConnectedRun(shop(upstream), network=closed))

    assert result["status"] == 200
    assert (led_away.code, refused.code) == ("address_refused", "address_refused")
    assert elsewhere.seen == []


async def test_a_connection_of_another_kind_is_refused_in_a_sentence(upstream: Upstream) -> None:
    error = await refusal(ConnectedRun(Connection(name="shop", kind="sql", url="sqlite:///:memory:")))

    assert str(error) == (
        "Connection 'shop' is of kind `sql`; the step `http` needs one of kind `http`. Name another connection."
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "A request goes to a `url`, or through a `connection`. Give one of them."),
        (
            {"url": "https://a.example", "connection": "shop"},
            "A request goes to a `url`, or through a `connection`. Give one of them.",
        ),
        (
            {"url": "https://a.example", "path": "/x"},
            "`path` is below the address of a `connection`. Name the connection, or use `url`.",
        ),
    ],
)
def test_a_request_has_one_address(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        HttpConfig(**config)


HOSTILE = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="./\\%2eE5cf@:?#;&= \t\r\n\x00hevil", max_size=20),
    st.sampled_from(["..", "../..", "%2e%2e", "..;", "//evil.example", "@evil.example", "\\\\evil", "?x", "#x", "."]),
)
PATHS = ("/orders/${{ args.a }}", "/${{ args.a }}/${{ args.b }}", "/o-${{ args.a }}.${{ args.b }}?q=${{ args.a }}")
BASES = ("https://api.example.com", "https://api.example.com/v1", "http://[::1]:8080/a/b")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(a=HOSTILE, b=HOSTILE, path=st.sampled_from(PATHS), base=st.sampled_from(BASES))
def test_no_argument_can_move_a_request_off_its_connection(a: str, b: str, path: str, base: str) -> None:
    template = compile_template(path)
    assert template is not None
    try:
        built = compile_path(template)({"args": {"a": a, "b": b}})
    except StepError:
        return

    url = parse_base_url(base) + built

    assert is_below(base, url)
    assert url.partition("?")[0].count("/") == f"{base}{path}".partition("?")[0].count("/")
    assert not set(url) & set(" \\\r\n\t#@\x00")


@pytest.mark.parametrize(
    "text", ["orders", "${{ args.a }}", "https://evil.example", "/a/../b", "/%2e%2e/b", "/a#b", "?x=1", ""]
)
def test_a_path_that_is_none_is_refused_at_load(text: str) -> None:
    template = compile_template(text) or changed(compile_template("${{ 1 }}"), parts=(text,))

    with pytest.raises(UrlInvalid):
        compile_path(template)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.example.com",
        "ftp://a.example",
        "https://u:p@a.example",
        "https://a.example/?x=1",
        "https://a.example/#x",
        "https://a.example/../x",
        "https://127.1/",
        "https://a.example/${{ args.x }}",
    ],
)
def test_a_base_url_that_could_lead_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(UrlInvalid):
        parse_base_url(text)


@pytest.mark.parametrize("other", ["https://a.example:444/v1", "http://a.example/v1", "https://b.example/v1/x"])
def test_another_origin_is_never_below(other: str) -> None:
    assert not is_below("https://a.example/v1", other)
    assert is_below("https://a.example/v1", "https://a.example:443/v1/x")


def test_no_connection_is_shown_by_repr() -> None:
    connection = Connection(name="shop", kind="http", url="https://a.example", headers={"K": SECRET}, masks=(SECRET,))

    assert repr(connection) == "Connection('shop', kind='http')"
    assert SECRET not in repr([connection, FixedConnections([connection]).get("shop")])
