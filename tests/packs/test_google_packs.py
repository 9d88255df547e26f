"""Every request that the Google packs can make, held against what Google publishes about its APIs.

Each tool runs in process against a real server that stands in for the API through the base URL of the connection.  The
server answers what the tool's own tests promise, and after that what the description allows.  See
descriptions/README.md for where the descriptions come from.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qs, unquote_plus

import pytest

from flows.plan import FlowTest
from packs.loader import CATALOG, load_pack
from packs.pack import Pack
from tests.packs.discovery import Api
from tests.packs.standin import MISTAKES, Sent, argument_sets, first_good, hold_example, misfits, run, standing_in

PACKS: Final = {"google-calendar": "calendar.v3", "google-drive": "drive.v3", "google-sheets": "sheets.v4"}
TOOL_COUNTS: Final = {"google-calendar": 13, "google-drive": 22, "google-sheets": 28}
KEPT_HERE: Final = ("kind", "match")
"""Arguments with choices that are not sent as they are."""
KNOWN: Final = {"sheet_name": "Orders", "destination_sheet_name": "Orders"}
"""Arguments that must fit the answers of the examples."""


@cache
def pack_of(name: str) -> Pack:
    return load_pack(CATALOG / name)


@cache
def api_of(name: str) -> Api:
    return Api(PACKS[name])


TOOLS: Final = [pytest.param(name, tool, id=f"{name}:{tool}") for name in PACKS for tool in pack_of(name).tools]
EXAMPLES: Final = [
    pytest.param(name, flow.name, index, id=f"{name}:{flow.name}:{index}")
    for name in PACKS
    for flow in pack_of(name).flows.values()
    for index in range(len(flow.plan.tests))
]


def answers_of(test: FlowTest) -> list[Mapping[str, Any]]:
    """Return the answers that a test of a flow mocks, in order."""
    return [_answer_for(mock) for mock in test.fields.mock.values()]


def _answer_for(mock: Any) -> Mapping[str, Any]:
    """Return the mocked answer; what an inner flow of Sheets makes of one is turned back into it."""
    if isinstance(mock, list):
        return {"status": 200, "body": {"values": mock}}
    if "sheet_id" in mock:
        return {
            "status": 200,
            "body": {"sheets": [{"properties": {"sheetId": mock["sheet_id"], "title": mock["title"]}}]},
        }
    answer: Mapping[str, Any] = mock
    return answer


# -- what is promised ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "flow", "index"), EXAMPLES)
async def test_an_example_of_a_tool_asks_what_google_describes_and_gives_what_it_promises(
    name: str, flow: str, index: int
) -> None:
    pack = pack_of(name)
    plan = pack.flows[flow].plan
    test = plan.tests[index]
    expected = test.fields.expect_error
    if getattr(expected, "code", "") == "invalid_arguments":
        return

    await hold_example(pack, api_of(pack.manifest.name), plan, test, answers_of(test))


@pytest.mark.parametrize(("name", "tool"), TOOLS)
async def test_whatever_the_arguments_a_tool_asks_only_what_google_describes(name: str, tool: str) -> None:
    pack = pack_of(name)
    plan = pack.flows[tool].plan
    test = first_good(plan)
    scopes = {scope for each in pack.manifest.connections.values() if each.auth for scope in each.auth.scopes}

    async with standing_in(pack, api_of(pack.manifest.name)) as (server, dispatcher):
        for args in argument_sets(plan, KNOWN):
            for answers in (answers_of(test), []):
                server.begin(answers)
                result = await run(plan, args, dispatcher)
                if not answers:
                    assert result.error is None or result.error.code not in MISTAKES, result.error
                    assert misfits(plan, result) == []

    assert server.sent
    assert server.problems() == []
    everything = "\n".join(unquote_plus(sent.query) + sent.body.decode("utf-8", "replace") for sent in server.sent)
    for argument, field in plan.input.arguments.schema.get("properties", {}).items():
        for choice in field.get("enum", ()):
            assert argument in KEPT_HERE or choice in everything, f"{argument}: {choice} is never sent"
    assert server.credentials == {"Bearer test"}
    for sent in server.sent:
        called = server.api.method_of(sent)
        assert called is not None
        assert scopes & set(called[0]["scopes"]), f"no scope of the pack allows {called[0]['id']}"


@pytest.mark.parametrize(("name", "flow", "index"), EXAMPLES)
def test_a_mocked_answer_is_one_that_google_describes(name: str, flow: str, index: int) -> None:
    api, test = api_of(name), pack_of(name).flows[flow].plan.tests[index]

    for answer in answers_of(test):
        body = answer.get("body")
        if answer["status"] == 200 and isinstance(body, dict):
            fits = [
                method["id"]
                for method in api.methods.values()
                if "response" in method and not list(api.mismatches(body, method["response"]))
            ]
            assert fits, body


@pytest.mark.parametrize("name", PACKS)
async def test_the_examples_use_every_described_method_and_every_scope(name: str) -> None:
    pack, api = pack_of(name), api_of(name)
    used: set[str] = set()

    async with standing_in(pack, api_of(pack.manifest.name)) as (server, dispatcher):
        for tool in pack.tools:
            plan = pack.flows[tool].plan
            server.begin(answers_of(first_good(plan)))
            await run(plan, first_good(plan).fields.args, dispatcher)
            server.begin([])
            await run(plan, next(argument_sets(plan, KNOWN)), dispatcher)
        for sent in server.sent:
            called = api.method_of(sent)
            assert called is not None
            used.add(called[0]["id"])

    assert used == set(api.methods)
    scopes = [scope for each in pack.manifest.connections.values() if each.auth for scope in each.auth.scopes]
    for scope in scopes:
        others = set(scopes) - {scope}
        assert [one for one in used if not others & set(api.methods[one]["scopes"])], f"{scope} is not needed"


@pytest.mark.parametrize("name", PACKS)
def test_no_tool_is_left_out(name: str) -> None:
    assert len(pack_of(name).tools) == TOOL_COUNTS[name]


@pytest.mark.parametrize("name", PACKS)
def test_the_connection_leads_to_the_described_api(name: str) -> None:
    document = api_of(name).document
    [connection] = pack_of(name).manifest.connections.values()

    assert f"{connection.base_url}/".startswith(document["rootUrl"])
    assert connection.auth is not None
    assert (connection.auth.type, connection.auth.preset) == ("oauth2_authorization_code", "google")


@pytest.mark.parametrize(("removal", "says"), [(204, "no file was made"), (503, "The empty file a1 is still there.")])
@pytest.mark.parametrize("tool", ["upload_file", "create_file_from_text"])
async def test_a_file_whose_content_cannot_be_stored_does_not_stay_behind_unsaid(
    tool: str, removal: int, says: str
) -> None:
    pack = pack_of("google-drive")

    async with standing_in(pack, api_of(pack.manifest.name)) as (server, dispatcher):
        server.begin([{"status": 200, "body": {"id": "a1"}}, {"status": 403, "body": {}}, {"status": removal}])
        result = await run(pack.flows[tool].plan, {"file_name": "Plan", "content": "First the wheel"}, dispatcher)

    assert result.error is not None
    assert result.error.code == "upload_failed"
    assert says in result.error.message
    assert [sent.method for sent in server.sent] == ["POST", "PATCH", "DELETE"]
    assert server.sent[-1].path == "/drive/v3/files/a1"
    assert server.problems() == []


async def test_what_a_model_writes_stays_text_in_a_query_of_drive() -> None:
    pack = pack_of("google-drive")
    hostile = "x' or name contains '\\' or trashed = true or name = '"

    async with standing_in(pack, api_of(pack.manifest.name)) as (server, dispatcher):
        await run(pack.flows["find_file"].plan, {"file_name": hostile, "exact": True}, dispatcher)

    [query] = parse_qs(server.sent[0].query)["q"]
    found = re.fullmatch(r"name = '((?:[^'\\]|\\['\\])*)' and mimeType != '[^']+' and trashed = false", query)
    assert found is not None, query
    assert re.sub(r"\\(.)", r"\1", found[1]) == hostile


# -- the checker itself --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (Sent("GET", "/calendar/v3/calendars/a/evnts", "", "", b""), "no method is"),
        (Sent("PUT", "/calendar/v3/calendars/a", "", "", b""), "no method is"),
        (Sent("GET", "/calendar/v3/calendars/a/events", "limit=3", "", b""), "unknown query parameter limit"),
        (Sent("GET", "/calendar/v3/calendars/a/events", "maxResults=x", "", b""), "should be a whole number"),
        (Sent("GET", "/calendar/v3/calendars/a/events", "maxResults=1&maxResults=2", "", b""), "is repeated"),
        (Sent("GET", "/calendar/v3/calendars/a/events", "orderBy=name", "", b""), "should be one of"),
        (
            Sent("GET", "/calendar/v3/calendars/a/events", "fields=items(id,nme)", "", b""),
            "the mask names a field at 'nme)'",
        ),
        (Sent("GET", "/calendar/v3/calendars/a/events", "fields=items(id", "", b""), "stays open"),
        (Sent("POST", "/calendar/v3/calendars/a/events/quickAdd", "", "", b""), "query parameter text is missing"),
        (Sent("DELETE", "/calendar/v3/calendars/a/events/e", "", "application/json", b"{}"), "takes no body"),
        (Sent("POST", "/calendar/v3/calendars", "", "text/plain", b"{}"), "the body is 'text/plain'"),
        (Sent("POST", "/calendar/v3/calendars", "", "application/json", b'{"name": "x"}'), "body.name is not"),
        (Sent("POST", "/calendar/v3/calendars", "", "application/json", b'{"summary": null}'), "should be string"),
        (Sent("POST", "/calendar/v3/calendars", "", "application/json", b'{"summary": 7}'), "should be string"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_request_that_is_not_described_is_found(sent: Sent, problem: str) -> None:
    problems = api_of("google-calendar").problems(sent)

    assert [found for found in problems if problem in found], problems


def test_the_descriptions_stay_small() -> None:
    sizes = [len(json.dumps(Api(name).document)) for name in PACKS.values()]

    assert sum(sizes) <= 250_000
