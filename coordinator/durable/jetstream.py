"""Keep durable runs in JetStream, for a fleet: implements `coordinator.durable.queue.RunQueue`.

A stream delivers the ids of runs, each to one coordinator at a time, and again when that one dies: its leases are the
consumer's.  What is known of a run is in a key-value bucket, where every change names the revision that it is made to;
so who was too slow changes nothing.  Runs that were set aside go to the database, like all that people look at.

What NATS acknowledges is on disk only if it syncs always, as the server does that Headrace starts (`sync_interval`).
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from coordinator.durable.database import RETRY_AFTER_SECONDS, DatabaseQueue
from coordinator.durable.queue import (
    KEY_SECONDS,
    LEASE_SECONDS,
    Accepted,
    Claim,
    DeadLetter,
    DeadLetterPage,
    DurableRun,
    QueueCounts,
)
from coordinator.logs import get_logger
from flows.errors import Busy, InputRejected
from flows.runs import RunError

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.js import JetStreamContext
    from nats.js.kv import KeyValue

    Subscribe = Callable[[], Awaitable[JetStreamContext.PullSubscription]]

STREAM: Final = "HEADRACE_RUNS"
SUBJECT: Final = "headrace.runs"
CONSUMER: Final = "coordinators"
RUNS_BUCKET: Final = "headrace_runs"
KEYS_BUCKET: Final = "headrace_keys"
LOOK_SECONDS: Final = 30.0
PROBE_SECONDS: Final = 0.02
ADOPTED_AT_A_TIME: Final = 50
ROOM_FOR_HEADERS: Final = 4096
_TOO_MANY: Final = (10047, 10076, 10077)  # what JetStream says when a stream is full
_NAME_IN_USE: Final = 10058

log = get_logger(__name__)


class Kept(Struct, frozen=True, kw_only=True):
    """What is known of a run: who has it, by the number of its taking, and how often it was tried.

    Until `busy_until` (milliseconds) it is not to be taken, whoever its id is delivered to.
    """

    run: DurableRun
    number: int = 0
    attempts: int = 0
    busy_until: int = 0


@dataclass(slots=True, kw_only=True)
class Held:
    """A run that this process has, and the revision of what is known of it.

    It was delivered by a `message`, or held from its acceptance on; then `sequence` is that of its id in the stream.
    Under `lock` a lease that is extended and a run that ends do not take each other's revision.
    """

    revision: int
    message: "Msg | None" = None
    sequence: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class JetStreamQueue:
    """The queue.  `dead` keeps what was set aside."""

    def __init__(
        self,
        jetstream: "JetStreamContext",
        subscribe: "Subscribe",
        subscription: "JetStreamContext.PullSubscription",
        runs: "KeyValue",
        keys: "KeyValue",
        dead: DatabaseQueue,
        max_bytes: int,
        lease_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._jetstream = jetstream
        self._subscribe = subscribe
        self._subscription = subscription
        self._runs = runs
        self._keys = keys
        self._dead = dead
        self._max_bytes = max_bytes
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._held: dict[tuple[str, int], Held] = {}
        self._fetching: asyncio.Task[Msg | None] | None = None

    # -- accept ----------------------------------------------------------------------------------------------------

    async def put(self, run: DurableRun, *, hold: bool = False) -> Accepted:
        """Store a run.  The id of one that is held is delivered too, for the case that the holder dies."""
        taken = 1 if hold else 0
        until = self._in(self._lease_seconds) if hold else 0
        revision = await self._create(Kept(run=run, number=taken, attempts=taken, busy_until=until))
        if run.key:
            earlier = await self._claim_key(run)
            if earlier != run.id:
                await self._runs.purge(run.id)
                # Whoever claimed the key may have died before this: then it is done now, else it changes nothing.
                await self._publish(earlier, 0)
                return Accepted(id=earlier, is_new=False)
        try:
            sequence = await self._publish(run.id, 0)
        except Busy:
            await self._runs.purge(run.id)
            if run.key:
                await self._keys.purge(_digest(run))
            raise
        if not hold:
            return Accepted(id=run.id, is_new=True)
        self._held[run.id, 1] = Held(revision=revision, sequence=sequence)
        return Accepted(id=run.id, is_new=True, claim=Claim(run=run, number=1, attempts=1))

    async def _create(self, kept: Kept) -> int:
        encoded = msgspec.json.encode(kept)
        if len(encoded) > self._max_bytes:
            raise InputRejected(f"The run has {len(encoded)} bytes; NATS takes {self._max_bytes}.", code="too_large")
        return await self._runs.create(kept.run.id, encoded)

    async def _claim_key(self, run: DurableRun) -> str:
        """Return the id of the run that has the key: this one if nobody had it."""
        from nats.js.errors import KeyWrongLastSequenceError

        try:
            await self._keys.create(_digest(run), run.id.encode())
        except KeyWrongLastSequenceError:
            entry = await self._keys.get(_digest(run))
            return (entry.value or b"").decode()
        return run.id

    async def _publish(self, run_id: str, number: int) -> int:
        from nats.js.errors import APIError

        try:
            # The id of the message keeps a run from being delivered twice because it was published twice.
            message_id = f"{run_id} {number}"
            sent = await self._jetstream.publish(SUBJECT, run_id.encode(), headers={"Nats-Msg-Id": message_id})
        except APIError as error:
            if error.err_code not in _TOO_MANY:
                raise
            raise Busy("As many runs wait as may. Try again later.", retry_after=RETRY_AFTER_SECONDS) from error
        return sent.seq

    # -- run -------------------------------------------------------------------------------------------------------

    async def take(self, limit: int) -> list[Claim]:
        """Take what has arrived."""
        if self._fetching is None:
            message = await self._fetch(PROBE_SECONDS)
        elif self._fetching.done():
            fetched, self._fetching = self._fetching, None
            message = fetched.result()
        else:
            return []
        claim = None if message is None else await self._claimed(message)
        return [] if claim is None else [claim]

    async def wait(self) -> None:
        """Return when something has arrived, or it is time to look."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch(LOOK_SECONDS), name="durable runs of NATS")
        # Who waits may give up; what arrives is taken by the next one.
        await asyncio.wait([self._fetching])

    async def _fetch(self, seconds: float) -> "Msg | None":
        from nats.errors import TimeoutError as NothingCame

        try:
            return (await self._subscription.fetch(1, timeout=seconds))[0]
        except (NothingCame, TimeoutError, IndexError):
            return None

    async def _claimed(self, message: "Msg") -> Claim | None:
        """Count the taking; a message about a run that is no more, or that another took at once, is done with."""
        from nats.js.errors import InvalidKeyError, KeyNotFoundError, KeyWrongLastSequenceError

        run_id = message.data.decode(errors="replace")
        try:
            entry = await self._runs.get(run_id)
            kept = msgspec.json.decode(entry.value or b"", type=Kept)
            if kept.busy_until > self._in(0):
                await message.nak(delay=(kept.busy_until - self._in(0)) / 1000)
                return None
            taken = Kept(run=kept.run, number=kept.number + 1, attempts=kept.attempts + 1)
            revision = await self._runs.update(run_id, msgspec.json.encode(taken), last=entry.revision)
        except (KeyNotFoundError, KeyWrongLastSequenceError):
            await message.ack()
            return None
        except (msgspec.MsgspecError, InvalidKeyError) as error:
            # It would come back for ever.  What is known of it stays in the bucket, for whoever wants to look.
            log.error("a run in NATS cannot be read and is given up", run=run_id[:100], error=str(error)[:300])
            await message.ack()
            return None
        self._held[run_id, taken.number] = Held(revision=revision, message=message)
        return Claim(run=taken.run, number=taken.number, attempts=taken.attempts)

    async def extend(self, claims: Sequence[Claim]) -> None:
        """Hold runs for longer."""
        for claim in claims:
            held = self._held.get((claim.run.id, claim.number))
            if held is None:
                continue
            if held.message is not None:
                await held.message.in_progress()
                continue
            async with held.lock:
                if (claim.run.id, claim.number) in self._held:
                    until = self._in(self._lease_seconds)
                    held.revision = await self._change(claim, held, claim.attempts, until) or held.revision

    async def finish(self, claim: Claim) -> bool:
        """Note that a run is done."""
        return await self._end(claim)

    async def retry(self, claim: Claim, seconds: float) -> bool:
        """Give a run back, to be tried again after a while."""
        return await self._give_back(claim, claim.attempts, seconds)

    async def release(self, claim: Claim, seconds: float = 0.0) -> bool:
        """Give a run back as if it had not been taken."""
        return await self._give_back(claim, claim.attempts - 1, seconds)

    async def bury(self, claim: Claim, error: RunError) -> bool:
        """Set a run aside: first there, then no more here, so that it is always somewhere."""
        died, number = self._in(0), claim.number
        letter = DeadLetter(run=claim.run, error=error, number=number, attempts=claim.attempts, died=died)
        is_added = await self._dead.add_dead(letter)
        if await self._end(claim):
            return True
        if is_added:
            await self._dead.drop(claim.run.id)
        return False

    async def _end(self, claim: Claim) -> bool:
        from nats.js.errors import NotFoundError

        held = await self._let_go(claim, claim.attempts)
        if held is None:
            return False
        await self._runs.purge(claim.run.id)
        if held.message is not None:
            await held.message.ack_sync()
        else:
            with suppress(NotFoundError):
                await self._jetstream.delete_msg(STREAM, held.sequence)
        return True

    async def _give_back(self, claim: Claim, attempts: int, seconds: float) -> bool:
        held = await self._let_go(claim, attempts, seconds)
        if held is not None and held.message is not None:
            await held.message.nak(delay=seconds or None)
        return held is not None

    async def _let_go(self, claim: Claim, attempts: int, seconds: float = 0.0) -> Held | None:
        """Hold a run no longer; return what it was held by, None when another has taken it meanwhile."""
        held = self._held.get((claim.run.id, claim.number))
        if held is None:
            return None
        async with held.lock:
            # What was held from the beginning is delivered again when that lease would have ended.
            until = self._in(seconds) if held.message is None else 0
            revision = await self._change(claim, held, attempts, until)
            self._held.pop((claim.run.id, claim.number), None)
            return held if revision else None

    async def _change(self, claim: Claim, held: Held, attempts: int, busy_until: int = 0) -> int:
        """Write what is known of a run; return the revision, 0 when another has taken it meanwhile."""
        from nats.js.errors import KeyWrongLastSequenceError

        kept = Kept(run=claim.run, number=claim.number, attempts=attempts, busy_until=busy_until)
        try:
            return await self._runs.update(claim.run.id, msgspec.json.encode(kept), last=held.revision)
        except KeyWrongLastSequenceError:
            return 0

    def _in(self, seconds: float) -> int:
        return int((self._clock() + seconds) * 1000)

    # -- dead letters ----------------------------------------------------------------------------------------------

    async def dead_letters(
        self, flow: str | None = None, *, limit: int = 50, after: str | None = None
    ) -> DeadLetterPage:
        """Return runs that were set aside."""
        return await self._dead.dead_letters(flow, limit=limit, after=after)

    async def dead_letter(self, run_id: str) -> DeadLetter:
        """Return one of them."""
        return await self._dead.dead_letter(run_id)

    async def rerun(self, run_id: str) -> None:
        """Let a run that was set aside wait again."""
        from nats.js.errors import KeyWrongLastSequenceError

        letter = await self._dead.dead_letter(run_id)
        with suppress(KeyWrongLastSequenceError):  # somebody began the same, and did not come to the end
            await self._create(Kept(run=letter.run, number=letter.number))
        await self._publish(run_id, letter.number)
        await self._dead.drop(run_id)

    async def drop(self, run_id: str) -> None:
        """Forget a run that was set aside."""
        await self._dead.drop(run_id)

    async def counts(self) -> QueueCounts:
        """Count the runs."""
        info = await self._jetstream.stream_info(STREAM)
        return QueueCounts(waiting=info.state.messages, dead=(await self._dead.counts()).dead)

    async def tidy(self) -> None:
        """Forget what is left of runs that are done; keys end by themselves."""
        await self._runs.purge_deletes()
        await self._dead.tidy()
        await self.adopt()

    async def adopt(self) -> None:
        """Take over the runs that wait in the database, from before there was a fleet."""
        while claims := await self._dead.take(ADOPTED_AT_A_TIME):
            for claim in claims:
                await self.put(claim.run)
                await self._dead.finish(claim)

    async def renew(self) -> None:
        """Subscribe again: a connection that was opened anew has forgotten the subscriptions of the old one."""
        await self.close()
        with suppress(Exception):  # most likely it went with the connection
            await self._subscription.unsubscribe()
        self._subscription = await self._subscribe()

    async def close(self) -> None:
        """Give back what arrived and nobody took."""
        fetching, self._fetching = self._fetching, None
        if fetching is None:
            return
        if not fetching.done():
            fetching.cancel()
        await asyncio.gather(fetching, return_exceptions=True)
        if not fetching.cancelled() and fetching.exception() is None and (message := fetching.result()) is not None:
            with suppress(Exception):  # without NATS it comes back by itself, later
                await message.nak()


