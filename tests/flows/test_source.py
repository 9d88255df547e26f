"""YAML is read as 1.2 and safely: values, places, and problems in words that help."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from flows import source as module
from flows.problems import Problem
from flows.source import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NODES,
    MAX_PROBLEMS,
    Path,
    Position,
    Source,
    read_mapping,
    read_source,
)

PARSERS: dict[str, Any] = {"libyaml": yaml.CSafeLoader, "python": yaml.SafeLoader}


@pytest.fixture(params=PARSERS)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test with the fast parser and with the one that stands in for it."""
    monkeypatch.setattr(module, "_Loader", PARSERS[request.param])
    return str(request.param)


def read(text: str | bytes) -> Source:
    source, problems = read_source(text, "f.yaml")
    assert source is not None, problems
    assert problems == []
    return source


def problems_of(text: str | bytes) -> list[str]:
    return [str(problem) for problem in read_source(text)[1]]


# -- values --------------------------------------------------------------------------------------------------------


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


# -- problems ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param(
            "a: 1\nb: 2\n'a': 3\n",
            ["3:1: The key 'a' is here twice; the first is in line 1. Remove or rename one.   [yaml.duplicate-key]"],
            id="the same key twice",
        ),
        pytest.param(
            "x:\n  - {b: 1, a: 2,\n     a: {a: 1, a: 2}}\n",
            [
                "3:6: The key 'a' is here twice; the first is in line 2. Remove or rename one.   [yaml.duplicate-key]",
                "3:16: The key 'a' is here twice; the first is in line 3. Remove or rename one.   [yaml.duplicate-key]",
            ],
            id="twice inside of twice",
        ),
        pytest.param(
            "1: a\ntrue: b\n~: c\n0x1: d\n",
            [
                "1:1: A key is text, but '1' is a number. Put quotes around it.   [yaml.key]",
                "2:1: A key is text, but 'true' is a boolean. Put quotes around it.   [yaml.key]",
                "3:1: A key is text, but '~' is null. Put quotes around it.   [yaml.key]",
                "4:1: A key is text, but '0x1' is a number. Put quotes around it.   [yaml.key]",
            ],
            id="keys that are not text",
        ),
        pytest.param(
            "? \n: 1\n", ["1:2: A key is missing before the colon.   [yaml.key]"], id="no key before the colon"
        ),
        pytest.param(
            "? [a]\n: 1\n",
            ["1:3: A key is text, but here is a list. Put quotes around it.   [yaml.key]"],
            id="a list as a key",
        ),
        pytest.param(
            "a: {{ x }}\n",
            ['1:5: A key is text, but here is a mapping. Put an expression in quotes: "${{ ... }}".   [yaml.key]'],
            id="an expression without quotes",
        ),
        pytest.param(
            "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n",
            [
                "3:3: YAML 1.2 has no merge key. Write the keys out, or share a whole value with an alias."
                "   [yaml.merge-key]"
            ],
            id="merge key",
        ),
        pytest.param(
            "a: !foo x\nb: !!python/object/apply:os.system [ls]\nc: !!set {a}\nd: !!timestamp 2001-01-01\n",
            [
                "1:4: The tag '!foo' is not known. Remove it, or put quotes around the value if it is text."
                "   [yaml.tag]",
                "2:4: The tag '!!python/object/apply:os.system' is not known. Remove it, or put "
                "quotes around the value if it is text.   [yaml.tag]",
                "3:4: The tag '!!set' is not known. Remove it, or put quotes around the value if it is text."
                "   [yaml.tag]",
                "4:4: The tag '!!timestamp' is not known. Remove it, or put quotes around the value if it is text."
                "   [yaml.tag]",
            ],
            id="foreign tags",
        ),
        pytest.param(
            "a: !!int x\nb: !!map [1]\n",
            [
                "1:4: The tag '!!int' does not fit text. Remove the tag, or change the value.   [yaml.tag]",
                "2:4: The tag '!!map' does not fit a list. Remove the tag, or change the value.   [yaml.tag]",
            ],
            id="core tags that do not fit",
        ),
        pytest.param(
            "a: &base 1\nb: *bas\nc: *nothing-like-it\n",
            [
                "2:4: There is no anchor &bas before this. Did you mean 'base'?   [yaml.alias]",
                "3:4: There is no anchor &nothing-like-it before this. Known: base.   [yaml.alias]",
            ],
            id="alias without anchor",
        ),
        pytest.param(
            "a: *later\nb: &later 1\n",
            ["1:4: There is no anchor &later before this. Put quotes around text that starts with *.   [yaml.alias]"],
            id="alias before its anchor",
        ),
        pytest.param(
            "a: &x [1, {b: *x}]\n",
            ["1:15: The alias *x stands inside of what it refers to. Write the value out.   [yaml.alias]"],
            id="alias inside of itself",
        ),
        pytest.param(
            "a: .inf\nb: -.Inf\nc: .NaN\nd: 1e999\n",
            [
                "1:4: JSON has no .inf. Write a number, or put quotes around it if it is text.   [yaml.number]",
                "2:4: JSON has no -.Inf. Write a number, or put quotes around it if it is text.   [yaml.number]",
                "3:4: JSON has no .NaN. Write a number, or put quotes around it if it is text.   [yaml.number]",
                "4:4: '1e999' is too large for a number. Put quotes around it if it is text.   [yaml.number]",
            ],
            id="numbers that JSON does not have",
        ),
        pytest.param(
            f"a: {'1' * 301}\n",
            [
                "1:4: A number may have 300 digits, not 301. Put quotes around it if it is text.   [yaml.number]",
            ],
            id="too many digits",
        ),
        pytest.param(
            "a: 007\n",
            [
                "1:4: warning: 007 is read as the number 7. Put quotes around it to keep the zeros."
                "   [yaml.leading-zero]"
            ],
            id="leading zeros",
        ),
        pytest.param(
            "a: 1\n---\nb: 2\n",
            ["2:1: A second document starts here. Put each into a file of its own.   [yaml.document-count]"],
            id="two documents",
        ),
        pytest.param(
            "a: 1\nb: x\x00y\x07\n",
            [
                "2:5: The character '\\x00' is not allowed in YAML. Remove it, or write it as an escape in double "
                'quotes: "\\x00".   [yaml.control-character]',
                "2:7: The character '\\x07' is not allowed in YAML. Remove it, or write it as an escape in double "
                'quotes: "\\x07".   [yaml.control-character]',
            ],
            id="control characters",
        ),
        pytest.param(
            "a: é\ud800\n",
            ["1:5: The text holds half of a surrogate pair, which is not a character. Remove it.   [yaml.encoding]"],
            id="half a surrogate pair",
        ),
        pytest.param(
            b"a: 1\r\nb: \xc3\xa9\xe9\n",
            ["2:5: The file is not UTF-8 text. Save it as UTF-8.   [yaml.encoding]"],
            id="Latin-1",
        ),
        pytest.param(
            "a: 1\n".encode("utf-16"),
            ["1:1: The file is UTF-16 text. Save it as UTF-8.   [yaml.encoding]"],
            id="UTF-16",
        ),
        pytest.param(
            "%TAG !a! b\n" * 100,
            [
                "1:1: Too many lines start with %. A flow needs no directives: remove them.   [yaml.syntax]",
            ],
            id="a heap of directives",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str | bytes, found: list[str]) -> None:
    assert problems_of(text) == found


