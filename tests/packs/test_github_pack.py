"""Every request that the GitHub pack can make, held against what GitHub publishes about its API.

Each tool runs in process against a real server that stands in for the API.  The server answers what the tool's own
tests promise, and after that what the description allows.  See descriptions/README.md for where that comes from.
"""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

import pytest

from flows.plan import FlowTest
from packs.loader import CATALOG, load_pack
from tests.packs.octokit import GitHubApi
from tests.packs.standin import MISTAKES, Sent, argument_sets, first_good, hold_example, misfits, run, standing_in
from tests.packs.support import grouped_by_subject

PACK: Final = load_pack(CATALOG / "github")
API: Final = GitHubApi()
KNOWN: Final = {
    "event": "push",
    "head_sha": "c9" * 20,
    "since": "2026-11-20T00:00:00Z",
    "until": "2026-11-21T00:00:00Z",
}
"""Arguments whose form a made-up text does not have."""
KEPT_HERE: Final = ("kind", "jobs")
"""Arguments with choices that are not sent as they are."""
WORDED: Final = {
    401: ("not_signed_in",),
    403: ("not_allowed",),
    404: ("not_found",),
    405: ("conflict",),
    409: ("conflict",),
    410: ("not_found",),
    422: ("refused", "conflict"),
}
"""Refusals that the tools say in their own words, and their codes."""
INNER: Final = (
    "refused",
    "issues_of",
    "comments_of",
    "pulls_of",
    "repositories_of",
    "commits_of",
    "runs_of",
    "files_of",
)
"""Flows that ask nothing themselves."""

each_tool = pytest.mark.parametrize("tool", PACK.tools)
EXAMPLES: Final = [
    pytest.param(flow.plan.tests[index], flow.name, id=f"{flow.name}:{index}")
    for flow in PACK.flows.values()
    if flow.name not in INNER
    for index in range(len(flow.plan.tests))
]


def answers_of(test: FlowTest) -> list[Mapping[str, Any]]:
    return list(test.fields.mock.values())


@pytest.mark.parametrize(("test", "tool"), EXAMPLES)
async def test_an_example_asks_what_github_describes_and_gives_what_it_promises(test: FlowTest, tool: str) -> None:
    await hold_example(PACK, API, PACK.flows[tool].plan, test, answers_of(test))


@pytest.mark.parametrize(("test", "tool"), EXAMPLES)
def test_a_mocked_answer_is_one_that_github_describes(test: FlowTest, tool: str) -> None:
    for answer in answers_of(test):
        if answer["status"] < 300 and not isinstance(answer["body"], str):
            assert API.is_part_of_an_answer(answer["status"], answer["body"]), answer


@pytest.mark.parametrize("is_lean", [False, True], ids=["full", "lean"])
@each_tool
async def test_whatever_the_arguments_a_tool_asks_only_what_github_describes(tool: str, is_lean: bool) -> None:
    plan, api = PACK.flows[tool].plan, GitHubApi()
    api.is_lean = is_lean

    async with standing_in(PACK, api) as (server, dispatcher):
        for args in argument_sets(plan, KNOWN):
            for answers in (answers_of(first_good(plan)), []):
                server.begin(answers)
                result = await run(plan, args, dispatcher)
                assert result.error is None or result.error.code not in MISTAKES, (args, result.error)
                assert misfits(plan, result) == []

    assert server.sent
    assert server.problems() == []
    assert server.credentials == {"Bearer test"}
    everything = "\n".join(unquote_plus(sent.query) + sent.body.decode() for sent in server.sent)
    for argument, field in plan.input.arguments.schema.get("properties", {}).items():
        for choice in field.get("enum", ()):
            assert argument in KEPT_HERE or choice in everything, f"{argument}: {choice} is never sent"


@each_tool
async def test_a_refusal_is_said_in_words(tool: str) -> None:
    plan = PACK.flows[tool].plan
    test = first_good(plan)

    async with standing_in(PACK, API) as (server, dispatcher):
        for status in (401, 403, 404, 422):
            server.begin([{"status": status, "body": {"message": "GitHub says no"}}])
            result = await run(plan, test.fields.args, dispatcher)

            assert result.error is not None
            assert result.error.code in WORDED[status]
            assert status in (401, 404) or "GitHub says no" in result.error.message


@each_tool
async def test_every_refusal_that_github_describes_is_known(tool: str) -> None:
    plan = PACK.flows[tool].plan
    test = first_good(plan)

    async with standing_in(PACK, API) as (server, dispatcher):
        await run(plan, test.fields.args, dispatcher)
        called = API.operation_of(server.sent[0])
        assert called is not None
        described = {int(status) for status in API.operations[called[0]]["answers"] if status[0] == "4"}
        for status in described & WORDED.keys():
            server.begin([{"status": status, "body": {"message": "no"}}])
            result = await run(plan, test.fields.args, dispatcher)

            assert result.error is not None
            assert result.error.code in WORDED[status]


async def test_a_rate_limit_is_told_with_the_time_to_wait() -> None:
    plan = PACK.flows["get_issue"].plan
    args = {"owner": "ada", "repo": "mill", "number": 7}
    refusals = (
        ({"status": 403, "headers": {"Retry-After": "90"}}, "rate_limited", None),
        ({"status": 429, "headers": {"Retry-After": "90"}}, "http_429", 90),
    )

    async with standing_in(PACK, API) as (server, dispatcher):
        for answer, code, seconds in refusals:
            server.begin([{**answer, "body": {"message": "slow down"}}])
            result = await run(plan, args, dispatcher)

            assert result.error is not None
            assert (result.error.code, result.error.retry_after) == (code, seconds)
            assert seconds or "Try again in 90 s." in result.error.message
        assert len(server.sent) == len(refusals), "it does not ask again before GitHub wants to be asked"


