"""Count the runs of limited flows across coordinators: each run holds a place, a key in NATS that lives while renewed.

Only coordinators that share a NATS need it.  A place of a coordinator that died comes free by itself.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from coordinator.limits import Limits
from coordinator.logs import get_logger
from flows.bus.client import NatsUnavailable

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js.kv import KeyValue

BUCKET: Final = "headrace_places"
PLACE_SECONDS: Final = 15.0
"""How long a place is held after it was last renewed."""
SHORTEST_WAIT: Final = 0.02
LONGEST_WAIT: Final = 0.5
"""Between two looks for a place that another coordinator holds.  Runs of one coordinator wait in order, not here."""
AWAY: Final = "NATS, which counts the runs of limited flows, does not answer."
FIX: Final = "Calls go on by themselves when it is back."

log = get_logger(__name__)


class SharedPlaces:
    """Implements `coordinator.limits.Places`.  It works inside `shared_places`."""

    def __init__(self, client: "Client", bucket: "KeyValue", coordinator: str, seconds: float) -> None:
        self._client = client
        self._bucket = bucket
        self._coordinator = coordinator.encode()
        self._seconds = seconds
        self._held: dict[str, int] = {}
        """Keys of places, each with the revision that makes it ours."""

    @asynccontextmanager
    async def held(self, limits: Limits, seconds: float) -> AsyncIterator[None]:
        """Hold a place of each flow while the block runs.  Raises TimeoutError, NatsUnavailable."""
        taken: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                for flow in sorted(limits):  # in one order, so that no two runs wait for each other
                    taken.append(await self._take(flow, limits[flow]))  # noqa: PERF401  an error must not lose them
            yield
        finally:
            for key in taken:
                await asyncio.shield(self._leave(key))

    async def renew_always(self) -> None:
        """Renew what is held, until cancelled."""
        while True:
            await asyncio.sleep(self._seconds / 3)
            for key in list(self._held):
                await self._renew(key)

    async def _take(self, flow: str, limit: int) -> str:
        wait = SHORTEST_WAIT
        while True:
            first = random.randrange(limit)
            for number in range(limit):
                key = f"{flow}.{(first + number) % limit}"
                if key not in self._held and await self._claim(key):
                    return key
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))
            wait = min(wait * 2, LONGEST_WAIT)

    async def _claim(self, key: str) -> bool:
        """Take a place if it is free."""
        from nats.errors import Error
        from nats.js.errors import KeyWrongLastSequenceError

        if not self._client.is_connected:
            raise NatsUnavailable(AWAY, fix=FIX)
        self._held[key] = 0  # so that no other run of ours asks for it meanwhile
        revision = 0
        try:
            revision = await self._bucket.create(key, self._coordinator)
        except KeyWrongLastSequenceError:
            return False
        except (Error, TimeoutError, OSError) as error:
            raise NatsUnavailable(AWAY, fix=FIX) from error
        finally:
            if revision:
                self._held[key] = revision
            else:
                del self._held[key]
        return True

    async def _renew(self, key: str) -> None:
        from nats.errors import Error
        from nats.js.errors import KeyWrongLastSequenceError

        revision = self._held.get(key)
        if not revision:
            return
        try:
            renewed = await self._bucket.update(key, self._coordinator, last=revision)
        except KeyWrongLastSequenceError:
            log.warning("a place of a limited flow was lost; for a while there may be one run too many", place=key)
            self._held.pop(key, None)
        except (Error, TimeoutError, OSError):
            return  # NATS is away; the next renewal tries again
        else:
            if self._held.get(key) == revision:
                self._held[key] = renewed
            else:  # the run ended while its place was renewed
                await self._free(key, renewed)

    async def _leave(self, key: str) -> None:
        revision = self._held.pop(key, None)
        if revision:
            await self._free(key, revision)

    async def _free(self, key: str, revision: int) -> None:
        from nats.errors import Error

        # Whoever cannot be told finds the place free when its time is over; so does who was renewed meanwhile.
        with contextlib.suppress(Error, TimeoutError, OSError):
            await self._bucket.delete(key, last=revision)


@asynccontextmanager
async def shared_places(
    client: "Client", coordinator: str, seconds: float = PLACE_SECONDS
) -> AsyncIterator[SharedPlaces]:
    """Count in NATS until the block ends.  `seconds` is how long a place outlives who held it."""
    from nats.js.api import StorageType

    jetstream = client.jetstream()
    bucket = await jetstream.create_key_value(bucket=BUCKET, history=1, storage=StorageType.FILE, ttl=seconds)
    places = SharedPlaces(client, bucket, coordinator, seconds)
    renewing = asyncio.create_task(places.renew_always(), name="renew places of limited flows")
    try:
        yield places
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
