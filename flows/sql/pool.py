"""A few connections to one database, lent out one at a time.

Connections are opened when they are needed and kept.  Who takes one gives it back clean, or drops it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

ConnectionT = TypeVar("ConnectionT")


class Pool(Generic[ConnectionT]):
    """At most `size` connections; callers beyond that wait in line.

    `close_connection` must not raise.  The connection given back last is lent first: with little to do, one of them
    does it all, and its caches stay warm.
    """

    def __init__(
        self,
        open_connection: Callable[[], Awaitable[ConnectionT]],
        close_connection: Callable[[ConnectionT], Coroutine[Any, Any, None]],
        *,
        size: int,
    ) -> None:
        self._open = open_connection
        self._close = close_connection
        self._places = asyncio.Semaphore(size)
        self._free: list[ConnectionT] = []
        self._background: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def take(self) -> ConnectionT:
        """Lend a connection; wait for one when all are lent."""
        await self._places.acquire()
        if self._free:
            return self._free.pop()
        try:
            return await self._open()
        except BaseException:
            self._places.release()
            raise

    def give(self, connection: ConnectionT) -> None:
        """Take a connection back that is ready for the next caller."""
        if self._is_closed:
            self.drop(connection)
            return
        self._free.append(connection)
        self._places.release()

    def drop(self, connection: ConnectionT) -> None:
        """Take a connection back that nobody may use any more."""
        self._places.release()
        self.finish(self._close(connection))

    def drop_idle(self) -> None:
        """Close the connections that nobody has: one of them was lost, so the others are suspect."""
        idle, self._free = self._free, []
        for connection in idle:
            self.finish(self._close(connection))

    def finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Let work go on that no caller waits for; `close` does."""
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Close the idle connections, and wait for what is still to be finished."""
        self._is_closed = True
        self.drop_idle()
        while self._background:
            await asyncio.wait(self._background)
