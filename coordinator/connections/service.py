"""Hold all connections in memory as immutable states, and change them: settings in a row, secrets in the vault.

A change makes a new snapshot of everything and swaps it in; whoever asks next gets the new state.  Implements
`flows.connections.ConnectionSource` for the workers of this process.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.connections.grants import Grants, Held
from coordinator.connections.model import (
    AuthorizationCode,
    Config,
    ValuesConnection,
    checked,
    checked_secrets,
    destination,
    kind_of,
    oauth_of,
    optional_secrets,
    secret_names,
)
from coordinator.connections.needs import connection_problems
from coordinator.connections.states import Application, application_of, signed_in, state_of, token_version
from coordinator.db.engine import Database, bump, hold
from coordinator.db.tables import connections as table
from coordinator.logs import get_logger
from coordinator.vault.keys import SecretUnreadable
from coordinator.vault.vault import TOPIC, Vault
from flows.connections import Connection, ConnectionKind, sql_connection
from flows.errors import Conflict, InputRejected, NotFound, StepError
from flows.plan import Plan
from flows.problems import Problem, did_you_mean
from packs.install import Available

SETTINGS: Final = "settings"
API: Final = "api"

log = get_logger(__name__)


class Entry(Struct, frozen=True, kw_only=True):
    """One connection.  `config` is None for one of the settings; `problem` says why there is no usable state."""

    name: str
    origin: str
    config: Config | None
    state: Connection | None
    application: Application | None = None
    secrets: tuple[str, ...] = ()
    author: str = ""
    changed: int | None = None
    problem: str = ""

    def __repr__(self) -> str:
        return f"Entry({self.name!r}, origin={self.origin!r})"

    @property
    def kind(self) -> ConnectionKind:
        """What it reaches."""
        if self.config is None:
            return "sql" if self.state is None else self.state.kind
        return kind_of(self.config)


class Draft(Struct, frozen=True, kw_only=True):
    """A connection that is sound, and not made yet.  Never shown by `repr`."""

    name: str
    config: Config
    secrets: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Draft({self.name!r})"

    @property
    def promise(self) -> Available:
        """How it would be seen once it is made."""
        kind = kind_of(self.config)
        waits = isinstance(oauth_of(self.config), AuthorizationCode)
        return Available(kind, _sign_in_first(self.name) if waits else "")


class ConnectionService:
    """All connections of the installation.  `load` comes first; afterwards reading works without a query.

    `fixed` are those of the settings, names and URLs of databases: they win over stored ones and cannot be changed.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        grants: Grants,
        fixed: Mapping[str, str],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._vault = vault
        self.grants = grants
        self._clock = clock
        self._fixed = {
            name: Entry(name=name, origin=SETTINGS, config=None, state=sql_connection(name, url), secrets=("url",))
            for name, url in fixed.items()
        }
        self._entries: dict[str, Entry] = dict(self._fixed)
        self._signed_in: dict[str, tuple[Connection, Held, Connection]] = {}
        self._subscribers: list[Callable[[], None]] = []
        self._available: dict[str, Available] = {}
        self.changed: Callable[[], Awaitable[None]] = _nobody
        """Awaited after every change that this process makes: what depends on connections follows at once."""
        grants.changed = self._sign_ins_changed
        self._generation = -1
        self._changing = asyncio.Lock()

    # -- what workers ask for --------------------------------------------------------------------------------------

    def get(self, name: str) -> Connection | None:
        """Return the present state of a connection; None when there is none.  Raises StepError for a broken one."""
        entry = self._entries.get(name)
        if entry is None:
            return None
        if entry.state is None:
            raise StepError(f"Connection {name!r} cannot be used. {entry.problem}", code="invalid_connection")
        return entry.state

    def names(self) -> Iterable[str]:
        """Return the names of all connections."""
        return tuple(self._entries)

    def problems_of(self, plan: Plan) -> list[Problem]:
        """Return what a flow wants of connections and does not get."""
        return list(connection_problems(plan, self._entries)) if plan.connections else []

    async def authorize(self, connection: Connection, *, refused: bool = False) -> Connection:
        """Return the connection with a token that is good now.  Raises StepError."""
        entry = self._entries.get(connection.name)
        if entry is None or entry.state is None or entry.application is None:
            return connection
        held = await self.grants.token(entry.application, refused=token_version(connection) if refused else 0)
        known = self._signed_in.get(connection.name)
        if known is None or known[0] is not entry.state or known[1] is not held:
            signed = signed_in(entry.state, entry.application.oauth, held.access, held.version)
            self._signed_in[connection.name] = known = entry.state, held, signed
        return known[2]

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call back after every change."""
        self._subscribers.append(changed)

    # -- what interfaces ask for -----------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """Return all connections by name."""
        return sorted(self._entries.values(), key=lambda entry: entry.name)

    def available(self) -> Mapping[str, Available]:
        """Return what packs can be bound to, by name, and whether it can work: has its secrets, is signed in."""
        return self._available

    def is_stored(self, name: str) -> bool:
        """Whether there is a connection of that name which was made here, not in the settings."""
        return name in self._entries and name not in self._fixed

    def entry(self, name: str) -> Entry:
        """Return one.  Raises NotFound."""
        if (entry := self._entries.get(name)) is None:
            raise NotFound(
                f"There is no connection {name!r}.{did_you_mean(name, self._entries)}",
                fix="`headrace connection list` shows what there is.",
            )
        return entry

    def draft(self, name: str, config: Config, secrets: Mapping[str, str], *, is_complete: bool = True) -> Draft:
        """Check a connection that is to be new; without `is_complete`, secrets may be missing.

        Raises InputRejected, Conflict.
        """
        config = checked(name, config)
        if name in self._entries:
            raise Conflict(
                f"There is a connection {name!r} already.", fix="Choose another name, or use the one that is there."
            )
        checked_secrets(config, secrets)
        if is_complete:
            _check_complete(name, config, secrets, None)
        return Draft(name=name, config=config, secrets=secrets)

    async def add(self, connection: AsyncConnection, drafts: Iterable[Draft], *, author: str = "") -> None:
        """Make connections inside the transaction of a larger change; `load` comes after it.  Raises Conflict."""
        await hold(connection, TOPIC)
        for draft in drafts:
            if await self._stored(connection, draft.name) is not None:
                raise Conflict(f"There is a connection {draft.name!r} already.", fix="Choose another name.")
            await self._write(connection, draft.name, draft.config, draft.secrets, author)
            log.info("connection made", connection=draft.name, author=author)
        await bump(connection, TOPIC)

    async def put(self, name: str, config: Config, secrets: Mapping[str, str], *, author: str = "") -> Entry:
        """Make or change a connection; secrets that are not given stay, if they go where they went before.

        In force for the next call when it returns.  Raises InputRejected, Conflict.
        """
        self._refuse_fixed(name)
        config = checked(name, config)
        checked_secrets(config, secrets)
        async with self._changing:
            async with self._database.write() as connection:
                await hold(connection, TOPIC)
                before = await self._stored(connection, name)
                kept = await self._kept_secrets(connection, name, before, config)
                complete = {each: value for each, value in {**kept, **secrets}.items() if each in secret_names(config)}
                _check_complete(name, config, complete, before)
                await self._write(connection, name, config, complete, author)
                if before is not None and oauth_of(before) != oauth_of(config):
                    await self.grants.remove(connection, name)
                await bump(connection, TOPIC)
            await self._load()
        log.info("connection changed", connection=name, author=author)
        await self.changed()
        return self._entries[name]

    async def remove(self, name: str, *, author: str = "") -> None:
        """Delete a connection with its secrets.  Raises NotFound, Conflict."""
        self._refuse_fixed(name)
        self.entry(name)
        async with self._changing:
            async with self._database.write() as connection:
                await hold(connection, TOPIC)
                await connection.execute(delete(table).where(table.c.name == name))
                await self._vault.remove(connection, _place(name))
                await self.grants.remove(connection, name)
                await bump(connection, TOPIC)
            await self._load()
        log.info("connection removed", connection=name, author=author)
        await self.changed()

    async def load(self) -> None:
        """Read all connections."""
        async with self._changing:
            await self._load()

    async def refresh(self, generation: int) -> None:
        """Read the connections again if the counter moved."""
        if generation != self._generation:
            await self.load()
            self._generation = generation

    # -- inside ----------------------------------------------------------------------------------------------------

    async def _load(self) -> None:
        async with self._database.read() as connection:
            rows = (await connection.execute(select(table))).all()
            stored = {row.name: await self._entry_of(connection, row) for row in rows}
            signed_in = await self.grants.signed_in(connection)
        for name in self._entries:
            self.grants.forget(name)  # who changed it may have ended its sign-in
        self._entries = {**stored, **self._fixed}
        self._signed_in = {}
        self._available = _available(self._entries.values(), signed_in)
        for changed in self._subscribers:
            changed()

    async def _sign_ins_changed(self) -> None:
        async with self._database.read() as connection:
            signed_in = await self.grants.signed_in(connection)
        self._available = _available(self._entries.values(), signed_in)
        await self.changed()

    async def _entry_of(self, connection: AsyncConnection, row: Any) -> Entry:
        config: Config | None = None
        state: Connection | None = None
        application: Application | None = None
        secrets: dict[str, str] = {}
        problem = ""
        try:
            config = _decoded(row.config)
            secrets = await self._secrets(connection, row.name)
            state = state_of(row.name, config, secrets)
            application = application_of(row.name, config, secrets)
        except (SecretUnreadable, msgspec.DecodeError, KeyError) as error:
            problem = str(error) if isinstance(error, SecretUnreadable) else "What is stored of it is incomplete."
        return Entry(
            name=row.name,
            origin=API,
            config=config,
            state=state,
            application=application,
            secrets=tuple(secrets),
            author=row.author,
            changed=row.changed,
            problem=problem,
        )

    async def _stored(self, connection: AsyncConnection, name: str) -> Config | None:
        raw = await connection.scalar(select(table.c.config).where(table.c.name == name))
        return None if raw is None else _decoded(raw)

    async def _kept_secrets(
        self, connection: AsyncConnection, name: str, before: Config | None, config: Config
    ) -> dict[str, str]:
        """Return the stored secrets, unless they would now be sent to somebody else."""
        if before is None or destination(before) != destination(config):
            return {}
        try:
            return await self._secrets(connection, name)
        except SecretUnreadable:
            return {}

    async def _secrets(self, connection: AsyncConnection, name: str) -> dict[str, str]:
        raw = await self._vault.get(connection, _place(name))
        return {} if raw is None else msgspec.json.decode(raw, type=dict[str, str])

    async def _write(
        self, connection: AsyncConnection, name: str, config: Config, secrets: Mapping[str, str], author: str
    ) -> None:
        await connection.execute(delete(table).where(table.c.name == name))
        text = msgspec.json.encode(config).decode()
        now = int(self._clock() * 1000)
        await connection.execute(insert(table).values(name=name, config=text, author=author, changed=now))
        if secrets:
            await self._vault.put(connection, _place(name), msgspec.json.encode(secrets))
        else:
            await self._vault.remove(connection, _place(name))

    def _refuse_fixed(self, name: str) -> None:
        if name in self._fixed:
            raise Conflict(
                f"The connection {name!r} comes from the settings or is built in.",
                fix="Change it there, or choose another name.",
            )


def _available(entries: Iterable[Entry], signed_in: Container[str]) -> dict[str, Available]:
    return {entry.name: Available(entry.kind, _lacking(entry, signed_in)) for entry in entries}


def _lacking(entry: Entry, signed_in: Container[str]) -> str:
    if entry.state is None:
        return f"The connection {entry.name!r} cannot be used. {entry.problem}"
    if isinstance(oauth_of(entry.config), AuthorizationCode) and entry.name not in signed_in:
        return _sign_in_first(entry.name)
    return ""


def _sign_in_first(name: str) -> str:
    return f"Nobody is signed in for the connection {name!r}: `headrace connection authorize {name}`."


async def _nobody() -> None:
    """Tell nobody."""


def _check_complete(name: str, config: Config, secrets: Mapping[str, str], before: Config | None) -> None:
    missing = [each for each in secret_names(config) if each not in secrets and each not in optional_secrets(config)]
    if not missing:
        return
    named = f"its secret{'s' if len(missing) > 1 else ''} {' and '.join(f'`{each}`' for each in missing)}"
    why = ""
    if before is not None and not isinstance(config, ValuesConnection) and destination(before) != destination(config):
        why = " It goes to another address now, so secrets have to be entered again."
    raise InputRejected(
        f"The connection {name!r} needs {named}.{why}",
        fix="On the command line --secret asks for it; REST takes it under `secrets`.",
    )


def _decoded(text: str) -> Config:
    config: Config = msgspec.json.decode(text, type=Config)
    return config


def _place(name: str) -> str:
    return f"connection/{name}"
