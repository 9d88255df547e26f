"""Settings that change while the coordinator runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from coordinator.db import Database
from coordinator.live_settings import LiveSettings
from coordinator.settings_sources import Loaded, SettingsInvalid, load_settings
from flows.errors import Conflict, InputRejected


def live(database: Database, environ: dict[str, str] | None = None) -> LiveSettings:
    def load(stored: Mapping[str, Any]) -> Loaded:
        return load_settings({}, environ or {}, stored=stored, directory=Path("/nonexistent"))

    return LiveSettings(database, load, clock=lambda: 1000.0)


async def refreshed(database: Database, settings: LiveSettings) -> LiveSettings:
    await settings.refresh((await database.generations())["settings"])
    return settings


async def test_a_change_is_in_force_at_once_and_after_a_restart(database: Database) -> None:
    settings = await refreshed(database, live(database))

    changed = await settings.change({"history": "off", "allowed_hosts": ["a.example"]}, author="ada")

    assert settings.current is changed
    assert (changed.history, changed.allowed_hosts) == ("off", ("a.example",))
    again = await refreshed(database, live(database))
    assert again.current == changed
    assert again.origins == {"history": "settings page", "allowed_hosts": "settings page"}


async def test_null_goes_back_to_the_default(database: Database) -> None:
    settings = await refreshed(database, live(database))
    await settings.change({"history": "off", "history_days": 3})

    await settings.change({"history": None})

    assert (settings.current.history, settings.current.history_days) == ("full", 3)
    assert (await refreshed(database, live(database))).current.history == "full"


async def test_a_change_by_another_coordinator_is_seen_by_its_counter(database: Database) -> None:
    here, there = await refreshed(database, live(database)), await refreshed(database, live(database))

    await there.change({"history_days": 9})
    assert here.current.history_days == 30

    await refreshed(database, here)
    assert here.current.history_days == 9


async def test_what_a_variable_says_is_changed_there(database: Database) -> None:
    settings = await refreshed(database, live(database, {"HEADRACE_HISTORY": "full"}))

    with pytest.raises(Conflict) as caught:
        await settings.change({"history": "off"})

    assert str(caught.value) == ("history is set by HEADRACE_HISTORY. Change it there and restart, or remove it there.")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"histroy": "off"}, "'histroy' is not a setting that can be changed here. Did you mean 'history'?"),
        ({"port": 1}, "'port' is not a setting that can be changed here."),
        ({"history_days": "many"}, "history_days is a whole number from 1 to 3650, not 'many'."),
    ],
    ids=["unknown", "needs a restart", "wrong value"],
)
async def test_a_change_that_cannot_be_made_changes_nothing(
    sqlite: Database, values: dict[str, object], message: str
) -> None:
    settings = await refreshed(sqlite, live(sqlite))

    with pytest.raises(InputRejected) as caught:
        await settings.change({"token_in_query": False, **values})

    assert str(caught.value).startswith(message)
    assert settings.current.token_in_query is True
    assert (await sqlite.generations())["settings"] == 0


async def test_authentication_cannot_be_switched_off_while_others_can_reach_us(sqlite: Database) -> None:
    settings = await refreshed(sqlite, live(sqlite, {"HEADRACE_HOST": "0.0.0.0"}))

    with pytest.raises(SettingsInvalid):
        await settings.change({"require_auth": False})

    assert settings.current.require_auth is True


async def test_stored_values_that_no_longer_fit_are_left_out_with_a_warning(sqlite: Database) -> None:
    local = await refreshed(sqlite, live(sqlite))
    await local.change({"require_auth": False})

    open_to_all = await refreshed(sqlite, live(sqlite, {"HEADRACE_HOST": "0.0.0.0"}))

    assert open_to_all.current.require_auth is True
