"""What clients that look for OAuth are told."""

import pytest

from coordinator.mcp.discovery import NO_SIGN_IN, Discovery, RecentRefusals
from tests.coordinator.mcp.asgi import request


@pytest.mark.parametrize(
    "path",
    [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/mcp/.well-known/openid-configuration",
    ],
)
async def test_there_are_no_oauth_documents(path: str) -> None:
    assert Discovery.handles(path)
    assert (await request(Discovery(RecentRefusals()), "GET", path)).status == 404


async def test_registration_tells_why_the_token_was_refused() -> None:
    refusals = RecentRefusals()
    refusals.note("10.0.0.1", "The token expired yesterday. Make a new one.")

    same = await request(Discovery(refusals), "POST", "/register", address="10.0.0.1")
    other = await request(Discovery(refusals), "POST", "/register", address="10.0.0.2")

    assert same.status == other.status == 400
    assert same.json() == {
        "error": "access_denied",
        "error_description": "The token expired yesterday. Make a new one.",
    }
    assert other.json() == {"error": "access_denied", "error_description": NO_SIGN_IN}


async def test_reading_the_registration_path_finds_nothing() -> None:
    assert (await request(Discovery(RecentRefusals()), "GET", "/register")).status == 404


@pytest.mark.parametrize("path", ["/", "/mcp", "/mcp/", "/api/tokens", "/registered"])
def test_other_paths_are_left_alone(path: str) -> None:
    assert not Discovery.handles(path)


def test_only_the_latest_refusals_are_remembered() -> None:
    refusals = RecentRefusals()
    for number in range(1000):
        refusals.note(f"10.0.0.{number}", f"reason {number}")

    assert refusals.reason("10.0.0.0") == NO_SIGN_IN
    assert refusals.reason("10.0.0.999") == "reason 999"
