"""Whatever the text and the data: one of three errors, or a plain JSON value."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, example, given, settings

from flows.expr import (
    FUNCTIONS,
    METHODS,
    ExpressionError,
    ExpressionInvalid,
    Template,
    compile_expression,
    compile_template,
)

SETTINGS = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

NAMES = st.sampled_from(["a", "b", "rows", "x", "missing"])
KEYS = st.sampled_from(["id", "name", "n", "tags", "from", "nothing", "a-b"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["2026-01-31", "2026-01-31T10:00:00Z", "%Y-%m-%d", "(a+)+", "a,b\n1,2", "[1]", "id", "n.x", "UTC"]
    )
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
SCOPES = st.fixed_dictionaries({"a": JSON, "b": JSON, "x": JSON, "rows": st.lists(JSON, max_size=4)})

WORDS = r"""
    a b rows x missing id . , : ( ) [ ] { } {{ }} ${{ $${{ ' " f' + - * / // % ** == != < <= in is not and or if else
    for lambda := null true 0 1 -1 9999999999 1e308 1e999 _ __class__ \ # é len default( any( .items() .upper() [0]
    [-1:] :>5 !r matches( sorted( key= range( await async yield * ... @ & | ~ ; =
"""
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\ud800", "\x00"])
TEXTS = st.text(max_size=60) | st.lists(PIECES, max_size=25).map(" ".join) | st.lists(PIECES, max_size=25).map("".join)


def _call(name: str, arguments: list[str]) -> str:
    return f"{name}({', '.join(arguments)})"


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    methods = sorted({name for table in METHODS.values() for name in table})
    signs = ["+", "-", "*", "/", "//", "%", "==", "!=", "<", ">=", "in", "not in", "and", "or"]
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(signs), inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("{}.id".format, NAMES),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({})[{}:{}]".format, inner, inner, inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{'id': {}, 'n': {}}}".format, inner, inner),
        st.builds("{{str({}): {}}}".format, inner, inner),
        st.builds("[{} for x in {}]".format, inner, inner),
        st.builds("[x for x in {} if {}]".format, inner, inner),
        st.builds("[{} for x in {} for a in {}]".format, inner, inner, inner),
        st.builds("{{str(a): x for a, x in ({}).items()}}".format, inner),
        st.builds("any({} for x in {})".format, inner, inner),
        st.builds("default({}, {})".format, inner, inner),
        st.builds(_call, st.sampled_from(sorted(FUNCTIONS)), st.lists(inner, min_size=1, max_size=3)),
        st.builds("({}).{}".format, inner, st.builds(_call, st.sampled_from(methods), st.lists(inner, max_size=2))),
    )


EXPRESSIONS = st.recursive(
    NAMES | st.sampled_from(["0", "1", "-3", "2.5", "'id'", "'a,b'", "null", "true", "[]", "{}", "f'{a}:{b!s:>9}'"]),
    _larger,
    max_leaves=8,
)


def assert_plain(value: Any) -> None:
    """Check that a value is made of exactly what JSON has."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        assert type(value) in (type(None), bool, int, float, str, list, dict), type(value)
        if type(value) is float:
            assert math.isfinite(value)
        elif type(value) is list:
            waiting += value
        elif type(value) is dict:
            assert all(type(key) is str for key in value)
            waiting += value.values()


def _outcome(work: Callable[[], Any]) -> Any:
    """Return what work gives: a value, or the one of our errors that it raised."""
    try:
        return work()
    except (ExpressionInvalid, ExpressionError) as error:
        return error


def _evaluate(text: str, scope: dict[str, Any]) -> None:
    expression = _outcome(lambda: compile_expression(text, offset=7))
    if isinstance(expression, ExpressionInvalid):
        assert 7 <= expression.offset <= 7 + len(text)
        assert expression.message.endswith((".", "?", ")"))
        return
    assert all(7 <= offset <= 7 + len(text) for offset in expression.names.values())
    value = _outcome(lambda: expression.evaluate(scope))
    if isinstance(value, ExpressionError):
        assert 7 <= value.offset <= 7 + len(text)
        assert 0 < len(value.message) < 1500
        return
    assert_plain(value)


@SETTINGS
@given(TEXTS, SCOPES)
def test_any_text_is_an_error_or_a_plain_value(text: str, scope: dict[str, Any]) -> None:
    _evaluate(text, scope)


@SETTINGS
@given(TEXTS, SCOPES)
@example("${{ a }}}}${{", {"a": 1})
def test_any_template_is_an_error_or_a_plain_value(text: str, scope: dict[str, Any]) -> None:
    for whole in (text, "${{" + text + "}}", f"a ${{{{ x }}}} {text}"):
        template = _outcome(partial(compile_template, whole))
        if isinstance(template, ExpressionInvalid):
            assert 0 <= template.offset <= len(whole)
        elif template is None:
            assert "${{" not in whole
        else:
            _evaluate_template(template, whole, scope)


def _evaluate_template(template: Template, text: str, scope: dict[str, Any]) -> None:
    value = _outcome(lambda: template.evaluate(scope))
    if isinstance(value, ExpressionError):
        assert 0 <= value.offset <= len(text)
        assert value.message
        return
    assert_plain(value)
    assert template.is_expression or type(value) is str


@SETTINGS
@given(EXPRESSIONS, SCOPES)
def test_expressions_that_look_valid_give_plain_values_or_errors(text: str, scope: dict[str, Any]) -> None:
    _evaluate(text, scope)


@SETTINGS
@given(st.sampled_from(sorted(FUNCTIONS)), st.lists(JSON, min_size=1, max_size=4))
def test_every_function_takes_anything(name: str, values: list[Any]) -> None:
    scope = {f"v{index}": value for index, value in enumerate(values)}

    _evaluate(_call(name, list(scope)), scope)


@SETTINGS
@given(
    st.sampled_from(sorted({name for table in METHODS.values() for name in table})),
    JSON | st.text(),
    st.lists(JSON, max_size=3),
)
def test_every_method_takes_anything(name: str, owner: Any, values: list[Any]) -> None:
    scope = {f"v{index}": value for index, value in enumerate(values)}

    _evaluate(f"owner.{_call(name, list(scope))}", scope | {"owner": owner})


@SETTINGS
@given(JSON, JSON)
def test_equality_is_pythons(left: Any, right: Any) -> None:
    scope = {"left": left, "right": right}

    assert compile_expression("left == right").evaluate(scope) is (left == right)
    assert compile_expression("[left] == [left] and left in [left]").evaluate(scope) is True


@SETTINGS
@given(JSON)
def test_json_that_is_written_reads_back_the_same(value: Any) -> None:
    written = compile_expression("to_json(v)")
    read = compile_expression("json(to_json(v))")

    try:
        written.evaluate({"v": value}).encode()
    except UnicodeEncodeError:
        return
    assert read.evaluate({"v": value}) == value


def _tree_size(value: Any, most: int) -> int:
    """Return how many values there are when shared ones are counted wherever they stand; stop beyond `most`."""
    total, waiting = 0, [value]
    while waiting and total <= most:
        value = waiting.pop()
        total += 1
        if type(value) in (list, dict):
            waiting += value.values() if type(value) is dict else value
    return total


@settings(SETTINGS, max_examples=30)
@given(EXPRESSIONS, SCOPES)
def test_no_expression_makes_a_value_grow_without_end(text: str, scope: dict[str, Any]) -> None:
    expression = _outcome(lambda: compile_expression(text))
    if isinstance(expression, ExpressionInvalid):
        return

    for _ in range(20):
        value = _outcome(partial(expression.evaluate, scope))
        if isinstance(value, ExpressionError):
            return
        assert _tree_size(value, 1_500_000) < 1_500_000
        scope = scope | {"x": value, "rows": [value]}
