"""What users read when an expression is not valid, or has no value."""

from typing import Any

import pytest

from flows.expr import ExpressionError, ExpressionInvalid, compile_expression

SCOPE: dict[str, Any] = {
    "place": {"body": {"results": [1, 2], "generationtime_ms": 0.5, "content-type": "json"}},
    "args": {"city": "Oslo", "zip": None, "n": 3},
    "rows": [{"id": 1}, {"id": "x"}, {"id": None}],
    "empty": {},
    "many": {f"key{number}": number for number in range(30)},
    "secret": {"token": "s3cr3t-value"},
}

EVALUATED = {
    # text: (message, offset, missing)
    "place.body.reslts": (
        "`place.body.reslts`: there is no key 'reslts'. It has: results, generationtime_ms, content-type. "
        "Did you mean 'results'?",
        0,
        True,
    ),
    "plase.body": (
        "`plase`: there is no name 'plase'. There are: place, args, rows, empty, many, secret. Did you mean 'place'?",
        0,
        True,
    ),
    "1 + place.body.content": (
        "`place.body.content`: there is no key 'content'. It has: results, generationtime_ms, content-type. "
        'Did you mean ["content-type"]?',
        4,
        True,
    ),
    "place.body.results[3]": ("`place.body.results[3]`: there is no index 3 in a list of 2.", 0, True),
    "args.city[9]": ("`args.city[9]`: there is no index 9 in a text of 4.", 0, True),
    "args.zip.code": ("`args.zip.code`: null has no keys.", 0, True),
    "args.zip[0]": ("`args.zip[0]`: null has no items.", 0, True),
    "args.city.code": ("`args.city.code`: text has no keys.", 0, False),
    "args.n.code": ("`args.n.code`: a number has no keys.", 0, False),
    "place.body.results.first": ("`place.body.results.first`: a list has no keys.", 0, False),
    "empty.x": ("`empty.x`: there is no key 'x'. The dict is empty.", 0, True),
    "many.x": (
        "`many.x`: there is no key 'x'. "
        "It has: key0, key1, key2, key3, key4, key5, key6, key7, key8, key9 and 20 more.",
        0,
        True,
    ),
    "args[args.n]": (
        "`args[args.n]`: the keys of a dict are text, not a number. Write str(...) around it.",
        0,
        False,
    ),
    "rows['id']": ("`rows['id']`: a list has no keys.", 0, False),
    "rows[1.5]": ("`rows[1.5]`: an index is a whole number, not a decimal number.", 0, False),
    "args.city + args.n": (
        "`args.city + args.n`: `+` does not work between text and a number. "
        "Write str(...) around the number, or int(...) around the text.",
        0,
        False,
    ),
    "args + empty": ("`args + empty`: `+` does not work between a dict and a dict. Write merge(a, b).", 0, False),
    "args.n - null": ("`args.n - null`: `-` does not work between a number and null.", 0, False),
    "'%s' % args.city": (
        "`'%s' % args.city`: `%` does not format text. Write an f-string: f\"{name}\".",
        0,
        False,
    ),
    "args.n / 0": ("`args.n / 0`: division by zero.", 0, False),
    "args.n // 0": ("`args.n // 0`: division by zero.", 0, False),
    "1e300 * 1e300": ("`1e300 * 1e300`: the result is not a finite number.", 0, False),
    "-args.city": ("`-args.city`: `-` does not work on text.", 0, False),
    "args.n > args.city": (
        "`args.n > args.city`: `>` cannot compare a number with text. Write int(...) or float(...) around the text.",
        0,
        False,
    ),
    "args.zip < 3": ("`args.zip < 3`: `<` cannot compare null with a number.", 0, False),
    "[1, 'a'] < [1, 2]": ("`[1, 'a'] < [1, 2]`: `<` cannot compare what is in these lists.", 0, False),
    "1 in args.city": ("`1 in args.city`: `in` looks for text in text, not for a number.", 0, False),
    "1 in args.zip": ("`1 in args.zip`: `in` needs a list, a dict or text on its right, not null.", 0, True),
    "[x for x in args.city]": (
        "`args.city`: a loop goes over a list or a dict, not over text. Write lines(x), words(x) or list(x).",
        12,
        False,
    ),
    "[x for x in args.zip]": (
        "`args.zip`: a loop goes over a list or a dict, not over null. Write default(x, []) for what may be missing.",
        12,
        True,
    ),
    "[k for k, v in rows]": ("`for k, v`: it takes lists of 2, not a dict.", 7, False),
    "{args.n: 1}": ("the keys of a dict are text, not a number. Write str(...) around it.", 1, False),
    "{x: 1 for x in [1]}": ("the keys of a dict are text, not a number. Write str(...) around it.", 1, False),
    "f'{args.city:.2f}'": ("`args.city`: the format '.2f' does not fit text.", 3, False),
    "f'{args.zip:.2f}'": ("`args.zip`: the format '.2f' does not fit null.", 3, False),
    "args.city.items()": ("`args.city.items()`: text has no method items(): it is one of dicts.", 0, False),
    "args.n.upper()": (
        "`args.n.upper()`: a number has no method upper(): it is one of text. Write str(...) around it.",
        0,
        False,
    ),
    "args.zip.upper()": ("`args.zip.upper()`: null has no method upper().", 0, True),
    "truncate(args.n, 3)": ("`truncate()`: `text` must be text, not a number.", 0, False),
    "truncate(args.city, args.zip)": ("`truncate()`: `length` must be a whole number, not null.", 0, True),
    "len(args.n)": ("`len()`: `value` must be a dict or a list or text, not a number.", 0, False),
    "max([])": ("`max()`: the list is empty. Write default=... for that case.", 0, False),
    "sorted(rows, key='id')": (
        "`sorted()`: there is no order between a number and null and text. "
        "Leave null out first: [x for x in items if x is not None].",
        0,
        False,
    ),
    "sorted(rows, key='name')": ("`sorted()`: there is no key 'name'. It has: id.", 0, True),
    "int(args.city)": (
        "`int()`: the text is not a whole number. Write float(...) for a decimal.",
        0,
        False,
    ),
    "json(args.city)": ("`json()`: the text is not JSON: JSON is malformed: invalid character (byte 0).", 0, False),
    "parse_date(args.city)": (
        "`parse_date()`: the text is not a date. Write 2026-01-31 or 2026-01-31T09:30:00Z, or read it with "
        "parse_date(text, format).",
        0,
        False,
    ),
    "matches('a', args.city + '(')": (
        "`matches()`: the pattern is not valid: missing ): Oslo(. "
        "The syntax is RE2's: no lookaround, no backreferences.",
        0,
        False,
    ),
}


