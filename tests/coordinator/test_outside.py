"""A running server as those see it who mean no good: what they send changes nothing, and what is secret stays so."""

import asyncio
import http.client
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from coordinator.access.tokens import new_token
from tests.coordinator.api.test_access import CLOSED
from tests.coordinator.in_process import HELLO, bearer
from tests.headrace_process import HeadraceProcess

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("outside")]

ACCEPT = {"accept": "application/json, text/event-stream"}
FLOWS = {
    "hello": HELLO,
    "who": """\
flow: who
description: Say who calls, after a turn of others.
input: {mcp_tool: {params: {n: integer}}}
steps:
  - sleep: 1ms
output: {reply: {name: "${{ caller.name }}", n: "${{ args.n }}"}}
""",
    "repeat": """\
flow: repeat
description: Give back what was given.
input: {mcp_tool: {schema: {type: object}}}
output: {reply: "${{ args }}"}
""",
    "refuse": """\
flow: refuse
description: Fail with what was given.
input: {mcp_tool: {params: {text: {type: string}}}}
steps:
  - log: Refusing ${{ args.text }}
  - fail: {code: refused, message: "Refused ${{ args.text }}"}
output: {reply: never}
""",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HeadraceProcess]:
    directory = tmp_path_factory.mktemp("outside")
    with HeadraceProcess(directory, FLOWS, HEADRACE_REQUIRE_AUTH="true", HEADRACE_LOG_LEVEL="debug") as running:
        yield running


def call(tool: str, arguments: dict[str, Any], number: int = 1) -> dict[str, Any]:
    params = {"name": tool, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


def made(server: HeadraceProcess, label: str, **wanted: Any) -> str:
    return str(server.api("POST", "/tokens", {"label": label, **wanted})["token"])


FORMS = [
    "/{0}",
    "//{0}",
    "/./{0}",
    "/%2e/{0}",
    "/healthz/../{0}",
    "/healthz/%2e%2e/{0}",
    "/healthz%2f..%2f{0}",
    "/mcp/../{0}",
    "/.well-known/../{0}",
    "/register/../{0}",
    "/{0}/",
    "/{0};x=1",
    "/{0}%00",
    "/{0}%20",
    "/{0}.json",
    "/{0}/.",
    "/{0}/..;/",
    "/{0}?path=/healthz",
    "/{0}%3f/healthz",
    "/{0}#/healthz",
]


def test_no_form_of_any_path_answers_without_a_token(server: HeadraceProcess) -> None:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
    answers: dict[tuple[str, str], int] = {}
    for method, path in [*CLOSED, ("POST", "/mcp"), ("POST", "/mcp/hello")]:
        for form in FORMS:
            spelt = form.format(path[1:])
            connection.putrequest(method, spelt, skip_accept_encoding=True)
            connection.putheader("content-length", "0")
            connection.endheaders()
            answer = connection.getresponse()
            body = answer.read()
            answers[method, spelt] = answer.status

            assert b"hello" not in body.lower(), (method, spelt)
    connection.close()

    assert set(answers.values()) <= {400, 401, 404, 405}, answers
    assert all(answers[method, path] == 401 for method, path in CLOSED)


def test_what_looks_like_a_template_comes_back_as_it_was(server: HeadraceProcess) -> None:
    hostile = {
        "expression": "${{ 7 * 7 }} $${{ x }} {{7*7}} {% raw %}",
        "format": "{0.__class__} %s %(x)s #{7*7} <%= 7*7 %> $(id) `id`",
        "sql": "' OR 1=1; DROP TABLE runs; --",
        "${{ 1 }}": ["${{ args }}", {"${{ run.id }}": "${{ caller }}"}],
    }
    headers = ACCEPT | bearer(made(server, "templates"))

    answer = httpx.post(server.mcp_url, json=call("repeat", hostile), headers=headers).json()
    failed = httpx.post(server.mcp_url, json=call("refuse", {"text": "${{ 7 * 7 }}"}), headers=headers)

    assert json.loads(answer["result"]["content"][0]["text"]) == hostile
    assert "Refused ${{ 7 * 7 }}" in failed.text
    assert "49" not in failed.text.replace(str(server.url), "")


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (LAUGHS, "yaml.too-many-nodes"),
        ("a: &a [*a]\n", "yaml."),
        ("flow: !!python/object/apply:os.system ['id']\n", "yaml."),
        ("flow: a\nflow: b\n", "yaml.duplicate-key"),
        ("flow: ../../etc/cron.d/x\n", "flow."),
        ("[" * 10_000, "yaml.too-deep"),
        ("a: " + "x" * 999_000, "flow.missing-key"),
    ],
    ids=["laughs", "self", "python tag", "twice", "path", "deep", "long"],
)
def test_a_hostile_flow_is_refused_with_its_place(server: HeadraceProcess, text: str, code: str) -> None:
    answer = httpx.put(f"{server.url}/api/flows/evil", json={"text": text}, headers=bearer(server.admin_key))

    assert answer.status_code == 422
    found = answer.json()
    problems = found.get("problems") or [{"code": found["detail"]}]
    assert any(code in problem["code"] for problem in problems), problems
    assert httpx.get(f"{server.url}/api/flows/evil", headers=bearer(server.admin_key)).status_code == 404


