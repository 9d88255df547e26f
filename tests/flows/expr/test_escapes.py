"""Nothing in an expression reaches a Python object: what was tried against other engines fails here."""

from typing import Any

import pytest

from flows.expr import FUNCTIONS, METHODS, ExpressionError, ExpressionInvalid, compile_expression, compile_template

SCOPE: dict[str, Any] = {"x": "text", "rows": [{"a": 1}], "d": {"a": 1}, "n": 1}

NOT_COMPILED = [
    # dunders and underscores in every position
    "__import__('os')",
    "__builtins__",
    "__class__",
    "x.__class__",
    "x.__class__.__mro__[1].__subclasses__()",
    "''.__class__",
    "().__class__.__bases__[0]",
    "[].__class__",
    "{}.__init__.__globals__",
    "x.upper.__self__",
    "x.__class__()",
    "x.upper().__class__",
    "len.__self__",
    "len.__call__(x)",
    "_x",
    "[__x for __x in rows]",
    "[a.__class__ for a in rows]",
    "{k: v.__class__ for k, v in d.items()}",
    "f'{x.__class__}'",
    "f'{x.__class__.__init__.__globals__}'",
    "f'{x:{x.__class__}}'",
    "sorted(rows, key=x.__class__)",
    "x.\uff3f\uff3fclass\uff3f\uff3f",  # full-width underscores become ordinary ones when Python reads names
    "\uff3f\uff3fimport\uff3f\uff3f('os')",
    "x.__getattribute__('upper')",
    "d.__getitem__('a')",
    # what Python has and we do not
    "eval('1')",
    "exec('1')",
    "compile('1', '', 'eval')",
    "open('/etc/passwd')",
    "getattr(x, 'upper')",
    "setattr(x, 'a', 1)",
    "globals()",
    "locals()",
    "vars()",
    "dir(x)",
    "object()",
    "type(x)()",
    "type('X', (), {})",
    "super()",
    "input()",
    "breakpoint()",
    "help()",
    "memoryview(x)",
    "bytearray(x)",
    "classmethod(x)",
    "print(x)",
    "map(x, rows)",
    "iter(rows)",
    "next(rows)",
    "id(x)",
    "hash(x)",
    "callable(x)",
    "hasattr(x, 'a')",
    # ways to get a callable called
    "x()",
    "rows[0]()",
    "d.a()",
    "(len)(x)()",
    "[len][0](x)",
    "{'f': len}['f'](x)",
    "(len if n else str)(x)",
    "[f(x) for f in [len]]",
    "(lambda: 1)()",
    "(f := len)(x)",
    "x.format(1)",
    "x.format_map(d)",
    "'{0.__class__}'.format(x)",
    "x.encode()",
    "x.translate(d)",
    "x.maketrans(d)",
    "x.expandtabs(1000000000)",
    "rows.append(1)",
    "rows.clear()",
    "rows.pop()",
    "rows.sort()",
    "d.update(d)",
    "d.pop('a')",
    "d.setdefault('b', 1)",
    "d.clear()",
    "d.fromkeys(rows)",
    # syntax
    "lambda: 1",
    "[a async for a in rows]",
    "await x",
    "(yield)",
    "(yield from rows)",
    "x := 1",
    "*rows",
    "[*rows]",
    "{**d}",
    "len(*rows)",
    "len(**d)",
    "x = 1",
    "x; n",
    "import os",
    "del x",
    "x if n",
    "2 ** 10",
    "x @ n",
    "n << 1000000",
    "n | 1",
    "n & 1",
    "~n",
    "{1}",
    "{a for a in rows}",
    "(a for a in rows)",
    "b'x'",
    "1j",
    "...",
    "`x`",
    "x -> n",
    "x) or (n",
    "x] or [n",
    "x}} or {{n",
    "x\x00",
    "'\ud800'",
    "[x for x.a in rows]",
    "[x for rows[0] in rows]",
    "[x for *a, b in rows]",
    "[x for x in rows for _y in x]",
    "[0 for len() in rows]",
    # numbers
    "9" * 400,
    "9" * 5000,
    "1e309",
    "-1e309",
]


@pytest.mark.parametrize("text", NOT_COMPILED)
def test_what_is_outside_of_the_language_is_not_compiled(text: str) -> None:
    with pytest.raises(ExpressionInvalid):
        compile_expression(text)


NO_VALUE = [
    # a key is looked up in a dict and nowhere else
    "x['__class__']",
    "d['__class__']",
    "rows['__class__']",
    "n['real']",
    "n.real",
    "n.numerator",
    "x.upper",
    "rows.append",
    "d.keys",
    "len.x",
    "len",
    "[len]",
    "str",
    "true.real",
    "null.x",
    "'a'.join.x",
    "get(x, '__class__')['a']",
    "d[d]",
    "d[rows]",
    "'%s' % x",
    "'%(a)s' % d",
    "sorted(rows, key='__class__')",
    "sorted(rows, key='a.__class__')",
    "group_by(rows, 'a.real')",
    # a variable is not visible outside of its loop
    "[y for y in rows] and y",
    "[y for z in y for y in rows]",
    "[w for w in w]",
]


@pytest.mark.parametrize("text", NO_VALUE)
def test_a_key_is_never_an_attribute(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text).evaluate(SCOPE)


def test_a_key_with_underscores_is_data_when_written_in_brackets() -> None:
    scope = {"reply": {"__typename": "City", "_id": "a"}}

    assert compile_expression('reply["__typename"] + reply._id').evaluate(scope) == "Citya"


def test_an_object_that_strays_into_the_scope_shows_none_of_its_attributes() -> None:
    class Stray:
        token = "s3cr3t"

        def keys(self) -> list[str]:
            return ["token"]

    for text in ("o.token", "o['token']", "o.keys()", "o[0]", "[x for x in o]", "f'{o}'", "str(o)", "o + o", "len(o)"):
        with pytest.raises(ExpressionError) as caught:
            compile_expression(text).evaluate({"o": Stray()})
        assert "s3cr3t" not in caught.value.message


def test_a_callable_that_strays_into_the_scope_cannot_be_called() -> None:
    called: list[int] = []

    for text in ("f()", "d.f()", "d['f']()", "[f() for f in [f]]"):
        with pytest.raises((ExpressionInvalid, ExpressionError)):
            compile_expression(text).evaluate({"f": lambda: called.append(1), "d": {"f": lambda: called.append(1)}})
    assert called == []


def test_the_hidden_entry_of_a_scope_has_no_spelling() -> None:
    for text in ("$ambient", "${ambient}", "_ambient"):
        with pytest.raises(ExpressionInvalid):
            compile_expression(text)


@pytest.mark.parametrize(
    "text",
    ["{{ 7*7 }}", "${{ 7*7 }}", "#{7*7}", "<%= 7*7 %>", "{0.__class__}", "%(x)s", "$(id)", "`id`", "';--"],
)
def test_data_is_never_evaluated(text: str) -> None:
    scope = {"x": text}

    assert compile_template("${{ x }}").evaluate(scope) == text  # type: ignore[union-attr]
    assert compile_template("<${{ x }}>").evaluate(scope) == f"<{text}>"  # type: ignore[union-attr]
    assert compile_expression("f'{x}' + x").evaluate(scope) == text * 2


def test_no_table_holds_a_name_with_underscores_in_front() -> None:
    names = [*FUNCTIONS, *(name for table in METHODS.values() for name in table)]

    assert [name for name in names if name.startswith("_") or not name.isidentifier()] == []
