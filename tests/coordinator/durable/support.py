"""What tests of durable runs share: a service that counts what it is asked, and flows that ask it."""

import asyncio
import hashlib
import hmac
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

SECRET = "correct horse battery"
PATIENCE = 20.0


class Counting:
    """A service that does each thing once per Idempotency-Key, as payment services do.

    `asked` counts requests by key, `done` what it did; `sent` are the keys and bodies as they came.  `fails` is how
    many more requests it answers 503.  While `held` is cleared it keeps all waiting, every other one after it did the
    thing; those who are gone by then are forgotten.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.sent: list[tuple[str, str]] = []
        self.fails = 0
        self.url = ""
        self.held = asyncio.Event()
        self.held.set()
        self._news = asyncio.Condition()

    async def answer(self, request: web.Request) -> web.Response:
        key, body = request.headers["Idempotency-Key"], await request.text()
        async with self._news:
            self.asked[key] += 1
            self.sent.append((key, body))
            self._news.notify_all()
            acts_first = self.asked.total() % 2 == 0
        if not acts_first:
            await self.held.wait()
        if self.fails > 0:
            self.fails -= 1
            return web.Response(status=503)
        async with self._news:
            if not self.done[key]:
                self.done[key] += 1
                self._news.notify_all()
        await self.held.wait()
        return web.json_response({"ok": True})

    async def until_asked(self, number: int, seconds: float = PATIENCE) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: self.asked.total() >= number)

    async def until_done(self, number: int, seconds: float = PATIENCE) -> None:
        """Wait until it did so many things."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: self.done.total() >= number)


@asynccontextmanager
async def counting_service() -> AsyncIterator[Counting]:
    """Run such a service."""
    counting = Counting()
    app = web.Application()
    app.router.add_post("/", counting.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    counting.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/"  # type: ignore[attr-defined]
    try:
        yield counting
    finally:
        counting.held.set()
        await runner.cleanup()


def asking(url: str, given: str, more: str = "") -> str:
    """Return a flow with this input that asks the service, with the key of its run."""
    return f"""\
flow: asking
input:
{given}
steps:
  - id: answer
    http:
      url: {url}
      method: POST
      headers: {{Idempotency-Key: "${{{{ run.key }}}}"}}
      json: ${{{{ args }}}}
{more}
output: {{reply: {{run: "${{{{ run.id }}}}", key: "${{{{ run.key }}}}"}}}}
"""


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the header that GitHub would send."""
    return {"X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}
