"""A problem reads as file, place, what and code; a misspelt name gets the nearest known one."""

import re

import msgspec
import pytest

from flows.problems import KNOWN_NAMES_SHOWN, PROBLEM_CODES, Problem, did_you_mean, nearest

STEPS = ("http", "sql", "map", "switch", "parallel", "call", "fail", "log", "sleep", "validate", "cache")


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        pytest.param(
            Problem(code="yaml.tag", message="unknown tag '!x'. Remove it.", file="orders.yaml", line=14, column=9),
            "orders.yaml:14:9: unknown tag '!x'. Remove it.   [yaml.tag]",
            id="in a file",
        ),
        pytest.param(
            Problem(code="yaml.tag", message="unknown tag '!x'.", line=2, column=3),
            "2:3: unknown tag '!x'.   [yaml.tag]",
            id="in text without a name",
        ),
        pytest.param(
            Problem(code="yaml.syntax", message="odd.", file="a.yaml", severity="warning"),
            "a.yaml:1:1: warning: odd.   [yaml.syntax]",
            id="a warning says so",
        ),
    ],
)
def test_a_problem_prints_as_place_message_and_code(problem: Problem, line: str) -> None:
    assert str(problem) == line


def test_a_problem_with_an_undeclared_code_cannot_be_made() -> None:
    with pytest.raises(ValueError, match=r"'flow\.no-such-code' is not in PROBLEM_CODES; declare it there"):
        Problem(code="flow.no-such-code", message="x")


@pytest.mark.parametrize("code", PROBLEM_CODES)
def test_every_code_is_dotted_and_means_one_sentence(code: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", code)
    assert re.fullmatch(r"[A-Z].*[^.]\.", PROBLEM_CODES[code])


def test_a_problem_survives_the_way_to_the_pages() -> None:
    problem = Problem(code="yaml.tag", message="m", line=3, column=4, end_line=3, end_column=9)

    assert msgspec.json.decode(msgspec.json.encode(problem), type=Problem) == problem


@pytest.mark.parametrize(
    ("word", "near"),
    [
        pytest.param("htp", "http", id="a letter missing"),
        pytest.param("htpp", "http", id="a wrong letter"),
        pytest.param("HTTP", "http", id="wrong case"),
        pytest.param("paralel", "parallel", id="a double letter"),
        pytest.param("zebra", None, id="nothing near"),
        pytest.param("", None, id="an empty word"),
        pytest.param("http" * 10_000, None, id="a very long word"),
    ],
)
def test_the_nearest_name_is_the_one_that_was_meant(word: str, near: str | None) -> None:
    assert nearest(word, STEPS) == near


def test_a_dash_instead_of_an_underscore_is_near() -> None:
    assert nearest("On-Error", ["on_error", "retry"]) == "on_error"


def test_a_word_is_never_its_own_suggestion() -> None:
    assert nearest("http", ["http"]) is None


@pytest.mark.parametrize(
    ("word", "known", "ending"),
    [
        pytest.param("htp", STEPS, " Did you mean 'http'?", id="near"),
        pytest.param("zebra", ["sql", "map", "sql"], " Known: map, sql.", id="not near"),
        pytest.param("zebra", [], "", id="nothing known"),
        pytest.param(
            "zebra",
            STEPS,
            " Known: cache, call, fail, http, log, map, parallel, sleep, sql, switch, ...",
            id="many",
        ),
    ],
)
def test_a_message_ends_with_the_nearest_name_or_what_is_known(word: str, known: list[str], ending: str) -> None:
    assert did_you_mean(word, known) == ending
    assert ending.count(",") <= KNOWN_NAMES_SHOWN
