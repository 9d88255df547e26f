"""What the `http` step makes of an answer."""

import base64
import datetime
from typing import Any

import pytest

from flows.steps import _http_errors as http_errors
from tests.flows.steps.http.support import Run, Upstream, ask, failure, fixed


@pytest.mark.parametrize(
    ("content_type", "body", "response", "value"),
    [
        ("application/json", b'{"a":1}', "auto", {"a": 1}),
        ("application/problem+json; charset=utf-8", b"[]", "auto", []),
        ("application/json", b'\xef\xbb\xbf"bom"', "auto", "bom"),
        ("application/json; charset=latin-1", '"ä"'.encode("latin-1"), "auto", "ä"),
        ("application/json", b"", "auto", None),
        ("text/plain", b"", "auto", ""),
        ("", b"", "auto", None),
        ("text/html; charset=latin-1", "ä".encode("latin-1"), "auto", "ä"),
        ("text/plain", b"a\xffb", "auto", "a\ufffdb"),
        ("text/plain; charset=nonsense", "ä".encode(), "auto", "ä"),
        ("application/xml", b"<a/>", "auto", "<a/>"),
        ("image/svg+xml", b"<a/>", "auto", "<a/>"),
        ("application/x-ndjson", b"{}\n{}", "auto", "{}\n{}"),
        ("image/png", b"\x89PNG", "auto", base64.b64encode(b"\x89PNG").decode()),
        ("application/octet-stream", b"text", "auto", "dGV4dA=="),
        ("", b"text", "auto", "text"),
        ("", b"\xff\xfe", "auto", "//4="),
        ("text/plain", b'{"a":1}', "json", {"a": 1}),
        ("text/plain", b"", "json", None),
        ("application/json", b'{"a":1}', "text", '{"a":1}'),
        ("application/json", b'{"a":1}', "bytes", "eyJhIjoxfQ=="),
    ],
)
async def test_a_body_is_read_by_its_content_type_or_as_told(
    run: Run, upstream: Upstream, content_type: str, body: bytes, response: str, value: Any
) -> None:
    upstream.answer = fixed(body, content_type=content_type)

    assert (await ask(run, upstream.url + "/", response=response))["body"] == value


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204)])
async def test_an_answer_without_a_body_is_null(run: Run, upstream: Upstream, method: str, status: int) -> None:
    upstream.answer = fixed(b"", status)

    result = await ask(run, upstream.url + "/", method=method)

    assert (result["status"], result["body"]) == (status, None)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>", "JSON is malformed: invalid character (byte 0)"),
        (b"[" * 200_000, "it is nested too deeply"),
        (b'{"a": NaN}', "JSON is malformed: invalid character (byte 6)"),
    ],
)
async def test_a_body_that_is_not_the_json_it_says_is_an_error(
    run: Run, upstream: Upstream, body: bytes, problem: str
) -> None:
    upstream.answer = fixed(body)

    error = await failure(run, f"{upstream.url}/x?key=secret")

    assert str(error) == (
        f"The answer to GET 127.0.0.1:{upstream.port}/x should be JSON, but is not: {problem}. "
        "Set `response: text` to take it as it is."
    )
    assert error.code == "bad_response"


@pytest.mark.parametrize(
    ("ok", "status", "accepted"),
    [
        ("2xx", 200, True),
        ("2xx", 299, True),
        ("2xx", 300, False),
        (404, 404, True),
        (404, 200, False),
        ((200, 404), 404, True),
        (("2xx", 404), 201, True),
        (("2xx", 404), 500, False),
        ("any", 500, True),
        (("3xx", "5xx"), 503, True),
    ],
)
async def test_ok_lists_the_statuses_that_are_a_result(
    run: Run, upstream: Upstream, ok: Any, status: int, accepted: bool
) -> None:
    upstream.answer = fixed("{}", status)

    if accepted:
        assert (await ask(run, upstream.url + "/", ok=ok))["status"] == status
    else:
        assert (await failure(run, upstream.url + "/", ok=ok)).code == f"http_{status}"


@pytest.mark.parametrize(
    ("status", "body", "content_type", "message"),
    [
        (404, '{"error":\n "no such\\nitem"}', "application/json", '404 Not Found: {"error": "no such\\nitem"}'),
        (400, "bad\x00 \u202e\tidea", "text/plain", "400 Bad Request: bad idea"),
        (500, "x" * 400, "text/plain", f"500 Internal Server Error: {'x' * 297}..."),
        (403, "", "", "403 Forbidden. If that is fine, add 403 to `ok`."),
        (403, b"\x89PNG", "image/png", "403 Forbidden. If that is fine, add 403 to `ok`."),
        (500, "y" * 100_000, "text/plain", "500 Internal Server Error. If that is fine, add 500 to `ok`."),
        (599, "odd", "text/plain", "599: odd"),
        (304, "", "", "304 Not Modified. If that is fine, add 304 to `ok`."),
    ],
)
async def test_another_status_fails_the_step_with_what_the_server_says(
    run: Run, upstream: Upstream, status: int, body: Any, content_type: str, message: str
) -> None:
    upstream.answer = fixed(body, status, content_type)

    error = await failure(run, f"{upstream.url}/v1/items?api_key=secret", json={})

    assert str(error) == f"POST 127.0.0.1:{upstream.port}/v1/items answered {message}"
    assert error.code == f"http_{status}"


async def test_an_error_body_that_repeats_our_credentials_is_shown_without_them(run: Run, upstream: Upstream) -> None:
    upstream.answer = fixed("Incorrect key: sk-abcdefgh, for text/plain", 401, "text/plain")

    error = await failure(
        run, upstream.url + "/", headers={"Authorization": "Bearer sk-abcdefgh", "Accept": "text/plain"}
    )

    assert "401 Unauthorized: Incorrect key: ***, for text/plain" in str(error)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        *((400, False), (401, False), (404, False), (409, False), (408, True), (425, True), (429, True)),
        *((500, True), (502, True), (503, True), (504, True)),
    ],
)
async def test_only_what_may_go_away_is_retryable(run: Run, upstream: Upstream, status: int, retryable: bool) -> None:
    upstream.answer = fixed("{}", status, Retry_After="7")

    error = await failure(run, upstream.url + "/")

    assert (error.retryable, error.retry_after) == (retryable, 7.0 if retryable else None)


NOON = datetime.datetime(2026, 11, 20, 12, tzinfo=datetime.UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Fri, 20 Nov 2026 12:01:00 GMT", 60.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("9" * 400, 999_999_999.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("Fri, 99 Nov 2026 12:01:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert http_errors.retry_after(text, NOON) == seconds