@pytest.mark.parametrize(("text", "expected"), EVALUATED.items(), ids=EVALUATED)
def test_an_expression_without_a_value_says_what_is_there_instead(text: str, expected: tuple[str, int, bool]) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text).evaluate(SCOPE)

    assert (caught.value.message, caught.value.offset, caught.value.missing) == expected
    assert str(caught.value) == caught.value.message


INVALID = {
    "": ("The expression is empty.", 0),
    "   ": ("The expression is empty.", 0),
    "a +": ("This is not an expression: invalid syntax.", 3),
    "a b": ("This is not an expression: invalid syntax. Perhaps you forgot a comma?", 0),
    "a && b": ("This is not an expression: invalid syntax. Write `and` instead of `&&`.", 3),
    "a ? b : c": ("This is not an expression: invalid syntax. Write `a if condition else b`, or default(a, b).", 2),
    "order.from": (
        "This is not an expression: invalid syntax. "
        'A key that is a word of the language is written in brackets: a["from"].',
        6,
    ),
    "len(x": ("This is not an expression: '(' was never closed.", 3),
    "'abc": ("This is not an expression: unterminated string literal.", 0),
    "a) + (b": ("This is not an expression: ')' closes nothing that is open here.", 1),
    "lenght(x)": ("There is no function 'lenght'. Did you mean 'len'?", 0),
    "truncat(x)": ("There is no function 'truncat'. Did you mean 'truncate'?", 0),
    "replace(x, 'a', 'b')": (
        "There is no function 'replace'. Write re_replace(text, pattern, by) for a pattern, "
        "text.replace(old, new) for plain text.",
        0,
    ),
    "x.uper()": ("There is no method 'uper'. Did you mean 'upper'?", 0),
    "x.truncate(3)": ("There is no method 'truncate'. Write truncate(...).", 0),
    "x.format(1)": ("There is no method 'format'. Write an f-string: f\"{x:.2f}\".", 0),
    "truncate(x)": ('truncate() needs `length`. Write truncate(text, length, end="…").', 0),
    "truncate(x, 1, '', 2)": ('truncate() takes no more than 3 arguments. Write truncate(text, length, end="…").', 0),
    "truncate(x, size=1)": ("truncate() has no parameter 'size'. Write truncate(text, length, end=\"…\").", 17),
    "truncate(x, 1, length=1)": (
        'truncate() is given `length` twice. Write truncate(text, length, end="…").',
        22,
    ),
    "truncate(x, '1')": ("`length` must be a whole number, not text.", 12),
    "'a'.ljust()": ('ljust() needs `width`. Write text.ljust(width, fill=" ").', 0),
    "min()": ("min() needs at least one argument. Write min(items, ..., key=null, default=...).", 0),
    "matches(x, '(')": (
        "The pattern is not valid: missing ): (. The syntax is RE2's: no lookaround, no backreferences.",
        11,
    ),
    "matches(x, '(?=a)')": (
        "The pattern is not valid: invalid perl operator: (?=. The syntax is RE2's: no lookaround, no backreferences.",
        11,
    ),
    "2 ** 3": ("There is no `**`. Write x * x, or sqrt(x).", 0),
    "x | upper": (
        "There is no `|`. Write `or` between conditions, merge(a, b) for dicts, f(x) instead of x | f.",
        0,
    ),
    "~x": ("There is no `~`. Write not.", 0),
    "lambda x: x": ("There are no lambdas. Write a comprehension.", 0),
    "sorted(x, key=lambda r: r.n)": (
        'There are no lambdas. `key` takes the name of a field: sorted(rows, key="date").',
        14,
    ),
    "(y := 1)": ("There is no `:=`. Give the value a name with a `map` step.", 1),
    "[*x]": ("There are no stars. Put lists together with +, dicts with merge(a, b).", 1),
    "{**x}": ("There is no `**` in dicts. Write merge(a, b).", 3),
    "f(*x)": ("There is no function 'f'.", 0),
    "len(*x)": ("There are no star arguments. Write the arguments out.", 4),
    "len(**x)": ("There are no star arguments. Write the arguments out.", 6),
    "{1, 2}": ('There are no sets. Write a list [a, b] or a dict {"name": a}.', 0),
    "x for x in y": ("Write square brackets around the loop: [x for ...].", 0),
    "b'abc'": ("There is no such value as bytes: write text.", 0),
    "2j": ("There is no such value as complex numbers.", 0),
    "...": ("There is no such value as `...`.", 0),
    "1e999": ("The number is too large.", 0),
    "{1: 2}": ('The keys of a dict are text. Write them in quotes: {"name": x}.', 0),
    "x is 5": ("`is` compares with null, true or false only. Write == or !=.", 0),
    "f'{x!r}'": ("There is no !r or !a in f-strings. Write to_json(x).", 3),
    "f'{x:{n}}'": ("A format in an f-string cannot hold { }. Write it out.", 3),
    "f'{x:999999}'": (
        "The format '999999' cannot be used. "
        "Write .2f or 05d or , or >10 with a width of up to 200 and up to 50 decimals.",
        3,
    ),
    "[x for _private in y]": ("'_private' cannot be the variable of a loop. Choose another name.", 7),
    "[x for true in y]": ("'true' cannot be the variable of a loop. Choose another name.", 7),
    "_hidden": ("Names that start with an underscore cannot be used: '_hidden'.", 0),
    "a.__class__": ('Keys that start with two underscores are written in brackets: ["__class__"].', 0),
    "(1)(2)": ("Only functions and methods can be called, by their names.", 0),
    "x[0](2)": ("Only functions and methods can be called, by their names.", 0),
}


