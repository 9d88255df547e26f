"""Turn what a problem suggests into a change of the text that an editor can make."""

import re
from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct

from coordinator.editing.completion import utf16
from coordinator.editing.edits import Change
from coordinator.editing.place import offset_of
from flows.problems import Problem, suggestion_in

_WORD: Final = re.compile(r"[\w.-]+")


class Fix(Struct, frozen=True, kw_only=True):
    """A change that is likely to solve a problem."""

    problem: Annotated[int, Meta(description="Which one: its place in the list of problems, from 0.")]
    label: Annotated[str, Meta(description="What it does, for a button.")]
    change: Annotated[Change, Meta(description="What to replace.")]


def fixes_of(text: str, problems: Iterable[Problem]) -> list[Fix]:
    """Return the changes that problems suggest."""
    found = []
    for index, problem in enumerate(problems):
        name = suggestion_in(problem.message)
        start = offset_of(text, problem.line, problem.column)
        word = _WORD.match(text, start)
        if name is None or word is None:
            continue
        change = Change(start=utf16(text, start), end=utf16(text, word.end()), insert=name)
        found.append(Fix(problem=index, label=f"Change it to {name}", change=change))
    return found
