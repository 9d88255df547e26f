"""Taking secrets out of text and values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.access.tokens import new_token
from coordinator.scrub import is_secret_key, mask_url, scrub_text, scrub_value
from tests.bounded import bounded

BEGIN = "-----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("GET /mcp?token=abc123&x=1", "GET /mcp?token=[redacted]&x=1"),
        ("GET /mcp?x=1&access_token=abc123", "GET /mcp?x=1&access_token=[redacted]"),
        ("/mcp?token=hr%5Fabc HTTP/1.1", "/mcp?token=[redacted] HTTP/1.1"),
        ("next=%2Fmcp%3Ftoken%3Dabc", "next=%2Fmcp%3Ftoken%3D[redacted]"),
        ("TOKEN=abc", "TOKEN=[redacted]"),
        ("api_key=abc", "api_key=[redacted]"),
        ("used hr_0123456789abcdefXYZ-_ twice", "used [redacted] twice"),
        ("Authorization: Bearer abcdef", "Authorization: Bearer [redacted]"),
        ("{'authorization': 'Basic dXNlcjpwdw=='}", "{'authorization': 'Basic [redacted]'}"),
        ("sent Bearer 0123456789abcdef", "sent Bearer [redacted]"),
        ("postgresql://me:hunter2@db/x", "postgresql://me:[redacted]@db/x"),
        ("a -----BEGIN RSA PRIVATE KEY-----\nMIIE-x\n-----END RSA PRIVATE KEY----- b", "a [redacted] b"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE, cut off", "[redacted]"),
        ("postgresql://me:p@ss:w@db/x", "postgresql://me:[redacted]@db/x"),
    ],
)
def test_a_secret_in_text_is_replaced(text: str, clean: str) -> None:
    assert scrub_text(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=5",
        "Bearer of news",
        "the basic understanding",
        "hr_short",
        "https://example.com/a?b=c",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
        "me@example.com at https://example.com",
        "a = b",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert scrub_text(text) == text


@given(st.text(), st.text())
def test_no_token_survives_whatever_surrounds_it(before: str, after: str) -> None:
    token = new_token()

    assert token not in scrub_text(f"{before}{token}{after}")


@given(st.text())
def test_scrubbing_twice_changes_nothing_more(text: str) -> None:
    once = scrub_text(text)

    assert scrub_text(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "a-" * 100_000,
        "://" * 50_000,
        "token" * 50_000 + "=",
        "bearer " * 50_000,
        "authorization: " * 20_000,
        BEGIN * 20_000,
        BEGIN + "-" * 200_000,
    ],
)
def test_no_text_keeps_it_busy(text: str) -> None:
    with bounded():  # a pattern that goes back and forth needs minutes for any of these
        assert scrub_text(text)


@pytest.mark.parametrize("key", ["password", "X-API-Key", "Authorization", "client_secret", "refreshToken", "Cookie"])
def test_a_key_that_names_a_secret_is_known(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize("key", ["token_id", "max_tokens", "city", "passenger"])
def test_a_key_that_names_none_is_left_alone(key: str) -> None:
    assert not is_secret_key(key)


def test_values_under_secret_keys_are_replaced_however_deep() -> None:
    value = {"a": [{"password": {"really": "x"}}], "token": None, "n": 1, "url": "http://x?token=abc"}

    assert scrub_value(value) == {
        "a": [{"password": "[redacted]"}],
        "token": None,
        "n": 1,
        "url": "http://x?token=[redacted]",
    }


def test_a_value_without_end_is_cut() -> None:
    value: list[object] = []
    value.append(value)

    assert "..." in str(scrub_value(value))


def test_a_database_url_keeps_all_but_its_password() -> None:
    assert mask_url("postgresql://me:hunter2@db:5432/x?ssl=on") == "postgresql://me:[redacted]@db:5432/x?ssl=on"
