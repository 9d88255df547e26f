"""Place the parts of a flow on a plane: from top to bottom as they run, branches side by side inside of their step.

Units are CSS pixels.  What is in a container is placed first, and the container is as large as that takes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Final

from msgspec import Meta, Struct

from coordinator.editing.outline import Part

WIDTH: Final = 232
HEIGHT: Final = 56
GAP: Final = 32
PADDING: Final = 16
BRANCH_HEAD: Final = 32
EMPTY_BRANCH: Final = 24


class Box(Struct, frozen=True, kw_only=True):
    """Where a part is drawn.  A container lies behind the parts that are inside of it."""

    id: Annotated[str, Meta(description="The part.")]
    x: Annotated[int, Meta(description="Pixels from the left.")]
    y: Annotated[int, Meta(description="Pixels from the top.")]
    width: Annotated[int, Meta(description="Pixels.")]
    height: Annotated[int, Meta(description="Pixels.")]
    is_container: Annotated[bool, Meta(description="Whether other parts are drawn inside of it.")]


class Edge(Struct, frozen=True, kw_only=True):
    """Which part runs after which."""

    source: Annotated[str, Meta(description="The part before.")]
    target: Annotated[str, Meta(description="The part after.")]


class Graph(Struct, frozen=True, kw_only=True):
    """The picture of a flow."""

    boxes: Annotated[list[Box], Meta(description="The parts, containers before what is inside of them.")]
    edges: Annotated[list[Edge], Meta(description="The arrows.")]
    width: Annotated[int, Meta(description="Of the whole, in pixels.")]
    height: Annotated[int, Meta(description="Of the whole, in pixels.")]


def layout(parts: Sequence[Part]) -> Graph:
    """Place all parts."""
    children: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        children[part.parent].append(part)
    sizes: dict[str, tuple[int, int]] = {}
    for part in reversed(parts):  # what is inside comes after what it is inside of
        sizes[part.id] = _size(part, children[part.id], sizes)
    top = children[""]
    width, height = _column(top, sizes)
    boxes: list[Box] = []
    _place_column(top, 0, 0, width, children, sizes, boxes)
    edges = [edge for group in children.values() for edge in _arrows(group)]
    return Graph(boxes=boxes, edges=edges, width=width, height=height)


def _size(part: Part, inside: Sequence[Part], sizes: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    if part.kind == "branch":
        width, height = _column(inside, sizes) if inside else (WIDTH, EMPTY_BRANCH)
        return width + 2 * PADDING, height + BRANCH_HEAD + PADDING
    if not inside:
        return WIDTH, HEIGHT
    widths, heights = zip(*(sizes[branch.id] for branch in inside), strict=True)
    return sum(widths) + PADDING * (len(inside) + 1), HEIGHT + max(heights) + PADDING


def _column(parts: Sequence[Part], sizes: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    if not parts:
        return WIDTH, 0
    widths, heights = zip(*(sizes[part.id] for part in parts), strict=True)
    return max(widths), sum(heights) + GAP * (len(parts) - 1)


def _place_column(
    parts: Sequence[Part],
    x: int,
    y: int,
    width: int,
    children: Mapping[str, Sequence[Part]],
    sizes: Mapping[str, tuple[int, int]],
    boxes: list[Box],
) -> None:
    for part in parts:
        own, height = sizes[part.id]
        left = x + (width - own) // 2
        inside = children.get(part.id, ())
        boxes.append(Box(id=part.id, x=left, y=y, width=own, height=height, is_container=bool(inside)))
        at = left + PADDING
        for branch in inside:
            wide, _ = sizes[branch.id]
            tall = height - HEIGHT - PADDING
            boxes.append(Box(id=branch.id, x=at, y=y + HEIGHT, width=wide, height=tall, is_container=True))
            steps = children.get(branch.id, ())
            inner = at + PADDING, y + HEIGHT + BRANCH_HEAD, wide - 2 * PADDING
            _place_column(steps, *inner, children, sizes, boxes)
            at += wide + PADDING
        y += height + GAP


def _arrows(parts: Sequence[Part]) -> list[Edge]:
    if parts and parts[0].kind == "branch":  # branches stand beside each other
        return []
    return [Edge(source=before.id, target=after.id) for before, after in pairwise(parts)]
