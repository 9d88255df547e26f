"""Every error has a code, a sentence and a status; none shows what is behind it."""

import importlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coordinator.api.errors import STATUS, status_of
from coordinator.services import Services
from flows import errors
from flows.errors import Busy, HeadraceError
from tests.coordinator.in_process import coordinator


def subclasses(error: type[HeadraceError]) -> Iterator[type[HeadraceError]]:
    for inner in error.__subclasses__():
        yield inner
        yield from subclasses(inner)


def test_every_error_of_the_language_has_a_status_of_its_own() -> None:
    declared = {
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, HeadraceError)
    }

    assert declared <= STATUS.keys()


def test_an_error_that_nobody_mapped_has_the_status_of_its_base() -> None:
    importlib.import_module("coordinator.running")

    assert all(any(base in STATUS for base in error.__mro__) for error in subclasses(HeadraceError))
    assert status_of(type("Odd", (errors.Conflict,), {})("x")) == 409


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/api/nowhere", 404, "not_found"),
        ("DELETE", "/healthz", 405, "method_not_allowed"),
        ("PUT", "/api/flows", 405, "method_not_allowed"),
        ("GET", "/api/flows?limit=many", 400, "invalid_request"),
        ("GET", "/api/flows?limit=0", 400, "invalid_request"),
        ("GET", "/api/runs?outcome=odd", 400, "invalid_request"),
        ("GET", "/api/flows/hello/versions/one", 404, "not_found"),
    ],
)
async def test_what_does_not_fit_the_routes_is_a_problem_too(
    tmp_path: Path, method: str, path: str, status: int, code: str
) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.request(method, path)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json().keys() >= {"title", "status", "detail"}


AUTHS = "none, bearer, api_key, basic, oauth2_client_credentials, oauth2_authorization_code"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"kind": "htp"}, "config.kind: Invalid value 'htp'. It is one of: http, sql, values. Did you mean 'http'?"),
        ({}, "config: Object missing required field `kind`. It is one of: http, sql, values."),
        (
            {"kind": "http", "base_url": "x", "auth": {"type": "beare"}},
            f"config.auth.type: Invalid value 'beare'. It is one of: {AUTHS}. Did you mean 'bearer'?",
        ),
        (
            {"kind": "http", "base_url": "x", "auth": {"type": "api_key", "name": "x", "place": "heart"}},
            "config.auth.place: Invalid enum value 'heart'. It is one of: header, query. Did you mean 'header'?",
        ),
        ({"kind": "http", "base_ur": "x"}, "config: Object contains unknown field `base_ur`. Did you mean 'base_url'?"),
        ({"kind": "values", "fields": ["a", 3]}, "config.fields[1]: Expected `str`, got `int`."),
    ],
)
async def test_a_value_that_does_not_fit_is_told_what_there_is(
    tmp_path: Path, config: dict[str, Any], said: str
) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.put("/api/connections/shop", json={"config": config}, headers=headrace.admin)

    assert (response.status_code, response.json()["detail"]) == (400, f"The request does not fit. {said}")


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/api/tokens", {"label": "x", "scopes": ["toolz"]}, "It is one of: admin, tools. Did you mean 'tools'?"),
        ("/api/packs/installs", {"source": {"pak": "x"}}, "unknown field `pak`. Did you mean 'pack'?"),
        (
            "/api/packs/installs",
            {"source": {}, "new_connections": {"shop": {"secret": {}}}},
            "new_connections[...]: Object contains unknown field `secret`. Did you mean 'secrets'?",
        ),
        ("/api/tokens", {"label": "x", "colour": "red"}, "unknown field `colour`. Known: expires, label, "),
    ],
)
async def test_bodies_of_all_routes_are_told_what_there_is(
    tmp_path: Path, path: str, body: dict[str, Any], said: str
) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.post(path, json=body, headers=headrace.admin)

    assert response.status_code == 400
    assert said in response.json()["detail"]


