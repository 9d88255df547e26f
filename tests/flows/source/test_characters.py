"""Every character of a text value has its place in the text, whatever its style."""

import pytest
import yaml
from hypothesis import assume, example, given
from hypothesis import strategies as st

from flows.source import Position, read_source
from tests.flows.source.support import read


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
