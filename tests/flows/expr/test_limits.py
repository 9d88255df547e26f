"""Hostile expressions end soon, with an error, and in little memory."""

import time
import tracemalloc
from typing import Any

import pytest

from flows.expr import ExpressionError, ExpressionInvalid, ExpressionTooCostly, compile_expression, compile_template

MIB = 1_048_576
CPU_SECONDS = 1.5  # about 0.15 on an idle machine
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


def _run(text: str) -> str:
    """Evaluate, and return the name of what came out of it."""
    try:
        return type(compile_expression(text).evaluate(SCOPE)).__name__
    except (ExpressionInvalid, ExpressionError) as exc:
        return type(exc).__name__


@pytest.mark.parametrize("text", TOO_COSTLY)
def test_what_costs_too_much_is_stopped(text: str) -> None:
    started = time.thread_time()

    outcome = _run(text)

    assert outcome == ExpressionTooCostly.__name__
    assert time.thread_time() - started < CPU_SECONDS


BOUNDED = [
    "text.find('y')",
    "part in half",
    "half.find(part)",
    "half.count('aab')",
    "half.strip('ab')",
    "text.strip('y' * 99)",
    "text.upper().title()",
    "slug(text)",
    "words(text)",
    "url_encode(text)",
    "html_unescape('&' * 1000000)",
    "strip_html('<!--' * 100000)",
    "strip_html('<script>' * 100000)",
    "json('[' + '[],' * 100000 + '1]')",
    "parse_csv('a' + ',a' * 400000)",
    "base64_encode(text)",
    "sorted(numbers)",
    "sorted([nested, nested])",
    "[str(x) for x in numbers]",
    "[str(big) for x in range(50000)]",
    "column(numbers, 'a.b.c')",
    "enumerate(numbers)",
    "chunk(numbers, 1)",
    "[matches('a', 'a' * i + '.*' * 100) for i in range(100)]",
    "matches(a, '(a+a+)+b')",
    "matches(a, '(a|aa)+$')",
    "matches(a, '^(([a-z])+.)+[A-Z]([a-z])+$')",
    "re_find(a, '(.*)(.*)(.*)(.*)(.*)b')",
]


@pytest.mark.parametrize("text", BOUNDED)
def test_what_is_allowed_ends_soon(text: str) -> None:
    started = time.thread_time()

    _run(text)

    assert time.thread_time() - started < CPU_SECONDS


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
def test_memory_stays_small(text: str) -> None:
    tracemalloc.start()
    try:
        _run(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < MEMORY


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
def test_many_openings_and_closings_are_refused_soon(text: str) -> None:
    started = time.thread_time()

    with pytest.raises(ExpressionInvalid):
        compile_template(text)

    assert time.thread_time() - started < 2 * CPU_SECONDS


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


@pytest.mark.parametrize("text", DOUBLING)
def test_a_value_that_grows_from_step_to_step_is_stopped(text: str) -> None:
    expression = compile_expression(text)

    def repeat(times: int) -> None:
        value: Any = ["seed"]
        for _ in range(times):
            value = expression.evaluate({"x": value})

    with pytest.raises(ExpressionTooCostly, match="bigger than 32 MiB"):
        repeat(40)
