"""Tokens through REST: shown once, useful at once, gone at once."""

import io
import time
from pathlib import Path

from coordinator.logs import configure_logging
from tests.coordinator.in_process import ADDRESS, bearer, coordinator


async def test_a_token_is_shown_once_with_configuration_for_clients(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        response = await headrace.client.post("/api/tokens", json={"label": "Ada's laptop", "tools": ["get_*"]})
        listed = await headrace.client.get("/api/tokens")

    made = response.json()
    assert response.status_code == 201
    assert made["token"].startswith("hr_")
    assert {snippet["client"] for snippet in made["snippets"]} >= {"claude-code", "claude-desktop", "cursor", "curl"}
    assert all(made["token"] in snippet["text"] and f"{ADDRESS}/mcp" in snippet["text"] for snippet in made["snippets"])
    assert made["token"] not in listed.text
    (info,) = listed.json()["tokens"]
    assert (info["label"], info["tools"], info["scopes"]) == ("Ada's laptop", ["get_*"], ["tools"])


async def test_a_revoked_token_is_refused_from_then_on(tmp_path: Path) -> None:
    async with coordinator(tmp_path, require_auth="true") as headrace:
        token = await headrace.new_token()
        before = await headrace.mcp("tools/list", headers=bearer(token))
        revoked = await headrace.client.delete(f"/api/tokens/{token[3:11]}", headers=headrace.admin)
        after = await headrace.mcp("tools/list", headers=bearer(token))

    assert (before.status_code, revoked.status_code, after.status_code) == (200, 200, 401)
    assert revoked.json()["revoked"] is not None


async def test_a_token_can_end_by_itself_but_not_before_it_begins(tmp_path: Path) -> None:
    now = int(time.time() * 1000)
    async with coordinator(tmp_path) as headrace:
        later = await headrace.client.post("/api/tokens", json={"label": "a", "expires": now + 60_000})
        past = await headrace.client.post("/api/tokens", json={"label": "a", "expires": now - 1})

    assert later.json()["info"]["expires"] == now + 60_000
    assert (past.status_code, past.json()["detail"]) == (400, "The token would have expired already.")


async def test_what_is_unknown_or_unfit_is_told(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        missing = await headrace.client.delete("/api/tokens/nothing")
        nameless = await headrace.client.post("/api/tokens", json={"label": " "})

    assert (missing.status_code, missing.json()["detail"]) == (404, "There is no token 'nothing'.")
    assert nameless.json()["detail"] == "A token needs a label of 1 to 100 printable characters."


async def test_a_token_is_in_no_log_and_in_no_file(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure_logging("debug", "json", stream)
    try:
        async with coordinator(tmp_path, require_auth="true") as headrace:
            token = await headrace.new_token()
            await headrace.client.post(f"/mcp?token={token}", content=b"nonsense")
            await headrace.mcp("tools/call", {"name": "hello", "arguments": {"name": token}}, bearer(token))
            await headrace.client.get(f"/api/flows/{token}", headers=bearer(token))
            await headrace.client.get(f"/api/flows?token={token}")
            await headrace.client.get("/healthz", headers={"host": f"{token}.example"})
    finally:
        configure_logging()

    written = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir())
    assert token not in stream.getvalue()
    assert token.encode() not in written
