"""Arguments: what is refused, and in which words; what flows get to see."""

from typing import Any

import pytest

from flows.arguments import SchemaInvalid, compile_arguments, compile_schema, schema_of_params

TOOL = compile_arguments(
    schema_of_params(
        {
            "city": {"type": "string", "maxLength": 5},
            "units": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
            "days": {"type": "array", "items": {"type": "integer", "minimum": 1}, "required": False},
        }
    )
)


@pytest.mark.parametrize(
    ("args", "rejections"),
    [
        ({"city": "Oslo"}, []),
        ({"city": "Oslo", "days": None}, []),
        ({}, ['"city" is a required property.']),
        ({"city": None}, ['Argument `city`: null is not of type "string".']),
        ({"city": "Oslo", "units": "kelvin"}, ['Argument `units`: "kelvin" is not one of "celsius" or "fahrenheit".']),
        ({"city": "Oslo", "days": [1, 0]}, ["Argument `days[1]`: 0 is less than the minimum of 1."]),
        ({"city": "Oslo", "citty": 1}, ["There is no argument 'citty'. Did you mean 'city'?"]),
        ({"city": "Oslo and Bergen"}, ['Argument `city`: "Oslo and Bergen" is longer than 5 characters.']),
    ],
)
def test_arguments_that_do_not_fit_are_refused_in_words_to_act_on(args: dict[str, Any], rejections: list[str]) -> None:
    assert TOOL.rejections(args) == rejections


def test_only_the_first_rejections_are_listed() -> None:
    rejections = TOOL.rejections({"city": "Oslo", "days": [0] * 100})

    assert len(rejections) == 6
    assert rejections[-1] == "... and 95 more."


def test_absent_arguments_are_there_as_their_default_or_null() -> None:
    assert TOOL.complete({"city": "Oslo", "days": None}) == {"city": "Oslo", "units": "celsius", "days": None}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "string"}, "The schema of an input has `type: object` at its root, because arguments have names."),
        (
            {"type": "object", "$schema": "http://json-schema.org/draft-07/schema#"},
            "The dialect 'http://json-schema.org/draft-07/schema#' is not supported; leave $schema out or use "
            "https://json-schema.org/draft/2020-12/schema.",
        ),
        (
            {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
            "$ref 'file:///etc/passwd' leaves the document; only references with # are read.",
        ),
    ],
)
def test_a_schema_that_cannot_be_used_says_why(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaInvalid) as failure:
        compile_arguments(schema)

    assert failure.value.message == message


def test_a_schema_of_endless_depth_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(100):
        schema = {"not": schema}

    with pytest.raises(SchemaInvalid, match="too large or too deep"):
        compile_schema(schema)


def test_a_catastrophic_pattern_costs_nothing() -> None:
    validator = compile_schema({"type": "string", "pattern": "^(a+)+$"})

    assert not validator.is_valid("a" * 50_000 + "b")