@pytest.mark.parametrize(("text", "expected"), INVALID.items(), ids=INVALID)
def test_what_is_not_an_expression_says_why_and_what_to_write(text: str, expected: tuple[str, int]) -> None:
    with pytest.raises(ExpressionInvalid) as caught:
        compile_expression(text)

    assert (caught.value.message, caught.value.offset) == expected


def test_offsets_count_characters_from_the_start_of_the_text_that_was_given() -> None:
    expression = compile_expression('"Bodø" +\n  args.nothing', offset=20)

    with pytest.raises(ExpressionError) as caught:
        expression.evaluate(SCOPE)

    assert caught.value.offset == 20 + '"Bodø" +\n  '.__len__()


def test_an_error_inside_a_lazy_form_that_is_not_about_missing_things_is_not_hidden() -> None:
    with pytest.raises(ExpressionError, match="division by zero"):
        compile_expression("default(1 / 0, 2)").evaluate({})


@pytest.mark.parametrize("text", ["secret.token.x", "secret.token + 1", "int(secret.token)", "json(secret.token)",
                                  "[x for x in secret.token]", "secret.token.items()", "f'{secret.token:d}'",
                                  "parse_date(secret.token)", "secret.token()", "sum([secret.token])"])  # fmt: skip
def test_no_error_repeats_a_value(text: str) -> None:
    with pytest.raises((ExpressionError, ExpressionInvalid)) as caught:
        compile_expression(text).evaluate(SCOPE)

    assert "s3cr3t" not in str(caught.value)


def test_an_error_about_long_keys_stays_short() -> None:
    scope = {"x": {"k" * 5000 + str(number): number for number in range(500)}}

    with pytest.raises(ExpressionError) as caught:
        compile_expression(f"x.{'y' * 5000}").evaluate(scope)

    assert len(caught.value.message) < 700
