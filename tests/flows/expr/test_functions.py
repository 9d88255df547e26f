"""The functions and methods: every example is true, and what the examples do not show."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest

from flows.expr import AMBIENT, FUNCTIONS, METHODS, ExpressionError, FixedAmbient, Function, compile_expression

EVERY = [*FUNCTIONS.values(), *(function for table in METHODS.values() for function in table.values())]


@pytest.mark.parametrize("function", EVERY, ids=lambda function: function.signature)
def test_every_function_is_described_and_its_example_is_true(function: Function) -> None:
    value = compile_expression(function.example).evaluate({})

    assert function.description.endswith(".")
    assert function.name in function.signature
    assert function.name in function.example
    assert function.result.startswith("(") or json.loads(function.result) == value


CASES: dict[str, Any] = {
    "int('-12')": -12,
    "int(2.9)": 2,
    "int(-2.9)": -2,
    "int('ff', 16)": 255,
    "int(true)": 1,
    "float('1e3')": 1000.0,
    "float(2)": 2.0,
    "str('a')": "a",
    "str(null)": "null",
    "str(1.0)": "1.0",
    "bool('false')": True,
    "bool([])": False,
    "round(2.5)": 2,
    "round(1234, -2)": 1200,
    "abs(-2.5)": 2.5,
    "min(3, 1)": 1,
    "min([], default=0)": 0,
    "max([], default=null)": None,
    "min(rows, key='n').id": "b",
    "max(rows, key='n').id": "a",
    "max('b', 'a')": "b",
    "sum([])": 0,
    "sum(r.n > 1 for r in rows)": 2,
    "sorted([3, 1, 2], reverse=true)": [3, 2, 1],
    "[r.id for r in sorted(rows, key='n')]": ["b", "c", "a"],
    "[r.id for r in sorted(rows, key=['kind', 'n'])]": ["b", "a", "c"],
    "[r.id for r in sorted(rows, 'by.name')]": ["c", "b", "a"],
    "[r.id for r in sorted(rows, key='kind')]": ["a", "b", "c"],
    "sorted({'b': 1, 'a': 2})": ["a", "b"],
    "range(3)": [0, 1, 2],
    "range(5, 1, -2)": [5, 3],
    "range(2, 2)": [],
    "enumerate(['a'], 1)": [[1, "a"]],
    "zip([1, 2, 3], [4, 5])": [[1, 4], [2, 5]],
    "first([])": None,
    "last('abc')": "c",
    "unique([1, 1.0, '1', true, null, null, [1], [1], {'a': 1, 'b': 2}, {'b': 2, 'a': 1}])": [
        1,
        "1",
        None,
        [1],
        {"a": 1, "b": 2},
    ],
    "[r.id for r in unique(rows, key='kind')]": ["a", "c"],
    "flatten([[1], [[2]], 3])": [1, [2], 3],
    "chunk([], 2)": [],
    "group_by(rows, 'n')['3']": [{"id": "a", "n": 3, "kind": "x", "by": {"name": "z"}}],
    "count_by(rows, 'kind')": {"x": 2, "y": 1},
    "count_by(rows, 'by.name')": {"z": 1, "y": 1, "x": 1},
    "index_by(rows, 'id').b.n": 1,
    "sum_by(rows, 'n')": 6,
    "column(rows, 'by.name')": ["z", "y", "x"],
    "column([{'a': 1}, {}, null, 3], 'a')": [1, None, None, None],
    "pick(rows[0], ['n', 'nothing', 'id'])": {"n": 3, "id": "a"},
    "omit(rows[0], ['by', 'kind', 'nothing'])": {"id": "a", "n": 3},
    "merge({'a': 1}, null, {'a': 2})": {"a": 2},
    "dict(zip(['a', 'b'], [1, 2]))": {"a": 1, "b": 2},
    "get(rows, '1.by.name')": "y",
    "get(rows, '9.by.name', 'none')": "none",
    "get(null, 'a.b', 1)": 1,
    "[type(x) for x in [null, true, 1, 1.5, '', [], {}]]": [
        "null",
        "boolean",
        "integer",
        "number",
        "string",
        "array",
        "object",
    ],
    "lines('')": [],
    "words(' a  b ')": ["a", "b"],
    "truncate('abc', 3)": "abc",
    "truncate('abcdef', 3)": "ab…",
    "truncate('abcdef', 3, end='')": "abc",
    "truncate('abcdef', 0)": "",
    "slug('Ærøskøbing 100%')": "rskbing-100",
    "slug('A_b C', separator='_')": "a_b_c",
    "strip_html('<style>p {}</style><h1>A &lt; b</h1><p>one<br/>two</p><!-- no --> 1 < 2')": "A < b\none\ntwo\n1 < 2",
    "strip_html('a <SCRIPT>x</SCRIPT > b')": "a b",
    "strip_html('open <b')": "open",
    "matches('abc', 'b')": True,
    "matches('abc', '^b')": False,
    "matches('ABC', '(?i)^abc$')": True,
    r"matches('12', '^\d+$')": True,
    "re_find('abc', 'x')": None,
    "re_find('k=v', '(?P<key>[a-z])=(?P<value>[a-z])')": {"key": "k", "value": "v"},
    "re_find('k=v', '([a-z])=')": "k",
    "re_find_all('k=v l=w', '([a-z])=([a-z])')": [["k", "v"], ["l", "w"]],
    "re_find_all('aéb', '')": ["", "", "", ""],
    "re_split('a1b22c', '[0-9]+')": ["a", "b", "c"],
    "re_replace('a1', '(?P<digit>[0-9])', '<${digit}$$>')": "a<1$>",
    "re_replace('aaa', 'a', '$0b')": "ababab",
    "re_replace('abc', '(x)?b', '[$1]')": "a[]c",
    r"re_replace('a', 'a', '\\1')": "\\1",
    "'a.b.c'.replace('.', '-', 1)": "a-b.c",
    "'a  b'.split()": ["a", "b"],
    "'ab'.startswith('a')": True,
    "json('1e5')": 100000.0,
    "json('\"\"')": "",
    'to_json({"b": [1], "a": "é"}, indent=1)': '{\n "b": [\n  1\n ],\n "a": "é"\n}',
    "base64_encode('é')": "w6k=",
    "base64_decode('aGVs\\nbG8')": "hello",
    "base64url_decode(base64url_encode('a?b>c~é'))": "a?b>c~é",
    "url_decode(url_encode('a/b ?é&'))": "a/b ?é&",
    "url_encode('a/b')": "a%2Fb",
    "query_string({'a': true, 'b': [], 'c': 1.5, 'é': 'ü'})": "a=true&c=1.5&%C3%A9=%C3%BC",
    "parse_query('?a=1&a=2&b=')": {"a": "2", "b": ""},
    "parse_csv('a;b\\n1;\"x;y\"\\n\\n2;', separator=';')": [{"a": "1", "b": "x;y"}, {"a": "2", "b": ""}],
    "to_csv(rows, ['id', 'n', 'nothing'])": "id,n,nothing\na,3,\nb,1,\nc,2,\n",
    "to_csv([])": "\n",
    "hmac_sha256('key', 'message', encoding='base64')": "bp7ym3X//Ft6uuUn1Y/a2y/kLnIZARl2kXNDBl9Y7Uo=",
    "format_number(1234567)": "1,234,567",
    "format_number(1234567.5, 1, ' ')": "1 234 567.5",
    "parse_date('2026-01-31T10:00:00+01:00')": "2026-01-31T10:00:00+01:00",
    "parse_date('2026-01-31 10:00')": "2026-01-31T10:00:00Z",
    "parse_date('2026-01-31')": "2026-01-31",
    "parse_date('31/01/2026', '%d/%m/%Y')": "2026-01-31",
    "parse_date('31/01/2026 10', '%d/%m/%Y %H', zone='Europe/Oslo')": "2026-01-31T10:00:00+01:00",
    "format_date('2026-01-05', '100%% %A %a %d %b %y %j w%V %p %I')": "100% Monday Mon 05 Jan 26 005 w02 AM 12",
    "format_date('2026-01-31T23:30:00Z', zone='Asia/Tokyo')": "2026-02-01",
    "add_time('2026-01-31T10:00:00Z', hours=-34, minutes=0.5)": "2026-01-30T00:00:30Z",
    "add_time('2024-02-29', years=1)": "2025-02-28",
    "add_time('2026-01-31', days=1)": "2026-02-01",
    "add_time('2026-01-31', hours=1)": "2026-01-31T01:00:00Z",
    "date_diff('2026-01-01T00:00:00Z', '2026-01-01T00:01:30Z', unit='minutes')": 1.5,
    "date_part('2026-01-31T10:20:30Z', 'minute')": 20,
    "start_of('2026-05-20', 'week')": "2026-05-18",
    "start_of('2026-05-20T10:20:30+02:00', 'hour')": "2026-05-20T10:00:00+02:00",
    "timestamp('1970-01-01T00:00:01.500Z', 'milliseconds')": 1500,
    "from_timestamp(1500, unit='milliseconds')": "1970-01-01T00:00:01.500000Z",
}
SCOPE: dict[str, Any] = {
    "rows": [
        {"id": "a", "n": 3, "kind": "x", "by": {"name": "z"}},
        {"id": "b", "n": 1, "kind": "x", "by": {"name": "y"}},
        {"id": "c", "n": 2, "kind": "y", "by": {"name": "x"}},
    ]
}


@pytest.mark.parametrize(("text", "value"), CASES.items(), ids=CASES)
def test_a_function_gives(text: str, value: Any) -> None:
    result = compile_expression(text).evaluate(SCOPE)

    assert result == value
    assert type(result) is type(value)


FAILURES = {
    "int('1_0')": "`int()`: the text is not a whole number. Write float(...) for a decimal.",
    "int('1.5')": "`int()`: the text is not a whole number. Write float(...) for a decimal.",
    "float('nan')": "`float()`: the text is not a finite number.",
    "float('inf')": "`float()`: the text is not a finite number.",
    "sum(['1'])": "`sum()`: it adds numbers, not text. Write a comprehension that picks the numbers.",
    "mean([])": "`mean()`: an empty list has no average.",
    "sqrt(-1)": "`sqrt()`: there is no square root of that number.",
    "chunk([1], 0)": "`chunk()`: `size` must be at least 1.",
    "dict([[1, 2]])": "`dict()`: the keys of a dict are text, not a number. Write str(...) around it.",
    "dict([1])": "`dict()`: every item must be a list of two: [key, value].",
    "sorted([1, 'a'])": "`sorted()`: there is no order between a number and text.",
    "sorted([{}, {}])": '`sorted()`: dicts have no order. Write key="name of a field".',
    "sorted(rows, key=[])": "`sorted()`: `key` is the name of a field, or a list of up to 10 names.",
    "sorted(rows, key='by.nam')": "`sorted()`: there is no key 'nam'. It has: name. Did you mean 'name'?",
    "sorted([1], key='a')": "`sorted()`: the field 'a' was looked for in a number.",
    "max(null)": "`max()`: it needs a list or several values, not null.",
    "', '.join([1])": "`', '.join()`: it joins text, not a number. Write [str(x) for x in items].",
    "'a'.split('')": "`'a'.split()`: the separator is empty. Write list(text) for the characters.",
    "[1].index(2)": "`[1].index()`: the list does not hold that value.",
    "base64_decode('%')": "`base64_decode()`: the text is not base64.",
    "base64_decode('/w==')": "`base64_decode()`: the base64 holds bytes that are not text.",
    "hex_decode('xy')": "`hex_decode()`: the text is not hexadecimal.",
    "to_json(1, indent=9)": "`to_json()`: `indent` goes from 0 to 8.",
    "to_csv([1])": "`to_csv()`: every row must be a dict, not a number.",
    "re_replace('a', 'a', '$1')": "`re_replace()`: the pattern has no group '1'. Write $$ for a dollar sign.",
    "re_replace('a', 'a', '${b}')": "`re_replace()`: the pattern has no group 'b'. Write $$ for a dollar sign.",
    "matches(json('\"a\"') + half, 'a')": "`matches()`: the text holds half a character (a lone surrogate).",
    "url_encode(half)": "`url_encode()`: the text holds half a character (a lone surrogate).",
    "format_date('2026-01-31', '%c')": (
        "`format_date()`: the format holds %c, which is not known. Known: %Y %m %d %H %M %S %B %b %A %a %p."
    ),
    "parse_date('x', '%Y%Y')": "`parse_date()`: the text is not a date written as '%Y%Y'.",
    "add_time('9999-12-31', days=1)": "`add_time()`: the date would be outside of the years 1 to 9999.",
    "add_time('2026-01-31', years=99999999999)": "`add_time()`: the amount is too large.",
    "from_timestamp(1e300)": "`from_timestamp()`: the date would be outside of the years 1 to 9999.",
    "in_zone('2026-01-31', '../etc/passwd')": (
        '`in_zone()`: the time zone is not known. Write a name such as "Europe/Oslo".'
    ),
    "today('Nowhere/Land')": '`today()`: the time zone is not known. Write a name such as "Europe/Oslo".',
    "date_diff('2026-01-01', '2026-01-02', 'years')": (
        "`date_diff()`: `unit` is one of seconds, minutes, hours, days, weeks."
    ),
}


@pytest.mark.parametrize(("text", "message"), FAILURES.items(), ids=FAILURES)
def test_a_function_that_cannot_says_why(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text).evaluate(SCOPE | {"half": "\ud800"})

    assert caught.value.message == message


def test_time_ids_and_chance_come_from_the_ambient_of_the_scope() -> None:
    ambient = FixedAmbient(time=datetime(2026, 5, 1, 23, 30, 15, 999, tzinfo=UTC), chance=0.25)
    text = "[now(), today(), today(zone='Asia/Tokyo'), uuid(), uuid(), random()]"

    assert compile_expression(text).evaluate({AMBIENT: ambient}) == [
        "2026-05-01T23:30:15Z",
        "2026-05-01",
        "2026-05-02",
        "00000000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000002",
        0.25,
    ]


def test_without_an_ambient_time_and_ids_are_real() -> None:
    first, second = compile_expression("[uuid(), uuid()]").evaluate({})

    assert first != second
    assert compile_expression("date_diff(now(), parse_date(now()), 'seconds') <= 1").evaluate({}) is True


def test_a_read_only_mapping_is_as_good_as_a_dict() -> None:
    frozen: Mapping[str, Any] = MappingProxyType({"a": 1, "b": MappingProxyType({"c": 2})})

    for text, value in {
        "x.b.c": 2,
        "x['a']": 1,
        "'a' in x": True,
        "keys(x)": ["a", "b"],
        "x.keys()": ["a", "b"],
        "len(x)": 2,
        "[k for k in x]": ["a", "b"],
        "default(x.nothing, 1)": 1,
    }.items():
        assert compile_expression(text).evaluate(MappingProxyType({"x": frozen})) == value
