"""Requests to `/hooks/...`: who may start a flow, what the flow sees, and what the sender is told."""

import asyncio
import base64
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from coordinator.app import make_app
from coordinator.durable.webhooks import MAX_OF_ONE_ADDRESS, MAX_REMEMBERED, Reports
from tests.coordinator.connections.support import put
from tests.coordinator.durable.support import PATIENCE, SECRET
from tests.coordinator.in_process import ADDRESS, InProcess, coordinator

KEY = base64.b64encode(b"a key of bytes \xff").decode()


def hook(name: str, config: str, steps: str = "[]", reply: str = "${{ args }}") -> str:
    return f"flow: {name}\ninput:\n  webhook: {config}\nsteps: {steps}\noutput:\n  reply: {reply}\n"


FLOWS = {
    "seen": hook("seen", "{path: /seen, methods: [POST, GET], reply: result}"),
    "later": hook("later", "{path: /later}", reply="done"),
    "broken": hook("broken", "{path: /broken, reply: result}", "[{fail: {code: no, message: It is a secret.}}]"),
    "slow": hook("slow", "{path: /slow, reply: result, wait: 50ms}", "[{sleep: 300ms}]", reply="done"),
    "small": hook("small", "{path: /small, max_body: 10, reply: result}"),
    "seldom": hook("seldom", "{path: /seldom, rate: 2}"),
    "github": hook(
        "github",
        "{path: /github, signature: {connection: sender, header: X-Hub-Signature-256, prefix: sha256=}, "
        "idempotency_key: [X-GitHub-Delivery]}",
    ),
    "stripe": hook(
        "stripe",
        "{path: /stripe, signature: {connection: sender, header: Stripe-Signature, part: v1, "
        "signs: '{timestamp}.{body}', timestamp: {part: t}}}",
    ),
    "slack": hook(
        "slack",
        "{path: /slack, signature: {connection: sender, header: X-Slack-Signature, prefix: v0=, "
        "signs: 'v0:{timestamp}:{body}', timestamp: {header: X-Slack-Request-Timestamp, tolerance: 1m}}}",
    ),
    "shop": hook(
        "shop", "{path: /shop, signature: {connection: sender, header: X-Shopify-Hmac-Sha256, encoding: base64}}"
    ),
    "standard": hook(
        "standard",
        "{path: /standard, signature: {connection: sender, value: key, value_encoding: base64, "
        "header: webhook-signature, prefix: 'v1,', encoding: base64, "
        "signs: '{webhook-id}.{timestamp}.{body}', timestamp: {header: webhook-timestamp}}}",
    ),
    "old": hook("old", "{path: /old, signature: {connection: sender, header: X-Sig, algorithm: sha1}}"),
    "token": hook("token", "{path: /token, token: {connection: sender, value: token, header: X-Gitlab-Token}}"),
    "bearer": hook("bearer", "{path: /bearer, token: {connection: sender, value: token}, reply: result}"),
    "unready": hook("unready", "{path: /unready, token: {connection: nowhere}}"),
}
BODY = b'{"n": 1}'


@pytest.fixture
async def headrace(tmp_path: Path) -> AsyncIterator[InProcess]:
    async with coordinator(tmp_path, FLOWS, require_auth="true") as opened:
        secrets = {"secret": SECRET, "token": "sesame opens", "key": f"whsec_{KEY}"}
        assert (await put(opened, "sender", {"kind": "values", "fields": sorted(secrets)}, **secrets)).status_code < 300
        yield opened


