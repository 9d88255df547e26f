"""Scalars of a flow: text with expressions in it."""

from typing import Any

import pytest

from flows.expr import Expression, ExpressionError, ExpressionInvalid, compile_template, to_text

SCOPE: dict[str, Any] = {"args": {"city": "Oslo", "n": 3, "none": None, "rows": [{"id": 1}], "price": 2.5, "yes": True}}

VALUES = {
    # One expression keeps its type
    "${{ args.n }}": 3,
    "  ${{args.rows}}\n": [{"id": 1}],
    "${{ args.none }}": None,
    # Inside text it becomes text
    "n=${{ args.n }}": "n=3",
    "${{ args.n }}${{ args.yes }}": "3true",
    "${{ args.city }} ${{ args.none }} ${{ args.price }} ${{ args.rows }}!": 'Oslo null 2.5 [{"id":1}]!',
    # The first }} where what stands before parses
    '${{ {"a": {"b": args.n}} }}': {"a": {"b": 3}},
    '${{ {"a": {"b": args.n}}}}': {"a": {"b": 3}},
    "${{ f'{{{args.n}}}' }}": "{3}",
    "${{ '}}' }}": "}}",
    "${{ '${{ x }}' }}": "${{ x }}",
    "${{ [r.id for r in args.rows]\n  # why\n }}": [1],
    "a }} b ${{ args.n }} }}": "a }} b 3 }}",
    # $${{ is plain text
    "$${{ args.n }}": "${{ args.n }}",
    "$${{ a }} ${{ args.n }}": "${{ a }} 3",
    "$$${{ x }}": "$${{ x }}",
    "cost: ${{ '$' }}${{ args.n }}": "cost: $3",
}


@pytest.mark.parametrize(("text", "value"), VALUES.items(), ids=VALUES)
def test_a_template_has_a_value(text: str, value: Any) -> None:
    template = compile_template(text)

    assert template is not None
    assert template.evaluate(SCOPE) == value


@pytest.mark.parametrize("text", ["", "plain", "{{ x }}", "$ { {", "}}", "${ {x} }", "{% if x %}", "#{x}"])
def test_text_without_an_opening_is_no_template(text: str) -> None:
    assert compile_template(text) is None


def test_an_argument_that_looks_like_a_template_is_data() -> None:
    scope = {"args": {"city": "${{ args.secret }} {{ 7*7 }} {0.__class__}", "secret": "s"}}

    assert compile_template("In ${{ args.city }}").evaluate(scope) == f"In {scope['args']['city']}"  # type: ignore[union-attr]
    assert compile_template("${{ args.city }}").evaluate(scope) == scope["args"]["city"]  # type: ignore[union-attr]


def test_a_template_knows_its_parts_and_names() -> None:
    template = compile_template("Hello ${{ args.city }}, ${{ now.x + args.n }}")

    assert template is not None
    assert not template.is_expression
    assert [part.text if isinstance(part, Expression) else part for part in template.parts] == [
        "Hello ",
        "args.city",
        ", ",
        "now.x + args.n",
    ]
    assert template.names == {"args": 10, "now": 28}


@pytest.mark.parametrize(
    ("text", "is_expression"),
    [("${{ a }}", True), (" ${{ a }} ", True), ("${{ a }}.", False), ("${{ a }}${{ b }}", False), ("$${{ a }}", False)],
)
def test_a_template_knows_whether_it_is_one_expression(text: str, is_expression: bool) -> None:
    template = compile_template(text)

    assert template is not None
    assert template.is_expression is is_expression


def test_every_value_goes_through_the_escape_and_literal_text_does_not() -> None:
    template = compile_template("/a b/${{ args.city }}/${{ args.n }}")

    assert template is not None
    assert template.evaluate_with(SCOPE, lambda value: f"<{value!r}>") == "/a b/<'Oslo'>/<3>"


def test_a_single_expression_goes_through_the_escape_too() -> None:
    template = compile_template("${{ args.n }}")

    assert template is not None
    assert template.evaluate_with(SCOPE, lambda value: f"<{value}>") == "<3>"


def test_a_value_that_the_escape_refuses_is_an_error_at_its_expression() -> None:
    def refuse(value: Any) -> str:
        raise ValueError("a path segment cannot be '..'")

    with pytest.raises(ExpressionError) as caught:
        compile_template("/items/${{ args.city }}").evaluate_with(SCOPE, refuse)  # type: ignore[union-attr]

    assert (caught.value.message, caught.value.offset) == ("a path segment cannot be '..'", 10)


INVALID = {
    "${{ args.n": ("The expression is not closed. Write }} behind it.", 0),
    "a ${{ args.n }": ("The expression is not closed. Write }} behind it.", 2),
    "${{ }}": ("The expression is empty.", 3),
    "ok ${{ args.n }} ${{ a b }}": ("This is not an expression: invalid syntax. Perhaps you forgot a comma?", 21),
    "${{ a b }} and ${{ c }}": ("This is not an expression: invalid syntax. Perhaps you forgot a comma?", 4),
    "é ${{ a.__b }}": ('Keys that start with two underscores are written in brackets: ["__b"].', 6),
    "${{ '}} }}": ("This is not an expression: unterminated string literal.", 4),
    '${{ {"a": {"b": 1 2}} }}': ("This is not an expression: invalid syntax. Perhaps you forgot a comma?", 16),
}


@pytest.mark.parametrize(("text", "expected"), INVALID.items(), ids=INVALID)
def test_a_template_that_is_not_valid_says_where(text: str, expected: tuple[str, int]) -> None:
    with pytest.raises(ExpressionInvalid) as caught:
        compile_template(text)

    assert (caught.value.message, caught.value.offset) == expected


def test_offsets_of_errors_count_from_the_start_of_the_template() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template("Hello ${{ args.nme }}").evaluate(SCOPE)  # type: ignore[union-attr]

    assert caught.value.offset == 10


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (None, "null"),
        (True, "true"),
        (1, "1"),
        (1.0, "1.0"),
        ([1, "é"], '[1,"é"]'),
        ({"a": None}, '{"a":null}'),
    ],
)
def test_a_value_becomes_text_as_json_but_for_text_itself(value: Any, text: str) -> None:
    assert to_text(value) == text


def test_a_value_that_json_cannot_say_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="something that JSON cannot express"):
        to_text(float("nan"))
