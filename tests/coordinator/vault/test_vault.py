"""Where the key comes from, and how secrets move to a new one."""

import os
import stat
from base64 import b64encode
from pathlib import Path

import pytest
from sqlalchemy import select

from coordinator.db import Database
from coordinator.db.tables import secrets
from coordinator.vault import vault as module
from coordinator.vault.key_source import KeySource
from coordinator.vault.keys import VaultKeyInvalid, new_key, sealed_by
from coordinator.vault.vault import Vault
from flows.errors import Conflict

CANARY = b"canary-of-the-vault"


def text_of(key: bytes) -> str:
    return b64encode(key).decode()


async def put(vault: Vault, database: Database, place: str, value: bytes = CANARY) -> None:
    async with database.write() as connection:
        await vault.put(connection, place, value)


async def get(vault: Vault, database: Database, place: str) -> bytes | None:
    async with database.read() as connection:
        return await vault.get(connection, place)


async def keys_in_use(database: Database) -> set[str]:
    async with database.read() as connection:
        return {sealed_by(sealed) for sealed in await connection.scalars(select(secrets.c.sealed))}


def test_the_first_start_makes_a_key_file_for_its_owner_alone(tmp_path: Path) -> None:
    first = KeySource(tmp_path, {}).ring()

    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert KeySource(tmp_path, {}).ring().ids == first.ids
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    KeySource(tmp_path, {}).ring()
    path = tmp_path / "secret.key"
    path.chmod(0o644)

    with pytest.raises(VaultKeyInvalid) as caught:
        KeySource(tmp_path, {}).ring()

    assert str(caught.value) == f"Others can read the key file {path}. Run: chmod 600 {path}"


def test_the_variable_wins_over_the_file_and_none_is_made(tmp_path: Path) -> None:
    key = new_key()

    source = KeySource(tmp_path, {"HEADRACE_SECRET_KEY": f"{text_of(key)}, {text_of(new_key())}"})

    assert len(source.ring().ids) == 2
    assert source.ring().ids[0] == KeySource(tmp_path, {"HEADRACE_SECRET_KEY": text_of(key)}).ring().current
    assert list(tmp_path.iterdir()) == []


def test_an_empty_variable_is_a_mistake_and_not_a_wish_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(VaultKeyInvalid) as caught:
        KeySource(tmp_path, {"HEADRACE_SECRET_KEY": ""}).ring()

    assert caught.value.message == "HEADRACE_SECRET_KEY holds no key."


async def test_a_secret_comes_back_and_is_not_readable_in_the_database(database: Database, tmp_path: Path) -> None:
    vault = Vault(database, KeySource(tmp_path, {}))
    await put(vault, database, "connection/shop", b"older")
    await put(vault, database, "connection/shop")

    assert await get(vault, database, "connection/shop") == CANARY
    assert await get(vault, database, "connection/other") is None
    async with database.read() as connection:
        rows = (await connection.execute(select(secrets))).all()
    assert len(rows) == 1
    assert CANARY.decode() not in str(rows)


async def test_a_rotation_seals_everything_anew_and_forgets_the_old_key(database: Database, tmp_path: Path) -> None:
    vault = Vault(database, KeySource(tmp_path, {}))
    for number in range(5):
        await put(vault, database, f"connection/{number}")
    (before,) = await keys_in_use(database)

    done = await vault.rotate()

    assert (done.secrets, done.is_finished) == (5, True)
    assert await keys_in_use(database) == {done.key} != {before}
    assert KeySource(tmp_path, {}).ring().ids == (done.key,)
    assert await get(vault, database, "connection/4") == CANARY


async def test_an_interrupted_rotation_loses_nothing_and_goes_on_where_it_stopped(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    vault = Vault(sqlite, KeySource(tmp_path, {}))
    for number in range(5):
        await put(vault, sqlite, f"connection/{number}")

    # What a killed process leaves behind: a new key in front, and some of the secrets moved.
    ring = KeySource(tmp_path, {}).add()
    await vault._move_some(ring.current)

    assert len(await keys_in_use(sqlite)) == 2
    restarted = Vault(sqlite, KeySource(tmp_path, {}))
    assert [await get(restarted, sqlite, f"connection/{number}") for number in range(5)] == [CANARY] * 5
    done = await restarted.rotate()
    assert (done.key, done.secrets) == (ring.current, 3)
    assert KeySource(tmp_path, {}).ring().ids == (ring.current,)
    assert await get(restarted, sqlite, "connection/0") == CANARY


async def test_a_process_that_runs_beside_a_rotation_reads_and_writes_with_the_new_key(
    sqlite: Database, tmp_path: Path
) -> None:
    other = Vault(sqlite, KeySource(tmp_path, {}))
    await put(other, sqlite, "connection/a")
    done = await Vault(sqlite, KeySource(tmp_path, {})).rotate()

    await put(other, sqlite, "connection/b")

    assert await keys_in_use(sqlite) == {done.key}
    assert await get(other, sqlite, "connection/a") == CANARY


async def test_a_key_in_the_environment_is_rotated_by_its_operator(sqlite: Database, tmp_path: Path) -> None:
    old, new = text_of(os.urandom(32)), text_of(os.urandom(32))
    await put(Vault(sqlite, KeySource(tmp_path, {"HEADRACE_SECRET_KEY": old})), sqlite, "connection/a")

    with pytest.raises(Conflict) as caught:
        await Vault(sqlite, KeySource(tmp_path, {"HEADRACE_SECRET_KEY": old})).rotate()
    done = await Vault(sqlite, KeySource(tmp_path, {"HEADRACE_SECRET_KEY": f"{new},{old}"})).rotate()

    assert str(caught.value) == (
        "The key is in HEADRACE_SECRET_KEY, where Headrace cannot change it. "
        "Set HEADRACE_SECRET_KEY to NEW,OLD, restart, and run this again."
    )
    assert (done.secrets, done.is_finished) == (1, False)
    alone = Vault(sqlite, KeySource(tmp_path, {"HEADRACE_SECRET_KEY": new}))
    assert await get(alone, sqlite, "connection/a") == CANARY
