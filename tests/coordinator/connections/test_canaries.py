"""Secrets are planted in every kind of connection, everything is made to fail, and all that was written is searched."""

import logging
import sqlite3
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.coordinator.connections.support import (
    call,
    interactive,
    put,
    shown,
    sign_in,
    unattended,
)
from tests.coordinator.in_process import InProcess, coordinator
from tests.flows.steps.http.support import fixed, upstream_server
from tests.oauth_server import CLIENT_SECRET, oauth_server

CANARY = 'canary-7f3a/+ &="quoted"'
PLAIN = "canary-9e1c-plain"


def http_kinds(url: str) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    """Return a connection for every way to send a stored secret."""
    service = {"kind": "http", "base_url": url}
    return {
        "bearer": ({**service, "auth": {"type": "bearer"}}, {"token": CANARY}),
        "header": ({**service, "auth": {"type": "api_key", "name": "X-Key"}}, {"key": CANARY}),
        "query": ({**service, "auth": {"type": "api_key", "name": "key", "place": "query"}}, {"key": CANARY}),
        "basic": ({**service, "auth": {"type": "basic", "username": "ada"}}, {"password": CANARY}),
    }


def flow(name: str, step: str) -> str:
    head = f"flow: {name}\ndescription: Try.\ninput: {{mcp_tool: {{}}}}\nsteps:\n  - id: it\n    {step}\n"
    return head + "output: {reply: {it: '${{ it }}'}}\n"


HTTP = ("bearer", "header", "query", "basic", "code", "client")
SQL = ("missing_table", "bad_login", "bad_url", "no_host")
FLOWS = {
    **{name: flow(name, f"http: {{connection: {name}, path: /x, follow_redirects: 1}}") for name in HTTP},
    **{name: flow(name, f"sql: {{connection: {name}, query: SELECT * FROM nothing_here}}") for name in SQL},
}
SENT = 'headers: {X-Key: "Key !"}, query: {q: ["!"]}, json: {deep: [{key: "!"}]}'.replace(
    "!", "${{ secrets.values.one }}"
)
"""A secret of `values` in every field that takes one."""


def flows_with_secrets(url: str) -> dict[str, str]:
    """Return flows that put a secret into a request: to an address, through a connection, to nobody."""
    places = {
        "to_address": f"url: {url}/x",
        "through": "connection: open, path: /x",
        "nobody": "url: http://127.0.0.1:9",
    }
    return {name: flow(name, f"http: {{{place}, follow_redirects: 1, {SENT}}}") for name, place in places.items()}


CANARIES = (
    "canary-7f3a",  # the beginning of the first one, in whatever spelling the rest is
    PLAIN,
    CLIENT_SECRET,
    "canary-access",
    "canary-refresh",
    "canary-code",
    b64encode(f"ada:{CANARY}".encode()).decode(),
)


async def echo(request: web.Request) -> web.StreamResponse:
    told = {"headers": dict(request.headers), "url": str(request.url), "query": dict(request.query)}
    told |= {"body": await request.text(), "raw": request.query_string}
    return web.json_response(told, headers={"X-Echo": request.headers.get("Authorization", "")})


async def echo_refusing(request: web.Request) -> web.StreamResponse:
    response = await echo(request)
    response.set_status(401)
    return response


async def echo_as_broken_json(request: web.Request) -> web.StreamResponse:
    return web.Response(text=f"{{{request.headers} {request.url}", content_type="application/json")


async def echo_in_a_redirect(request: web.Request) -> web.StreamResponse:
    proof = request.headers.get("Authorization") or request.headers.get("X-Key", "")
    location = f"http://127.0.0.1:9/{proof}?{request.query_string}"
    return web.Response(status=302, headers={"Location": location})


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def everything(headrace: InProcess, said: list[str]) -> None:
    """Use every connection in every way, and note what was answered."""
    for name in headrace.services.catalog.entries:
        said.append(str(await call(headrace, name)))
        for method, path in (
            ("GET", f"/api/connections/{name}"),
            ("POST", f"/api/connections/{name}/test"),
            ("POST", "/api/try"),
        ):
            body = {"json": {"name": name}} if path == "/api/try" else {}
            response = await headrace.client.request(method, path, headers=headrace.admin, **body)
            said.append(response.text)


