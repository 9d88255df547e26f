"""Step `cache`: remember what some steps gave, for a while."""

import asyncio
import time
from collections import OrderedDict
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from flows.plan import Block
from flows.sdk import Duration, Example, StepContext, Steps, Value, step

KEY = ("cache",)
MAX_ENTRIES = 1_000
MAX_BYTES = 64_000_000


class CacheConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to remember, under which key, for how long."""

    key: Annotated[Value, Meta(description="What the result depends on, for example `${{ args }}`.")]
    ttl: Annotated[Duration, Meta(description="How long to remember.")]
    steps: Annotated[Steps, Meta(description="What to do when nothing is remembered.")]
    shared: Annotated[bool, Meta(description="Share between callers. Only where the result is the same for all.")] = (
        False
    )


EXAMPLE = Example(
    title="At most one look-up a minute",
    config={"key": "${{ args.city }}", "ttl": "1m", "steps": [{"map": "${{ args.city.upper() }}"}]},
    args={"city": "Oslo"},
    result="OSLO",
)


class Entries:
    """The results of one worker, encoded so that no run can change another's; the oldest go first."""

    def __init__(self) -> None:
        self._entries: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0
        self.locks: dict[bytes, tuple[asyncio.Lock, int]] = {}

    def get(self, key: bytes) -> bytes | None:
        """Return what is remembered and not yet stale."""
        until, encoded = self._entries.get(key, (0.0, b""))
        return encoded if until > time.monotonic() else None

    def put(self, key: bytes, encoded: bytes, ttl: float) -> None:
        """Remember, and forget the oldest beyond the limits."""
        self._forget(key)
        self._entries[key] = (time.monotonic() + ttl, encoded)
        self._bytes += len(encoded)
        while len(self._entries) > MAX_ENTRIES or self._bytes > MAX_BYTES:
            self._forget(next(iter(self._entries)))

    def _forget(self, key: bytes) -> None:
        _, encoded = self._entries.pop(key, (0.0, b""))
        self._bytes -= len(encoded)


def _blocks(config: CacheConfig) -> tuple[Block, ...]:
    return (config.steps,)


@step("cache", config=CacheConfig, examples=(EXAMPLE,), blocks=_blocks)
async def cache(config: CacheConfig, context: StepContext) -> Any:
    """Run the steps unless their result is remembered; each caller has results of their own unless `shared`."""
    entries: Entries = context.resources.peek(KEY) or await context.resources.get(KEY, _open, _close)
    owner = "" if config.shared else context.scope["caller"]["id"]
    key = msgspec.json.encode((context.step_key, owner, config.key))
    if (known := entries.get(key)) is not None:
        return msgspec.json.decode(known)
    lock, users = entries.locks.get(key, (asyncio.Lock(), 0))
    entries.locks[key] = (lock, users + 1)
    try:
        async with lock:  # callers that come meanwhile wait for the first one's result
            if (known := entries.get(key)) is not None:
                return msgspec.json.decode(known)
            result = await context.run_steps(config.steps)
            entries.put(key, msgspec.json.encode(result), config.ttl)
            return result
    finally:
        lock, users = entries.locks[key]
        if users == 1:
            del entries.locks[key]
        else:
            entries.locks[key] = (lock, users - 1)


async def _open() -> Entries:
    return Entries()


async def _close(_entries: Entries) -> None:
    return None