def mac(signed: bytes, algorithm: str = "sha256", key: bytes = SECRET.encode()) -> bytes:
    return hmac.digest(key, signed, algorithm)


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def sent(sender: str, body: bytes = BODY, moment: float | None = None) -> dict[str, str]:
    """Return the headers with which a sender proves that a request is its own."""
    stamp = str(int(time.time() if moment is None else moment))
    stamped = stamp.encode() + b"."
    return {
        "github": lambda: {"X-Hub-Signature-256": f"sha256={mac(body).hex()}"},
        "stripe": lambda: {"Stripe-Signature": f"t={stamp},v1={'0' * 64},v1={mac(stamped + body).hex()},v0=x"},
        "slack": lambda: {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={mac(b'v0:' + stamp.encode() + b':' + body).hex()}",
        },
        "shop": lambda: {"X-Shopify-Hmac-Sha256": b64(mac(body))},
        "standard": lambda: {
            "webhook-id": "msg_1",
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{b64(b'x' * 32)} v1,"
            + b64(mac(b"msg_1." + stamped + body, key=base64.b64decode(KEY))),
        },
        "old": lambda: {"X-Sig": mac(body, "sha1").hex()},
        "token": lambda: {"X-Gitlab-Token": "sesame opens"},
    }[sender]()


SENDERS = ("github", "stripe", "slack", "shop", "standard", "old", "token")
SIGNING = SENDERS[:-1]
STAMPING = ("stripe", "slack", "standard")


def sender(headrace: InProcess, address: str) -> httpx.AsyncClient:
    """Return a client at some address."""
    transport = httpx.ASGITransport(make_app(headrace.coordinator), client=(address, 1234))
    return httpx.AsyncClient(transport=transport, base_url=ADDRESS)


async def post(headrace: InProcess, path: str, body: bytes = BODY, **headers: str) -> httpx.Response:
    return await headrace.client.post(f"/hooks/{path}", content=body, headers=headers)


async def runs(headrace: InProcess) -> list[dict[str, Any]]:
    response = await headrace.client.get("/api/runs", headers=headrace.admin)
    found: list[dict[str, Any]] = response.raise_for_status().json()["runs"]
    return found


async def ended(headrace: InProcess, run_id: str) -> dict[str, Any]:
    """Return the record of a run when it has ended."""
    async with asyncio.timeout(PATIENCE):
        while True:
            response = await headrace.client.get(f"/api/runs/{run_id}", headers=headrace.admin)
            if response.status_code == 200:
                record: dict[str, Any] = response.json()
                return record
            await asyncio.sleep(0.02)  # the history is written in batches and tells nobody


# -- what the sender is told ---------------------------------------------------------------------------------------


async def test_a_request_is_accepted_with_the_id_of_its_run_which_the_history_shows(headrace: InProcess) -> None:
    response = await post(headrace, "later", **{"User-Agent": "sender/1"})

    assert response.status_code == 202
    answer = response.json()
    assert answer == {"run": response.headers["headrace-run"], "status": "accepted"}
    record = await ended(headrace, answer["run"])
    summary = record["summary"]
    assert (summary["source"], summary["outcome"], summary["flow"]) == ("webhook", "ok", "later")
    assert (summary["caller"], summary["client"]) == ("webhook", "sender/1")
    assert record["detail"]["result"] == "done"


async def test_a_webhook_may_answer_with_what_its_flow_replies(headrace: InProcess) -> None:
    response = await headrace.client.post("/hooks/seen?a=1&b=2&b=3", json={"n": 1}, headers={"X-Kind": "test"})

    assert response.status_code == 200
    seen = response.json()
    assert (seen["method"], seen["query"], seen["body"]) == ("POST", {"a": "1", "b": ["2", "3"]}, {"n": 1})
    assert seen["headers"]["x-kind"] == "test"


@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("application/json; charset=utf-8", b'[1, "\xc3\xa5"]', [1, "å"]),
        ("application/vnd.api+json", b"{}", {}),
        ("application/x-www-form-urlencoded", b"a=1&b=%C3%A5&b=", {"a": "1", "b": ["å", ""]}),
        ("text/plain", b"plain", "plain"),
        ("application/octet-stream", b"\xff\x00", {"base64": "/wA="}),
        ("application/json", b"", None),
    ],
)
async def test_a_body_is_read_as_what_it_says_it_is(
    headrace: InProcess, content_type: str, body: bytes, expected: Any
) -> None:
    response = await post(headrace, "seen", body, **{"Content-Type": content_type})

    assert response.json()["body"] == expected


