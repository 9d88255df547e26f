"""What expressions mean: the text, and the value it has in one scope that looks like an API answer."""

from typing import Any

import pytest

from flows.expr import compile_expression

SCOPE: dict[str, Any] = {
    "args": {"city": "Oslo", "limit": 3, "zip": None, "items": [1, 2]},
    "place": {
        "body": {
            "results": [
                {"name": "Oslo", "latitude": 59.9, "tags": ["capital", "port"], "_id": "a1"},
                {"name": "Bergen", "latitude": 60.4, "tags": ["port"], "_id": "b2"},
            ],
            "content-type": "json",
            "upper": "a key, not a method",
        }
    },
    "empty": {"list": [], "dict": {}, "text": ""},
    "n": 5,
}

CASES = {
    # Names and constants
    "n": 5,
    "true": True,
    "false": False,
    "null": None,
    "[True, False, None]": [True, False, None],
    "1_000": 1000,
    "0x1f": 31,
    '"a" "b"': "ab",
    "'é' + \"\\u00e9\"": "éé",
    # Keys, indexes, slices
    "args.city": "Oslo",
    'args["city"]': "Oslo",
    "place.body.results[0].name": "Oslo",
    "place.body.results[-1].name": "Bergen",
    'place.body["content-type"]': "json",
    "place.body.upper": "a key, not a method",
    "place.body.results[0]._id": "a1",
    "args.items": [1, 2],
    "args[args.city and 'limit']": 3,
    "args.items[n - 4]": 2,
    "args.city[0]": "O",
    "args.city[1:3]": "sl",
    "args.city[::-1]": "olsO",
    "args.items[:1]": [1],
    "args.items[5:]": [],
    # Arithmetic
    "1 + 2 * 3": 7,
    "7 / 2": 3.5,
    "7 // 2": 3,
    "-7 // 2": -4,
    "-7 % 3": 2,
    "-n": -5,
    "+n": 5,
    "0.1 + 0.2": 0.1 + 0.2,
    "true + true": 2,
    '"ab" + "cd"': "abcd",
    '"ab" * 2': "abab",
    "2 * [0]": [0, 0],
    "[1] + [2]": [1, 2],
    '"a" * -1': "",
    # Comparison
    "1 < n <= 5": True,
    "1 < n < 5": False,
    "n == 5.0": True,
    '"5" == 5': False,
    "[1, {'a': 2}] == [1, {'a': 2}]": True,
    "[1] == {}": False,
    "args.items != [1, 2]": False,
    '"a" < "b"': True,
    "[1, 2] < [1, 3]": True,
    '"sl" in args.city': True,
    '"city" in args': True,
    "5 in args": False,
    "2 in args.items": True,
    "[1] in [[1]]": True,
    'args.city in ["Oslo", "Bergen"]': True,
    'args.items in ["Oslo", 3]': False,
    "n not in [1, 2]": True,
    "args.zip is null": True,
    "args.zip is not None": False,
    "(n > 3) is true": True,
    # Logic
    "not n": False,
    "args.zip or 'none'": "none",
    "n and 'yes'": "yes",
    "0 or '' or 'last'": "last",
    "1 and 0 and n.missing": 0,
    "1 or n.missing": 1,
    "'many' if n > 3 else 'few'": "many",
    "1 if n == 0 else 2 if n == 5 else 3": 2,
    # Text
    'f"{args.city}: {n}"': "Oslo: 5",
    'f"{n:03d} {1234567.891:,.2f} {args.city:>6} {true} {null}"': "005 1,234,567.89   Oslo true null",
    'f"{args.items} {{x}}"': "[1,2] {x}",
    'f"{0.256:.1%}"': "25.6%",
    'f"{n!s}"': "5",
    'f""': "",
    # Lists, dicts, loops
    "[]": [],
    "(1, 2)": [1, 2],
    "1, 2": [1, 2],
    "{'a': n, args.city: [n]}": {"a": 5, "Oslo": [5]},
    "{}": {},
    "[r.name for r in place.body.results]": ["Oslo", "Bergen"],
    "[r.name for r in place.body.results if r.latitude > 60]": ["Bergen"],
    "[t for r in place.body.results for t in r.tags]": ["capital", "port", "port"],
    "[[i, j] for i in range(3) for j in range(i) if i + j > 1]": [[2, 0], [2, 1]],
    "{r.name: r.latitude for r in place.body.results}": {"Oslo": 59.9, "Bergen": 60.4},
    "{k: v for k, v in args.items() if v}": {"city": "Oslo", "limit": 3, "items": [1, 2]},
    "[k for k in args]": ["city", "limit", "zip", "items"],
    "[i for i, (a, b) in enumerate(zip([1], [2]))]": [0],
    "[0 for _ in range(2)]": [0, 0],
    "[[x for x in [x, x + 1]] for x in [1, 2]]": [[1, 2], [2, 3]],
    "[n for n in [1]] + [n]": [1, 5],
    "sum(r.latitude for r in place.body.results)": 59.9 + 60.4,
    "any(r.name == 'Oslo' or r.nothing for r in place.body.results)": True,
    "all(x < n for x in args.items)": True,
    "any(x for x in [])": False,
    "any([0, 1])": True,
    "', '.join(r.name for r in place.body.results)": "Oslo, Bergen",
    # Methods
    "args.city.upper()": "OSLO",
    "place.body.get('upper')": "a key, not a method",
    "args.keys()": ["city", "limit", "zip", "items"],
    "args.get('nothing', 1)": 1,
    "'a,b,c'.split(',', maxsplit=1)": ["a", "b,c"],
    "' a '.strip().upper()": "A",
    "[3, 1].index(1)": 1,
    # What may be missing
    "default(args.nothing, 'x')": "x",
    "default(nowhere.at.all, 1)": 1,
    "default(place.body.results[7].name, '')": "",
    "default(args.zip, 'none')": "none",
    "default(args.zip.code.upper(), 'none')": "none",
    "default(args.city, n.not_evaluated)": "Oslo",
    "coalesce(args.zip, args.nothing, n)": 5,
    "coalesce(args.zip)": None,
    "has(args.city)": True,
    "has(args.zip)": False,
    "has(args.nothing.more)": False,
    "[x for x in default(args.rows, [])]": [],
}


