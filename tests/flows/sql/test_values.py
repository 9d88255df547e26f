"""What becomes of a database's values in JSON."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from flows.sql.values import json_value, unique_names


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal("12.50"), 12.5),
        (Decimal("0.1"), 0.1),
        (Decimal("7"), 7),
        (Decimal("7.000"), 7),
        (Decimal("-0.0"), 0),
        (Decimal("1E+3"), 1000),
        (Decimal("123456789012345678901234567890"), 123456789012345678901234567890),
        (Decimal("0.12345678901234567890"), "0.12345678901234567890"),
        (Decimal("12345678901234.567891"), "12345678901234.567891"),
        (Decimal("1E+999999"), "1E+999999"),
        (Decimal("NaN"), None),
        (Decimal("-Infinity"), None),
        (float("nan"), None),
        (float("inf"), None),
        (0.1, 0.1),
        (True, True),
        (2**70, 2**70),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime.fromisoformat("2026-01-31 12:00:00.000005"), "2026-01-31T12:00:00.000005"),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00+00:00"),
        (time(23, 59), "23:59:00"),
        (timedelta(days=1, hours=2, minutes=3, seconds=4.5), "P1DT2H3M4.5S"),
        (timedelta(days=30), "P30D"),
        (timedelta(), "PT0S"),
        (-timedelta(seconds=90), "-PT1M30S"),
        (b"\x00\xff", "AP8="),
        (memoryview(b"a"), "YQ=="),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ([Decimal("1.5"), [b"a"]], [1.5, ["YQ=="]]),
        ((1, date(2026, 1, 1)), [1, "2026-01-01"]),
        ({"a": Decimal("NaN")}, {"a": None}),
    ],
)
def test_a_value_becomes_json(value: object, expected: object) -> None:
    found = json_value(value)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["id", "id"], ["id", "id_2"]),
        (["id", "id", "id"], ["id", "id_2", "id_3"]),
        (["id", "id", "id_2"], ["id", "id_3", "id_2"]),
        (["?column?", "?column?"], ["?column?", "?column?_2"]),
    ],
)
def test_names_of_columns_are_told_apart(names: list[str], expected: list[str]) -> None:
    assert unique_names(names) == expected