async def test_a_read_is_tried_again_when_github_asks_for_a_short_wait() -> None:
    plan = PACK.flows["get_issue"].plan

    async with standing_in(PACK, API) as (server, dispatcher):
        server.begin([{"status": 429, "headers": {"Retry-After": "0"}, "body": {}}])
        result = await run(plan, {"owner": "ada", "repo": "mill", "number": 7}, dispatcher)

    assert result.error is None
    assert len(server.sent) == 2


async def test_pages_follow_one_another_until_the_last() -> None:
    plan = PACK.flows["list_labels"].plan
    more = {
        "Link": '<https://api.github.com/repositories/1/labels?page=2>; rel="next", <https://x/?page=2>; rel="last"'
    }
    last = {"Link": '<https://api.github.com/repositories/1/labels?page=1>; rel="prev"'}
    args: dict[str, Any] = {"owner": "ada", "repo": "mill"}
    seen = []

    async with standing_in(PACK, API) as (server, dispatcher):
        server.begin([{"status": 200, "headers": more, "body": []}, {"status": 200, "headers": last, "body": []}])
        page: int | None = 1
        while page is not None:
            result = await run(plan, {**args, "page": page}, dispatcher)
            assert result.reply is not None
            seen.append(page)
            page = result.reply.value["next_page"]

    assert seen == [1, 2]
    assert [sent.query for sent in server.sent] == ["per_page=30&page=1", "per_page=30&page=2"]


async def test_a_full_page_of_the_longest_issues_is_shown_in_short() -> None:
    issue = API.made_up(API.schemas["issue"]) | {"body": "x" * 65_536, "pull_request": None}

    async with standing_in(PACK, API) as (server, dispatcher):
        server.begin([{"status": 200, "body": [issue] * 100}])
        result = await run(
            PACK.flows["list_issues"].plan, {"owner": "ada", "repo": "mill", "per_page": 100}, dispatcher
        )

    assert result.reply is not None
    assert len(result.reply.value["issues"]) == 100
    assert len(str(result.reply.value)) < 200_000


async def test_a_path_of_a_file_stays_one_segment_whatever_is_in_it() -> None:
    plan = PACK.flows["get_file"].plan

    async with standing_in(PACK, API) as (server, dispatcher):
        await run(plan, {"owner": "ada", "repo": "mill", "path": "docs/a b?ref=x#y.md"}, dispatcher)
        escaped = await run(plan, {"owner": "ada", "repo": "mill", "path": "../../../user"}, dispatcher)

    [sent] = server.sent
    assert (sent.path, sent.query) == ("/repos/ada/mill/contents/docs%2Fa%20b%3Fref%3Dx%23y.md", "")
    assert escaped.error is not None
    assert escaped.error.code == "unusable_value"


async def test_the_tools_use_every_described_operation() -> None:
    used: set[str] = set()

    async with standing_in(PACK, API) as (server, dispatcher):
        for tool in PACK.tools:
            plan = PACK.flows[tool].plan
            for args in argument_sets(plan, KNOWN):
                await run(plan, args, dispatcher)
        for sent in server.sent:
            called = API.operation_of(sent)
            assert called is not None
            used.add(called[0])

    assert used == API.operations.keys()


def test_no_tool_is_left_out() -> None:
    assert len(PACK.tools) == 38
    assert len(PACK.manifest.groups["read"]) == 27
    assert grouped_by_subject(PACK) == set(PACK.tools)


# -- the checker itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (Sent("GET", "/repos/a/b/issue", "", "", b""), "no operation is"),
        (Sent("PUT", "/repos/a/b/issues", "", "", b""), "no operation is"),
        (Sent("GET", "/repos/a/b/issues", "limit=3", "", b""), "unknown query parameter limit"),
        (Sent("GET", "/repos/a/b/issues", "page=x", "", b""), "is not of type"),
        (Sent("GET", "/repos/a/b/issues", "page=1&page=2", "", b""), "is repeated"),
        (Sent("GET", "/repos/a/b/issues", "state=half", "", b""), "is not one of"),
        (Sent("GET", "/repos/a/b/issues/seven", "", "", b""), "is not of type"),
        (Sent("GET", "/search/code", "", "", b""), "query parameter q is missing"),
        (Sent("POST", "/repos/a/b/issues", "", "text/plain", b"{}"), "the body is 'text/plain'"),
        (Sent("POST", "/repos/a/b/issues", "", "application/json", b"{}"), "required"),
        (Sent("POST", "/repos/a/b/issues", "", "application/json", b'{"title": "x", "text": "y"}'), "text"),
        (Sent("POST", "/repos/a/b/pulls", "", "application/json", b'{"head": 7, "base": "x"}'), "body['head']"),
        (Sent("GET", "/user", "", "application/json", b"{}"), "takes no body"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_request_that_is_not_described_is_found(sent: Sent, problem: str) -> None:
    problems = API.problems(sent)

    assert [found for found in problems if problem in found], problems


def test_the_description_stays_small() -> None:
    assert len(json.dumps([API.operations, API.schemas])) <= 150_000
