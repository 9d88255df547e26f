"""Tokens: made, found, ended, and what is kept of them."""

import asyncio
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from coordinator.access.principal import Principal, Refusal
from coordinator.access.tokens import (
    NO_TOKEN,
    NOT_VALID,
    TOKEN_LENGTH,
    NewToken,
    TokenInfo,
    Tokens,
    new_token,
    token_id,
)
from coordinator.db import Database
from coordinator.db.tables import tokens as table
from flows.errors import InputRejected, NotFound


class Clock:
    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


async def tokens_of(database: Database, clock: Clock | None = None, *, required: bool = True) -> Tokens:
    tokens = Tokens(database, requires_token=lambda: required, clock=clock or Clock())
    await tokens.refresh((await database.generations())["tokens"])
    return tokens


def written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def let_in(found: Principal | Refusal) -> Principal:
    assert isinstance(found, Principal)
    return found


async def test_a_new_token_works_at_once_and_carries_its_rights(database: Database) -> None:
    tokens = await tokens_of(database)

    made = await tokens.create("laptop", tools=["weather_*"], scopes=["tools", "admin"], author="ada")

    principal = let_in(tokens.identify(made.token, "10.0.0.1", "cursor/1"))
    assert (principal.tools, principal.is_admin) == (("weather_*",), True)
    caller = principal.caller
    assert (caller.name, caller.token_id, caller.scopes) == ("laptop", made.info.id, ("tools", "admin"))
    assert (caller.address, caller.client) == ("10.0.0.1", "cursor/1")


async def test_a_token_without_the_scope_is_no_admin(sqlite: Database) -> None:
    tokens = await tokens_of(sqlite)

    made = await tokens.create("laptop")

    assert let_in(tokens.identify(made.token)).is_admin is False


async def test_a_token_still_works_after_a_restart(database: Database) -> None:
    made = await (await tokens_of(database)).create("laptop", tools=["a", "b"])

    again = await tokens_of(database)

    assert let_in(again.identify(made.token)).tools == ("a", "b")


async def test_a_revoked_token_is_refused_when_revoke_returns(database: Database) -> None:
    clock = Clock()
    tokens = await tokens_of(database, clock)
    made = await tokens.create("laptop")
    let_in(tokens.identify(made.token))

    info = await tokens.revoke(made.info.id, author="ada")

    assert info.revoked == int(clock.now * 1000)
    assert tokens.identify(made.token) is NOT_VALID
    assert (await tokens_of(database)).identify(made.token) is NOT_VALID


async def test_revoking_twice_keeps_the_first_time(database: Database) -> None:
    clock = Clock()
    tokens = await tokens_of(database, clock)
    made = await tokens.create("laptop")

    first = await tokens.revoke(made.info.id)
    clock.now += 100
    second = await tokens.revoke(made.info.id)

    assert first.revoked == second.revoked


async def test_revoking_what_is_not_there_says_where_to_look(sqlite: Database) -> None:
    tokens = await tokens_of(sqlite)

    with pytest.raises(NotFound) as caught:
        await tokens.revoke("nope")

    assert str(caught.value) == "There is no token 'nope'. `headrace token list` shows the ids."


async def test_a_token_ends_at_its_time_without_anybody_doing_anything(sqlite: Database) -> None:
    clock = Clock()
    tokens = await tokens_of(sqlite, clock)
    made = await tokens.create("laptop", expires=clock.now + 60)

    clock.now += 59.9
    let_in(tokens.identify(made.token))
    clock.now += 0.1
    assert tokens.identify(made.token) is NOT_VALID


async def test_unknown_revoked_expired_and_forged_tokens_are_refused_alike(sqlite: Database) -> None:
    clock = Clock()
    tokens = await tokens_of(sqlite, clock)
    revoked, expired, good = [
        await tokens.create("a"),
        await tokens.create("b", expires=clock.now + 1),
        await tokens.create("c"),
    ]
    await tokens.revoke(revoked.info.id)
    clock.now += 2

    forged = good.token[:-1] + ("A" if good.token[-1] != "A" else "B")
    refused = [revoked.token, expired.token, new_token(), forged, good.token[:11], good.token + "A", "", "x" * 10_000]

    assert {id(tokens.identify(raw)) for raw in refused} == {id(NOT_VALID)}


