"""A form changes one place of a text; comments, order and spaces of all the rest stay."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.editing.edits import Change, insert_step, remove, set_value
from flows.errors import InputRejected
from flows.source import Path, read_source

TEXT = """\
flow: x   # the name
# about the steps
steps:
  # first
  - id: place
    http:
      url: https://e.com   # where
      query: {name: "${{ args.city }}", count: 1}
    # then
    timeout: 5s
  - sleep: 1s
  - map:
  - switch:
      - when: ${{ args.city == 'é🦀' }}
        steps:
          - map: 1
output: {reply: 1}
"""


def applied(text: str, change: Change) -> str:
    """Make a change as a browser would."""
    units = text.encode("utf-16-le")
    insert = change.insert.encode("utf-16-le")
    return (units[: 2 * change.start] + insert + units[2 * change.end :]).decode("utf-16-le")


def diff(before: str, after: str) -> tuple[str, str]:
    """Return the lines that went and those that came, with what is the same at both ends taken off."""
    old, new = before.split("\n"), after.split("\n")
    while old and new and old[0] == new[0]:
        old, new = old[1:], new[1:]
    while old and new and old[-1] == new[-1]:
        old, new = old[:-1], new[:-1]
    return "\n".join(old), "\n".join(new)


@pytest.mark.parametrize(
    ("path", "value", "went", "came"),
    [
        pytest.param(
            ("steps", 0, "http", "url"),
            "https://f.com",
            "      url: https://e.com   # where",
            "      url: https://f.com   # where",
            id="a value with a comment behind it",
        ),
        pytest.param(("steps", 0, "http", "method"), "POST", "", "      method: POST", id="a new field"),
        pytest.param(
            ("steps", 0, "http", "query", "count"),
            2,
            '      query: {name: "${{ args.city }}", count: 1}',
            '      query: {name: "${{ args.city }}", count: 2}',
            id="inside of brackets",
        ),
        pytest.param(
            ("steps", 0, "retry", "attempts"), 3, "", "    retry: {attempts: 3}", id="a field of what is not there"
        ),
        pytest.param(("steps", 1, "sleep"), "2s", "  - sleep: 1s", "  - sleep: 2s", id="a short form"),
        pytest.param(("steps", 1, "sleep", "duration"), "2s", "  - sleep: 1s", "  - sleep: 2s", id="a field of it"),
        pytest.param(("steps", 1, "id"), "nap", "  - sleep: 1s", "  - id: nap\n    sleep: 1s", id="an id stands first"),
        pytest.param(("steps", 2, "map"), "${{ 1 }}", "  - map:", "  - map: ${{ 1 }}", id="where nothing is written"),
        pytest.param(("title",), "A: b", "", 'title: "A: b"', id="the title stands below the name"),
        pytest.param(("description",), "Two\nlines", "", "description: |-\n  Two\n  lines", id="lines of text"),
    ],
)
def test_one_place_is_changed_and_nothing_else(path: Path, value: Any, went: str, came: str) -> None:
    assert diff(TEXT, applied(TEXT, set_value(TEXT, path, value))) == (went, came)


@pytest.mark.parametrize(
    ("path", "went", "came"),
    [
        pytest.param(("steps", 0, "http", "url"), "      url: https://e.com   # where", "", id="with its comment"),
        pytest.param(("steps", 0, "timeout"), "    timeout: 5s", "", id="the last key"),
        pytest.param(("steps", 0, "id"), "  - id: place\n    http:", "  - http:", id="the first key of a step"),
        pytest.param(
            ("steps", 0, "http", "query", "name"),
            '      query: {name: "${{ args.city }}", count: 1}',
            "      query: {count: 1}",
            id="inside of brackets",
        ),
    ],
)
def test_a_place_is_taken_out(path: Path, went: str, came: str) -> None:
    assert diff(TEXT, applied(TEXT, remove(TEXT, path))) == (went, came)


@pytest.mark.parametrize(
    ("text", "line", "came"),
    [
        pytest.param(TEXT, 6, "  - fail: stop", id="behind the step at the cursor"),
        pytest.param(TEXT, 16, "          - fail: stop", id="inside of another step"),
        pytest.param(TEXT, 1, "  - fail: stop", id="at the end"),
        pytest.param("flow: x\n", 1, "steps:\n  - fail: stop", id="as the first one"),
        pytest.param("flow: x\nsteps:\n- map: 1\n", 3, "- fail: stop", id="without indentation"),
    ],
)
def test_a_step_is_inserted(text: str, line: int, came: str) -> None:
    assert diff(text, applied(text, insert_step(text, line, {"fail": "stop"})))[1] == came


def test_an_inserted_step_whose_result_is_wanted_gets_a_name_that_is_free() -> None:
    first = applied("flow: x\n", insert_step("flow: x\n", 1, {"http": {"url": "https://e.com"}}))
    second = applied(first, insert_step(first, 1, {"http": {"url": "https://f.com"}}))

    assert [line.strip() for line in second.split("\n") if "id:" in line] == ["- id: http", "- id: http_2"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        pytest.param("flow: &n x\nother: *n\nsteps: []\n", ("flow",), id="what an alias stands for"),
        pytest.param("flow: [\n", ("flow",), id="broken text"),
        pytest.param("flow: x\nflow: y\n", ("flow",), id="a key that is there twice"),
        pytest.param("- flow\n", ("flow",), id="no mapping"),
    ],
)
def test_what_a_form_cannot_change_is_refused_with_what_to_do(text: str, path: Path) -> None:
    with pytest.raises(InputRejected) as refusal:
        set_value(text, path, "new")

    assert refusal.value.fix


PATHS = [
    ("steps", 0, "http", "url"),
    ("steps", 0, "http", "query", "name"),
    ("steps", 0, "http", "json"),
    ("steps", 0, "when"),
    ("steps", 2, "map"),
    ("steps", 3, "switch", 0, "when"),
    ("vars",),
    ("output", "reply"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(path=st.sampled_from(PATHS), value=VALUES)
def test_any_value_is_read_back_as_it_was_given_or_refused(path: Path, value: Any) -> None:
    try:
        changed = applied(TEXT, set_value(TEXT, path, value))
    except InputRejected:
        return
    source, problems = read_source(changed)
    assert source is not None
    assert [problem for problem in problems if problem.severity == "error"] == []
    found = source.value
    for part in path:
        found = found[part]
    assert msgspec.json.encode(found) == msgspec.json.encode(value)
    assert [line for line in TEXT.split("\n") if "#" in line and line not in changed.split("\n")] in (
        [],
        ["      url: https://e.com   # where"],
    )
