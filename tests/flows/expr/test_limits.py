"""Hostile expressions end, with an error, within the budget of steps and in little memory."""

import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from flows.expr import (
    ExpressionError,
    ExpressionInvalid,
    ExpressionTooCostly,
    compile_expression,
    compile_template,
    limits,
)
from flows.expr import template as template_module
from flows.expr.compiler import compile_unit
from flows.expr.errors import Fault
from flows.expr.limits import STEPS
from tests.bounded import bounded

MIB = 1_048_576
MEMORY = 200 * MIB


def _doubled(levels: int) -> list[Any]:
    """Return a list that is 2 ** levels long when written out, and small in memory."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value, value]
    return value


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


SCOPE: dict[str, Any] = {
    "text": "x" * MIB,
    "a": "a" * 16_384,
    "numbers": list(range(100_000)),
    "lists": [list(range(100)) for _ in range(1000)],
    "texts": ["a" * 1000 + str(number) for number in range(1000)],
    "keys": {str(number): number for number in range(50_000)},
    "big": 9**300,
    "doubled": _doubled(40),
    "twin": _doubled(40),
    "nested": _nested(100_000),
    "half": "a" * (MIB // 2) + "b" + "a" * (MIB // 2 - 1),
    "part": "a" * (MIB // 4) + "c",
}

TOO_COSTLY = [
    "[x for x in numbers for y in numbers]",
    "[[x for x in numbers] for y in numbers]",
    "any(x < 0 for x in numbers for y in numbers)",
    "{str(x + y): x for x in numbers for y in numbers}",
    "[text[1:] for x in numbers]",
    "[text.upper() for x in numbers]",
    "[text for x in numbers]",
    "[numbers * 1 for x in numbers]",
    "[sorted(numbers) for x in numbers]",
    "[range(100000) for x in numbers]",
    "[keys.items() for x in numbers]",
    "[merge(keys, keys) for x in numbers]",
    "[x in numbers for x in numbers]",
    "[x == y for x in texts for y in texts]",
    "[has(keys.missing) for x in numbers]",
    "[sha256(text) for x in numbers]",
    "'ab' * 10000000",
    "10000000 * 'ab'",
    "[0] * 100001",
    "text + text",
    "numbers + numbers",
    "f'{text}{text}'",
    "text.replace('x', text)",
    "text.replace('', 'ab')",
    "text.join(texts)",
    "','.join([text, text])",
    "list(text)",
    "(text + '').split('x')",
    "text.rfind(part)",
    "half.rsplit(part)",
    "[half.find(part) for x in numbers]",
    "flatten([numbers, numbers])",
    "range(10000000000)",
    "range(100000000000000000000000000)",
    "zip(numbers, numbers, numbers, numbers, numbers, numbers, numbers, numbers, numbers, numbers, numbers)",
    "indent('\\n' * 1000000, 100)",
    "to_csv([{'a': text}], ['a'] * 100000)",
    "to_json([lists, lists], 8)",
    "parse_csv('a,b\\n' * 200000)",
    "strip_html('<' * 500000)",
    "big * big",
    "[big * big * big for x in numbers]",
    "doubled == twin",
    "doubled in [twin]",
    "doubled < twin",
    "[twin].index(doubled)",
    "[twin].count(doubled)",
    "to_json(doubled)",
    "str(doubled)",
    "f'{doubled}'",
    "[doubled, doubled[0]]",
    "[doubled for x in [1]]",
    "{'a': doubled, 'b': doubled}",
    "sorted([doubled, twin])",
    "max(doubled, twin)",
    "unique([doubled, twin])",
    "to_json(nested)",
    "nested == [nested]",
    "f'{nested}'",
    "json('[' * 500000)",
    "group_by([{'k': text} for x in range(100)], 'k')",
    "get(keys, 'a.' * 1000)",
    "matches(a, '(a|b)*a(a|b){500}c')",
    "matches(text, '(x+x+)+y')",
    "matches(text, '.' * 2000)",
    "re_find_all(a, '[a-z]*!|a')",
    "re_replace(a * 10, 'a|b', '$0' * 100)",
    "[matches('a', f'(a|b)*a(a|b)[0-9]{i}x{{500}}') for i in numbers]",
]


@pytest.fixture(autouse=True)
def _an_end() -> Iterator[None]:
    """Fail instead of hanging, should a limit not hold."""
    with bounded():
        yield


def _run(text: str) -> str:
    """Evaluate, and return the name of what came out of it."""
    try:
        return type(compile_expression(text).evaluate(SCOPE)).__name__
    except (ExpressionInvalid, ExpressionError) as exc:
        return type(exc).__name__


@pytest.mark.parametrize("text", TOO_COSTLY)
def test_what_costs_too_much_is_stopped(text: str) -> None:
    assert _run(text) == ExpressionTooCostly.__name__


MIB_STEPS = MIB // 64  # what one pass over a text of a mebibyte costs

PAID = {
    "text.find('y')": MIB_STEPS,
    "part in half": MIB_STEPS,
    "half.find(part)": MIB_STEPS,
    "half.count('aab')": MIB_STEPS,
    "half.strip('ab')": MIB_STEPS,
    "text.strip('y' * 99)": 2 * MIB_STEPS,
    "text.upper().title()": 2 * MIB_STEPS,
    "slug(text)": 2 * MIB_STEPS,
    "words(text)": MIB_STEPS,
    "url_encode(text)": MIB_STEPS,
    "html_unescape('&' * 1000000)": 15_625,
    "strip_html('<!--' * 100000)": STEPS,
    "strip_html('<script>' * 100000)": STEPS,
    "json('[' + '[],' * 100000 + '1]')": 100_000,
    "parse_csv('a' + ',a' * 400000)": 12_500,
    "base64_encode(text)": MIB_STEPS,
    "sorted(numbers)": 100_000,
    "sorted([nested, nested])": 200_000,
    "[str(x) for x in numbers]": 100_000,
    "[str(big) for x in range(50000)]": 50_000,
    "column(numbers, 'a.b.c')": STEPS,
    "enumerate(numbers)": 100_000,
    "chunk(numbers, 1)": 100_000,
    "[matches('a', 'a' * i + '.*' * 100) for i in range(100)]": 100,
    "matches(a, '(a+a+)+b')": 256,
    "matches(a, '(a|aa)+$')": 256,
    "matches(a, '^(([a-z])+.)+[A-Z]([a-z])+$')": 256,
    "re_find(a, '(.*)(.*)(.*)(.*)(.*)b')": 256,
}
"""Work and the steps that it pays at least: one for each item or 64 characters that it goes through."""


@pytest.mark.parametrize("text", PAID)
def test_all_work_is_paid_for_by_its_size(text: str) -> None:
    unit, code = compile_unit(text, 0)
    frame = [0] * unit.slots

    with suppress(Fault, ExpressionTooCostly):  # what was paid until it was stopped counts as well
        code(SCOPE, frame)

    assert frame[0] >= PAID[text]


@pytest.mark.parametrize(
    "text",
    [
        "[[x, x, x] for x in numbers]",
        "[text[:1000] for x in numbers]",
        "[f'{x}{a}' for x in numbers]",
        "[list('abcdefgh') for x in numbers]",
        "[{'a': x} for x in numbers]",
        "[[] for x in numbers for y in numbers]",
        "[text + str(x) for x in numbers]",
        "[chunk(numbers[:1000], 1) for x in numbers]",
    ],
)
def test_memory_stays_small(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STEPS", STEPS // 10)  # a tenth of the work may take a tenth of the memory
    tracemalloc.start()
    try:
        _run(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < MEMORY // 10


@pytest.mark.parametrize(
    "text",
    [
        "-" * 9999 + "1",
        "(" * 4999 + "1" + ")" * 4999,
        "[" * 4999 + "]" * 4999,
        "+".join("1" * 5000),
        "not " * 2400 + "1",
        "a" + ".b" * 4900 + "()",
        "a" + "[b]" * 3300,
        "a" + "()" * 4900,
        "1 if 1 else " * 800 + "1",
        "1<" * 4900 + "(" * 100,
        "lambda:" * 1400 + "1",
        "f'{" * 200 + "1" + "}'" * 200,
        "{'a':" * 1900 + "1" + "}" * 1900,
        "[x " + "for x in y " * 900 + "for",
        "a" * 10_001,
        "len(" * 65 + "x" + ")" * 65,
        "[" * 65 + "]" * 65,
        "'" * 9_999,
    ],
)
def test_deep_or_long_texts_are_refused_and_never_crash(text: str) -> None:
    with pytest.raises(ExpressionInvalid):
        compile_expression(text)
    with pytest.raises(ExpressionInvalid):
        compile_template("${{" + text + "}}")


@pytest.mark.parametrize(
    "text",
    [
        "${{" * 5000,
        "${{" + "}}" * 100_000,
        "${{ ' " + "}}" * 100_000,
        "${{ {( " + "}}" * 5000,
        "${{ (" + " }}" * 5000,
        "${{ a }}" * 2000 + "${{",
        "${{" + "{'a':" * 90 + "}}" * 200,
    ],
)
def test_many_openings_and_closings_are_refused_after_few_tries(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    is_complete = template_module.is_complete
    monkeypatch.setattr(template_module, "is_complete", lambda text: tried.append(text) or is_complete(text))

    with pytest.raises(ExpressionInvalid):
        compile_template(text)

    assert len(tried) <= 2001  # one for each expression that is closed, and a hundred for one that is not


def test_a_long_chain_of_keys_is_not_deep() -> None:
    value: Any = 1
    for _ in range(500):
        value = {"b": value}

    assert compile_expression("a" + ".b" * 500).evaluate({"a": value}) == 1


def test_a_long_chain_of_and_is_not_deep() -> None:
    assert compile_expression(" and ".join(["a"] * 1000)).evaluate({"a": 1}) == 1


def test_ordinary_work_on_ten_thousand_rows_is_within_the_limits() -> None:
    rows = [{"id": number, "name": f"name {number}", "tags": ["a", "b"], "price": 1.5} for number in range(10_000)]
    label = "f'{r.name.title()} ({r.price:.2f})'"
    text = f"[{{'id': r.id, 'label': {label}, 'tags': ', '.join(r.tags)}} for r in rows if r.id % 2]"

    result = compile_expression(text).evaluate({"rows": rows})

    assert len(result) == 5000
    assert result[0] == {"id": 1, "label": "Name 1 (1.50)", "tags": "a, b"}


def test_the_budget_is_for_one_evaluation_not_for_the_expression() -> None:
    expression = compile_expression("len([x for x in numbers])")

    assert {expression.evaluate(SCOPE) for _ in range(10)} == {100_000}


DOUBLING = [
    "[x, x]",
    "{'a': x, 'b': x}",
    "{'a': [x], 'b': {'c': x}}",
    "[x for i in [1, 2]]",
    "{i: x for i in ['a', 'b']}",
    "[y for i in [1, 2] for y in [x]]",
    "[[i, y] for y in [x] for i in [1, 2]]",
    "[[[y for i in [1, 2]] for y in [x]]]",
    "[[r, r] for r in [x]]",
    "[[r for r in x], x]",
    "[x[0], x[-1]] if len(x) == 1 else [x]",
    "[[x if true else 0], x]",
    "[x or 0, x and x]",
    "[default(x, 0), has(x) and x]",
    "[default(x, 0), coalesce(null, x)]",
    "[first([x]), last([x])]",
    "[x] + [x]",
    "[x] * 2",
    "zip([x], [x])",
    "[[a, b] for a, b in zip([x], [x])]",
    "enumerate([x, x])",
    "merge({'a': x}, {'b': x})",
    "[{'k': 'a', 'v': x}, index_by([{'k': 'b', 'v': x}], 'k')]",
    "[y for y in [x, x]]",
    "{'a': [y for y in [x]], 'b': [y for y in [x]]}",
]


def _repeat(text: str) -> None:
    expression = compile_expression(text)
    value: Any = ["seed"]
    for _ in range(40):
        value = expression.evaluate({"x": value})


@pytest.mark.parametrize("text", DOUBLING)
def test_a_value_that_grows_from_step_to_step_is_stopped(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RESULT_SIZE", MIB)

    with pytest.raises(ExpressionTooCostly, match="bigger than 1 MiB"):
        _repeat(text)


def test_a_value_may_grow_to_32_mebibytes() -> None:
    with pytest.raises(ExpressionTooCostly, match="bigger than 32 MiB"):
        _repeat("[x, x]")