@asynccontextmanager
async def jetstream_queue(
    client: "Client", dead: DatabaseQueue, max_waiting: int, *, lease_seconds: float = LEASE_SECONDS
) -> AsyncIterator[JetStreamQueue]:
    """Open the queue, and make what it needs in NATS."""
    from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
    from nats.js.errors import BadRequestError

    jetstream = client.jetstream()
    stream = StreamConfig(
        name=STREAM,
        subjects=[SUBJECT],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_msgs=max_waiting,
        duplicate_window=KEY_SECONDS,
    )
    try:
        await jetstream.add_stream(stream)
    except BadRequestError as error:
        if error.err_code != _NAME_IN_USE:
            raise
        await jetstream.update_stream(stream)
    runs = await jetstream.create_key_value(bucket=RUNS_BUCKET, history=1, storage=StorageType.FILE)
    keys = await jetstream.create_key_value(bucket=KEYS_BUCKET, history=1, storage=StorageType.FILE, ttl=KEY_SECONDS)
    consumer = ConsumerConfig(
        durable_name=CONSUMER, ack_policy=AckPolicy.EXPLICIT, ack_wait=lease_seconds, max_ack_pending=max_waiting
    )

    async def subscribe() -> "JetStreamContext.PullSubscription":
        return await jetstream.pull_subscribe(SUBJECT, CONSUMER, stream=STREAM, config=consumer)

    max_bytes = client.max_payload - ROOM_FOR_HEADERS
    queue = JetStreamQueue(jetstream, subscribe, await subscribe(), runs, keys, dead, max_bytes, lease_seconds)
    try:
        await queue.adopt()
        yield queue
    finally:
        await queue.close()


def _digest(run: DurableRun) -> str:
    return hashlib.sha256(f"{run.flow}\0{run.key}".encode()).hexdigest()