QUOTE_IT = "Put quotes around it."


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param("a: b: c\n", "1:5", f"The value holds a colon and a space. {QUOTE_IT}", id="a colon in a value"),
        pytest.param(
            "a: ${{ x }}: y\n", "1:12", f"The value holds a colon and a space. {QUOTE_IT}", id="after a value"
        ),
        pytest.param(
            "x:\n  - a:b\n    c: 1\n", "2:6", "A space is missing after the colon. Write `key: value`.", id="no space"
        ),
        pytest.param(
            "a: 1\n  b: 2\n",
            "2:3",
            "This line is indented deeper than the value above it allows. Check the indentation.",
            id="too deep",
        ),
        pytest.param(
            "https://x\nb: 1\n",
            "2:2",
            "A key cannot start here. Check the indentation, and put quotes around text.",
            id="text, then a key",
        ),
        pytest.param(
            "a:\n\tb: 1\n", "2:1", "A tab stands where YAML wants spaces. Use spaces.", id="tab as indentation"
        ),
        pytest.param(
            'a: "x\nb: 1\n', "1:4", "This quote is never closed. Add the closing quote.", id="unclosed double"
        ),
        pytest.param(
            "a: 'x\nb: 1\n", "1:4", "This quote is never closed. Add the closing quote.", id="unclosed single"
        ),
        pytest.param(
            "a: [1, 2\nb: 3\n",
            "2:2",
            "Expected a comma or the closing bracket of line 1. "
            "Inside of [ ] and { } put quotes around expressions and special characters.",
            id="unclosed list",
        ),
        pytest.param(
            "q: {city: ${{ args.city }}}\n",
            "1:12",
            "Expected a comma or the closing bracket of line 1. "
            "Inside of [ ] and { } put quotes around expressions and special characters.",
            id="an expression in a flow mapping",
        ),
        pytest.param(
            'a: "x" y\n',
            "1:8",
            "Expected a key in column 1, as in line 1. Check the indentation, and quotes that close too early.",
            id="text after a quote",
        ),
        pytest.param(
            "a:\n   b: 1\n  c: 2\n",
            "3:3",
            "Expected a key in column 1, as in line 1. Check the indentation, and quotes that close too early.",
            id="between two levels",
        ),
        pytest.param(
            "- a\nb: 1\n", "2:1", "Expected `- ` in column 1, as in line 1. Check the indentation.", id="list and key"
        ),
        pytest.param(
            "a: ]\n", "1:4", "A value is missing before ']'. Put quotes around it if it is text.", id="bracket"
        ),
        pytest.param(
            "  a: 1\nb: 2\n",
            "2:1",
            "The document ends before this. Check that all keys at the top start in the same column.",
            id="first line indented",
        ),
        pytest.param(
            "a: 1\nfoo\nb: 2\n",
            "2:1",
            "There is no colon after this. Write `key: value`, or indent the line if it belongs to the text above.",
            id="a key without a colon",
        ),
        pytest.param(
            "a: - b\n",
            "1:4",
            "A list cannot start here. Put `- ` on a line of its own, below its key.",
            id="list in line",
        ),
        pytest.param(
            "a: ? b\n", "1:4", "A key cannot start with `? `. Put quotes around the text.", id="question mark"
        ),
        pytest.param(
            "a: *.txt\n",
            "1:4",
            "* and & start an alias or an anchor. Put quotes around the value if it is text.",
            id="glob",
        ),
        pytest.param(
            "a: !e!x y\n", "1:4", "! starts a tag. Put quotes around the value if it is text.", id="tag handle"
        ),
        pytest.param("a: !<x\n", "1:4", "! starts a tag. Put quotes around the value if it is text.", id="half a tag"),
        pytest.param("a: @x\n", "1:4", f"A value cannot start with '@'. {QUOTE_IT}", id="at sign"),
        pytest.param("a: `x`\n", "1:4", f"A value cannot start with '`'. {QUOTE_IT}", id="backtick"),
        pytest.param("a: %x\n", "1:4", f"A value cannot start with '%'. {QUOTE_IT}", id="percent sign"),
        pytest.param(
            'a: "\\xg0"\n', "1:7", r"This escape needs more digits: \x takes 2, \u 4 and \U 8.", id="half an escape"
        ),
        pytest.param(
            "a: >x\n  b\n",
            "1:5",
            "Text after | or > starts on the next line. Move it there, or use quotes.",
            id="text after a block indicator",
        ),
    ],
)
def test_a_syntax_error_is_explained(text: str, place: str, message: str) -> None:
    assert problems_of(text) == [f"{place}: {message}   [yaml.syntax]"]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param(
            'a: "\\d+"\n',
            "1:5",
            "Unknown escape in double quotes. Write \\\\ for a backslash, or use single quotes.",
            id="unknown escape",
        ),
        pytest.param(
            'a: "\\ud83d"\n',
            "1:7",
            "This escape is half of a character. Write both halves, or the character.",
            id="half a character",
        ),
        pytest.param(
            "%YAML 1.3\n---\na: 1\n",
            "1:1",
            "This is not YAML 1.2. Remove the line that starts with %YAML.",
            id="version",
        ),
        pytest.param(
            "%x\n",
            "1:3",
            "A line that starts with % is a directive. Put quotes around it if it is text.",
            id="directive",
        ),
    ],
)
def test_a_syntax_error_that_only_libyaml_tells_so_is_explained(text: str, place: str, message: str) -> None:
    assert problems_of(text) == [f"{place}: {message}   [yaml.syntax]"]


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00\ud800", r"\UFFFFFFFF", r"\U00110000"])
def test_an_escape_that_is_no_character_is_refused_by_either_parser(escape: str) -> None:
    source, problems = read_source(f'a: "{escape}"\n')

    assert source is None
    assert [problem.code for problem in problems] == ["yaml.syntax"]


