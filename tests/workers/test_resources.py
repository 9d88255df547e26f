"""What a worker opens once."""

import asyncio

import pytest

from workers.resources import PooledResources

KEY = ("well", "a")


class Well:
    opened = 0
    closed = 0

    @classmethod
    async def open(cls) -> "Well":
        await asyncio.sleep(0)
        cls.opened += 1
        return cls()

    async def close(self) -> None:
        type(self).closed += 1


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    Well.opened = Well.closed = 0


async def test_a_resource_is_opened_once_however_many_come_at_the_same_time() -> None:
    resources = PooledResources()

    got = await asyncio.gather(*(resources.get(KEY, Well.open, Well.close) for _ in range(10)))

    assert Well.opened == 1
    assert all(one is got[0] for one in got)
    assert resources.peek(KEY) is got[0]


async def test_a_caller_who_gives_up_does_not_take_the_resource_from_the_others() -> None:
    resources = PooledResources()
    first = asyncio.create_task(resources.get(KEY, Well.open, Well.close))
    second = asyncio.create_task(resources.get(KEY, Well.open, Well.close))
    await asyncio.sleep(0)  # both are waiting now
    first.cancel()

    assert isinstance(await second, Well)


async def test_a_failure_to_open_is_not_remembered() -> None:
    resources = PooledResources()

    async def dry() -> Well:
        raise OSError("dry")

    with pytest.raises(OSError, match="dry"):
        await resources.get(KEY, dry, Well.close)

    assert isinstance(await resources.get(KEY, Well.open, Well.close), Well)


async def test_everything_is_closed_at_the_end_even_if_one_fails_to() -> None:
    resources = PooledResources()

    async def jammed(_well: Well) -> None:
        raise OSError("jammed")

    await resources.get(KEY, Well.open, jammed)
    await resources.get(("well", "b"), Well.open, Well.close)
    await resources.close()

    assert Well.closed == 1
    assert resources.peek(KEY) is None
