"""How a plan runs: conditions, loops, handlers, retries, timeouts, scopes, records."""

import time
from typing import Any

import pytest

from flows.compile import analyse_definition
from flows.definition import Binding, FlowDefinition
from flows.events import Event, Log
from flows.plan import Plan
from flows.runs import RunRequest
from tests.flow_runs import run_flow, steps, value_of
from workers.local import LocalDispatcher, PlanTable

N = "{n: integer}"


@pytest.mark.parametrize(
    ("text", "args", "value"),
    [
        (steps("  - map: {twice: '${{ args.n * 2 }}'}", N), {"n": 2}, {"twice": 4}),
        (
            steps("  - id: a\n    map: 1\n  - id: b\n    when: ${{ a > 1 }}\n    map: 2\n  - map: ${{ [a, b] }}"),
            {},
            [1, None],
        ),
        (steps("  - for_each: ${{ range(args.n) }}\n    map: ${{ item * 10 + index }}", N), {"n": 3}, [0, 11, 22]),
        (steps("  - for_each: [a, b]\n    switch:\n      - steps: [{id: x, map: '${{ item }}'}]"), {}, ["a", "b"]),
        (steps("  - for_each: []\n    map: 1"), {}, []),
        (steps("  - for_each: [3, 1, 2]\n    concurrency: 3\n    map: ${{ item }}"), {}, [3, 1, 2]),
        (
            steps(
                "  - switch:\n      - {when: '${{ args.n > 5 }}', steps: [{map: many}]}\n      - {steps: [{map: few}]}",
                N,
            ),
            {"n": 9},
            "many",
        ),
        (steps("  - switch:\n      - when: ${{ args.n > 5 }}\n        steps: [{map: many}]", N), {"n": 1}, None),
        (
            steps("  - id: p\n    parallel: {a: [{map: 1}], b: [{sleep: 1ms}, {map: 2}]}\n  - map: ${{ p.a + p.b }}"),
            {},
            3,
        ),
        (steps("  - map: '${{ args.text }}'", "{text: string}"), {"text": "${{ 1 + 1 }}"}, "${{ 1 + 1 }}"),
    ],
    ids=[
        "map",
        "a step that is skipped gives null",
        "a loop gives a list",
        "a step inside a loop sees the item",
        "an empty loop gives an empty list",
        "a concurrent loop keeps the order",
        "switch takes the first case that holds",
        "switch gives null when no case holds",
        "parallel gives a mapping",
        "arguments are data and never expressions",
    ],
)
async def test_steps_give_their_results(text: str, args: dict[str, Any], value: Any) -> None:
    assert await value_of(text, args) == value


async def test_variables_caller_and_run_are_in_scope() -> None:
    text = (
        "flow: mill\ninput: {call: {}}\nvars: {place: Oslo}\n"
        "output: {reply: ['${{ vars.place }}', '${{ run.flow }}', '${{ caller.name }}']}\n"
    )

    assert await value_of(text) == ["Oslo", "mill", "anonymous"]


async def test_an_expression_that_fails_says_where_in_the_file_and_what_was_there() -> None:
    result = await run_flow(steps("  - id: place\n    map: {name: Oslo}\n  - map:\n      - ${{ place.nam }}"))

    assert result.error is not None
    assert result.error.code == "expression_failed"
    assert result.error.message.startswith("flow.yaml:7:")
    assert "Did you mean 'name'?" in result.error.message
    assert "Oslo" not in result.error.message


@pytest.mark.parametrize(
    ("handler", "value"),
    [
        ("{value: calm}", "calm"),
        ("{value: '${{ error.code }}'}", "no_water"),
        ("{value: null}", None),
        ("{steps: [{log: '${{ error.message }}'}, {map: '${{ error.step }}'}]}", "wheel"),
    ],
)
async def test_a_handled_failure_goes_on_with_what_the_handler_says(handler: str, value: Any) -> None:
    text = steps(
        "  - id: wheel\n    fail: {code: no_water, message: It is dry.}\n"
        f"    on_error: {handler}\n  - map: ${{{{ wheel }}}}"
    )

    result = await run_flow(text)

    assert result.reply is not None
    assert result.reply.value == value
    assert ("wheel", "handled") in [(step.id, step.outcome) for step in result.steps]


async def test_a_mocked_failure_is_handled_like_a_real_one() -> None:
    text = steps(
        "  - id: page\n    http: {url: 'https://example.org/'}\n    on_error: {value: 'no page: ${{ error.message }}'}"
    )

    assert await value_of(text, mocks={"page": {"$fail": {"message": "dry"}}}) == "no page: dry"


async def test_in_a_loop_only_the_failing_element_is_handled() -> None:
    text = steps(
        "  - for_each: [1, 2, 3]\n    switch:\n"
        "      - when: ${{ item == 2 }}\n        steps: [{fail: no}]\n      - steps: [{map: '${{ item }}'}]\n"
        "    on_error: {value: '${{ -item }}'}"
    )

    assert await value_of(text) == [1, -2, 3]


async def test_a_temporary_failure_is_tried_again_until_the_attempts_are_used_up() -> None:
    result = await run_flow(
        steps("  - id: ask\n    http: {url: 'http://127.0.0.1:1/'}\n    retry: {attempts: 3, delay: 1ms}")
    )

    assert result.error is not None
    assert result.error.code == "connection_lost"
    assert [(step.id, step.attempts, step.outcome) for step in result.steps] == [("ask", 3, "failed")]