def test_with_lesser_errors_the_value_is_there_so_that_more_can_be_found() -> None:
    source, problems = read_source("a: 1\na: 2\n3: x\n? [k]\n: y\n<<: {z: 1}\nb: !t u\nc: [*none, .inf]\n")

    assert len(problems) == 7
    assert source is not None
    assert source.value == {"a": 1, "3": "x", "b": "u", "c": [None, 0.0]}
    assert source.key_position(("b",)) == Position(7, 1)


def test_problems_come_with_the_place_they_end_at() -> None:
    (problem,) = read_source("abc: 1\nabc: 2\n")[1]

    assert (problem.line, problem.column, problem.end_line, problem.end_column) == (2, 1, 2, 4)


def test_after_a_hundred_problems_reading_ends() -> None:
    source, problems = read_source("1: x\n" * 5_000)

    assert source is None
    assert len(problems) == MAX_PROBLEMS + 1
    assert str(problems[-1]) == (
        "51:1: There are more than 100 problems. Repair these first.   [yaml.too-many-problems]"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "The file is empty. Start with `key: value`.", id="empty"),
        pytest.param("- a\n", "The file holds a list, not a mapping. Start with `key: value`.", id="a list"),
        pytest.param("a\n", "The file holds text, not a mapping. Start with `key: value`.", id="text"),
        pytest.param(
            "a:1\n", "The file holds text, not a mapping. Start with `key: value`.", id="no space after the colon"
        ),
    ],
)
def test_a_file_that_must_be_a_mapping_says_what_it_is_instead(text: str, message: str) -> None:
    source, problems = read_mapping(text, "f.yaml")

    assert source is None
    assert [str(problem) for problem in problems] == [f"f.yaml:1:1: {message}   [yaml.not-a-mapping]"]


