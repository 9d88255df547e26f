"""What of a value is kept in history."""

import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.access.tokens import new_token
from coordinator.runs.keep import clean_text, kept
from flows.content import ImageBlock

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)


def keep(value: Any, limit: int = 1000) -> Any:
    return msgspec.json.decode(kept(value, limit))


def test_a_small_value_without_secrets_is_kept_as_it_is() -> None:
    value = {"city": "Oslo", "n": [1, 2.5, None, True], "deep": {"a": {"b": "c"}}}

    assert keep(value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"password": "x", "city": "Oslo"}, {"password": "[redacted]", "city": "Oslo"}),
        ({"a": [{"API-Key": {"x": 1}}]}, {"a": [{"API-Key": "[redacted]"}]}),
        ({"token": None}, {"token": None}),
        ({"tokens": 3, "token_id": "abc"}, {"tokens": 3, "token_id": "abc"}),
        ({"url": "https://x/?token=abc"}, {"url": "https://x/?token=[redacted]"}),
        ({"dsn": "postgresql://me:hunter2@db/x"}, {"dsn": "postgresql://me:[redacted]@db/x"}),
        ("Authorization: Bearer abcdef", "Authorization: Bearer [redacted]"),
        ("my hr_abcdefghijklmnopqrst", "my [redacted]"),
    ],
)
def test_what_looks_secret_is_replaced(value: Any, expected: Any) -> None:
    assert keep(value) == expected


@given(JSON, st.integers(0, 3000))
def test_a_token_anywhere_in_a_value_is_never_kept(value: Any, limit: int) -> None:
    token = new_token()

    encoded = kept([token, {f"k{token}": value, "a": f"x {token} y"}, value], limit)

    assert token.encode() not in encoded


@given(JSON, st.integers(256, 5000))
def test_what_is_kept_is_json_and_not_much_more_than_the_limit(value: Any, limit: int) -> None:
    encoded = kept([value, "x" * 10_000], limit)

    msgspec.json.decode(encoded)
    assert len(encoded) < limit * 6 + 500  # a control character takes six bytes, markers and brackets some more


def test_a_large_value_is_cut_and_says_so() -> None:
    assert keep({"text": "a" * 100, "rest": 1}, 20) == {"text": "a" * 12 + "...", "...": "1 more"}
    assert keep([10_000_000] * 50, 20) == [10_000_000, 10_000_000, 10_000_000, "... 47 more"]


def test_a_secret_at_the_cut_leaves_no_half_behind() -> None:
    token = new_token()

    encoded = kept({"text": "a" * 80 + token + "b" * 1000}, 100)

    assert token[:20].encode() not in encoded


def test_endless_nesting_is_cut() -> None:
    value: list[Any] = []
    value.append(value)

    assert b"..." in kept(value, 100_000)


@pytest.mark.parametrize(
    "value",
    [
        {"at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), "n": Decimal("1.5"), "b": b"\x00\xff"},
        {"password": "x", "at": datetime.date(2026, 1, 1)},
        object(),
        {1: "a", (2, 3): "b"},
        float("nan"),
        "\ud800",
        {"\ud800": "\0"},
        {"password": object()},
        [ImageBlock(data="aGk=", mimeType="image/png"), {"secret": 1}],
        {1, 2},
    ],
)
def test_whatever_a_component_returns_something_is_kept(value: Any) -> None:
    msgspec.json.decode(kept(value, 500))


@given(st.text())
def test_clean_text_fits_any_database(text: str) -> None:
    clean = clean_text(text, 50)

    assert "\0" not in clean
    assert len(clean) <= 50
    clean.encode()
