"""Connections that are lent out one at a time."""

import asyncio
from itertools import count

import pytest

from flows.sql.pool import Pool


class Source:
    """Opens numbered connections, and remembers the closed ones."""

    def __init__(self) -> None:
        self.numbers = count(1)
        self.closed: list[int] = []
        self.may_open = asyncio.Event()
        self.may_open.set()

    async def open(self) -> int:
        await self.may_open.wait()
        return next(self.numbers)

    async def close(self, connection: int) -> None:
        self.closed.append(connection)


async def test_a_connection_that_is_given_back_is_lent_again() -> None:
    source = Source()
    pool = Pool(source.open, source.close, size=2)

    first, second = await pool.take(), await pool.take()
    pool.give(second)
    pool.give(first)

    assert [await pool.take(), await pool.take()] == [1, 2]
    assert source.closed == []


async def test_who_comes_when_all_are_lent_waits_in_line() -> None:
    source = Source()
    pool = Pool(source.open, source.close, size=1)
    lent = await pool.take()
    waiting = [asyncio.create_task(pool.take()) for _ in range(2)]
    await asyncio.sleep(0)

    waiting[0].cancel()
    pool.give(lent)

    assert await waiting[1] == lent


async def test_a_dropped_connection_is_closed_and_replaced() -> None:
    source = Source()
    pool = Pool(source.open, source.close, size=1)

    pool.drop(await pool.take())

    assert await pool.take() == 2
    await pool.close()
    assert source.closed == [1]


async def test_a_connection_that_cannot_be_opened_leaves_its_place_free() -> None:
    source = Source()
    fails = [OSError("no"), asyncio.CancelledError()]

    async def open_connection() -> int:
        if fails:
            raise fails.pop()
        return await source.open()

    pool = Pool(open_connection, source.close, size=1)

    with pytest.raises(asyncio.CancelledError):
        await pool.take()
    with pytest.raises(OSError, match="no"):
        await pool.take()

    async with asyncio.timeout(5):
        assert await pool.take() == 1


async def test_closing_closes_the_idle_ones_now_and_the_lent_ones_when_they_come_back() -> None:
    source = Source()
    pool = Pool(source.open, source.close, size=2)
    first, second = await pool.take(), await pool.take()
    pool.give(first)

    await pool.close()
    assert source.closed == [first]

    pool.give(second)
    await pool.close()
    assert source.closed == [first, second]