def test_a_file_that_is_a_mapping_is_read_as_one() -> None:
    source, problems = read_mapping("a: 1\n")

    assert source is not None
    assert (source.value, problems) == ({"a": 1}, [])


# -- limits --------------------------------------------------------------------------------------------------------

LAUGHS = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
NESTED_ALIASES = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, MAX_DEPTH + 5))


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "place", "code", "message"),
    [
        pytest.param(
            LAUGHS,
            "6:10",
            "yaml.too-many-nodes",
            "The file holds more than 100,000 values (an alias counts as all it stands for). Split it.",
            id="billion laughs",
        ),
        pytest.param(
            NESTED_ALIASES,
            f"{MAX_DEPTH}:12",
            "yaml.too-deep",
            "Lists and mappings are nested more than 64 deep. Make the structure flatter.",
            id="depth made of aliases",
        ),
        pytest.param(
            "[" * MAX_BYTES,
            "1:65",
            "yaml.too-deep",
            "Lists and mappings are nested more than 64 deep. Make the structure flatter.",
            id="a mebibyte of opening brackets",
        ),
        pytest.param(
            "{a: " * 200_000,
            "1:257",
            "yaml.too-deep",
            "Lists and mappings are nested more than 64 deep. Make the structure flatter.",
            id="mappings in mappings",
        ),
        pytest.param(
            "- " * 200_000,
            "1:129",
            "yaml.too-deep",
            "Lists and mappings are nested more than 64 deep. Make the structure flatter.",
            id="block lists in block lists",
        ),
        pytest.param(
            "a" * (MAX_BYTES + 1),
            "1:1",
            "yaml.too-large",
            "The file is larger than 1 MiB. Split it, or keep large data elsewhere.",
            id="too many characters",
        ),
        pytest.param(
            "é" * (MAX_BYTES // 2 + 1),
            "1:1",
            "yaml.too-large",
            "The file is larger than 1 MiB. Split it, or keep large data elsewhere.",
            id="too many bytes",
        ),
    ],
)
def test_a_file_that_would_cost_too_much_is_refused(text: str, place: str, code: str, message: str) -> None:
    source, problems = read_source(text, "f.yaml")

    assert source is None
    assert [str(problem) for problem in problems] == [f"f.yaml:{place}: {message}   [{code}]"]