@pytest.mark.parametrize("body", [b"{", b"nope", b'{"a": "\xff"}', b"[" * 100 + b"]" * 100])
async def test_a_body_that_is_not_what_it_says_is_refused(headrace: InProcess, body: bytes) -> None:
    response = await post(headrace, "seen", body, **{"Content-Type": "application/json"})

    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")
    assert await runs(headrace) == []


async def test_a_stranger_is_not_told_why_a_run_failed_but_the_history_is(headrace: InProcess) -> None:
    response = await post(headrace, "broken")

    assert response.status_code == 500
    assert response.json()["code"] == "run_failed"
    assert "secret" not in response.text
    record = await ended(headrace, response.headers["headrace-run"])
    assert record["summary"]["message"] == "It is a secret."
    letters = (await headrace.client.get("/api/dead-letters", headers=headrace.admin)).json()
    assert [letter["error"]["code"] for letter in letters["dead_letters"]] == ["no"]


async def test_a_run_that_takes_longer_than_the_sender_waits_goes_on(headrace: InProcess) -> None:
    response = await post(headrace, "slow")

    assert (response.status_code, response.json()["status"]) == (202, "accepted")
    assert (await ended(headrace, response.json()["run"]))["summary"]["outcome"] == "ok"


async def test_a_delivery_that_comes_again_does_not_run_again(headrace: InProcess) -> None:
    delivery = {**sent("github"), "X-GitHub-Delivery": "72d3162e"}

    first = await post(headrace, "github", **delivery)
    again = [await post(headrace, "github", **delivery) for _ in range(3)]

    run_id = first.json()["run"]
    assert first.status_code == 202
    assert [each.json() for each in again] == [{"run": run_id, "status": "duplicate"}] * 3
    await ended(headrace, run_id)
    assert [run["id"] for run in await runs(headrace)] == [run_id]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "no-such", 404), ("POST", "seen/", 404), ("PUT", "seen", 405)]
)
async def test_what_is_no_webhook_is_not_found(headrace: InProcess, method: str, path: str, status: int) -> None:
    response = await headrace.client.request(method, f"/hooks/{path}")

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    if status == 405:
        assert response.headers["allow"] == "GET, POST"


# -- who may start a flow ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", SENDERS)
async def test_what_the_sender_signed_starts_the_flow(headrace: InProcess, sender: str) -> None:
    response = await post(headrace, sender, **sent(sender))

    assert response.status_code == 202
    await ended(headrace, response.json()["run"])


@pytest.mark.parametrize("sender", SENDERS)
async def test_a_request_without_proof_or_with_another_starts_nothing(headrace: InProcess, sender: str) -> None:
    answers = [await post(headrace, sender), await post(headrace, sender, **dict.fromkeys(sent(sender), "x"))]
    if sender in SIGNING:
        answers.append(await post(headrace, sender, b'{"n": 2}', **sent(sender)))
        answers.append(await post(headrace, sender, **{name: f"{text}," for name, text in sent(sender, b"x").items()}))

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1, "a stranger learns nothing from the answer"
    assert await runs(headrace) == []


@pytest.mark.parametrize("sender", STAMPING)
@pytest.mark.parametrize("ahead", [-3600, 3600])
async def test_a_request_that_was_signed_at_another_time_starts_nothing(
    headrace: InProcess, sender: str, ahead: float
) -> None:
    response = await post(headrace, sender, **sent(sender, moment=time.time() + ahead))

    assert response.status_code == 401
    assert await runs(headrace) == []


