"""What every queue of durable runs promises.  An implementation is tested by a class that gives it a `Given`."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from coordinator.durable.queue import Claim, DurableRun, RunQueue
from flows.errors import Busy, NotFound
from flows.runs import Caller, RunError

PATIENCE = 10.0
BROKEN = RunError(code="expression_failed", message="It cannot work.", step="it")
_IDS = count(1)


@dataclass
class Given:
    """An open queue that takes at most `MAX_WAITING` runs; `other` is the same one as another process sees it.

    `pass_leases` makes so many times the time pass that a holder has.
    """

    queue: RunQueue
    other: RunQueue
    pass_leases: Callable[[float], Awaitable[None]]


MAX_WAITING = 20


def a_run(key: str = "", flow: str = "mill", **args: Any) -> DurableRun:
    number = next(_IDS)
    caller = Caller(name="webhook", address="192.0.2.1")
    return DurableRun(
        id=f"19a1b2c3d4e-0000-{number:08x}", flow=flow, source="webhook", args=args, accepted=1, key=key, caller=caller
    )


async def taken(queue: RunQueue) -> Claim:
    """Take one run, waiting for it."""
    async with asyncio.timeout(PATIENCE):
        while not (claims := await queue.take(1)):
            await queue.wait()
    return claims[0]


class QueueBehaviour:
    """The suite."""

    async def test_a_run_is_taken_as_it_was_put_and_by_one_only(self, given: Given) -> None:
        run = a_run(body={"n": 1, "text": "å\0"})

        accepted = await given.queue.put(run)
        claim = await taken(given.other)

        assert (accepted.id, accepted.is_new, accepted.claim) == (run.id, True, None)
        assert (claim.run, claim.number, claim.attempts, claim.run_id) == (run, 1, 1, run.id)
        assert await given.queue.take(5) == []
        assert await given.other.finish(claim)
        assert (await given.queue.counts()).waiting == 0

    async def test_runs_come_in_the_order_in_which_they_were_put(self, given: Given) -> None:
        runs = [a_run() for _ in range(6)]
        for run in runs:
            await given.queue.put(run)

        claims = [await taken(given.queue) for _ in runs]

        assert [claim.run.id for claim in claims] == [run.id for run in runs]

    async def test_of_deliveries_with_one_key_the_first_counts_even_when_it_is_done(self, given: Given) -> None:
        first, second, other_flow = a_run("key"), a_run("key"), a_run("key", flow="other")

        assert (await given.queue.put(first)).is_new
        again = await given.other.put(second)
        assert (again.id, again.is_new) == (first.id, False)
        assert (await given.queue.put(other_flow)).is_new
        for _ in range(2):
            assert await given.queue.finish(await taken(given.queue))
        assert not (await given.queue.put(a_run("key"))).is_new
        assert await given.queue.take(5) == []

    async def test_of_many_deliveries_with_one_key_at_once_one_is_new(self, given: Given) -> None:
        queues = [given.queue, given.other] * 5

        accepted = await asyncio.gather(*(queue.put(a_run("one")) for queue in queues))

        assert sum(each.is_new for each in accepted) == 1
        assert len({each.id for each in accepted}) == 1

    async def test_whoever_waits_hears_of_a_run_at_once(self, given: Given) -> None:
        waiting = asyncio.create_task(taken(given.queue))
        await asyncio.sleep(0)

        run = a_run()
        await given.queue.put(run)

        assert (await waiting).run == run

    async def test_a_run_whose_holder_died_is_taken_again_and_the_late_holder_changes_nothing(
        self, given: Given
    ) -> None:
        run = a_run()
        await given.queue.put(run)
        dead = await taken(given.queue)

        await given.pass_leases(1.1)
        alive = await taken(given.other)

        assert (alive.run, alive.number, alive.attempts) == (run, 2, 2)
        assert alive.run_id == f"{run.id}.2"
        assert not await given.queue.finish(dead)
        assert not await given.queue.retry(dead, 0)
        assert not await given.queue.bury(dead, BROKEN)
        assert await given.other.finish(alive)

    async def test_a_run_that_is_extended_stays_with_its_holder(self, given: Given) -> None:
        await given.queue.put(a_run())
        claim = await taken(given.queue)
        for _ in range(3):
            await given.queue.extend([claim])
            await given.pass_leases(0.6)

        assert await given.other.take(1) == []
        assert await given.queue.finish(claim)

    async def test_a_run_that_is_held_from_the_beginning_is_taken_by_nobody_until_its_holder_dies(
        self, given: Given
    ) -> None:
        done, lost = a_run("key"), a_run()
        ended = (await given.queue.put(done, hold=True)).claim
        dead = (await given.queue.put(lost, hold=True)).claim
        assert ended is not None
        assert dead is not None
        assert (dead.run, dead.number, dead.attempts, dead.run_id) == (lost, 1, 1, lost.id)
        await given.queue.extend([ended])
        assert await given.other.take(1) == []

        assert await given.queue.finish(ended)
        await given.pass_leases(1.1)
        alive = await taken(given.other)

        assert (alive.run, alive.number, alive.attempts) == (lost, 2, 2)
        assert not await given.queue.finish(dead)
        assert await given.other.finish(alive)
        assert (await given.queue.counts()).waiting == 0
        assert not (await given.queue.put(a_run("key"), hold=True)).is_new

    async def test_a_lease_that_is_extended_while_the_run_ends_does_not_undo_its_end(self, given: Given) -> None:
        held = (await given.queue.put(a_run(), hold=True)).claim
        assert held is not None
        await given.queue.put(a_run())
        for claim in (held, await taken(given.queue)):
            ends = given.queue.finish(claim)
            found = await asyncio.gather(given.queue.extend([claim]), ends, given.queue.extend([claim]))
            assert found[1]

        assert (await given.queue.counts()).waiting == 0

    async def test_a_run_that_was_held_can_be_given_back_and_set_aside(self, given: Given) -> None:
        back, poison = a_run(), a_run()
        for run, give in ((back, given.queue.release), (poison, None)):
            claim = (await given.queue.put(run, hold=True)).claim
            assert claim is not None
            assert await (given.queue.bury(claim, BROKEN) if give is None else give(claim))

        await given.pass_leases(1.1)
        again = await taken(given.queue)

        assert (again.run, again.attempts) == (back, 1)
        assert await given.queue.finish(again)
        counts = await given.queue.counts()
        assert (counts.waiting, counts.dead) == (0, 1)

    async def test_a_run_that_is_to_be_tried_again_waits_for_its_time_and_counts_its_tries(self, given: Given) -> None:
        run = a_run()
        await given.queue.put(run)

        assert await given.queue.retry(await taken(given.queue), 0.3)
        assert await given.queue.take(1) == []
        again = await taken(given.queue)

        assert (again.run, again.attempts) == (run, 2)

    async def test_a_run_that_is_given_back_has_lost_no_try(self, given: Given) -> None:
        await given.queue.put(a_run())

        for _ in range(3):
            claim = await taken(given.queue)
            assert claim.attempts == 1
            assert await given.queue.release(claim)

        assert await given.other.finish(await taken(given.other))

    async def test_a_run_that_was_set_aside_can_be_looked_at_run_again_and_dropped(self, given: Given) -> None:
        poison, other = a_run("a", text="x"), a_run(flow="other")
        for run in (poison, other):
            await given.queue.put(run)
            assert await given.queue.bury(await taken(given.queue), BROKEN)

        assert [letter.run for letter in (await given.other.dead_letters()).letters] == [other, poison]
        assert [letter.run for letter in (await given.queue.dead_letters("mill")).letters] == [poison]
        letter = await given.queue.dead_letter(poison.id)
        assert (letter.run, letter.error, letter.attempts) == (poison, BROKEN, 1)
        assert letter.died > 0

        await given.queue.rerun(poison.id)
        again = await taken(given.queue)
        assert (again.run, again.attempts) == (poison, 1)
        assert await given.queue.finish(again)
        await given.queue.drop(other.id)
        counts = await given.queue.counts()
        assert (counts.waiting, counts.dead) == (0, 0)

    async def test_dead_letters_come_in_pages(self, given: Given) -> None:
        runs = [a_run() for _ in range(5)]
        for run in runs:
            await given.queue.put(run)
            await given.queue.bury(await taken(given.queue), BROKEN)

        found, after = [], None
        while True:
            page = await given.queue.dead_letters(limit=2, after=after)
            found += [letter.run.id for letter in page.letters]
            after = page.next
            if after is None:
                break

        assert found == [run.id for run in reversed(runs)]

    async def test_what_is_no_dead_letter_is_not_found(self, given: Given) -> None:
        run = a_run()
        await given.queue.put(run)

        for change in (given.queue.dead_letter, given.queue.rerun, given.queue.drop):
            for run_id in (run.id, "no-such", "a.*.>"):
                with pytest.raises(NotFound):
                    await change(run_id)

        assert (await taken(given.queue)).run == run

    async def test_no_more_runs_wait_than_may(self, given: Given) -> None:
        for _ in range(MAX_WAITING):
            await given.queue.put(a_run())

        with pytest.raises(Busy):
            await given.queue.put(a_run())

        await given.queue.finish(await taken(given.queue))
        await given.queue.put(a_run())

    async def test_tidying_forgets_no_run_and_no_fresh_key(self, given: Given) -> None:
        await given.queue.put(a_run("done"))
        await given.queue.finish(await taken(given.queue))
        waiting = a_run()
        await given.queue.put(waiting)

        await given.queue.tidy()

        assert not (await given.queue.put(a_run("done"))).is_new
        assert (await taken(given.queue)).run == waiting