async def test_two_tokens_in_many_calls_at_once_never_cross(server: HeadraceProcess) -> None:
    names = {made(server, "Ada", tools=["who"]): "Ada", made(server, "Grace", tools=["who", "hello"]): "Grace"}
    tokens = list(names)

    async def ask(client: httpx.AsyncClient, number: int) -> None:
        token = tokens[number % 2]
        if number % 5 == 0:
            listing = {"jsonrpc": "2.0", "id": number, "method": "tools/list"}
            answer = (await client.post("/mcp", json=listing, headers=ACCEPT | bearer(token))).json()
            assert len(answer["result"]["tools"]) == (1 if names[token] == "Ada" else 2)
        else:
            answer = (
                await client.post("/mcp", json=call("who", {"n": number}, number), headers=ACCEPT | bearer(token))
            ).json()
            assert json.loads(answer["result"]["content"][0]["text"]) == {"name": names[token], "n": number}
        assert answer["id"] == number

    async with httpx.AsyncClient(base_url=server.url, limits=httpx.Limits(max_connections=32), timeout=30) as client:
        await asyncio.gather(*(ask(client, number) for number in range(300)))


SHOWN = ("/runs?limit=500", "/tokens", "/settings", "/status", "/problems", "/snippets", "/flows", "/openapi.json")
KEY = "-----BEGIN PRIVATE KEY-----\ncanarykeycanarykey\n-----END PRIVATE KEY-----"


def test_no_secret_is_in_the_log_the_files_or_any_answer(server: HeadraceProcess) -> None:
    token, wrong = made(server, "canary"), new_token()
    presented = [({"authorization": f"Bearer {raw}"}, "") for raw in (token, wrong)]
    presented += [({"x-api-key": raw}, "") for raw in (token, wrong)]
    presented += [({}, f"?token={raw}") for raw in (token, wrong)]
    secret = {"text": f"{token} {KEY} password=canaryword", "api_key": "canaryword", "note": f"https://x?token={wrong}"}
    said = []
    for headers, query in presented:
        for message in (call("repeat", secret), call("refuse", secret), call("nothing", secret), {"jsonrpc": "1"}):
            answer = httpx.post(server.mcp_url + query, json=message, headers=ACCEPT | headers)
            if answer.status_code != 200:
                said.append(answer.text)
        paths = ("/api/flows", "/api/nothing", "/metrics", "/register", "/healthz", f"/{token}")
        said += [httpx.get(server.url + path + query, headers=headers).text for path in paths]
        said.append(httpx.post(f"{server.url}/register", json={}).text)
    said += [json.dumps(server.api("GET", path)) for path in SHOWN]
    runs = server.api("GET", "/runs?limit=500")["runs"]
    said += [json.dumps(server.api("GET", f"/runs/{run['id']}")) for run in runs]
    files = b"".join(each.read_bytes() for each in server.data.iterdir() if each.name != "admin.key")

    everything = "\n".join([*said, server.log(), files.decode("latin-1")])
    for canary in (token, wrong, "canarykey", "canaryword", server.admin_key):
        assert canary not in everything
    assert everything.count("[redacted]") > 50
