"""What is not YAML is explained in our words, whichever parser stumbles on it."""

import pytest

from flows.source import read_source
from tests.flows.source.support import problems_of

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