def test_depth_and_number_of_aliases_are_counted_as_if_they_were_written_out() -> None:
    def shallow(nested: str) -> str:
        return f"a: &a {nested}\nb: [*a, {{c: *a}}]\nd: [[1]]\n"

    def wide(count: int) -> str:
        return f"a: &a [{'x, ' * 999}]\nb: &b [{'*a, ' * 9}]\nc: [{'*b, ' * 9}{'*a, ' * count}]\n"

    deepest = MAX_DEPTH - 3  # under the document, the list and the mapping
    assert read(shallow("[" * deepest + "]" * deepest)).value["d"] == [[1]]
    assert problems_of(shallow("[" * (deepest + 1) + "]" * (deepest + 1)))[0].startswith("2:13: Lists and mappings")
    assert len(read(wide(8)).value["c"]) == 17
    assert problems_of(wide(9))[0].startswith("3:73: The file holds more than 100,000 values")


def test_too_many_values_are_refused_at_the_first_that_is_too_many() -> None:
    source, problems = read_source("-\n" * MAX_NODES)

    assert source is None
    assert [(problem.code, problem.line) for problem in problems] == [("yaml.too-many-nodes", MAX_NODES)]


def test_what_is_just_within_the_limits_is_read() -> None:
    assert len(read("-\n" * (MAX_NODES - 1)).value) == MAX_NODES - 1
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH).value != []
    assert len(read("a" * MAX_BYTES).value) == MAX_BYTES


