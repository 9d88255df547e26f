"""The Slack pack with real requests to a small Slack: what it asks, what it makes of pages, waits and refusals."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest

from flows.runs import RunResult
from packs.loader import CATALOG, load_pack
from tests.packs.fake_slack import ME, METHODS, TOKEN, FakeSlack
from tests.packs.standin import MISTAKES, Sent, StandIn, argument_sets, first_good, misfits, run, standing_in
from tests.packs.support import grouped_by_subject

PACK: Final = load_pack(CATALOG / "slack")
KNOWN: Final = {
    "channel": "C0MILL001",
    "users": ["U0BOB0001"],
    "user": "U0ADA0001",
    "ts": "1795176060.000100",
    "thread_ts": "1795176060.000100",
    "since": "2026-11-20T00:00:00Z",
    "until": "2026-11-21T00:00:00Z",
    "cursor": "MQ==",
    "emoji": "thumbsup",
    "time": "2027-01-01T12:00:00Z",
}
"""Arguments that fit what is in the workspace."""
Ask = Callable[..., Coroutine[Any, Any, Any]]


@asynccontextmanager
async def slack(token: str = TOKEN) -> AsyncIterator[tuple[FakeSlack, StandIn, Ask]]:
    """Run a workspace; yield it, its server, and what calls a tool: a value, or the error that the tool ends with."""
    workspace = FakeSlack()
    credential = ("Authorization", f"Bearer {token}")
    async with standing_in(PACK, workspace, credential, keeps_state=True) as (server, dispatcher):

        async def ask(tool: str, **args: Any) -> Any:
            plan = PACK.flows[tool].plan
            result: RunResult = await run(plan, args, dispatcher)
            assert misfits(plan, result) == []
            return result.error if result.reply is None else result.reply.value

        yield workspace, server, ask


async def test_a_message_is_written_answered_changed_and_deleted() -> None:
    async with slack() as (workspace, server, ask):
        posted = await ask("post_message", channel="C0MILL001", text="It <turns> & turns.")
        replied = await ask("reply_to_thread", channel="C0MILL001", thread_ts=posted["ts"], text="Well done.")
        await ask("update_message", channel="C0MILL001", ts=posted["ts"], text="It stands still.")
        await ask("add_reaction", channel="C0MILL001", ts=posted["ts"], emoji="wave")
        again = await ask("add_reaction", channel="C0MILL001", ts=posted["ts"], emoji="wave")
        thread = await ask("get_thread_replies", channel="C0MILL001", thread_ts=posted["ts"])
        link = await ask("get_permalink", channel="C0MILL001", ts=posted["ts"])
        await ask("remove_reaction", channel="C0MILL001", ts=posted["ts"], emoji="wave")
        await ask("delete_message", channel="C0MILL001", ts=replied["ts"])

        assert [each["text"] for each in thread["messages"]] == ["It stands still.", "Well done."]
        assert [each["edited"] for each in thread["messages"]] == [True, False]
        assert thread["messages"][0]["reactions"] == [{"name": "wave", "count": 1}]
        assert thread["messages"][0]["time"] == "2026-11-20T12:06:00Z"
        assert again == {"emoji": "wave"}
        assert link["url"].startswith("https://mill.slack.com/archives/C0MILL001/p")
        assert [each["text"] for each in workspace.messages["C0MILL001"]][-1] == "It stands still."
        assert server.problems() == []
        assert server.credentials == {f"Bearer {TOKEN}"}


async def test_what_is_written_arrives_as_it_is() -> None:
    async with slack() as (workspace, _, ask):
        await ask("post_message", channel="C0MILL001", text="Grüße & <b>\n„so“ 🌾")

        assert workspace.messages["C0MILL001"][-1]["text"] == "Grüße & <b>\n„so“ 🌾"


async def test_pages_follow_one_another_until_the_last() -> None:
    texts = []

    async with slack() as (_, server, ask):
        page = await ask("get_channel_history", channel="C0MILL001", limit=2)
        texts.append([each["text"] for each in page["messages"]])
        while page["next_cursor"]:
            page = await ask("get_channel_history", channel="C0MILL001", limit=2, cursor=page["next_cursor"])
            texts.append([each["text"] for each in page["messages"]])

        assert texts == [["Sack 5", "Sack 4"], ["Sack 3", "Sack 2"], ["Sack 1"]]
        assert server.problems() == []


async def test_only_messages_of_a_span_of_time_are_read() -> None:
    async with slack() as (_, _, ask):
        read = await ask(
            "get_channel_history", channel="C0MILL001", since="2026-11-20T14:01:30+02:00", until="2026-11-20T12:04:00Z"
        )

    assert [each["text"] for each in read["messages"]] == ["Sack 3", "Sack 2"]


@pytest.mark.parametrize(
    ("tool", "args"),
    [
        ("list_channels", {}),
        ("post_message", {"channel": "C0MILL001", "text": "Once."}),
        ("delete_message", {"channel": "C0MILL001", "ts": "1795176000.000100"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_tool_waits_as_long_as_slack_asks_and_does_it_once(tool: str, args: dict[str, Any]) -> None:
    async with slack() as (workspace, server, ask):
        workspace.waits = [0, 0]
        count = len(workspace.messages["C0MILL001"])
        await ask(tool, **args)

        assert len(server.sent) == 3
        assert len(workspace.messages["C0MILL001"]) == count + (tool == "post_message")


async def test_a_wait_longer_than_the_run_is_told() -> None:
    async with slack() as (workspace, server, ask):
        workspace.waits = [90]
        error = await ask("post_message", channel="C0MILL001", text="Once.")

        assert (error.code, error.retryable, error.retry_after) == ("http_429", True, 90)
        assert len(server.sent) == 1


async def test_a_message_is_not_sent_again_after_an_error_that_may_have_come_late() -> None:
    async with slack() as (_, server, ask):
        server.begin([{"status": 503, "body": {"ok": False, "error": "service_unavailable"}}])
        error = await ask("post_message", channel="C0MILL001", text="Once.")

        assert error.code == "http_503"
        assert len(server.sent) == 1


@pytest.mark.parametrize(
    ("tool", "args", "code", "says"),
    [
        ("get_channel", {"channel": "C0NONE001"}, "not_found", "There is no channel C0NONE001"),
        ("get_channel_history", {"channel": "C0YARD001"}, "not_in_channel", "Use join_channel"),
        ("post_message", {"channel": "C0YARD001", "text": "x"}, "not_in_channel", "/invite"),
        ("reply_to_thread", {"channel": "C0MILL001", "thread_ts": "1.000001", "text": "x"}, "not_found", "thread"),
        ("update_message", {"channel": "C0MILL001", "ts": "1795176060.000100", "text": "x"}, "refused", "cant_update"),
        ("schedule_message", {"channel": "C0MILL001", "text": "x", "time": "2020-01-01T00:00:00Z"}, "refused", "past"),
        ("search_messages", {"query": "Sack"}, "not_allowed", "the token of a user"),
        ("get_user", {"user": "U0NONE001"}, "not_found", "There is no user U0NONE001"),
        ("find_user_by_email", {"email": "eve@example.com"}, "not_found", "eve@example.com"),
        ("invite_to_channel", {"channel": "C0MILL001", "users": ["U0ADA0001", "U0BOB0001"]}, "already_there", "Nobody"),
    ],
)
async def test_a_refusal_is_said_in_words(tool: str, args: dict[str, Any], code: str, says: str) -> None:
    async with slack() as (_, server, ask):
        error = await ask(tool, **args)

        assert error.code == code
        assert says in error.message
        assert server.problems() == []


async def test_a_token_that_is_wrong_or_may_too_little_is_told() -> None:
    async with slack("xoxb-another") as (_, _, ask):
        unknown = await ask("list_channels")
    async with slack() as (workspace, _, ask):
        workspace.scopes.remove("channels:read")
        poor = await ask("list_channels")

    assert unknown.code == "not_signed_in"
    assert poor.code == "not_allowed"
    assert "the scope channels:read" in poor.message


async def test_a_channel_is_joined_named_and_filled() -> None:
    async with slack() as (_, server, ask):
        joined = await ask("join_channel", channel="C0YARD001")
        topic = await ask("set_channel_topic", channel="C0YARD001", topic="The yard")
        await ask("invite_to_channel", channel="C0YARD001", users=["U0BOB0001"])
        members = await ask("list_channel_members", channel="C0YARD001")
        channels = await ask("list_channels")

        assert joined["name"] == "yard"
        assert topic == {"channel": "C0YARD001", "topic": "The yard"}
        assert members == {"users": ["U0ADA0001", ME, "U0BOB0001"], "next_cursor": None}
        assert [(each["name"], each["members"], each["is_member"]) for each in channels["channels"]] == [
            ("mill", 2, True),
            ("yard", 3, True),
        ]
        assert server.problems() == []


async def test_people_are_found_and_bots_only_when_asked_for() -> None:
    async with slack() as (_, _, ask):
        people = await ask("list_users")
        everybody = await ask("list_users", bots=True)
        ada = await ask("find_user_by_email", email="ada@example.com")

    assert [each["name"] for each in people["users"]] == ["ada", "bob"]
    assert [each["name"] for each in everybody["users"]] == ["ada", "bob", "miller"]
    assert ada["id"] == "U0ADA0001"


async def test_a_user_searches_page_by_page() -> None:
    async with slack() as (workspace, server, ask):
        workspace.scopes.add("search:read")
        first = await ask("search_messages", query="Sack", count=3, sort="timestamp", sort_direction="asc")
        second = await ask("search_messages", query="Sack", count=3, page=first["next_page"])

        assert (first["total"], first["next_page"], second["next_page"]) == (5, 2, None)
        assert [each["text"] for each in first["messages"]] == ["Sack 1", "Sack 2", "Sack 3"]
        assert first["messages"][0]["channel_name"] == "mill"
        assert server.problems() == []


@pytest.mark.parametrize("tool", PACK.tools)
async def test_whatever_the_arguments_a_tool_asks_only_what_is_documented(tool: str) -> None:
    plan = PACK.flows[tool].plan

    for args in argument_sets(plan, KNOWN):
        async with slack() as (workspace, server, ask):
            workspace.scopes.add("search:read")
            result = await ask(tool, **args)

            assert getattr(result, "code", "") not in MISTAKES, result
            assert server.sent
            assert server.problems() == []


@pytest.mark.parametrize("tool", PACK.tools)
async def test_a_mocked_answer_gives_over_http_what_it_gives_in_the_test_of_the_flow(tool: str) -> None:
    test = first_good(PACK.flows[tool].plan)

    async with slack() as (_, server, ask):
        server.begin(list(test.fields.mock.values()))
        assert await ask(tool, **test.fields.args) == test.fields.expect


async def test_the_tools_use_every_method_that_the_small_slack_knows() -> None:
    async with slack() as (_, server, ask):
        for tool in PACK.tools:
            await ask(tool, **next(argument_sets(PACK.flows[tool].plan, KNOWN)))

        assert {sent.path.removeprefix("/api/") for sent in server.sent} == METHODS.keys()


def test_no_tool_is_left_out() -> None:
    assert len(PACK.tools) == 21
    assert grouped_by_subject(PACK) == set(PACK.tools)


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (Sent("POST", "/api/chat.post", "", "", b""), "there is no method"),
        (Sent("GET", "/api/conversations.info", "", "", b""), "channel is missing"),
        (Sent("GET", "/api/conversations.info", "channel=C1&name=x", "", b""), "no argument name"),
        (Sent("GET", "/api/chat.delete", "channel=C1&ts=1.000001", "", b""), "sent with POST"),
        (Sent("POST", "/api/chat.delete", "", "application/json", b'{"channel": "C1", "ts": "1"}'), "the body is"),
        (Sent("POST", "/api/chat.delete", "", "application/json; charset=utf-8", b'{"channel": null}'), "null"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_request_that_is_not_documented_is_found(sent: Sent, problem: str) -> None:
    problems = FakeSlack().problems(sent)

    assert [found for found in problems if problem in found], problems