@pytest.mark.parametrize(("text", "value"), CASES.items(), ids=CASES)
def test_an_expression_has_the_value_that_python_readers_expect(text: str, value: Any) -> None:
    result = compile_expression(text).evaluate(SCOPE)

    assert result == value
    assert type(result) is type(value)


def test_an_expression_may_go_over_several_lines_and_hold_comments() -> None:
    text = """
      [
        r.name            # the name only
        for r in place.body.results
      ]
      + ["Bodø"]"""

    assert compile_expression(text).evaluate(SCOPE) == ["Oslo", "Bergen", "Bodø"]


def test_the_names_an_expression_reads_are_those_of_the_scope_at_their_first_use() -> None:
    text = "[a.x + x for x in b if x in a] + c + c"

    names = compile_expression(text, offset=100).names

    assert names == {"b": 100 + text.index("b"), "a": 100 + text.index("a"), "c": 100 + text.index("c")}


def test_the_constant_keys_an_expression_reads_of_a_name_are_known() -> None:
    expression = compile_expression("args.city + args['zip'][0] + [args.x for args in rows] + rows[0].id")

    assert set(expression.keys) == {("args", "city"), ("args", "zip")}


def test_a_step_called_like_a_function_is_still_readable() -> None:
    result = compile_expression("[now.body, len(now.body)]").evaluate({"now": {"body": "ab"}})

    assert result == ["ab", 2]


def test_evaluating_changes_nothing_in_the_scope() -> None:
    scope = {"rows": [{"n": 2}, {"n": 1}]}

    compile_expression("sorted(rows, key='n') + reversed(rows) + unique(rows)").evaluate(scope)
    compile_expression("merge(rows[0], {'n': 9, 'm': 1})").evaluate(scope)

    assert scope == {"rows": [{"n": 2}, {"n": 1}]}


def test_an_expression_can_be_evaluated_again_and_again() -> None:
    expression = compile_expression("[x * n for x in range(n)]")

    assert [expression.evaluate({"n": n}) for n in (2, 3, 2)] == [[0, 2], [0, 3, 6], [0, 2]]
