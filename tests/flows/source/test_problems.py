"""What is wrong with a document is said with its place, in words that help."""

import pytest

from flows.source import MAX_PROBLEMS, Position, read_mapping, read_source
from tests.flows.source.support import problems_of


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


def test_a_syntax_error_after_a_hundred_problems_is_one_too_many() -> None:
    source, problems = read_source("".join(f"{n}: x\n" for n in range(MAX_PROBLEMS)) + "a: b: c\n")

    assert source is None
    assert problems[-1].code == "yaml.too-many-problems"


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