async def test_a_choice_in_the_address_is_told_too(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.get("/api/runs?outcome=oky&limit=0", headers=headrace.admin)

    assert response.json()["detail"].startswith(
        "The request does not fit. outcome: Invalid enum value 'oky'. It is one of: cancelled, failed, ok, "
    )
    assert response.json()["detail"].endswith("limit: Expected `int` >= 1.")


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"{", "Input data was truncated"),
        (b"[]", "The request does not fit. data: Expected `object`, got `array`."),
        (b"{}", "The request does not fit. data: Object missing required field `text`."),
        (b'{"text": 1}', "The request does not fit. text: Expected `str`, got `int`."),
        (
            b'{"text": "x", "texd": 1}',
            "The request does not fit. data: Object contains unknown field `texd`. Did you mean 'text'?",
        ),
    ],
)
async def test_a_body_that_does_not_fit_is_told_what_would(tmp_path: Path, content: bytes, detail: str) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.post(
            "/api/check", content=content, headers={"content-type": "application/json"}
        )

    assert (response.status_code, response.json()["detail"]) == (400, detail)


async def test_a_body_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with coordinator(tmp_path, max_body_bytes="1024") as headrace:
        response = await headrace.client.post("/api/check", json={"text": "x" * 2000})

    assert (response.status_code, response.json()["code"]) == (413, "too_large")


async def test_a_mistake_of_ours_shows_nothing_of_itself_and_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_services: Services) -> Any:
        raise RuntimeError("the secret cause")

    async with coordinator(tmp_path) as headrace:
        monkeypatch.setattr(Services, "problems", fail)
        with caplog.at_level(logging.ERROR):
            response = await headrace.client.get("/api/problems")

    assert response.status_code == 500
    assert response.json() == {
        "code": "internal",
        "title": "Internal",
        "status": 500,
        "detail": "The server failed to answer. Its log has the details.",
    }
    assert "the secret cause" in caplog.text


async def test_who_is_told_to_come_back_hears_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_services: Services) -> Any:
        raise Busy("Too much to do.", retry_after=2.4)

    async with coordinator(tmp_path) as headrace:
        monkeypatch.setattr(Services, "problems", busy)
        response = await headrace.client.get("/api/problems")

    assert (response.status_code, response.headers["retry-after"]) == (429, "2")


BODIES = [
    ("text/plain", b'{"arguments": {}}', 415, "The Content-Type of a body is application/json."),
    ("application/x-www-form-urlencoded", b"arguments=x", 415, "The Content-Type of a body is application/json."),
    ("multipart/form-data; boundary=x", b"--x--", 415, "The Content-Type of a body is application/json."),
    ("", b'{"arguments": {}}', 415, "The Content-Type of a body is application/json."),
    ("application/json", b'{"arguments": {"name": "\xff"}}', 400, "The body is not UTF-8, from byte 24 on."),
    ("application/json", b"[" * 65 + b"]" * 65, 400, "The body nests deeper than 64 levels."),
    ("application/json", b"[" * 3_000_000, 400, "The body nests deeper than 64 levels."),
    ("application/json", b" " * 5_000_000, 413, "Request Entity Too Large"),
]


@pytest.mark.parametrize(
    ("kind", "body", "status", "detail"),
    BODIES,
    ids=["text", "form", "multipart", "untold", "not UTF-8", "deep", "very deep", "large"],
)
async def test_a_body_that_is_no_fit_json_text_reaches_no_handler(
    tmp_path: Path, kind: str, body: bytes, status: int, detail: str
) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.post(
            "/api/tools/hello/call", content=body, headers={"content-type": kind} if kind else {}
        )

    assert (response.status_code, response.json()["detail"]) == (status, detail)


async def test_the_type_of_a_body_may_name_its_character_set(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.post(
            "/api/tools/hello/call",
            content=b'{"arguments": {"name": "[[[ Ada"}}',
            headers={"content-type": "Application/JSON; charset=utf-8"},
        )

    assert response.json()["value"] == {"text": "Hello, [[[ Ada!"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/flows/hello/versions/99999999999999999999999", None, 404),
        ("GET", "/api/flows/hello/diff?from=99999999999999999999999", None, 404),
        ("POST", "/api/flows/hello/rollback", {"number": 10**30}, 404),
        ("POST", "/api/tokens", {"label": "a", "expires": 10**30}, 400),
    ],
)
async def test_a_number_beyond_all_bounds_is_the_callers_mistake(
    tmp_path: Path, method: str, path: str, body: Any, status: int
) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.request(method, path, json=body)

    assert response.status_code == status, response.text
