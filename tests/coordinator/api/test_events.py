"""What is told while somebody watches: each topic when it changes, until the reader or the right to read goes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from coordinator import changes
from tests.coordinator.in_process import HELLO, InProcess, bearer, coordinator
from tests.coordinator.mcp.asgi import Talk, open_request


@asynccontextmanager
async def watching(headrace: InProcess, **headers: str) -> AsyncIterator["Watch"]:
    """Watch as a page does."""
    app = headrace.client._transport.app  # type: ignore[attr-defined]
    watch = Watch(open_request(app, "GET", "/api/events", headers=headers))
    await watch.begin()
    try:
        yield watch
    finally:
        watch.talk.disconnect()
        await watch.talk.ended()


class Watch:
    """An open stream of events."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.headers: dict[str, str] = {}
        self._text = ""

    async def begin(self) -> None:
        self.headers = await self.talk.started()
        assert "retry: 2000" in await self.next_text()

    async def next_text(self) -> str:
        """Return the next event as it was sent; nothing when the stream has ended."""
        while "\n\n" not in self._text:
            message = await self.talk._next()
            self._text += message["body"].decode()
            if not message.get("more_body"):
                return ""
        text, _, self._text = self._text.partition("\n\n")
        return text

    async def topics(self, count: int) -> set[str]:
        return {(await self.next_text()).removeprefix("event: ").removesuffix("\ndata: {}") for _ in range(count)}


async def test_calls_and_changed_flows_are_told_as_they_happen(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, watching(headrace) as watch:
        await headrace.mcp("tools/call", {"name": "hello", "arguments": {"name": "Ada"}})
        called = await watch.topics(1)
        (headrace.flows / "hello.yaml").write_text(HELLO.replace("Greet somebody.", "Greet a person."))
        await headrace.services.resync.tick()
        changed = await watch.topics(2)

    assert called == {"runs"}
    assert changed == {"tools", "flows"}
    assert watch.headers["content-type"].startswith("text/event-stream")
    assert watch.headers["cache-control"] == "no-store"


async def test_many_calls_become_one_word(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, watching(headrace) as watch:
        for _ in range(50):
            await headrace.mcp("tools/call", {"name": "hello", "arguments": {"name": "Ada"}})
        await headrace.services.history.flush()
        (headrace.flows / "second.yaml").write_text(HELLO.replace("flow: hello", "flow: second"))
        first = await watch.topics(1)
        await headrace.services.resync.tick()
        rest: list[str] = []
        while "flows" not in rest:
            rest += await watch.topics(1)

    assert first == {"runs"}
    assert rest.count("runs") <= 3


async def test_watching_ends_with_the_server(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace, watching(headrace) as watch:
        await headrace.coordinator.drain()
        last = await watch.next_text()
        refused = await headrace.client.get("/api/events")

    assert last == ""
    assert (refused.status_code, refused.json()["code"]) == (429, "busy")


async def test_watching_ends_with_the_session_or_the_token(tmp_path: Path) -> None:
    body = {"password": "four words are enough"}
    async with coordinator(tmp_path, require_auth="true") as headrace:
        await headrace.client.post("/api/account/create", json=body, headers=headrace.admin)
        made = await headrace.client.post("/api/session/login", json={"name": "owner"} | body)
        cookie = made.headers["set-cookie"].partition(";")[0]
        token = await headrace.new_token(scopes=["admin"])
        headers = {made.json()["csrf_header"]: made.json()["csrf_token"]}
        async with watching(headrace, cookie=cookie) as mine, watching(headrace, **bearer(token)) as other:
            await headrace.client.post("/api/account/logout-all", json={}, headers=headers)
            ended = await mine.next_text()
            await headrace.client.delete(f"/api/tokens/{token[3:11]}", headers=headrace.admin)
            ended_too = await other.next_text()

    assert (ended, ended_too) == ("", "")


async def test_watching_keeps_no_session_alive(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        made = await headrace.client.post("/api/account/create", json={"password": "four words are enough"})
        cookie = made.headers["set-cookie"].partition(";")[0]
        async with watching(headrace, cookie=cookie) as watch:
            sessions = headrace.services.owner.sessions
            used = sessions.list()[0].last_used
            now = sessions._clock()
            sessions._clock = lambda: now + 3600
            await headrace.mcp("tools/call", {"name": "hello", "arguments": {"name": "Ada"}})
            assert await watch.topics(1) == {"runs"}

            assert sessions.list()[0].last_used == used


async def test_as_many_watch_as_there_is_room_for_and_who_goes_makes_room(tmp_path: Path) -> None:
    async with coordinator(tmp_path) as headrace:
        services = headrace.services
        async with watching(headrace):
            services.changes._watchers += changes.MAX_WATCHERS - 1
            refused = await headrace.client.get("/api/events")
            services.changes._watchers -= changes.MAX_WATCHERS - 1

        assert refused.status_code == 429
        assert "Close some." in refused.json()["detail"]
        assert services.changes.watchers == 0
