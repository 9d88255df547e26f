"""The `http` step inside a flow, from YAML to the reply."""

from typing import Any

import pytest

from flows.compile import check_flow
from tests.flow_runs import run_flow, steps, value_of
from tests.flows.steps.http.support import Upstream, fixed

ANY = "{a: {type: string}, b: {type: array, items: {type: string}, required: false}}"


def flow(upstream: Upstream, config: str) -> str:
    return steps(f"  - id: it\n    http: {config}".replace("BASE", upstream.url), ANY)


async def test_arguments_land_in_path_query_headers_and_body(upstream: Upstream) -> None:
    upstream.answer = fixed('{"ok": true}')
    text = flow(
        upstream,
        "{url: 'BASE/v1/${{ args.a }}?q=${{ args.a }}', query: {b: '${{ args.b }}'}, method: PUT, "
        "headers: {X-A: '${{ args.a }}'}, json: {a: '${{ args.a }}', text: 'a is ${{ args.a }}'}}",
    )

    reply = await value_of(text, {"a": "x/y&z", "b": ["1", "2"]})

    assert reply["body"] == {"ok": True}
    assert upstream.seen[0].raw_path == "/v1/x%2Fy%26z?q=x%2Fy%26z&b=1&b=2"
    assert upstream.seen[0].headers["X-A"] == "x/y&z"
    assert upstream.bodies == [b'{"a":"x/y&z","text":"a is x/y&z"}']


@pytest.mark.parametrize("hostile", ["..", "%2e%2e", "../admin", "..%2fadmin", ""])
async def test_an_argument_that_would_leave_the_path_fails_the_step(upstream: Upstream, hostile: str) -> None:
    result = await run_flow(flow(upstream, "{url: 'BASE/v1/${{ args.a }}'}"), {"a": hostile})

    assert result.error is not None
    assert (result.error.code, result.error.step) == ("unusable_value", "it")
    assert upstream.seen == []


async def test_headers_can_be_one_expression(upstream: Upstream) -> None:
    step = f"  - http: {{url: '{upstream.url}', headers: '${{{{ {{\"X-A\": args.a}} }}}}'}}"

    result = await run_flow(steps(step, "{a: string}"), {"a": "one"})

    assert result.error is None
    assert upstream.seen[0].headers["X-A"] == "one"


async def test_a_status_can_be_handled_by_its_code(upstream: Upstream) -> None:
    upstream.answer = fixed('{"error": "gone"}', 410)

    result = await run_flow(flow(upstream, "{url: 'BASE/${{ args.a }}'}"), {"a": "x"})

    assert result.error is not None
    assert (result.error.code, result.error.step, result.error.retryable) == ("http_410", "it", False)


@pytest.mark.parametrize(("max_delay", "requests"), [("30s", 2), ("500ms", 1)])
async def test_a_service_is_not_asked_again_before_the_time_that_it_named(
    upstream: Upstream, max_delay: str, requests: int
) -> None:
    upstream.answer = fixed("{}", 429, Retry_After="1")
    retry = f"    retry: {{attempts: 2, max_delay: {max_delay}}}"

    result = await run_flow(f"{flow(upstream, '{url: BASE/}')}{retry}\n", {"a": "x"})

    assert result.error is not None
    assert (result.error.code, result.error.retry_after) == ("http_429", 1.0)
    assert len(upstream.seen) == requests


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{url: '${{ args.a }}'}", "A URL begins with fixed text"),
        ("{url: 'https://${{ args.a }}/'}", "The host of a URL is fixed text"),
        ("{url: 'https://a.example/', json: 1, text: x}", "A request has one body"),
        ("{url: 'https://a.example/', headers: {Host: x}}", "The header 'Host' is set by the HTTP client."),
        ("{url: 'https://a.example/', ok: 99}", "Expected"),
        ("{url: 'https://a.example/', method: get}", "Invalid enum value"),
    ],
)
def test_a_configuration_that_cannot_work_is_a_problem_of_the_file(config: str, message: str) -> None:
    problems: Any = check_flow(steps(f"  - id: it\n    http: {config}", ANY))

    assert any(problem.message.startswith(message) for problem in problems), problems
