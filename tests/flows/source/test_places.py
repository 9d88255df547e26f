"""Every value, key and problem has its place in the text."""

from typing import Any

import pytest

from flows.problems import Problem
from flows.source import Path, Position, read_source
from tests.flows.source.support import read

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
