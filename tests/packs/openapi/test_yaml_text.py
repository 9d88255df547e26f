"""Writing YAML: what is read back is what was given."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.source import read_source
from packs.openapi.yaml_text import write_yaml

TEXTS = st.text(max_size=40) | st.text(" :#-{}[]'\",&*!|>%@`?\\\n$azé0.~=<", max_size=20)
SCALARS = TEXTS | st.booleans() | st.none() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9)
VALUES = st.recursive(
    SCALARS | st.text(" abc:", min_size=100, max_size=300),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(lambda key: key != "<<"), inner, max_size=4)
    ),
    max_leaves=15,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.from_regex("[a-z]{1,8}", fullmatch=True), VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_back(document: dict[str, Any]) -> None:
    try:
        text = write_yaml(document)
        text.encode()
    except UnicodeEncodeError:
        pytest.fail("half a character was written as it is")

    source, problems = read_source(text)

    assert source is not None, text
    assert [problem for problem in problems if problem.severity == "error"] == []
    assert source.value == document, text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain words", "plain words"),
        ("yes", '"yes"'),
        ("1.5", '"1.5"'),
        ("1.0.0", "1.0.0"),
        ("2026-01-31", '"2026-01-31"'),
        ("a: b", '"a: b"'),
        ('{"a"}', "'{\"a\"}'"),
        ("${{ args.id }}", "${{ args.id }}"),
        (["a", "b"], "[a, b]"),
        ({"type": "string", "enum": ["a", "b"]}, "{type: string, enum: [a, b]}"),
        ({}, "{}"),
    ],
)
def test_a_value_has_as_few_quotes_as_it_can(value: Any, text: str) -> None:
    assert write_yaml({"key": value}) == f"key: {text}\n"


def test_long_prose_is_folded() -> None:
    text = write_yaml({"description": "word " * 60 + "end."})

    assert text.startswith("description: >-\n  word word")
    assert max(map(len, text.splitlines())) <= 120
