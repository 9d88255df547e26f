"""Who may use REST: nobody without a right to it, whatever the path and however it is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coordinator.api import outline
from coordinator.api.openapi import OPEN_PATHS
from tests.coordinator.in_process import bearer, coordinator

NO_TOKEN = (
    "This server asks for a token. Make one with `headrace token create` and send it as `Authorization: Bearer hr_...`."
)
NOT_VALID = "This token is not valid: it is unknown, revoked or expired. Make a new one with `headrace token create`."


def every_route() -> Iterator[tuple[str, str]]:
    """Give method and path of every route that the application has, with values for the parameters."""
    for route in outline().routes:
        path = route.path_format.replace("{number}", "1")
        for name in ("name", "token", "run_id"):
            path = path.replace(f"{{{name}}}", "hello")
        yield from ((method, path) for method in sorted(getattr(route, "methods", ())) if method != "OPTIONS")


SIGN_IN_PATHS = frozenset({"/oauth/start", "/oauth/callback"})
"""Where browsers pass that bring no token, but a ticket or a cookie that is good once."""
REPORTED = ("POST", "/api/csp-reports")
"""What browsers send by themselves."""
CLOSED = sorted(
    (method, path)
    for method, path in every_route()
    if path not in OPEN_PATHS | SIGN_IN_PATHS and (method, path) != REPORTED
)


def test_only_these_routes_are_open() -> None:
    entrance = {"/api/session", "/api/session/login", "/api/session/logout", "/api/account/create"}

    assert {"/", "/healthz", "/readyz", "/version"} | entrance == OPEN_PATHS
    assert len(CLOSED) >= 28
    assert all(path.startswith("/api") or path == "/metrics" for _, path in CLOSED)


async def test_every_route_refuses_a_caller_without_a_token_before_it_reads_anything(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        for method, path in CLOSED:
            response = await headrace.client.request(method, path, content=b"not even JSON")

            assert response.status_code == 401, (method, path)
            assert response.headers["content-type"] == "application/problem+json"
            assert response.headers["www-authenticate"] == 'Bearer realm="headrace"'
            assert response.json() == {
                "code": "unauthorized",
                "title": "Unauthorized",
                "status": 401,
                "detail": NO_TOKEN,
            }


async def test_a_token_for_tools_calls_tools_and_nothing_else(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        headers = bearer(await headrace.new_token())
        for method, path in CLOSED:
            response = await headrace.client.request(method, path, headers=headers, json={})

            if path.startswith("/api/tools") and not path.endswith("/statistics"):
                assert response.status_code == 200, (method, path)
            else:
                assert response.status_code == 403, (method, path)
                assert response.json()["detail"] == (
                    "The token 'test' may call tools, but not use this part of the API."
                )


@pytest.mark.parametrize(
    "headers",
    [
        {"cookie": "token={0}; Authorization=Bearer {0}"},
        {"authorization": "Basic {0}"},
        {"authorization": "Bearer hr_unknown"},
        {"authorization": "Bearer "},
        {},
    ],
    ids=["cookie", "basic", "unknown token", "empty token", "query"],
)
async def test_a_key_counts_as_a_bearer_token_only(tmp_path: Path, headers: dict[str, str]) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        key = (headrace.data / "admin.key").read_text()
        sent = {name: value.format(key) for name, value in headers.items()}
        query = "" if headers else f"?token={key}"

        response = await headrace.client.get(f"/api/flows{query}", headers=sent)

    assert response.status_code == 401
    assert response.json()["detail"] in (NO_TOKEN, NOT_VALID)


SPELLINGS = (
    "//api/flows",
    "/api//flows",
    "/api/./flows",
    "/api/flows/",
    "/api/flows;x=1",
    "/api/flows/..%2f..%2fhealthz",
    "/healthz/../api/flows",
    "/%61pi/flows",
    "/API/flows",
    "/api/flows%00",
    "/api/flows.json",
    "/api/flows/healthz",
    "/api/flows?path=/healthz",
    "/mcp/../api/flows",
    "/.well-known/../api/flows",
)


async def test_no_spelling_of_a_path_goes_around_the_guard(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        for path in SPELLINGS:
            response = await headrace.client.get(path)

            assert response.status_code in (401, 404), path
            assert "hello" not in response.text


async def test_an_admin_token_and_the_local_key_open_everything(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        token = await headrace.new_token(scopes=["admin"])

        for headers in (bearer(token), headrace.admin, {"x-api-key": token}):
            assert (await headrace.client.get("/api/flows", headers=headers)).status_code == 200
            assert (await headrace.client.get("/metrics", headers=headers)).status_code == 200


async def test_while_authentication_is_off_a_token_is_not_needed_but_a_wrong_one_is_refused(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        nobody = await headrace.client.get("/api/flows")
        stranger = await headrace.client.get("/api/flows", headers=bearer("hr_unknown"))
        limited = await headrace.client.get("/api/flows", headers=bearer(await headrace.new_token()))

    assert (nobody.status_code, stranger.status_code, limited.status_code) == (200, 401, 403)


async def test_nothing_under_api_may_be_stored_by_a_cache(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        made = await headrace.client.post("/api/tokens", json={"label": "test"})

    assert made.headers["cache-control"] == "no-store"
