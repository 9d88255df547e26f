"""Completion and explanation know what may stand at a place, in texts that are not finished."""

import pytest

from coordinator.editing.completion import Completion, Completions, Names, complete
from coordinator.editing.hover import hover
from tests.coordinator.editing.marked import cursor_in

KNOWN = Names(
    connections={"shop": "", "crm": ""}, flows={"get_weather": "The weather"}, secrets={"keys": {"token": ""}}
)
HEAD = "flow: x\ninput: {mcp_tool: {params: {city: string, days: integer}}}\n"
STEPS = HEAD + "vars: {key: 1}\nsteps:\n  - id: place\n    http: {url: x}\n"
MOCKED = "\ntests:\n  - name: a\n    mock: {place: {body: {results: [{name: Oslo, age: 3}]}}}\n"


def offered(marked: str) -> dict[str, Completion]:
    """Return what is offered at the cursor, by label."""
    return {item.label: item for item in completions(marked).items}


def completions(marked: str) -> Completions:
    return complete(*cursor_in(marked), KNOWN)


def accepted(marked: str, label: str) -> str:
    """Return the text after one of the offers was taken."""
    text, found = marked.replace("|", "", 1), completions(marked)
    (insert,) = [item.insert for item in found.items if item.label == label]
    return text[: found.start] + insert + text[found.end :]


@pytest.mark.parametrize(
    ("marked", "some", "none"),
    [
        pytest.param("|", ["flow", "input", "steps"], ["http"], id="an empty text"),
        pytest.param("flow: x\nin|\nsteps: []\n", ["input", "output"], ["flow", "steps"], id="a key of the flow"),
        pytest.param("flow: x\ninput:\n  |\n", ["mcp_tool", "call"], ["params"], id="an input"),
        pytest.param("flow: x\nsteps:\n  - ht|\n", ["http", "map", "when"], ["url", "reply"], id="a new step"),
        pytest.param("flow: x\nsteps:\n  - htpt|: {url: x}\n", ["http"], [], id="a misspelt step"),
        pytest.param(STEPS + "    |\n", ["retry", "on_error"], ["id", "http", "sql"], id="a field of a step"),
        pytest.param("flow: x\nsteps:\n  - http:\n      |\n", ["url", "method"], ["id"], id="a field of http"),
        pytest.param("flow: x\nsteps:\n  - http: {url: x, me|\n", ["method"], ["url"], id="an open bracket"),
        pytest.param("flow: x\nsteps:\n  - http: {url: x, me|}\nx: [\n", ["method"], ["url"], id="broken text below"),
        pytest.param("flow: x\nsteps:\n  - http: {method: P|}\n", ["POST", "GET"], ["url"], id="a choice"),
        pytest.param("flow: x\nsteps:\n  - sql: {connection: |\n", ["shop", "crm"], ["get_weather"], id="connections"),
        pytest.param("flow: x\nsteps:\n  - call: {flow: |\n", ["get_weather"], ["shop"], id="flows"),
        pytest.param("flow: x\nsteps:\n  - call: |\n", ["get_weather"], ["shop"], id="flows in the short form"),
        pytest.param("flow: x\ninput: {mcp_tool: {params: {a: {|}}}}\n", ["type", "enum"], ["params"], id="a param"),
        pytest.param("flow: x\ninput: {mcp_tool: {params: {a: {type: |}}}}\n", ["integer"], [], id="a type"),
        pytest.param("flow: x\nsteps:\n  - map: 1\n    retry:\n      |\n", ["attempts"], ["id"], id="nested fields"),
        pytest.param(
            "flow: x\nsteps:\n  - switch:\n      - when: ${{ 1 }}\n        |\n", ["steps"], ["when"], id="a case"
        ),
        pytest.param(
            "flow: x\nsteps:\n  - switch:\n      - steps:\n          - |\n",
            ["http", "id"],
            ["cases"],
            id="a step inside",
        ),
        pytest.param(STEPS + "tests:\n  - mock:\n      |\n", ["place"], ["args"], id="steps to mock"),
        pytest.param(STEPS + "tests:\n  - args: {|}\n", ["city", "days"], ["place"], id="arguments of a test"),
    ],
)
def test_what_may_stand_at_a_place_is_offered(marked: str, some: list[str], none: list[str]) -> None:
    found = offered(marked)

    assert [name for name in some if name not in found] == []
    assert [name for name in none if name in found] == []