async def test_a_wrong_token_is_refused_even_where_none_is_needed(sqlite: Database) -> None:
    tokens = await tokens_of(sqlite, required=False)

    assert tokens.identify(new_token()) is NOT_VALID
    principal = let_in(tokens.identify(None, "127.0.0.1", "curl"))
    assert (principal.caller.name, principal.caller.address, principal.is_admin) == ("anonymous", "127.0.0.1", False)


async def test_without_a_token_nobody_is_let_in_where_one_is_needed(sqlite: Database) -> None:
    tokens = await tokens_of(sqlite)

    assert tokens.identify(None) is NO_TOKEN
    assert (
        NO_TOKEN.reason == "This server asks for a token. Make one with `headrace token create` and send it as "
        "`Authorization: Bearer hr_...`."
    )


async def test_the_token_itself_is_nowhere_in_the_database(sqlite: Database, tmp_path: Path) -> None:
    tokens = await tokens_of(sqlite)
    made = await tokens.create("laptop")
    tokens.identify(made.token, "10.0.0.1", "cursor")
    await tokens.flush()

    stored = written(tmp_path)

    assert made.info.id.encode() in stored
    assert made.token.encode() not in stored
    assert made.token[11:].encode() not in stored
    assert made.token not in repr(made)


async def test_a_token_made_or_ended_elsewhere_is_seen_by_the_counter(database: Database) -> None:
    here, there = await tokens_of(database), await tokens_of(database)
    made = await there.create("laptop")
    assert here.identify(made.token) is NOT_VALID

    await here.refresh((await database.generations())["tokens"])
    let_in(here.identify(made.token))

    await there.revoke(made.info.id)
    await here.refresh((await database.generations())["tokens"])
    assert here.identify(made.token) is NOT_VALID


async def test_a_change_elsewhere_before_ours_is_not_missed(database: Database) -> None:
    here, there = await tokens_of(database), await tokens_of(database)
    theirs = await there.create("theirs")
    ours = await here.create("ours")

    await here.refresh((await database.generations())["tokens"])

    let_in(here.identify(theirs.token))
    let_in(here.identify(ours.token))


async def test_the_last_use_is_shown_at_once_and_written_in_one_batch(database: Database) -> None:
    clock = Clock()
    tokens = await tokens_of(database, clock)
    one, two = await tokens.create("one"), await tokens.create("two")
    for _ in range(3):
        clock.now += 1
        tokens.identify(one.token, "10.0.0.1", "cursor/1")
    tokens.identify(two.token, "10.0.0.2", "nul\0and\ud800half")

    shown = {info.label: info for info in await tokens.list()}
    assert (shown["one"].last_used, shown["one"].last_address) == (int(clock.now * 1000), "10.0.0.1")

    await tokens.flush()
    written = {info.label: info for info in await (await tokens_of(database)).list()}
    assert (written["one"].last_used, written["one"].last_client) == (int(clock.now * 1000), "cursor/1")
    assert written["two"].last_client == "nuland?half"


async def test_an_older_use_does_not_overwrite_a_newer_one(database: Database) -> None:
    early, late = Clock(), Clock()
    late.now += 100
    here, there = await tokens_of(database, early), await tokens_of(database, late)
    made = await here.create("laptop")
    await there.refresh((await database.generations())["tokens"])
    here.identify(made.token, "early")
    there.identify(made.token, "late")

    await there.flush()
    await here.flush()

    assert [info.last_address for info in await there.list()] == ["late"]


async def test_uses_that_could_not_be_written_are_written_next_time(sqlite: Database) -> None:
    tokens = await tokens_of(sqlite)
    made = await tokens.create("laptop")
    tokens.identify(made.token, "10.0.0.1")
    async with sqlite.write() as connection:
        await connection.execute(text("ALTER TABLE tokens RENAME TO away"))
    with pytest.raises(Exception, match="no such table"):
        await tokens.flush()
    async with sqlite.write() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO tokens"))

    await tokens.flush()

    assert [info.last_address for info in await (await tokens_of(sqlite)).list()] == ["10.0.0.1"]


