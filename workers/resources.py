"""What a worker opens once and all its runs share: HTTP clients, database pools, caches."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

ResourceT = TypeVar("ResourceT")

Key = tuple[str, ...]
Close = Callable[[Any], Awaitable[None]]


class PooledResources:
    """Implements `flows.sdk.Resources`."""

    def __init__(self) -> None:
        self._open: dict[Key, tuple[Any, Close]] = {}
        self._opening: dict[Key, asyncio.Task[Any]] = {}

    def peek(self, key: Key) -> Any:
        """Return the resource if it is open, else None."""
        found = self._open.get(key)
        return None if found is None else found[0]

    async def get(
        self,
        key: Key,
        open_resource: Callable[[], Awaitable[ResourceT]],
        close: Callable[[ResourceT], Awaitable[None]],
    ) -> ResourceT:
        """Return the resource, opened by whoever comes first; a failure to open is everybody's who waited."""
        if (found := self._open.get(key)) is not None:
            resource: ResourceT = found[0]
            return resource
        if (opening := self._opening.get(key)) is None:
            opening = asyncio.create_task(self._open_as(key, open_resource, close))
            self._opening[key] = opening
            opening.add_done_callback(lambda task: self._opened(key, task))
        # Shielded: one caller who gives up must not take the resource from the others.
        opened: ResourceT = await asyncio.shield(opening)
        return opened

    def open_keys(self) -> tuple[Key, ...]:
        """Return the keys of what is open."""
        return tuple(self._open)

    async def discard(self, key: Key) -> None:
        """Close the resource if it is open."""
        if (found := self._open.pop(key, None)) is not None:
            resource, close = found
            await close(resource)

    async def close(self) -> None:
        """Close everything; a resource that fails to close does not keep the others open."""
        for opening in list(self._opening.values()):
            opening.cancel()
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
        await asyncio.gather(*(self.discard(key) for key in list(self._open)), return_exceptions=True)

    async def _open_as(self, key: Key, open_resource: Callable[[], Awaitable[Any]], close: Close) -> Any:
        resource = await open_resource()
        self._open[key] = (resource, close)
        return resource

    def _opened(self, key: Key, task: asyncio.Task[Any]) -> None:
        self._opening.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen here, so that a failure nobody waited for is not reported as lost