@pytest.mark.parametrize(
    ("marked", "some", "none"),
    [
        pytest.param("  - map: ${{ |", ["args", "vars", "caller", "place", "len"], ["item", "error"], id="names"),
        pytest.param("  - map: ${{ args.|", ["city", "days", "get"], ["place"], id="arguments"),
        pytest.param("  - map: ${{ args.ci| }}", ["city"], ["place"], id="arguments, begun"),
        pytest.param("  - map: ${{ place.|", ["status", "body"], ["rows"], id="what http gives"),
        pytest.param("  - map: ${{ vars.| }}", ["key"], ["city"], id="constants"),
        pytest.param("  - map: ${{ args.city.| }}", ["upper", "split"], ["append", "city"], id="methods of text"),
        pytest.param('  - map: {a: "${{ ar| }}"}', ["args"], [], id="in quotes and brackets"),
        pytest.param("  - for_each: ${{ [1] }}\n    map: ${{ | }}", ["item", "index"], ["error"], id="in a loop"),
        pytest.param("  - for_each: ${{ | }}\n    map: 1", ["place"], ["item"], id="before the loop"),
        pytest.param("  - map: 1\n    on_error: {value: '${{ | }}'}", ["error"], ["item"], id="in a handler"),
        pytest.param("  - http: {headers: {A: '${{ | }}'}}", ["args", "secrets"], [], id="where secrets may stand"),
        pytest.param("  - http: {json: {a: ['${{ secrets.| }}']}}", ["keys"], ["shop", "get"], id="secrets"),
        pytest.param("  - http: {text: '${{ secrets.keys.| }}'}", ["token"], ["get"], id="fields of secrets"),
        pytest.param("  - http: {path: '/${{ | }}'}", ["args"], ["secrets"], id="where secrets may not stand"),
        pytest.param("  - id: later\n    map: 1\noutput: {reply: '${{ | }}'}", ["place", "later"], [], id="at the end"),
    ],
)
def test_an_expression_is_offered_what_it_can_see(marked: str, some: list[str], none: list[str]) -> None:
    found = offered(STEPS + marked + "\n")

    assert [name for name in some if name not in found] == []
    assert [name for name in none if name in found] == []


def test_what_a_step_gives_is_known_from_the_mocks_of_the_tests() -> None:
    assert "results" in offered(STEPS + "  - map: ${{ place.body.| }}" + MOCKED)
    assert {"name", "age"} <= offered(STEPS + "  - map: ${{ place.body.results[0].| }}" + MOCKED).keys()


def test_taking_an_offer_replaces_the_word_and_no_more() -> None:
    assert accepted("flow: x\nsteps:\n  - htpt|: {url: x}\n", "http") == "flow: x\nsteps:\n  - http: {url: x}\n"
    assert accepted("flow: x\nsteps:\n  - ht|\n", "http") == "flow: x\nsteps:\n  - http:\n      \n"
    assert accepted("flow: x\nsteps:\n  - map: ${{ args.c| }}\n" + HEAD[8:], "city").startswith(
        "flow: x\nsteps:\n  - map: ${{ args.city }}\n"
    )


def test_offsets_are_counted_as_browsers_do() -> None:
    found = completions("flow: x\ntitle: 🦀🦀\nin|\n")

    assert (found.start, found.end) == (20, 22)


@pytest.mark.parametrize("text", ["}|{", "\t|", "- - - |", "a: |\n b\n  - c: [", "'|", '"${{ |', "x" * 300_000 + "|"])
def test_a_text_that_is_nothing_yet_is_no_error(text: str) -> None:
    assert completions(text).items is not None
    assert hover(*cursor_in(text)) is not None


@pytest.mark.parametrize(
    ("marked", "title", "part"),
    [
        pytest.param("steps:\n  - ht|tp: {url: x}", "http", "Send an HTTP request", id="a step"),
        pytest.param("steps:\n  - http: {url: x, met|hod: GET}", "method", "Method", id="a field"),
        pytest.param("steps:\n  - map: ${{ le|n(args.a) }}", "len(value)", "gives", id="a function"),
        pytest.param("steps:\n  - map: ${{ caller.name.up|per() }}", "text.upper()", "gives", id="a method"),
        pytest.param("steps:\n  - http: {text: '${{ sec|rets.a.b }}'}", "secrets", "kind `values`", id="secrets"),
        pytest.param("steps:\n  - map: ${{ ar|gs }}", "args", "The arguments of the call.", id="a name"),
        pytest.param("steps:\n  - map: some wo|rd", "", "", id="plain text"),
    ],
)
def test_a_word_is_explained(marked: str, title: str, part: str) -> None:
    found = hover(*cursor_in(f"flow: x\n{marked}\n"))

    assert (found.title, part in found.text) == (title, True)
