"""The outline lists what a flow is made of, and the picture places it without overlaps."""

from itertools import combinations

import pytest

from coordinator.editing.layout import Box, layout
from coordinator.editing.outline import Part, outline_of
from flows.compile import check_flow
from flows.registry import default_registry
from flows.source import read_source

TEXT = """\
flow: x
input: {mcp_tool: {params: {a: string}}}
steps:
  - id: place
    http:
      url: https://e.com/${{ args.a }}
    for_each: ${{ [1] }}
    on_error:
      steps:
        - map: 3
  - switch:
      - when: ${{ args.a == 1 }}
        steps:
          - map: 1
          - parallel: {left: [{map: 1}], right: [{map: 2}, {sleep: 1s}]}
      - steps: []
output: {reply: "${{ place }}"}
"""


def parts_of(text: str) -> list[Part]:
    source, _ = read_source(text)
    return outline_of(source, default_registry(), check_flow(text))


def test_every_part_is_listed_in_the_order_of_its_run() -> None:
    shown = [f"{'  ' * part.depth}{part.kind} {part.name} {part.line}-{part.end_line}" for part in parts_of(TEXT)]

    assert shown == [
        "input mcp_tool 2-2",
        "step place 4-10",
        "  branch on error 9-10",
        "    step map 10-10",
        "step switch 11-16",
        "  branch args.a == 1 13-15",
        "    step map 14-14",
        "    step parallel 15-15",
        "      branch left 15-15",
        "        step map 15-15",
        "      branch right 15-15",
        "        step map 15-15",
        "        step sleep 15-15",
        "  branch else 16-16",
        "output reply 17-17",
    ]


def test_a_step_says_what_it_does_and_what_is_written_there_without_the_steps_inside() -> None:
    place = parts_of(TEXT)[1]

    assert (place.detail, place.marks) == ("https://e.com/${{ args.a }}", ("for each", "on error"))
    assert place.value == {
        "id": "place",
        "http": {"url": "https://e.com/${{ args.a }}"},
        "for_each": "${{ [1] }}",
        "on_error": {},
    }


def test_a_text_with_mistakes_has_an_outline_that_shows_where_they_are() -> None:
    parts = parts_of("flow: x\nsteps:\n  - htpt: {url: x}\n  - map: ${{ nobody }}\n  - 5\n  - map: 1\n")

    assert [(part.component, part.severity) for part in parts] == [
        ("", "error"),
        ("map", "error"),
        ("", "error"),
        ("map", ""),
    ]


@pytest.mark.parametrize("text", ["", "- a", "steps: 3", "steps: {a: 1}", "input: 3\noutput: [1]", "steps: [[[]]]"])
def test_what_is_no_flow_has_an_outline_too(text: str) -> None:
    assert layout(parts_of(text)).boxes is not None


def test_boxes_overlap_only_where_one_is_inside_of_the_other() -> None:
    parts = parts_of(TEXT)
    graph = layout(parts)
    inside = {(part.parent, part.id) for part in parts}
    ancestors = set(inside)
    for _ in parts:
        ancestors |= {(top, low) for top, middle in ancestors for high, low in inside if middle == high}

    assert [box.id for box in graph.boxes] != []
    for first, second in combinations(graph.boxes, 2):
        if (first.id, second.id) in ancestors or (second.id, first.id) in ancestors:
            outer, inner = (first, second) if (first.id, second.id) in ancestors else (second, first)
            assert contains(outer, inner), (outer, inner)
        else:
            assert are_apart(first, second), (first, second)


def test_arrows_join_the_steps_of_one_list() -> None:
    assert [(edge.source, edge.target) for edge in layout(parts_of(TEXT)).edges] == [
        ("input", "steps/0"),
        ("steps/0", "steps/1"),
        ("steps/1", "output"),
        ("steps/1/switch/0/steps/0", "steps/1/switch/0/steps/1"),
        ("steps/1/switch/0/steps/1/parallel/right/0", "steps/1/switch/0/steps/1/parallel/right/1"),
    ]


def contains(outer: Box, inner: Box) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def are_apart(one: Box, other: Box) -> bool:
    return (
        one.x + one.width <= other.x
        or other.x + other.width <= one.x
        or one.y + one.height <= other.y
        or other.y + other.height <= one.y
    )