@pytest.mark.parametrize(
    ("retry", "attempts"),
    [("{attempts: 3, delay: 1ms}", 1), ("{attempts: 3, delay: 1ms, on: [no_water]}", 3)],
    ids=["a failure that is not temporary is not tried again", "unless its code is named"],
)
async def test_which_failures_are_tried_again(retry: str, attempts: int) -> None:
    result = await run_flow(steps(f"  - fail: {{code: no_water, message: It is dry.}}\n    retry: {retry}"))

    assert result.steps[0].attempts == attempts


async def test_a_step_that_outlasts_its_timeout_fails() -> None:
    result = await run_flow(steps("  - id: nap\n    sleep: 30s\n    timeout: 10ms"))

    assert result.error is not None
    assert (result.error.code, result.error.step) == ("timeout", "nap")
    assert result.error.message == "The step 'nap' took longer than its timeout of 0.01 s."


async def test_a_run_that_outlasts_the_flows_timeout_fails() -> None:
    result = await run_flow("flow: mill\ninput: {call: {}}\ntimeout: 10ms\nsteps: [{id: nap, sleep: 30s}]")

    assert result.error is not None
    assert result.error.message == "The run took longer than the flow's timeout of 0.01 s, at step 'nap'."
    assert [(step.id, step.outcome) for step in result.steps] == [("nap", "cancelled")]


async def test_a_branch_that_fails_stops_the_others() -> None:
    result = await run_flow(steps("  - parallel:\n      a: [{fail: no}]\n      b: [{id: nap, sleep: 30s}]"))

    assert result.error is not None
    assert result.error.message == "no"
    assert ("nap", "cancelled") in [(step.id, step.outcome) for step in result.steps]


async def test_a_called_flow_that_fails_fails_the_call_with_its_own_code() -> None:
    other = "flow: other\ninput: {call: {params: {n: integer}}}\nsteps: [{fail: {code: no_water, message: dry}}]"

    failed = await run_flow(steps("  - id: c\n    call: {flow: other, args: {n: 1}}"), others=(other,))
    refused = await run_flow(steps("  - id: c\n    call: {flow: other, args: {n: many}}"), others=(other,))
    unknown = await run_flow(steps("  - id: c\n    call: othr"), others=(other,))

    assert [result.error and result.error.code for result in (failed, refused, unknown)] == [
        "no_water",
        "invalid_arguments",
        "unknown_flow",
    ]


async def test_flows_that_call_themselves_come_to_an_end() -> None:
    result = await run_flow(steps("  - call: mill"))

    assert result.error is not None
    assert result.error.code == "too_deep"


async def test_a_loop_over_something_else_than_a_list_fails() -> None:
    result = await run_flow(steps("  - for_each: ${{ args.n }}\n    map: 1", N), {"n": 1})

    assert result.error is not None
    assert result.error.message == "`for_each` takes a list; it got a number."


async def test_records_are_bounded_and_the_run_is_not() -> None:
    result = await run_flow(steps("  - for_each: ${{ range(3000) }}\n    switch: [{steps: [{map: 1}]}]"))

    assert result.error is None
    assert len(result.steps) == 1000


async def test_the_same_call_twice_is_answered_from_the_cache() -> None:
    events: list[Event] = []
    text = steps(
        "  - for_each: [a, b, a]\n    cache:\n      key: ${{ item }}\n      ttl: 1m\n"
        "      steps: [{log: '${{ item }}'}, {map: {is: '${{ item }}'}}]"
    )

    value = await value_of(text, events=events)

    assert value == [{"is": "a"}, {"is": "b"}, {"is": "a"}]
    assert events == [Log(level="info", data="a"), Log(level="info", data="b")]


async def test_a_mistake_in_a_component_tells_the_caller_nothing_of_its_cause(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.steps.cache._open", None)

    result = await run_flow(steps("  - id: c\n    cache: {key: 1, ttl: 1s, steps: []}"))

    assert result.error is not None
    assert result.error.code == "internal"
    assert "NoneType" not in result.error.message
    assert "NoneType" in caplog.text


async def test_an_installed_flow_calls_the_flow_of_its_own_install() -> None:
    caller = "flow: wheel\ninput: {call: {}}\nsteps: [{call: {flow: axle}}]\n"
    called = "flow: axle\ninput: {call: {}}\nvars: {load: 0}\nsteps: [{map: '${{ vars.load }}'}]\n"
    table = PlanTable({plan.name: plan for load in (1, 2) for plan in _installed((caller, called), load)})
    dispatcher = LocalDispatcher(table)

    results = [await dispatcher.run(_request(table, f"load{load}_wheel")) for load in (1, 2)]
    await dispatcher.close()

    assert [result.reply and result.reply.value for result in results] == [1, 2]


def _installed(texts: tuple[str, ...], load: int) -> list[Plan]:
    binding = Binding(prefix=f"load{load}_", flows=("wheel", "axle"), vars={"load": load})
    plans = [analyse_definition(FlowDefinition(text=text, binding=binding))[0] for text in texts]
    return [plan for plan in plans if plan is not None]


def _request(table: PlanTable, name: str) -> RunRequest:
    plan = table.by_name(name)
    assert plan is not None
    return RunRequest(run_id="run-1", flow=name, digest=plan.digest, args={}, deadline=time.time() + 5)
