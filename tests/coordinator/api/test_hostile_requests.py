"""Requests that mean no good: nothing but a problem with a code comes out, and nothing is changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.coordinator.api.test_access import CLOSED, every_route
from tests.coordinator.in_process import coordinator

CHANGING = [(method, path) for method, path in every_route() if method not in ("GET", "HEAD")]
DEEP: Any = None
for _ in range(900):
    DEEP = [DEEP]
JSON = {"content-type": "application/json"}
BODIES = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "text": b'"text"',
    "a number": b"1e999",
    "not JSON": b"\xff\xfe\x00",
    "half a character": b'{"text": "\\ud800", "label": "\\ud800", "number": 1, "name": "\\ud800"}',
    "NUL": b'{"text": "flow: \\u0000", "label": "a\\u0000b", "name": "\\u0000", "values": {"\\u0000": 1}}',
    "deep": json.dumps({"text": "x", "arguments": {"a": DEEP}, "values": {"a": DEEP}}).encode(),
    "deeper": b'{"arguments":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "huge numbers": b'{"number": 99999999999999999999999, "expires": 1e300, "label": "a", "text": "x"}',
    "negative": b'{"number": -1, "expires": -1, "label": "a"}',
    "form": b"text=flow%3A+evil&label=evil",
    "markup": b'{"text": "<script>", "label": "<script>alert(1)</script>", "name": "<script>"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_no_body_makes_the_server_fail(tmp_path: Path, body: bytes) -> None:
    async with coordinator(tmp_path) as headrace:
        for method, path in CHANGING:
            response = await headrace.client.request(method, path, content=body, headers=JSON)

            assert response.status_code < 500, (method, path, response.text)
            if response.status_code >= 400:
                assert response.headers["content-type"] == "application/problem+json", (method, path)
                assert "Traceback" not in response.text


@pytest.mark.parametrize("name", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "a%00b", "é" * 300, "x" * 5000, "%zz"])
async def test_no_name_in_a_path_makes_the_server_fail(tmp_path: Path, name: str) -> None:
    async with coordinator(tmp_path) as headrace:
        for method, path in CLOSED:
            if "hello" not in path:
                continue
            response = await headrace.client.request(method, path.replace("hello", name), json={})

            assert response.status_code in (400, 404, 405), (method, path, response.text)
            assert "root:" not in response.text


async def test_a_form_on_another_site_changes_nothing(tmp_path: Path) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    plain = {"content-type": "text/plain"}
    async with coordinator(tmp_path) as headrace:
        for method, path in CHANGING:
            for headers in (form, plain):
                for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
                    response = await headrace.client.request(
                        method, path, content=BODIES["markup"], headers={**headers, "origin": origin}
                    )

                    assert response.status_code == 403, (method, path, origin)
        tokens = (await headrace.client.get("/api/tokens")).json()["tokens"]
        flow = (await headrace.client.get("/api/flows/hello")).json()["summary"]

    assert tokens == []
    assert flow["enabled"] is True
