"""The owner's account as the pages use it: over REST, with cookies, as a browser would."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from coordinator.account.sessions import IDLE_SECONDS, LONGEST_SECONDS
from coordinator.api.openapi import OPEN_PATHS
from tests.coordinator.api.test_access import CLOSED
from tests.coordinator.in_process import ADDRESS, InProcess, bearer, coordinator

PASSWORD = "four words are enough"
WRONG = "four words are not it"
SIGN_IN = "/api/session/login"


async def made(headrace: InProcess, password: str = PASSWORD) -> dict[str, str]:
    """Make the account as the command line does, and sign in; return the header that changes need."""
    body = {"password": password}
    (await headrace.client.post("/api/account/create", json=body, headers=headrace.admin)).raise_for_status()
    return csrf(await signed_in(headrace.client, password))


def csrf(answer: httpx.Response) -> dict[str, str]:
    """Return the header that belongs to the session which an answer began."""
    session = answer.raise_for_status().json()
    return {session["csrf_header"]: session["csrf_token"]}


def browser(headrace: InProcess) -> httpx.AsyncClient:
    """Return another browser, without cookies."""
    return httpx.AsyncClient(transport=headrace.client._transport, base_url=ADDRESS)


async def signed_in(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    return await client.post(SIGN_IN, json={"name": "owner", "password": password})


async def state(client: httpx.AsyncClient) -> str:
    return str((await client.get("/api/session")).json()["state"])


async def test_on_loopback_the_pages_are_open_and_say_so(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        session = (await headrace.client.get("/api/session")).json()
        flows = await headrace.client.get("/api/flows")

    assert session["state"] == "open"
    assert session["notices"] == [
        "The web pages are open to every program on this machine. Make an account to close them."
    ]
    assert flows.status_code == 200


async def test_an_account_closes_an_open_server_to_everybody_else(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, browser(headrace) as stranger:
        answer = await headrace.client.post("/api/account/create", json={"password": PASSWORD, "name": "Ada"})
        mine = await headrace.client.get("/api/flows")
        theirs = await stranger.get("/api/flows")
        session = (await stranger.get("/api/session")).json()
        called = await headrace.mcp("tools/call", {"name": "hello", "arguments": {"name": "Ada"}})

    assert answer.status_code == 201
    assert answer.json()["name"] == "Ada"
    assert mine.status_code == 200
    assert theirs.status_code == 401
    assert theirs.json()["detail"] == "Sign in, or send an admin token."
    assert (session["state"], session["name"], session["version"]) == ("signed_out", "", "")
    assert called.json()["result"]["structuredContent"] == {"text": "Hello, Ada!"}


async def test_where_a_token_is_asked_for_the_account_takes_the_code_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        session = (await headrace.client.get("/api/session")).json()
        await headrace.client.get("/api/session")
        told = re.findall(r"[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}", caplog.text)
        without = await headrace.client.post("/api/account/create", json={"password": PASSWORD})
        guessed = await headrace.client.post(
            "/api/account/create", json={"password": PASSWORD, "code": "AAAA-BBBB-CCCC"}
        )
        right = await headrace.client.post(
            "/api/account/create", json={"password": PASSWORD, "code": f" {told[0].lower()} "}
        )
        again = await headrace.client.post("/api/account/create", json={"password": PASSWORD, "code": told[0]})
        flows = await headrace.client.get("/api/flows")

    assert (session["state"], session["needs_code"]) == ("account_needed", True)
    assert len(told) == 1
    assert [(each.status_code, each.json()["code"]) for each in (without, guessed)] == [(403, "wrong_code")] * 2
    assert without.json()["detail"].startswith("Making the account takes a code.")
    assert right.status_code == 201
    assert again.status_code == 403
    assert flows.status_code == 200


async def test_there_is_one_account(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await made(headrace)
        second = await headrace.client.post(
            "/api/account/create", json={"password": PASSWORD, "name": "Eve"}, headers=headrace.admin
        )

    assert (second.status_code, second.json()["detail"]) == (409, "There is an account already.")


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", "A password has 10 to 1024 characters."),
        ("x" * 1025, "A password has 10 to 1024 characters."),
        ("aaaaaaaaaaaa", "That password is too easy to guess."),
        ("Administrator", "That password is too easy to guess."),
    ],
)
async def test_a_password_that_is_easily_guessed_is_refused(tmp_path: Path, password: str, sentence: str) -> None:
    async with coordinator(tmp_path) as headrace:
        body = {"password": password, "name": "administrator"}
        answer = await headrace.client.post("/api/account/create", json=body)

    assert (answer.status_code, answer.json()["detail"]) == (400, sentence)


async def test_signing_in_and_out_begins_and_ends_a_session(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, browser(headrace) as client:
        await made(headrace)
        before = await state(client)
        answer = await signed_in(client)
        during = await state(client)
        cookies = dict(client.cookies)
        out = await client.post("/api/session/logout", headers=csrf(answer))
        after = await state(client)
        client.cookies.update(cookies)
        stolen = await client.get("/api/flows")

    assert (before, during, after) == ("signed_out", "signed_in", "signed_out")
    assert out.json()["state"] == "signed_out"
    assert stolen.status_code == 401


async def test_the_cookie_is_for_this_server_and_for_no_script(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, browser(headrace) as client:
        await made(headrace)
        plain = (await signed_in(client)).headers["set-cookie"]

    assert plain.startswith("headrace_session_8080=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(plain.split("; "))
    assert "Secure" not in plain
    assert "Domain" not in plain


async def test_over_https_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    host = {"host": "tools.example.com", "origin": "https://tools.example.com"}
    async with coordinator(tmp_path, public_url="https://tools.example.com") as headrace:
        await made(headrace)
        body = {"name": "owner", "password": PASSWORD}
        secure = await headrace.client.post(SIGN_IN, json=body, headers=host)
        key = secure.headers["set-cookie"].partition("=")[2].partition(";")[0]
        cookie = {"cookie": f"__Host-headrace_session={key}"}
        taken = await headrace.client.get("/api/session", headers=host | cookie)
        renamed = await headrace.client.get("/api/session", headers=host | {"cookie": f"headrace_session_8080={key}"})

    assert secure.headers["set-cookie"].startswith("__Host-headrace_session=")
    assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(secure.headers["set-cookie"].split("; "))
    assert taken.json()["state"] == "signed_in"
    assert renamed.json()["state"] == "signed_out"


async def test_whatever_a_session_changes_needs_its_csrf_token(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        header = await made(headrace)
        other = {"X-CSRF-Token": "0" * 64}
        for method, path in [*CLOSED, ("POST", "/api/session/logout")]:
            if method in ("GET", "HEAD"):
                continue
            for headers in ({}, other, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "\x7f"}):
                answer = await headrace.client.request(method, path, json={}, headers=headers)

                assert (answer.status_code, answer.json()["code"]) == (403, "csrf"), (method, path)
        made_token = await headrace.client.post("/api/tokens", json={"label": "mine"}, headers=header)
        session = await state(headrace.client)

    assert made_token.status_code == 201
    assert session == "signed_in"


async def test_the_csrf_token_of_another_session_does_not_count(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, browser(headrace) as other:
        await made(headrace)
        theirs = csrf(await signed_in(other))
        answer = await headrace.client.post("/api/tokens", json={"label": "x"}, headers=theirs)

    assert answer.json()["code"] == "csrf"


async def test_a_session_opens_every_route_that_an_admin_token_opens(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        await made(headrace)
        for method, path in CLOSED:
            if method != "GET" or path.endswith("/events"):
                continue
            answer = await headrace.client.get(path)

            assert answer.status_code not in (401, 403), path


async def test_a_form_of_another_site_changes_nothing_for_somebody_who_is_signed_in(tmp_path: Path) -> None:
    evil = {"origin": "https://evil.example", "content-type": "application/x-www-form-urlencoded"}
    async with coordinator(tmp_path) as headrace:
        header = await made(headrace)
        for method, path in [*CLOSED, *(("POST", path) for path in OPEN_PATHS if path.startswith("/api"))]:
            if method == "GET":
                continue
            foreign = await headrace.client.request(method, path, content=b"label=evil", headers=evil)
            silent = await headrace.client.request(
                method, path, content=b"label=evil", headers={"content-type": "text/plain"}
            )

            assert foreign.status_code == 403, path
            assert silent.status_code in (403, 415, 404, 405), (method, path)
        session = await state(headrace.client)
        tokens = (await headrace.client.get("/api/tokens", headers=header)).json()["tokens"]

    assert session == "signed_in"
    assert tokens == []


async def test_a_change_without_a_body_is_declared_as_json_or_refused(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        plain = await headrace.client.post("/api/flows/hello/disable")
        as_form = await headrace.client.post("/api/flows/hello/disable", headers={"content-type": "text/plain"})
        flow = (await headrace.client.get("/api/flows/hello")).json()["summary"]

    assert (plain.status_code, as_form.status_code) == (415, 415)
    assert flow["enabled"] is True


async def test_tokens_open_no_session_and_do_not_reach_the_account(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace, browser(headrace) as client:
        admin = bearer(await headrace.new_token(scopes=["tools", "admin"]))
        created = await client.post("/api/account/create", json={"password": PASSWORD}, headers=admin)
        await made(headrace)
        session = await client.get("/api/session", headers=admin)
        password = await client.put("/api/account/password", json={"password": WRONG}, headers=admin)
        ended = await client.post("/api/account/logout-all", json={}, headers=admin)
        seen = await client.get("/api/account", headers=admin)

    assert created.json()["code"] == "wrong_code"
    assert session.json()["state"] == "signed_out"
    assert "set-cookie" not in session.headers
    assert (password.status_code, ended.status_code, seen.status_code) == (403, 403, 403)


async def test_a_token_counts_before_the_cookie(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await made(headrace)
        tools = await headrace.new_token()
        answer = await headrace.client.get("/api/flows", headers=bearer(tools))
        unknown = await headrace.client.get("/api/flows", headers=bearer("hr_unknown"))

    assert (answer.status_code, unknown.status_code) == (403, 401)


async def test_a_new_password_ends_every_other_session(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, browser(headrace) as other:
        header = await made(headrace)
        await signed_in(other)
        url = "/api/account/password"
        wrong = await headrace.client.put(url, json={"password": WRONG, "current": "no idea at all"}, headers=header)
        changed = await headrace.client.put(url, json={"password": WRONG, "current": PASSWORD}, headers=header)
        states = [await state(headrace.client), await state(other)]
        old = await signed_in(other)
        new = await signed_in(other, WRONG)

    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    assert len(changed.json()["sessions"]) == 1
    assert states == ["signed_in", "signed_out"]
    assert (old.status_code, new.status_code) == (403, 200)


async def test_signing_out_everywhere_ends_every_session(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, browser(headrace) as other:
        header = await made(headrace)
        await signed_in(other)
        shown = (await headrace.client.get("/api/account")).json()
        ended = await headrace.client.post("/api/account/logout-all", json={}, headers=header)
        states = [await state(headrace.client), await state(other)]

    assert shown["name"] == "owner"
    assert len(shown["sessions"]) == 2
    assert ended.json() == {"ended": 2}
    assert states == ["signed_out", "signed_out"]


async def test_a_session_outlives_the_server_and_its_key_is_nowhere_in_the_database(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await made(headrace)
        cookies = dict(headrace.client.cookies)
    async with coordinator(tmp_path) as headrace:
        headrace.client.cookies.update(cookies)
        after = await state(headrace.client)

    stored = b"".join(each.read_bytes() for each in (tmp_path / "data").iterdir())
    assert after == "signed_in"
    assert next(iter(cookies.values())).encode() not in stored
    assert PASSWORD.encode() not in stored
    assert b"$argon2id$" in stored


@pytest.mark.parametrize(
    ("seconds", "uses_between", "expected"),
    [
        (IDLE_SECONDS - 60, 0, "signed_in"),
        (IDLE_SECONDS + 60, 0, "signed_out"),
        (IDLE_SECONDS + 60, 1, "signed_in"),
        (LONGEST_SECONDS + 60, 20, "signed_out"),
    ],
    ids=["used lately", "not used for long", "used in between", "too old"],
)
async def test_a_session_ends_when_it_is_not_used_or_too_old(
    tmp_path: Path, seconds: int, uses_between: int, expected: str
) -> None:
    async with coordinator(tmp_path) as headrace:
        await made(headrace)
        sessions = headrace.services.owner.sessions
        now = sessions._clock()
        for number in range(1, uses_between + 1):
            sessions._clock = lambda passed=seconds * number / (uses_between + 1): now + passed
            await state(headrace.client)
            await sessions.flush()
        sessions._clock = lambda: now + seconds

        assert await state(headrace.client) == expected


async def test_what_another_coordinator_ends_is_ended_here_after_the_next_look(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await made(headrace)
        async with headrace.services.history._database.write() as connection:
            await connection.execute(text("DELETE FROM sessions"))
            await connection.execute(text("UPDATE generations SET value = value + 1 WHERE topic = 'account'"))
        await headrace.services.resync.tick()

        assert await state(headrace.client) == "signed_out"


async def test_whoever_guesses_has_to_wait_and_is_told_how_long(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        await made(headrace)
        headrace.services.owner._by_address._clock = lambda: 0.0  # no time passes
        found = [await signed_in(headrace.client, WRONG) for _ in range(6)]
        right = await signed_in(headrace.client)

    assert [each.status_code for each in found] == [403] * 5 + [429]
    assert right.status_code == 429
    assert right.json()["code"] == "too_many_tries"
    assert int(right.headers["retry-after"]) >= 1


async def test_an_unknown_name_and_a_wrong_password_look_alike(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, browser(headrace) as client:
        nobody_yet = await signed_in(client)
        await made(headrace)
        unknown = await client.post(SIGN_IN, json={"name": "root", "password": PASSWORD})
        wrong = await signed_in(client, WRONG)

    assert nobody_yet.json() == unknown.json() == wrong.json()
    assert wrong.json()["detail"] == "The name or the password is not right."


@pytest.mark.parametrize("password", ["\ud800", "\0", "x" * 4096, "é" * 2000, ""], ids=repr)
async def test_no_password_makes_signing_in_fail(tmp_path: Path, password: Any) -> None:
    async with coordinator(tmp_path) as headrace:
        await made(headrace)
        body = f'{{"name": "owner", "password": {json.dumps(password)}}}'
        answer = await headrace.client.post(SIGN_IN, content=body, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 403)


async def test_the_oldest_sessions_make_room_for_new_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.account.sessions.MAX_SESSIONS", 3)
    async with coordinator(tmp_path) as headrace, browser(headrace) as client:
        await made(headrace)
        for _ in range(4):
            client.cookies.clear()
            await signed_in(client)
        newest = await state(client)
        count = len(headrace.services.owner.sessions.list())

        assert (newest, count) == ("signed_in", 3)
        assert await state(headrace.client) == "signed_out"