@pytest.mark.parametrize("shown", ["Bearer sesame opens", "bearer  sesame opens", "sesame opens"])
async def test_a_bearer_token_is_taken_with_and_without_its_word(headrace: InProcess, shown: str) -> None:
    assert (await post(headrace, "bearer", Authorization=shown)).status_code == 200


async def test_a_token_of_headrace_starts_no_webhook(headrace: InProcess) -> None:
    answers = [await post(headrace, "bearer", **headrace.admin), await post(headrace, "github", **headrace.admin)]

    assert [answer.status_code for answer in answers] == [401, 401]


async def test_a_webhook_whose_secret_is_missing_takes_nothing(headrace: InProcess) -> None:
    response = await post(headrace, "unready", Authorization="Bearer ")

    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert response.headers["retry-after"] == "60"
    assert await runs(headrace) == []


@pytest.mark.parametrize("secret", ["whsec_", "whsec_no base64"])
async def test_a_webhook_whose_secret_is_no_key_takes_nothing(tmp_path: Path, secret: str) -> None:
    async with coordinator(tmp_path, {"standard": FLOWS["standard"]}) as opened:
        await put(opened, "sender", {"kind": "values", "fields": ["key"]}, key=secret)
        now = str(int(time.time()))
        signature = "v1," + b64(mac(f"msg_1.{now}.".encode() + BODY, key=b""))
        headers = {"webhook-id": "msg_1", "webhook-timestamp": now, "webhook-signature": signature}

        response = await post(opened, "standard", **headers)

        assert (response.status_code, response.json()["code"]) == (503, "not_ready")
        assert await runs(opened) == []


async def test_what_proves_a_request_is_seen_by_neither_flow_nor_history(headrace: InProcess) -> None:
    response = await post(headrace, "bearer", Authorization="Bearer sesame opens", Cookie="session=sesame opens")

    assert "authorization" not in response.json()["headers"]
    assert "sesame" not in response.text
    record = await ended(headrace, response.headers["headrace-run"])
    assert "sesame" not in json.dumps(record)


