"""No text makes the reader raise, or cost more than it may."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flows.source import MAX_BYTES, MAX_DEPTH, MAX_NODES, Path, Position, Source, builder, read_source
from tests.flows.source.support import PARSERS, problems_of, read

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
            patch.setattr(builder, "_Loader", loader)
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
