"""Tell those who watch the pages what changed: a word for each topic, and then the pages ask for what they show.

    runs      calls ended
    tools     clients see other tools
    flows     the set of flows, or what is wrong with one, changed
    workers   what runs flows, or how much of it, changed

While nobody watches, nothing is looked at.  Changes that come fast become one word, so a busy server says no more than
a quiet one.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable, Mapping
from contextlib import aclosing
from typing import Final, Literal

from flows.errors import Busy

LOOK_SECONDS: Final = 0.25
CALM_SECONDS: Final = 12.0
"""After so long without a change a watcher hears that the connection lives."""
MAX_WATCHERS: Final = 64

Topic = Literal["runs", "tools", "flows", "workers"]


class Changes:
    """What changed, for any number of watchers.  `states` tell how each topic is now."""

    def __init__(
        self,
        states: Mapping[Topic, Callable[[], Hashable]],
        *,
        look_seconds: float = LOOK_SECONDS,
        calm_seconds: float = CALM_SECONDS,
    ) -> None:
        self._states = states
        self._look_seconds = look_seconds
        self._calm_seconds = calm_seconds
        self._watchers = 0
        self._closing = asyncio.Event()

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return self._watchers

    def admit(self) -> None:
        """Raise Busy when too many watch already, or the server is about to stop."""
        if self._watchers >= MAX_WATCHERS or self._closing.is_set():
            raise Busy("Too many pages are open that follow what happens. Close some.", retry_after=30.0)

    def close(self) -> None:
        """End all watching; nobody may begin any more."""
        self._closing.set()

    async def watch(self, is_allowed: Callable[[], bool]) -> AsyncGenerator[Topic | None, None]:
        """Give each topic that changed, and None now and then; end with the server, or when no longer allowed."""
        self._watchers += 1
        try:
            async with aclosing(self._follow(is_allowed)) as following:
                async for topic in following:
                    yield topic
        finally:
            self._watchers -= 1

    async def _follow(self, is_allowed: Callable[[], bool]) -> AsyncGenerator[Topic | None, None]:
        seen = {topic: state() for topic, state in self._states.items()}
        silent = 0.0
        while not await self._is_over():
            if not is_allowed():
                return
            silent += self._look_seconds
            for topic, state in self._states.items():
                if (now := state()) != seen[topic]:
                    seen[topic], silent = now, 0.0
                    yield topic
            if silent >= self._calm_seconds:
                silent = 0.0
                yield None

    async def _is_over(self) -> bool:
        try:
            async with asyncio.timeout(self._look_seconds):
                await self._closing.wait()
        except TimeoutError:
            return False
        return True
