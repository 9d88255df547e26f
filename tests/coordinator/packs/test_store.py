"""Installs in both databases."""

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.db import Database
from coordinator.db.tables import connections
from coordinator.packs.store import MAX_VERSIONS, InstallStore
from flows.errors import Conflict, NotFound
from packs.install import Choices
from packs.loader import sound_pack
from tests.packs.support import mill

PACK = sound_pack(mill())
NEWER = sound_pack(mill(readme="# Mill, newer\n"))


async def test_an_install_and_its_pack_come_back_as_they_were_stored(database: Database) -> None:
    store = InstallStore(database, clock=lambda: 7.0)
    choices = Choices(prefix="mill_", variables={"load": 3}, groups=("read",))

    await store.put("mill", PACK, choices, source="upload", author="Ada", is_new=True)

    (install,) = await store.load()
    assert (install.name, install.enabled) == ("mill", True)
    assert install.version.choices == choices
    assert (install.version.number, install.version.author, install.version.created) == (1, "Ada", 7000)
    assert await store.files(PACK.digest) == mill()
    assert (await database.generations())["flows"] == 1


async def test_what_is_done_together_with_an_install_is_done_with_it_or_not_at_all(database: Database) -> None:
    store = InstallStore(database)

    async def half_done(connection: AsyncConnection) -> None:
        await connection.execute(insert(connections).values(name="a", config="{}", author="", changed=0))
        raise Conflict("There is a connection 'b' already.")

    with pytest.raises(Conflict):
        await store.put("mill", PACK, Choices(), source="upload", author="", is_new=True, also=half_done)

    async with database.read() as connection:
        assert (await connection.scalars(select(connections.c.name))).all() == []
    assert await store.load() == []
    assert (await database.generations())["flows"] == 0


async def test_versions_are_kept_and_a_pack_that_none_has_is_forgotten(database: Database) -> None:
    store = InstallStore(database)
    await store.put("mill", PACK, Choices(), source="upload", author="", is_new=True)
    await store.put("old", PACK, Choices(), source="upload", author="", is_new=True)
    await store.put("mill", NEWER, Choices(), source="upload", author="", is_new=False)

    assert [(each.number, each.digest) for each in await store.versions("mill")] == [
        (2, NEWER.digest),
        (1, PACK.digest),
    ]
    await store.remove("mill")
    assert [install.name for install in await store.load()] == ["old"]
    assert await store.files(PACK.digest) == mill()
    with pytest.raises(NotFound):
        await store.files(NEWER.digest)


async def test_old_versions_are_forgotten(sqlite: Database) -> None:
    store = InstallStore(sqlite)
    await store.put("mill", PACK, Choices(), source="upload", author="", is_new=True)
    for _ in range(MAX_VERSIONS):
        await store.put("mill", PACK, Choices(), source="upload", author="", is_new=False)

    numbers = [each.number for each in await store.versions("mill")]

    assert numbers == list(range(MAX_VERSIONS + 1, 1, -1))


async def test_names_are_taken_once_and_must_be_there(database: Database) -> None:
    store = InstallStore(database)
    await store.put("mill", PACK, Choices(), source="upload", author="", is_new=True)

    with pytest.raises(Conflict, match="There is an install 'mill' already"):
        await store.put("mill", PACK, Choices(), source="upload", author="", is_new=True)
    for change in (
        store.put("dry", PACK, Choices(), source="upload", author="", is_new=False),
        store.switch("dry", enabled=False),
        store.remove("dry"),
    ):
        with pytest.raises(NotFound, match="There is no install 'dry'"):
            await change
    assert (await database.generations())["flows"] == 1


async def test_an_install_is_switched_off_and_on(database: Database) -> None:
    store = InstallStore(database)
    await store.put("mill", PACK, Choices(), source="upload", author="", is_new=True)

    await store.switch("mill", enabled=False)

    assert [install.enabled for install in await store.load()] == [False]
