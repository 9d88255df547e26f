"""YAML is read as 1.2 and safely, into plain values."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from flows.source import read_source
from tests.flows.source.support import read


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        *[pytest.param(text, None, id=f"null {text!r}") for text in ("", "~", "null", "Null", "NULL")],
        *[pytest.param(text, True, id=text) for text in ("true", "True", "TRUE")],
        *[pytest.param(text, False, id=text) for text in ("false", "False", "FALSE")],
        *[
            pytest.param(text, text, id=f"text {text}")
            for text in ("yes", "no", "on", "off", "y", "n", "Yes", "tRUE", "nULL", "2001-01-01", "12:30:45", "1_000")
        ],
        *[
            pytest.param(text, text, id=f"text {text}")
            for text in ("0b1", "0o8", "0xg", "1e", "e5", "+", "-.", "--1", "1.2.3")
        ],
        pytest.param("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00", id="text time"),
        pytest.param("0", 0, id="zero"),
        pytest.param("-12", -12, id="negative"),
        pytest.param("+12", 12, id="plus sign"),
        pytest.param("0o17", 15, id="octal"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("18446744073709551616", 2**64, id="a large integer"),
        pytest.param("1.5", 1.5, id="fraction"),
        pytest.param("1.", 1.0, id="no digits after the point"),
        pytest.param(".5", 0.5, id="no digits before the point"),
        pytest.param("1e3", 1000.0, id="exponent without a point"),
        pytest.param("-1.5E-3", -0.0015, id="negative exponent"),
        pytest.param("'1'", "1", id="single-quoted number is text"),
        pytest.param('"true"', "true", id="double-quoted boolean is text"),
        pytest.param('""', "", id="empty quotes are text"),
        pytest.param("!!str 1", "1", id="tag str"),
        pytest.param("! 1", "1", id="the tag that means text"),
        pytest.param('!!int "0x10"', 16, id="tag int"),
        pytest.param("!!float 3", 3.0, id="tag float"),
        pytest.param('!!bool "true"', True, id="tag bool"),
        pytest.param('!!null ""', None, id="tag null"),
        pytest.param("!!map {a: 1}", {"a": 1}, id="tag map"),
        pytest.param("!!seq [1]", [1], id="tag seq"),
        pytest.param("|\n  a\n  b\n", "a\nb\n", id="literal"),
        pytest.param(">-\n  a\n  b\n", "a b", id="folded"),
        pytest.param(r'"\ud83d\ude00 \u00e9 \/ \\ud83d\\ude00"', "\U0001f600 é / \\ud83d\\ude00", id="JSON escapes"),
        pytest.param(r"'\ud83d\ude00'", r"\ud83d\ude00", id="no escapes in single quotes"),
        pytest.param(r"\ud83d\ude00", r"\ud83d\ude00", id="no escapes in plain text"),
        pytest.param(
            '"a\x85b\u2028c\u2029d\x7fe\ufefff\uffff"', "a\x85b\u2028c\u2029d\x7fe\ufefff\uffff", id="odd ones"
        ),
        pytest.param("a\x7fb", "a\x7fb", id="delete is not a control character"),
        pytest.param("a\u2028b \U000f0000", "a\u2028b \U000f0000", id="YAML 1.2 knows no Unicode line breaks"),
        pytest.param("\U0001f600 é", "\U0001f600 é", id="beyond the basic plane"),
    ],
)
def test_a_scalar_means_what_the_core_schema_of_yaml_1_2_says(scalar: str, value: Any) -> None:
    document = read(f"k: {scalar}\n").value

    assert document == {"k": value}
    assert type(document["k"]) is type(value)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param("# only this\n", None, id="a comment"),
        pytest.param("---\n", None, id="a document start"),
        pytest.param("%YAML 1.2\n---\na: 1\n...\n", {"a": 1}, id="a directive and an end"),
        pytest.param("\ufeffa: 1\n", {"a": 1}, id="byte order mark"),
        pytest.param(b"\xef\xbb\xbfa: \xc3\xa9\n", {"a": "é"}, id="UTF-8 bytes with a byte order mark"),
        pytest.param("a: 1\r\nb:\r\n- x\r\n", {"a": 1, "b": ["x"]}, id="Windows line ends"),
        pytest.param("on: 1\nyes: 2\n2001-01-01: 3\n", {"on": 1, "yes": 2, "2001-01-01": 3}, id="keys are text"),
        pytest.param(
            "'1': a\n\"true\": b\n!!str 2: c\n'<<': d\n", {"1": "a", "true": "b", "2": "c", "<<": "d"}, id="quoted"
        ),
        pytest.param("? a\n: 1\n? b\n", {"a": 1, "b": None}, id="explicit keys"),
        pytest.param('{"a":1,"b":[{}, []]}', {"a": 1, "b": [{}, []]}, id="JSON"),
        pytest.param(
            "a: &x {b: [1]}\nc: *x\nd: [*x]\n", {"a": {"b": [1]}, "c": {"b": [1]}, "d": [{"b": [1]}]}, id="alias"
        ),
        pytest.param("a: &x b\n*x : 1\n", {"a": "b", "b": 1}, id="an alias as a key"),
        pytest.param("&x a: *x\n", {"a": "a"}, id="an anchor at a key"),
        pytest.param("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}, id="an anchor defined again"),
    ],
)
def test_a_document_becomes_plain_values(text: str | bytes, value: Any) -> None:
    assert read(text).value == value


def test_tabs_may_stand_between_tokens() -> None:
    assert read("a:\t1\t# c\nb:  \t'x'\n").value == {"a": 1, "b": "x"}


def test_an_alias_shares_the_value() -> None:
    value = read("a: &x {b: 1}\nc: *x\n").value

    assert value["a"] is value["c"]


SPECIAL = st.sampled_from("\x85\u2028\u2029\ufeff\x7f\x80\uffff\U0001f600\U000f0000\U0010ffff\\/\"'#:{}[]&*!|>%@` ")
TEXT = st.text(st.characters(codec="utf-8") | SPECIAL, max_size=30)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


@given(JSON, st.booleans(), st.sampled_from([None, 0, 2]))
def test_json_reads_back_as_it_was_written(value: Any, ensure_ascii: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)

    assert json.dumps(read(text).value) == json.dumps(value)


@given(JSON, st.sampled_from(["'", '"', "|", ">"]), st.booleans(), st.sampled_from([20, 80]))
def test_yaml_that_others_write_reads_back_as_it_was_written(value: Any, style: str, flow: bool, width: int) -> None:
    text = yaml.safe_dump(value, default_style=style, default_flow_style=flow, width=width, sort_keys=False)

    source, problems = read_source(text)

    assert problems == []
    assert source is not None
    assert json.dumps(source.value) == json.dumps(value)
