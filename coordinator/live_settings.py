"""Hold the settings that are in force, and change the live ones while the coordinator runs.

What a file, a variable or a flag says stands above what was changed here; so such a setting is changed there.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import delete, insert, select

from coordinator.db.engine import Database, bump
from coordinator.db.tables import settings as table
from coordinator.logs import get_logger
from coordinator.settings import Settings, live_settings
from coordinator.settings_sources import STORED, Loaded, SettingsInvalid, convert_setting
from flows.errors import Conflict, InputRejected
from flows.problems import did_you_mean

Load = Callable[[Mapping[str, Any]], Loaded]
"""Read all sources again, with these stored values.  Raises SettingsInvalid."""

RESET: Final = None
"""As a new value: go back to the default."""

log = get_logger(__name__)


class LiveSettings:
    """The settings in force.  `refresh` comes first; `current` is what to read, each time anew."""

    def __init__(self, database: Database, load: Load, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._load = load
        self._clock = clock
        self._loaded = load({})
        self._stored: dict[str, Any] = {}
        self._generation = -1
        self._changing = asyncio.Lock()

    @property
    def current(self) -> Settings:
        """The settings in force now."""
        return self._loaded.settings

    @property
    def origins(self) -> Mapping[str, str]:
        """Where the values come from that are not defaults."""
        return self._loaded.origins

    async def refresh(self, generation: int) -> None:
        """Read the stored values again if the counter moved."""
        if generation == self._generation:
            return
        async with self._changing, self._database.read() as connection:
            rows = await connection.execute(select(table.c.name, table.c.value))
            stored = {name: msgspec.json.decode(value) for name, value in rows}
            try:
                self._loaded = self._load(stored)
                self._stored = stored
            except SettingsInvalid as error:
                # Another version of Headrace may have stored what this one refuses.
                log.warning("stored settings are not used", problems=[str(problem) for problem in error.problems])
        self._generation = generation

    async def change(self, values: Mapping[str, Any], *, author: str = "") -> Settings:
        """Change live settings at once; null resets one.  Raises InputRejected, Conflict, SettingsInvalid."""
        for name in values:
            self._refuse_fixed(name)
        changed = {name: _converted(name, value) for name, value in values.items() if value is not RESET}
        async with self._changing:
            stored = {name: value for name, value in self._stored.items() if name not in values} | changed
            loaded = self._load(stored)
            async with self._database.write() as connection:
                generation = await bump(connection, "settings")
                await connection.execute(delete(table).where(table.c.name.in_(list(values))))
                rows = [
                    {"name": name, "value": _json(value), "author": author, "changed": int(self._clock() * 1000)}
                    for name, value in changed.items()
                ]
                if rows:
                    await connection.execute(insert(table), rows)
            self._loaded, self._stored = loaded, stored
            if generation == self._generation + 1:
                self._generation = generation
        log.info("settings changed", names=sorted(values), author=author)
        return self.current

    def _refuse_fixed(self, name: str) -> None:
        if name not in live_settings():
            raise InputRejected(
                f"{name!r} is not a setting that can be changed here.{did_you_mean(name, live_settings())}"
            )
        origin = self.origins.get(name, STORED)
        if origin != STORED:
            raise Conflict(f"{name} is set by {origin}.", fix="Change it there and restart, or remove it there.")


def _converted(name: str, value: Any) -> Any:
    try:
        return convert_setting(name, value)
    except ValueError as error:
        raise InputRejected(str(error)) from error


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