@pytest.mark.parametrize(
    "unit", ["[", "{", "[a,", '"\\ud83d\\ude00",', "%TAG !a! x\n", "&a ", "? ", "\t", "\r", '"', "\x85"]
)
def test_a_mebibyte_of_anything_is_read_or_refused_without_harm(unit: str) -> None:
    source, problems = read_source(unit * (MAX_BYTES // len(unit.encode())))

    assert (source is None) == any(problem.severity == "error" for problem in problems)


# -- never raises --------------------------------------------------------------------------------------------------

PIECES = [
    *"-?:,[]{}#&*!|>'\"%@`\\ \n\t\r.~<=01aé",
    *("  ", ": ", "- ", "\n  ", "&a ", "*a", "!!int ", "!x ", "<<: ", "---\n", "...\n", "|2-\n", ">+\n", "%YAML 1.2\n"),
    *("\\ud83d", "\\ude00", "\\U", "\\x", "\ufeff", "\x85", "\ud800", "\x00", "${{ a }}", ".inf", "0x", "null", "true"),
]
YAML_PIECES = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@pytest.mark.parametrize("loader", PARSERS.values(), ids=PARSERS)
def test_no_text_makes_the_reader_raise(loader: Any) -> None:
    @given(YAML_PIECES | st.text(st.characters()) | st.binary())
    @example("\\ud83d\\ude00")
    @example(b"\xff\xfe")
    @example("\x7f")
    def check(text: str | bytes) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_Loader", loader)
            source, problems = read_source(text, "f.yaml")

        assert source is not None or problems
        if source is not None:
            visit(source)
            json.dumps(source.value, allow_nan=False).encode()
        for problem in problems:
            assert Position(1, 1) <= (problem.line, problem.column)
            assert problem.end_line is None or (problem.end_line, problem.end_column) >= (problem.line, problem.column)

    check()


def visit(source: Source) -> None:
    """Ask for every place of a document."""
    for path, value in paths(source.value):
        assert source.key_position(path) <= source.position(path)
        start, end = source.span(path)
        assert start == source.position(path)
        assert start <= end
        source.position_in(path, 0)
        source.position_in(path, len(value) if isinstance(value, str) else 1)


def paths(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Walk a document."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*path, index))


# -- places --------------------------------------------------------------------------------------------------------

FLOW = """\
flow: orders
input:
  mcp_tool: {params: {city: {type: string}}}
steps:
  - id: place
    http:
      url: https://example.org/
      query: {name: "${{ args.city }}", count: 1}
      body: |
        some
        text

  - &second
    id: now
    empty:
  - *second
output:
  reply: [1, two]
"""


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize(
    ("path", "key", "start", "end"),
    [
        pytest.param((), (1, 1), (1, 1), (18, 18), id="the document"),
        pytest.param(("flow",), (1, 1), (1, 7), (1, 13), id="a plain value"),
        pytest.param(("input",), (2, 1), (3, 3), (3, 45), id="a block mapping"),
        pytest.param(("input", "mcp_tool"), (3, 3), (3, 13), (3, 45), id="a flow mapping"),
        pytest.param(("input", "mcp_tool", "params", "city", "type"), (3, 30), (3, 36), (3, 42), id="deep inside"),
        pytest.param(("steps", 0), (5, 5), (5, 5), (11, 13), id="an element"),
        pytest.param(("steps", 0, "http", "query", "name"), (8, 15), (8, 21), (8, 39), id="a quoted value"),
        pytest.param(("steps", 0, "http", "body"), (9, 7), (9, 13), (11, 13), id="a block scalar"),
        pytest.param(("steps", 1), (13, 5), (13, 5), (15, 11), id="an anchor"),
        pytest.param(("steps", 1, "empty"), (15, 5), (15, 11), (15, 11), id="nothing"),
        pytest.param(("steps", 2), (16, 5), (16, 5), (16, 12), id="an alias"),
        pytest.param(("steps", 2, "id"), (14, 5), (14, 9), (14, 12), id="inside of an alias"),
        pytest.param(("output", "reply", 1), (18, 14), (18, 14), (18, 17), id="an element of a flow list"),
    ],
)
def test_every_value_knows_its_place(line_end: str, path: Path, key: Position, start: Position, end: Position) -> None:
    source = read(FLOW.replace("\n", line_end))

    assert source.key_position(path) == key
    assert source.position(path) == start
    assert source.span(path) == (start, end)


@pytest.mark.parametrize(
    ("path", "key", "start"),
    [
        pytest.param(("steps", 0, "http", "missing", "deeper"), (6, 5), (7, 7), id="a key that is not there"),
        pytest.param(("steps", 9), (4, 1), (5, 3), id="an index past the end"),
        pytest.param(("steps", "id"), (4, 1), (5, 3), id="a key of a list"),
        pytest.param(("flow", 0), (1, 1), (1, 7), id="an index of a text"),
        pytest.param((0,), (1, 1), (1, 1), id="an index of a mapping"),
    ],
)
def test_a_path_that_leads_nowhere_is_placed_at_its_nearest_parent(path: Path, key: Position, start: Position) -> None:
    source = read(FLOW)

    assert source.key_position(path) == key
    assert source.position(path) == start


def test_an_empty_document_has_a_place() -> None:
    source = read("# nothing\n")

    assert source.position(("a", 1)) == source.key_position(()) == source.position_in((), 3) == Position(1, 1)
    assert source.span(()) == (Position(1, 1), Position(1, 1))


def test_keys_that_were_refused_do_not_move_the_others() -> None:
    source, _ = read_source("a: {x: 1, x: [1, 2], y: 3, ? [k, l] : {m: n}, z: 4}\nb: 5\n")

    assert source is not None
    assert source.value == {"a": {"x": 1, "y": 3, "z": 4}, "b": 5}
    assert [source.key_position(("a", key)).column for key in "xyz"] == [5, 22, 47]
    assert source.position(("b",)) == Position(2, 4)


@pytest.mark.parametrize(
    ("options", "place"),
    [
        pytest.param({}, (2, 6, 2, 11), id="at the value"),
        pytest.param({"at_key": True}, (2, 3, 2, 4), id="at the key"),
        pytest.param({"offset": 2}, (2, 9, None, None), id="inside of the value"),
        pytest.param({"severity": "warning"}, (2, 6, 2, 11), id="a warning"),
    ],
)
def test_a_problem_is_made_at_a_place_of_the_document(options: Any, place: tuple[int | None, ...]) -> None:
    problem = read("a:\n  b: 'foo'\n").problem("yaml.key", "Odd.", ("a", "b"), **options)

    assert (problem.line, problem.column, problem.end_line, problem.end_column) == place
    assert problem == Problem(
        code="yaml.key",
        message="Odd.",
        file="f.yaml",
        line=problem.line,
        column=problem.column,
        end_line=problem.end_line,
        end_column=problem.end_column,
        severity=options.get("severity", "error"),
    )


def test_a_problem_of_a_whole_mapping_has_no_end() -> None:
    assert read(FLOW).problem("yaml.key", "Odd.", ("steps", 0)).end_line is None


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        pytest.param("k: abc\n", 2, (1, 6), id="plain"),
        pytest.param("k: abc\n", 9, (1, 7), id="past the end"),
        pytest.param("k: abc\n", -1, (1, 4), id="before the start"),
        pytest.param("k: 'it''s x'\n", 5, (1, 11), id="single-quoted"),
        pytest.param('k: "a\\tb\\u00e9c\\x41d"\n', 4, (1, 15), id="double-quoted"),
        pytest.param('k: "\\ud83d\\ude00x"\n', 1, (1, 17), id="after an escaped pair"),
        pytest.param("k: ''\n", 0, (1, 4), id="empty"),
        pytest.param("k: |\n  ab\n  cd\n", 3, (3, 3), id="literal"),
        pytest.param("k: |\n\n  ab\n", 1, (3, 3), id="literal with an empty line first"),
        pytest.param("k: |2\n   ab\n", 1, (2, 4), id="literal with an indentation indicator"),
        pytest.param("k: |4-  # c\n     ab\n    cd\n", 4, (3, 5), id="indicators and a comment"),
        pytest.param("k: >\n  ab\n  cd\n\n  ef\n", 3, (3, 3), id="folded"),
        pytest.param("k: >\n  ab\n  cd\n\n  ef\n", 6, (5, 3), id="folded after an empty line"),
        pytest.param("k: >\n  ab\n    cd\n  ef\n", 8, (4, 3), id="folded after a deeper line"),
        pytest.param("k: >+\n  ab\n\n\n", 3, (3, 1), id="a kept line end"),
        pytest.param("k: ab\n  cd\n\n  ef\n", 6, (4, 3), id="plain over lines"),
        pytest.param("k: 'ab  \n  cd'\n", 3, (2, 3), id="single-quoted over lines"),
        pytest.param('k: "ab \\\n  cd"\n', 3, (2, 3), id="double-quoted over lines, joined"),
        pytest.param("k: &x !!str\n  abc\n", 1, (2, 4), id="after an anchor and a tag"),
        pytest.param("k: !!str &x 'abc'\n", 1, (1, 15), id="after a tag and an anchor"),
        pytest.param("x: &x abc\nk: *x\n", 1, (1, 8), id="an alias leads to the text"),
        pytest.param("k: 12\n", 1, (1, 4), id="a number has no characters"),
        pytest.param("k: [a]\n", 1, (1, 4), id="nor has a list"),
        pytest.param(f"k: {'a' * 100_001}\n", 7, (1, 4), id="nor is a very long text traced"),
        pytest.param("k: \U0001f600bc\n", 1, (1, 5), id="columns count characters"),
    ],
)
def test_a_character_of_a_text_is_found_in_the_file(text: str, offset: int, place: Position) -> None:
    assert read(text).position_in(("k",), offset) == place
    assert read(text.replace("\n", "\r\n")).position_in(("k",), offset) == place


WORDS = st.text("abc${}() .'\"\\#:-é\U0001f600\t\n", min_size=1, max_size=40)
STYLES = st.sampled_from([None, "'", '"', "|", ">"])


@given(
    value=WORDS,
    style=STYLES,
    width=st.sampled_from([10, 80]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    deep=st.booleans(),
)
@example(value="a\n b\n\nc d\n", style=">", width=10, line_end="\n", deep=True)
@example(value=" a\nb\n\n", style="|", width=80, line_end="\n", deep=True)
def test_the_character_at_the_place_is_the_character_at_the_offset(
    value: str, style: str | None, width: int, line_end: str, deep: bool
) -> None:
    document, path = ({"a": [{"k": value}]}, ("a", 0, "k")) if deep else ({"k": value}, ("k",))
    text = yaml.safe_dump(document, default_style=style, width=width, allow_unicode=True).replace("\n", line_end)
    source = read(text)
    assert source.value == document

    lines = text.split(line_end)
    places = [source.position_in(path, offset) for offset in range(len(value))]

    assert places == sorted(set(places))
    for char, place in zip(value, places, strict=True):
        there = (lines[place.line - 1] + "\n")[place.column - 1]
        assert there == char or there == "\\" or (char == " " and there == "\n")


@pytest.mark.parametrize("block", ["|", "|-", "|+", ">", ">-", ">+"])
def test_characters_of_hand_written_blocks_are_found(block: str) -> None:
    @given(st.text("ab \n\t#", max_size=30), st.sampled_from(["", "2"]), st.booleans())
    def check(body: str, indicator: str, is_last: bool) -> None:
        text = f"x:\n- k: {block[0]}{indicator}{block[1:]}\n" + "".join(f"    {line}\n" for line in body.split("\n"))
        source, problems = read_source(text + ("" if is_last else "  z: end\n"))
        assume(source is not None and not problems)
        assert source is not None
        value = source.value["x"][0]["k"]
        lines = text.split("\n")

        places = [source.position_in(("x", 0, "k"), offset) for offset in range(len(value))]

        if value.strip():
            assert places == sorted(set(places))
            for char, place in zip(value, places, strict=True):
                there = (lines[place.line - 1] + "\n")[place.column - 1]
                assert there == char or (char == " " and there == "\n")

    check()
