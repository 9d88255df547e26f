"""Flow texts and the problems they must give: `cases/*.yaml` hold both, the problems as comments at the end."""

from pathlib import Path

import msgspec
import pytest

from flows.compile import analyse_definition, check_flow, compile_flow, flow_digest
from flows.definition import Binding, FlowDefinition
from flows.errors import FlowInvalid

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
EXPECT = "# expect: "


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_flow_with_problems_names_all_of_them_at_their_places(case: Path) -> None:
    text = case.read_text()
    expected = [line.removeprefix(EXPECT) for line in text.splitlines() if line.startswith(EXPECT)]

    problems = check_flow(text)

    assert [str(problem) for problem in problems] == expected


def test_a_flow_that_does_not_compile_raises_only_its_errors() -> None:
    with pytest.raises(FlowInvalid) as failure:
        compile_flow("flow: mill\ninput: {mcp_tool: {}}\nsteps: [{mp: 1}]", "mill.yaml")

    assert str(failure.value) == "mill.yaml:3:10: Unknown step 'mp'. Did you mean 'map'?   [flow.unknown-step]"


def test_a_version_is_named_by_its_text() -> None:
    text = "flow: mill\ninput: {call: {}}\n"

    plan = compile_flow(text, "mill.yaml")

    assert plan.digest == flow_digest(text)
    assert plan.digest != compile_flow(text + "# a comment\n").digest


def test_the_same_expression_is_judged_by_each_flow_and_at_each_place_anew() -> None:
    text = "flow: mill\ninput: {call: {params: {NAME: string}}}\nsteps:\n- map: ${{ args.sacks }}\n"
    late = text.replace("steps:\n", "steps:\n- log: nothing\n")

    knows = check_flow(text.replace("NAME", "sacks"))
    lacks = [str(problem) for each in (text, late) for problem in check_flow(each.replace("NAME", "sack"))]

    assert knows == []
    message = "There is no argument 'sacks'. Did you mean 'sack'?   [flow.unknown-name]"
    assert lacks == [f"4:12: {message}", f"5:12: {message}"]


def test_the_short_form_of_params_becomes_a_schema_with_required_names() -> None:
    plan = compile_flow(
        "flow: mill\ninput:\n  call:\n    params:\n"
        "      a: string\n      b: {type: integer, default: 3}\n      c: {type: boolean, required: false}\n"
    )

    assert plan.input.arguments.schema == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer", "default": 3}, "c": {"type": "boolean"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    assert plan.input.arguments.complete({"a": "x"}) == {"a": "x", "b": 3, "c": None}


@pytest.mark.parametrize(
    ("steps", "waits"),
    [
        ("[{map: 1}, {log: x}]", False),
        ("[{switch: [{steps: [{map: 1}]}]}]", False),
        ("[{switch: [{steps: [{sleep: 1s}]}]}]", True),
        ("[{parallel: {a: [{map: 1}]}}]", False),
        ("[{map: 1, retry: {}}]", True),
        ("[{map: 1, on_error: {steps: [{sleep: 1s}]}}]", True),
        ("[{map: 1, for_each: [1]}]", False),
        ("[{map: 1, for_each: [1], concurrency: 2}]", True),
        ("[{call: other}]", True),
    ],
)
def test_a_plan_knows_whether_a_run_can_wait(steps: str, waits: bool) -> None:
    plan = compile_flow(f"flow: mill\ninput: {{call: {{}}}}\nsteps: {steps}\n")

    assert plan.waits is waits


WHEEL = """
flow: wheel
description: Turn.
input: {mcp_tool: {}}
vars: {teeth: 8}
steps:
  - sql: {connection: mill, query: "SELECT ${{ vars.teeth }}, ${{ vars.stones }}"}
  - call: {flow: axle}
  - call: {flow: weather}
"""
WORK = Binding(
    install="work",
    prefix="work_",
    flows=("wheel", "axle"),
    connections={"mill": "work-mill"},
    vars={"stones": 2},
    note="the mill at work",
)


def test_an_installed_flow_has_the_names_connections_and_variables_of_its_install() -> None:
    plan, problems = analyse_definition(FlowDefinition(text=WHEEL, binding=WORK))

    assert problems == []
    assert plan is not None
    assert plan.name == "work_wheel"
    assert plan.description == "Turn. (the mill at work)"
    assert plan.vars == {"teeth": 8, "stones": 2}
    assert plan.bindings == {"mill": "work-mill"}
    assert plan.connections == {"mill": 7}
    assert plan.calls == {"work_axle": 8, "weather": 9}
    assert plan.flow_names == {"wheel": "work_wheel", "axle": "work_axle"}


def test_two_installs_of_the_same_text_are_two_versions() -> None:
    home = msgspec.structs.replace(WORK, install="home")
    digests = {FlowDefinition(text=WHEEL, binding=each).digest for each in (WORK, home, Binding())}

    assert len(digests) == 3
    assert flow_digest(WHEEL) in digests


def test_a_definition_that_travelled_is_the_same_version() -> None:
    sent = FlowDefinition(text=WHEEL, file="wheel.yaml", binding=WORK)

    received = msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=FlowDefinition)

    assert received.digest == sent.digest
    plan, _ = analyse_definition(received)
    assert plan is not None
    assert plan.digest == sent.digest


def test_a_variable_that_nobody_gives_is_a_problem() -> None:
    problems = check_flow(WHEEL, "wheel.yaml")

    assert [str(problem) for problem in problems] == [
        "wheel.yaml:7:67: There is no variable 'stones'. Known: teeth.   [flow.unknown-name]"
    ]