async def test_no_secret_is_in_anything_that_was_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)  # as it is before anything is scrubbed
    for of_the_test in ("httpx", "httpcore", "aiohttp.access"):
        caplog.set_level(logging.WARNING, logger=of_the_test)
    said: list[str] = []
    async with (
        upstream_server() as upstream,
        oauth_server() as provider,
        coordinator(tmp_path, FLOWS | flows_with_secrets(upstream.url)) as headrace,
    ):
        made = {
            **http_kinds(upstream.url),
            "code": (interactive(provider), {"client_secret": CLIENT_SECRET}),
            "client": (unattended(provider), {"client_secret": CLIENT_SECRET}),
            "values": ({"kind": "values", "fields": ["one"]}, {"one": CANARY}),
            "open": ({"kind": "http", "base_url": upstream.url, "auth": {"type": "none"}}, {}),
            "missing_table": ({"kind": "sql"}, {"url": f"sqlite:///{tmp_path}/{PLAIN}.db"}),
            "bad_login": ({"kind": "sql"}, {"url": f"postgresql://ada:{PLAIN}@127.0.0.1:9/x"}),
            "bad_url": ({"kind": "sql"}, {"url": f"postgresql://ada:{PLAIN}@127.0.0.1:notaport/x"}),
            "no_host": ({"kind": "sql"}, {"url": f"nonsense://ada:{PLAIN}@host/x"}),
        }
        closing_file = sqlite3.connect(tmp_path / f"{PLAIN}.db")
        closing_file.close()
        for name, (config, secrets) in made.items():
            response = await put(headrace, name, config, **secrets)
            assert response.status_code == 200, response.text
            said.append(response.text)
        said.append((await sign_in(headrace, "code")).text)
        for answer in (echo, echo_refusing, echo_as_broken_json, echo_in_a_redirect, hang_up, fixed("{}", 500)):
            upstream.answer = answer
            await everything(headrace, said)
        provider.revoke()
        await everything(headrace, said)
        provider.is_down = True
        await everything(headrace, said)
        said += [await _read(headrace, path) for path in ("connections", "runs", "settings", "status", "flows")]
        depending = set((await shown(headrace, "values"))["dependents"])
        said.append(repr(headrace.services) + repr(headrace.services.connections.entries()))
        said += [repr(headrace.services.connections.get(name)) for name in headrace.services.connections.names()]

    everything_written = {
        "answers": "\n".join(said),
        "logs": caplog.text,
        "files": _files(tmp_path / "data"),
    }
    for where, text in everything_written.items():
        for canary in CANARIES:
            at = text.find(canary)
            assert at < 0, f"{canary} is in the {where}: {text[max(0, at - 300) : at + 100]}"
    assert len(everything_written["answers"]) > 10_000
    assert "http_401" in everything_written["files"]
    assert {"to_address", "through", "nobody"} <= depending
    assert "Key ***" in everything_written["answers"]
    assert max(len(seen.headers.getall("X-Key", [])) for seen in upstream.seen) == 1
    assert {CANARY, f"Key {CANARY}"} <= {seen.headers.get("X-Key") for seen in upstream.seen}


async def _read(headrace: InProcess, path: str) -> str:
    return (await headrace.client.get(f"/api/{path}", headers=headrace.admin)).text


def _files(data: Path) -> str:
    """Return the bytes of every file in the data directory, with the write-ahead log taken in."""
    with closing(sqlite3.connect(data / "headrace.db")) as database:
        dump = "\n".join(database.iterdump())
    return dump + "\n".join(file.read_bytes().decode("latin-1") for file in sorted(data.iterdir()))
