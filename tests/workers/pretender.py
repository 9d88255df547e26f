"""Somebody who may speak to NATS like a worker and speaks as it likes: to see what a coordinator gives away."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from flows import wire
from flows.bus.access import NatsAccess
from flows.bus.client import connected
from flows.wire import Call, ConnectionsWanted, Inquire, Report, encoded

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg


class Pretender:
    """Says it is a worker, and keeps what it is told."""

    def __init__(self, client: "Client", name: str, coordinator: str) -> None:
        self._client = client
        self._name = self._worker = name
        self._coordinator = wire.coordinator_subject(coordinator)
        self._heard: asyncio.Queue[Any] = asyncio.Queue()
        self._questions = itertools.count(1)

    async def hear(self, message: "Msg") -> None:
        """Keep a message, unless it only asks whether we are there."""
        told = wire.to_worker(message.data)
        if not isinstance(told, Inquire):
            self._heard.put_nowait(told)

    async def next(self) -> Any:
        """Return the next message: none that the coordinator sent before it is still to come."""
        return await asyncio.wait_for(self._heard.get(), 20)

    async def call(self) -> Call:
        """Return the next message, which must be a call."""
        told = await self.next()
        assert isinstance(told, Call), f"{type(told).__name__} came before the call"
        return told

    async def ask(self, number: int, *names: str) -> int:
        """Ask for connections in the name of a call; return the number of the question."""
        question = next(self._questions)
        await self.say(ConnectionsWanted(self._worker, number, question, names))
        return question

    async def say(self, message: Struct) -> None:
        """Say something to the coordinator."""
        await self._client.publish(self._coordinator, encoded(message))

    async def report(self, **more: Any) -> None:
        """Say that it is there."""
        told: dict[str, Any] = {"worker": self._worker, "name": self._name, "slots": 1, "state": "ready"} | more
        report = Report(
            version=wire.VERSION,
            host="",
            pid=1,
            release="",
            started=0.0,
            running={},
            plans=0,
            done=0,
            **told,
        )
        await self._client.publish(wire.report_subject(self._name), encoded(report))
        await self._client.flush()


@asynccontextmanager
async def pretending(access: NatsAccess, coordinator: str, name: str = "somebody") -> AsyncIterator[Pretender]:
    """Be on NATS until the block ends."""
    async with connected(access, "pretender") as client:
        made = Pretender(client, name, coordinator)
        await client.subscribe(wire.worker_subject(name, name), cb=made.hear)
        await client.flush()
        yield made
