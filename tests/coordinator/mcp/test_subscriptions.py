"""Streams that tell when the tools change."""

import asyncio
from typing import Any

import pytest

from coordinator.mcp.subscriptions import ToolChanges
from tests.coordinator.mcp.asgi import Talk
from tests.coordinator.mcp.support import World

SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


def listen(world: World, wanted: Any = None, **options: Any) -> Talk:
    wanted = {"toolsListChanged": True} if wanted is None else wanted
    return world.modern("subscriptions/listen", {"notifications": wanted}, **options)


def acknowledged(request_id: Any, honoured: dict[str, bool]) -> dict[str, Any]:
    return {
        "jsonrpc": "2.0",
        "method": "notifications/subscriptions/acknowledged",
        "params": {"notifications": honoured, "_meta": {SUBSCRIPTION: request_id}},
    }


def ended(request_id: Any) -> dict[str, Any]:
    result = {"resultType": "complete", "_meta": {SUBSCRIPTION: request_id}}
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


@pytest.mark.parametrize("request_id", [7, "seven"])
async def test_a_listener_is_acknowledged_at_once_and_told_of_changes(request_id: Any) -> None:
    world = World()
    talk = listen(world, request_id=request_id)

    headers = await talk.started()
    first = await talk.event()
    world.changes.publish()
    second = await talk.event()

    assert headers["content-type"] == "text/event-stream"
    assert first == acknowledged(request_id, {"toolsListChanged": True})
    assert second == {
        "jsonrpc": "2.0",
        "method": "notifications/tools/list_changed",
        "params": {"_meta": {SUBSCRIPTION: request_id}},
    }
    talk.disconnect()
    await talk.ended()


@pytest.mark.parametrize(
    "wanted", [{}, {"toolsListChanged": False}, {"toolsListChanged": 1}, {"promptsListChanged": True}]
)
async def test_only_what_is_served_and_asked_for_is_honoured(wanted: Any) -> None:
    world = World()
    talk = listen(world, wanted)

    await talk.started()
    assert await talk.event() == acknowledged(1, {})
    world.changes.publish()
    await asyncio.sleep(0)
    await world.endpoint.close()

    assert await talk.event() == ended(1)


async def test_a_tool_can_tell_the_listeners() -> None:
    world = World()
    talk = listen(world)
    await talk.started()
    await talk.event()

    assert "result" in await world.call("trigger")

    assert (await talk.event())["method"] == "notifications/tools/list_changed"
    talk.disconnect()
    await talk.ended()


async def test_many_changes_at_once_become_one() -> None:
    world = World()
    talk = listen(world)
    await talk.started()
    await talk.event()

    for _ in range(100):
        world.changes.publish()
    await talk.event()
    await world.endpoint.close()

    assert await talk.event() == ended(1)
    assert await talk.event() is None


async def test_a_quiet_stream_is_kept_alive() -> None:
    talk = listen(World(keepalive_seconds=0.01))
    await talk.started()
    await talk.event()

    assert await talk.event() == "ping"
    talk.disconnect()
    await talk.ended()


async def test_a_listener_that_goes_away_is_forgotten() -> None:
    world = World()
    talk = listen(world)
    await talk.started()
    assert world.endpoint.open_streams == 1

    talk.disconnect()
    await talk.ended()

    assert world.endpoint.open_streams == 0
    world.changes.publish()


async def test_a_stream_ends_with_its_token() -> None:
    world = World(authentication=True)
    talk = listen(world, headers={"authorization": "Bearer hr_ada"})
    await talk.started()
    await talk.event()

    world.refused["hr_ada"] = "The token was revoked."
    world.changes.publish()

    assert await talk.event() == ended(1)


async def test_a_quiet_stream_ends_with_its_token_at_the_next_ping() -> None:
    world = World(authentication=True, keepalive_seconds=0.01)
    talk = listen(world, headers={"authorization": "Bearer hr_ada"})
    await talk.started()
    await talk.event()

    world.refused["hr_ada"] = "The token was revoked."

    while (event := await talk.event()) == "ping":
        pass
    assert event == ended(1)


@pytest.mark.parametrize("limits", [{"max_subscriptions": 2}, {"max_subscriptions_per_caller": 2}])
async def test_one_stream_too_many_is_refused(limits: Any) -> None:
    world = World(**limits)
    talks = [listen(world) for _ in range(2)]
    for talk in talks:
        await talk.started()

    refused = await listen(world).answer()
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")

    talks[0].disconnect()
    await talks[0].ended()
    again = listen(world)
    await again.started()
    await world.endpoint.close()
    await again.ended()


async def test_one_caller_does_not_use_up_the_streams_of_another() -> None:
    world = World(authentication=True, max_subscriptions_per_caller=1)
    first = listen(world, headers={"authorization": "Bearer hr_ada"})
    await first.started()

    second = listen(world, headers={"authorization": "Bearer hr_bob"})

    await second.started()
    await world.endpoint.close()
    await asyncio.gather(first.ended(), second.ended())


async def test_a_server_that_stops_ends_every_stream_with_a_last_message_and_opens_none() -> None:
    world = World()
    talks = [listen(world, request_id=number) for number in range(3)]
    for talk in talks:
        await talk.started()
        await talk.event()

    await world.endpoint.close()

    assert [await talk.event() for talk in talks] == [ended(number) for number in range(3)]
    assert (await listen(world).answer()).status == 429


@pytest.mark.parametrize("params", [{}, {"notifications": None}, {"notifications": ["tools"]}])
async def test_a_listener_says_what_it_wants(params: Any) -> None:
    answer = await World().modern("subscriptions/listen", params).answer()

    assert (answer.status, answer.json()["error"]["code"]) == (400, -32602)


async def test_legacy_clients_cannot_listen() -> None:
    answer = await World().legacy("subscriptions/listen", {"notifications": {}}).answer()

    assert answer.json()["error"]["code"] == -32601


def test_subscribers_that_left_are_not_woken() -> None:
    changes = ToolChanges()
    with changes.subscribe() as event:
        pass

    changes.publish()

    assert not event.is_set()