async def test_the_log_says_why_a_request_was_refused_without_the_secret(
    headrace: InProcess, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await post(headrace, "github", **{"X-Hub-Signature-256": "sha256=00"})

    said = caplog.text + "".join(capsys.readouterr())
    assert "the signature in X-Hub-Signature-256 is another" in said
    assert SECRET not in said


async def test_refusals_of_one_address_are_one_line_of_the_log_each_minute(headrace: InProcess) -> None:
    with capture_logs() as lines:
        for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1"):
            async with sender(headrace, address) as client:
                assert (await client.post("/hooks/github", content=BODY)).status_code == 401

    assert [line["path"] for line in lines if "refused" in line["event"]] == ["/hooks/github"] * 2


def test_an_address_has_a_line_again_after_a_minute_and_many_addresses_fill_no_memory() -> None:
    reports = Reports()

    said = [reports.is_news("192.0.2.1", now) for now in (0.0, 59.0, 60.0)]
    many = [reports.is_news(f"10.0.{number // 256}.{number % 256}", 61.0) for number in range(2 * MAX_REMEMBERED)]
    later = reports.is_news("10.0.0.1", 200.0)

    assert said == [True, False, True]
    assert sum(many) == MAX_REMEMBERED - 1
    assert later


# -- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_that_is_too_large_is_refused(headrace: InProcess, declared: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"12345"

    content: Any = b"12345" * 3 if declared else chunks()
    response = await headrace.client.post("/hooks/small", content=content)

    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert await runs(headrace) == []


async def test_more_requests_than_the_rate_are_told_when_to_come_back(headrace: InProcess) -> None:
    answers = [await post(headrace, "seldom") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30


async def test_whoever_sends_slowly_keeps_nobody_else_out(headrace: InProcess) -> None:
    arrived, done = asyncio.Semaphore(0), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        arrived.release()
        await done.wait()
        yield BODY

    async def answer(client: httpx.AsyncClient, body: Any) -> int:
        return (await client.post("/hooks/later", content=body)).status_code

    async with sender(headrace, "203.0.113.7") as slow, sender(headrace, "203.0.113.8") as other:
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
            dripping = [group.create_task(answer(slow, slowly())) for _ in range(MAX_OF_ONE_ADDRESS)]
            for _ in dripping:
                await arrived.acquire()
            one_more, somebody_else = await answer(slow, BODY), await answer(other, BODY)
            done.set()
        afterwards = await answer(slow, BODY)

    assert (one_more, somebody_else, afterwards) == (503, 202, 202)
    assert {each.result() for each in dripping} == {202}


async def test_when_as_many_runs_wait_as_may_a_request_is_told_to_come_back(tmp_path: Path) -> None:
    waiting = hook("waiting", "{path: /waiting}", "[{sleep: 5s}]")
    async with coordinator(tmp_path, {"waiting": waiting}, max_waiting_runs="1") as headrace:
        answers = [await post(headrace, "waiting") for _ in range(2)]
        await headrace.coordinator.drain()

    assert [answer.status_code for answer in answers] == [202, 503]
    assert answers[1].headers["retry-after"] == "10"


# -- the guard, and other flows ------------------------------------------------------------------------------------


async def test_the_guard_stands_before_webhooks_too(headrace: InProcess) -> None:
    other_host = await post(headrace, "seen", Host="attacker.example")
    other_page = await post(headrace, "seen", Origin="https://attacker.example")

    assert (other_host.status_code, other_page.status_code) == (421, 403)
    assert await runs(headrace) == []


async def test_a_page_of_another_site_starts_no_open_webhook_by_a_link_or_an_image(headrace: InProcess) -> None:
    sites = ("cross-site", "none", "same-origin")
    asked = [await headrace.client.get("/hooks/seen", headers={"Sec-Fetch-Site": site}) for site in sites]

    assert [answer.status_code for answer in asked] == [403, 200, 200]
    assert asked[0].json()["code"] == "origin_not_allowed"


async def test_two_webhooks_on_one_path_and_method_are_a_problem_and_the_first_counts(tmp_path: Path) -> None:
    flows = {
        "first": hook("first", "{path: /same, reply: result}", reply="first"),
        "second": hook("second", "{path: /same, methods: [PUT, POST], reply: result}", reply="second"),
        "third": hook("third", "{path: /same, methods: [GET], reply: result}", reply="third"),
    }
    async with coordinator(tmp_path, flows) as headrace:
        answers = [await headrace.client.request(method, "/hooks/same") for method in ("POST", "GET", "PUT")]
        problems = (await headrace.client.get("/api/problems", headers=headrace.admin)).json()["problems"]

    assert [answer.text for answer in answers[:2]] == ["first", "third"]
    assert answers[2].status_code == 405
    taken = [problem for problem in problems if problem["code"] == "flow.webhook-taken"]
    assert [problem["message"] for problem in taken] == [
        "POST /hooks/same starts the flow 'first' already, so 'second' gets no requests. "
        "Choose another `path` or other `methods`."
    ]


async def test_a_webhook_comes_and_goes_with_its_flow(headrace: InProcess) -> None:
    for enabled, status in ((False, 404), (True, 202)):
        await headrace.services.editor.set_enabled("later", enabled)
        assert (await post(headrace, "later")).status_code == status


async def test_the_webhooks_are_listed_with_their_addresses(headrace: InProcess) -> None:
    found = (await headrace.client.get("/api/webhooks", headers=headrace.admin)).json()["webhooks"]

    by_flow = {each["flow"]: each for each in found}
    assert by_flow.keys() == FLOWS.keys()
    assert by_flow["github"] == {
        "flow": "github",
        "url": "http://127.0.0.1:8080/hooks/github",
        "methods": ["POST"],
        "signature": "sha256",
        "token": "",
        "connections": ["sender"],
        "is_open": False,
        "reply": "accepted",
    }