async def test_a_reload_does_not_bring_back_a_token_that_is_revoked_meanwhile(sqlite: Database) -> None:
    tokens = await tokens_of(sqlite)
    made = [await tokens.create(f"t{number}") for number in range(5)]

    await asyncio.gather(*[tokens.load() for _ in range(5)], *[tokens.revoke(each.info.id) for each in made])

    assert all(tokens.identify(each.token) is NOT_VALID for each in made)


async def test_the_local_key_has_every_right_and_outlives_reloads(sqlite: Database) -> None:
    tokens = await tokens_of(sqlite)
    key = new_token()

    tokens.add_local(key, "this machine")
    await tokens.load()

    assert let_in(tokens.identify(key)).is_admin
    assert tokens.identify(key[:-1] + "~") is NOT_VALID
    await tokens.flush()
    assert await tokens.list() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label": " "}, "A token needs a label of 1 to 100 printable characters."),
        ({"label": "x" * 101}, "A token needs a label of 1 to 100 printable characters."),
        ({"label": "a\nb"}, "A token needs a label of 1 to 100 printable characters."),
        ({"label": "a", "tools": [""]}, "Allowed tools are at most 100 names or patterns such as `weather_*`."),
        ({"label": "a", "tools": ["x"] * 101}, "Allowed tools are at most 100 names or patterns such as `weather_*`."),
        ({"label": "a", "scopes": []}, "The scopes of a token are `tools`, `admin` or both."),
        ({"label": "a", "scopes": ["root"]}, "The scopes of a token are `tools`, `admin` or both."),
        ({"label": "a", "expires": 1.0}, "The token would have expired already. Choose a time that is still to come."),
    ],
)
async def test_a_token_that_makes_no_sense_is_refused(
    sqlite: Database, arguments: dict[str, object], message: str
) -> None:
    tokens = await tokens_of(sqlite)

    with pytest.raises(InputRejected) as caught:
        await tokens.create(**arguments)  # type: ignore[arg-type]  # that is the point

    assert str(caught.value) == message
    assert await tokens.list() == []


async def test_the_newest_token_is_listed_first_and_revoked_ones_stay(database: Database) -> None:
    clock = Clock()
    tokens = await tokens_of(database, clock)
    made: list[NewToken] = []
    for label in ("first", "second", "third"):
        clock.now += 1
        made.append(await tokens.create(label))
    await tokens.revoke(made[1].info.id)

    listed: list[TokenInfo] = await tokens.list()

    assert [(info.label, info.revoked is None) for info in listed] == [
        ("third", True),
        ("second", False),
        ("first", True),
    ]


def test_tokens_have_their_form_and_never_repeat() -> None:
    made = [new_token() for _ in range(1000)]

    assert len(set(made)) == 1000
    assert all(len(raw) == TOKEN_LENGTH and raw.startswith("hr_") for raw in made)
    assert all(token_id(raw).isalnum() for raw in made)


@given(st.text())
def test_any_text_is_refused_and_nothing_is_raised(raw: str) -> None:
    tokens = Tokens(None, requires_token=lambda: True)  # type: ignore[arg-type]  # nothing is stored here

    assert tokens.identify(raw) is NOT_VALID


async def test_identifying_takes_one_digest_and_one_comparison_however_many_tokens_there_are(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = await tokens_of(sqlite)
    made = await tokens.create("laptop")
    ended = await tokens.create("old laptop", expires=1_800_000_001)
    for number in range(200):
        tokens.add_local(new_token(), f"t{number}")
    used: Counter[str] = Counter()
    monkeypatch.setattr(hashlib, "sha256", counted(used, hashlib.sha256))
    monkeypatch.setattr(hmac, "compare_digest", counted(used, hmac.compare_digest))

    for raw in (made.token, ended.token, made.token[:-1] + "x", new_token(), "", "hr_"):
        used.clear()
        tokens.identify(raw, "10.0.0.1", "cursor/1")

        assert used == {"openssl_sha256": 1, "compare_digest": 1}, raw


def counted(used: Counter[str], function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        used[function.__name__] += 1
        return function(*args)

    return call


async def test_a_stored_digest_is_the_sha256_of_the_token(sqlite: Database) -> None:
    tokens = await tokens_of(sqlite)
    made = await tokens.create("laptop")

    async with sqlite.read() as connection:
        stored = await connection.scalar(select(table.c.digest))

    assert stored == hashlib.sha256(made.token.encode()).hexdigest()
