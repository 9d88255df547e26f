"""Secrets that a flow puts into a request: what is sent, where it goes, and what never comes back."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from flows.compile import compile_flow
from flows.connections import Connection, FixedConnections, masks_of
from flows.runs import RunResult
from tests.flow_runs import run_flow
from tests.flows.steps.http.support import Upstream, fixed, redirect
from workers.connections import Connections

TOKEN = 'canary/7f3a+ &="x"'
PLAIN = "canary-plain-9e1c"


def values(name: str = "keys", **secrets: str) -> Connection:
    return Connection(name=name, kind="values", values=secrets, masks=masks_of(secrets.values()))


def shop(upstream: Upstream) -> Connection:
    return Connection(name="shop", kind="http", url=f"{upstream.url}/v1", allow_private=True)


KEYS = values(token=TOKEN, plain=PLAIN, pin="1234567", empty="")


def flow(config: str, more: str = "") -> str:
    head = "flow: mill\ninput: {call: {params: {text: {type: string, default: hi}}}}\nsteps:\n"
    return f"{head}  - id: it\n    http: {config}\n{more}output: {{reply: '${{{{ it }}}}'}}\n"


async def send(config: str, *connections: Connection, more: str = "", **request: Any) -> RunResult:
    known = Connections(FixedConnections(connections or (KEYS,)))
    return await run_flow(flow(config, more), connections=known, **request)


async def test_a_secret_is_sent_where_the_flow_puts_it(upstream: Upstream) -> None:
    headers = '{X-Key: "${{ secrets.keys.plain }}", Authorization: "Key ${{ secrets.keys.plain }} ${{ args.text }}"}'
    fields = f'headers: {headers}, query: {{a: ["${{{{ secrets.keys.token }}}}", 1]}}'
    bodies = (
        'json: {deep: [{key: "${{ secrets.keys.token }}", n: 1}]}',
        'form: {key: "${{ secrets.keys.token }}"}',
        "text: \"<${{ secrets['keys'].token }}>\"",
    )

    results = [await send(f"{{url: '{upstream.url}/x', {fields}, {body}}}") for body in bodies]

    assert [result.error for result in results] == [None, None, None]
    assert upstream.seen[0].headers["X-Key"] == PLAIN
    assert upstream.seen[0].headers["Authorization"] == f"Key {PLAIN} hi"
    assert upstream.seen[0].query.getall("a") == [TOKEN, "1"]
    assert upstream.bodies == [
        b'{"deep":[{"key":"canary/7f3a+ &=\\"x\\"","n":1}]}',
        b"key=canary%2F7f3a%2B%20%26%3D%22x%22",
        f"<{TOKEN}>".encode(),
    ]


async def test_a_rotated_secret_is_in_the_next_call(upstream: Upstream) -> None:
    config = f'{{url: "{upstream.url}", headers: {{X-Key: "${{{{ secrets.keys.token }}}}"}}}}'

    await send(config, values(token="the-first-one"))
    await send(config, values(token="the-second-one"))

    assert [request.headers["X-Key"] for request in upstream.seen] == ["the-first-one", "the-second-one"]


async def test_a_name_means_the_connection_that_it_is_bound_to() -> None:
    plan = compile_flow(flow('{url: https://mill.example, text: "${{ secrets.keys.token }}${{ secrets.keys.a }}"}'))

    assert plan.connections == {"keys": 5}
    assert list(plan.secrets) == [("keys", "token"), ("keys", "a")]
    assert replace(plan, bindings={"keys": "keys-eu"}).installed_connections == {"keys-eu"}


async def test_only_the_step_that_reads_secrets_looks_for_them() -> None:
    inner = '[{steps: [{http: {url: https://mill.example, text: "${{ secrets.keys.token }}"}}]}]'
    plan = compile_flow(flow("{url: https://mill.example}", more=f"  - switch: {inner}\n"))

    plain, around = plan.body.steps
    (inside,) = next(iter(around.type.blocks(around.config.shape))).steps if around.type.blocks else ()
    assert (plain.config.holds_secrets, around.config.holds_secrets, inside.config.holds_secrets) == (
        False,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("secret", "code", "message"),
    [
        ("kesy.token", "unknown_connection", "There is no connection 'kesy'. Did you mean 'keys'? "),
        ("keys.tokn", "invalid_connection", "Connection 'keys' has no secret 'tokn'. Did you mean 'token'? "),
        ("keys.empty", "invalid_connection", "Connection 'keys' has no secret 'empty'. "),
        ("keys.pin", "invalid_connection", "The secret 'pin' of connection 'keys' is shorter than 8 characters: "),
        ("shop.token", "invalid_connection", "Connection 'shop' is of kind `http`; secrets of a flow are fields of "),
    ],
)
async def test_a_secret_that_cannot_be_used_is_named_and_nothing_is_sent(
    upstream: Upstream, secret: str, code: str, message: str
) -> None:
    result = await send(f'{{url: "{upstream.url}", text: "${{{{ secrets.{secret} }}}}"}}', KEYS, shop(upstream))

    assert result.error is not None
    assert (result.error.code, result.error.message[: len(message)]) == (code, message)
    assert upstream.seen == []


async def test_a_trace_shows_where_a_secret_stood_and_not_the_secret(upstream: Upstream) -> None:
    config = f'{{url: "{upstream.url}", json: {{a: "Key ${{{{ secrets.keys.token }}}}"}}}}'

    result = await send(config, trace=True)

    (step,) = result.steps
    assert step.input["json"] == {"a": "Key ***"}


async def test_a_mocked_step_needs_no_secret() -> None:
    config = '{url: https://mill.example, text: "${{ secrets.nowhere.token }}"}'

    result = await send(config, mocks={"it": {"status": 204}})

    assert result.reply is not None
    assert result.reply.value == {"status": 204}


async def echo(request: web.Request) -> web.StreamResponse:
    body = await request.text()
    told = {"headers": dict(request.headers), "url": str(request.url), "body": body, "query": dict(request.query)}
    return web.json_response(told, headers={"X-Echo": request.headers.get("X-Key", "")})


async def echo_refusing(request: web.Request) -> web.StreamResponse:
    return web.Response(
        status=400, text=f"no: {request.headers['X-Key']} {request.query_string} {await request.text()}"
    )


async def echo_as_broken_json(request: web.Request) -> web.StreamResponse:
    return web.Response(text=f"{{{await request.text()}", content_type="application/json")


async def echo_in_a_redirect(request: web.Request) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": f"/{request.headers['X-Key']}?{request.query_string}"})


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize("where", ["url: {url}/x", "connection: shop, path: /x", "url: http://127.0.0.1:9/x"])
@pytest.mark.parametrize("answer", [echo, echo_refusing, echo_as_broken_json, echo_in_a_redirect, hang_up])
@pytest.mark.parametrize("body", ["json: {a: !}", "form: {a: !}", "text: !"])
async def test_a_secret_that_comes_back_is_masked(upstream: Upstream, where: str, answer: Any, body: str) -> None:
    upstream.answer = answer
    token = '"${{ secrets.keys.token }}"'
    rest = f"headers: {{X-Key: {token}}}, query: {{q: {token}}}, {body.replace('!', token)}, follow_redirects: 1"

    result = await send(f"{{{where.format(url=upstream.url)}, {rest}}}", KEYS, shop(upstream), trace=True)

    assert "canary" not in repr(result)
    if answer is echo and "127.0.0.1:9" not in where:
        assert result.reply is not None
        assert "***" in result.reply.value["body"]["body"]
        assert result.reply.value["headers"]["x-echo"] == "***"


@pytest.mark.parametrize("status", [302, 303, 307, 308])
@pytest.mark.parametrize("part", ["headers: {X-Key: !}", "headers: {User-Agent: !}", "query: {a: !}", "json: [!]"])
async def test_no_redirect_brings_a_secret_to_another_origin(
    upstream: Upstream, elsewhere: Upstream, status: int, part: str
) -> None:
    upstream.answer = redirect(f"{elsewhere.url}/taken", status)
    sent = part.replace("!", '"${{ secrets.keys.plain }}"')

    result = await send(f'{{url: "{upstream.url}", method: POST, follow_redirects: 3, {sent}}}')

    assert elsewhere.seen == []
    assert result.error is not None
    assert result.error.code == "bad_redirect"
    assert "It leads away from the service that the secrets in the request are for." in result.error.message


@pytest.mark.parametrize(("location", "is_followed"), [("/v1/next", True), ("/v2/next", False)])
async def test_a_connection_holds_secrets_below_its_address(
    upstream: Upstream, location: str, is_followed: bool
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return await (redirect(location, 307) if request.path == "/v1/x" else fixed("{}"))(request)

    upstream.answer = answer
    config = '{connection: shop, path: /x, text: "${{ secrets.keys.plain }}", follow_redirects: 1}'

    result = await send(config, KEYS, shop(upstream))

    assert [request.path for request in upstream.seen] == ["/v1/x", location][: 1 + is_followed]
    assert upstream.bodies == [PLAIN.encode()] * (1 + is_followed)
    assert (result.error is None) is is_followed
