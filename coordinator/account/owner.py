"""The owner's account: made once, signed in to with a password, left everywhere at once.

While there is none and only this machine can reach the server, the pages are open.  Otherwise whoever makes it shows a
code that stands in the log of the server, or the key that the command line of the same user finds.
Raises InputRejected, NotAllowed, Conflict, Busy.
"""

import asyncio
import hmac
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.account.passwords import Passwords, check_password
from coordinator.account.sessions import Session, Sessions, Visitor
from coordinator.account.throttle import Throttle, network_of
from coordinator.db.engine import Database, bump, hold
from coordinator.db.tables import accounts as table
from coordinator.logs import get_logger
from flows.errors import Busy, Conflict, InputRejected, NotAllowed

TOPIC: Final = "account"
MAX_NAME_LENGTH: Final = 100
CODE_ALPHABET: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Without what looks alike in print."""
CODE_GROUPS: Final = 3
CODE_GROUP_LENGTH: Final = 4
MAX_KNOWN_ADDRESSES: Final = 1000

log = get_logger(__name__)


class WrongPassword(NotAllowed):
    """The name or the password of a sign-in is not right."""

    code = "wrong_password"


class TooManyTries(Busy):
    """Somebody tried passwords too often, and has to wait."""

    code = "too_many_tries"


class SignedIn(Struct, frozen=True, kw_only=True):
    """A session that was just begun: `key` goes into the cookie and nowhere else."""

    key: str
    session: Session

    def __repr__(self) -> str:
        return f"SignedIn(session={self.session!r})"


class Owner:
    """The account and its sessions.  `load` comes first."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        by_address: Throttle | None = None,
        by_account: Throttle | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self.sessions = Sessions(database, clock=clock)
        self._passwords = Passwords()
        self._by_address = by_address or Throttle(free=5, longest=900.0)
        self._by_account = by_account or Throttle(free=10, longest=60.0)
        self._known_addresses: dict[str, None] = {}
        self._name: str | None = None
        self._hash: str | None = None
        self._generation = -1
        self._changing = asyncio.Lock()
        self._code = _new_code()
        self._is_code_told = False

    @property
    def name(self) -> str | None:
        """The name of the account; None while there is none."""
        return self._name

    async def create(
        self, name: str, password: str, visitor: Visitor, *, code: str = "", is_trusted: bool = False
    ) -> None:
        """Make the account.  Who is not trusted shows the code."""
        if not is_trusted:
            self._admit(visitor, "code")
            if not code.strip():
                fix = "It stands in the log of the server. On its machine, with its data directory, none is needed."
                raise NotAllowed("Making the account takes a code.", code="wrong_code", fix=fix)
            given = code.strip().upper().encode("utf-8", "surrogatepass")
            if not hmac.compare_digest(given, self._code.encode()):
                raise NotAllowed("The code is not right.", code="wrong_code", fix="It stands in the log of the server.")
        name = _checked_name(name)
        check_password(password, name)
        hashed = await self._passwords.hash(password)
        now = int(self._clock() * 1000)
        async with self._change() as connection:
            if await connection.scalar(select(table.c.name).limit(1)) is not None:
                raise Conflict("There is an account already.", fix="Sign in, or run `headrace account password`.")
            await connection.execute(insert(table).values(name=name, hash=hashed, created=now, changed=now))
        self._succeeded(visitor, "code")
        self._code = _new_code()
        log.info("account created", account=name, address=visitor.address)

    async def sign_in(self, name: str, password: str, visitor: Visitor, *, old_key: str = "") -> SignedIn:
        """Begin a session; that of `old_key` ends, so that a key is never used for two of them."""
        self._admit(visitor, name)
        is_owner = self._name is not None and name.strip().casefold() == self._name.casefold()
        if not await self._passwords.fits(password, self._hash if is_owner else None) or self._name is None:
            log.warning("sign-in refused", account=name[:MAX_NAME_LENGTH], address=visitor.address)
            raise WrongPassword("The name or the password is not right.")
        self._succeeded(visitor, name)
        return await self.begin_session(visitor, old_key=old_key)

    async def begin_session(self, visitor: Visitor, *, old_key: str = "") -> SignedIn:
        """Begin a session for who has proved to be the owner."""
        if self._name is None:
            raise Conflict("There is no account yet.", fix="Make it on its page, or with `headrace account create`.")
        async with self._change() as connection:
            await self.sessions.end(connection, old_key)
            key, session = await self.sessions.begin(connection, self._name, visitor)
        log.info("signed in", account=self._name, address=visitor.address)
        return SignedIn(key=key, session=session)

    async def sign_out(self, key: str) -> None:
        """End a session."""
        async with self._change() as connection:
            await self.sessions.end(connection, key)

    async def sign_out_everywhere(self) -> int:
        """End all sessions; return how many there were."""
        ended = len(self.sessions.list())
        async with self._change() as connection:
            await self.sessions.end_all(connection)
        log.info("signed out everywhere", sessions=ended)
        return ended

    async def change_password(
        self, new: str, visitor: Visitor, *, current: str | None, is_trusted: bool = False, key: str = ""
    ) -> None:
        """Set another password and end all sessions but that of `key`.  Who is not trusted gives the current one."""
        name = self._name
        if name is None:
            raise Conflict("There is no account yet.", fix="Make it on its page, or with `headrace account create`.")
        if not is_trusted:
            self._admit(visitor, name)
            if not await self._passwords.fits(current or "", self._hash):
                raise WrongPassword("The current password is not right.")
            self._succeeded(visitor, name)
        check_password(new, name)
        hashed = await self._passwords.hash(new)
        async with self._change() as connection:
            await connection.execute(update(table).values(hash=hashed, changed=int(self._clock() * 1000)))
            await self.sessions.end_all(connection, but=key)
        log.info("password changed", account=name, address=visitor.address)

    def tell_code(self, url: str) -> None:
        """Write into the log, once, how to make the account."""
        if self._name is None and not self._is_code_told:
            self._is_code_told = True
            log.warning("the web pages need an account: open them and enter this code", url=url, code=self._code)

    async def load(self) -> None:
        """Read the account and its sessions."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(table.c.name, table.c.hash).limit(1))).one_or_none()
            self._name, self._hash = (None, None) if row is None else (row.name, row.hash)
            await self.sessions.load(connection)

    async def refresh(self, generation: int) -> None:
        """Read again if somebody else changed something: `generation` is the counter's value now."""
        if generation != self._generation:
            async with self._changing:
                await self.load()
            self._generation = generation

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[AsyncConnection]:
        """Give a transaction for one change, after which this coordinator and, soon, all others know of it."""
        async with self._changing:
            async with self._database.write() as connection:
                await hold(connection, TOPIC)
                yield connection
                await bump(connection, TOPIC)
            await self.load()

    def _admit(self, visitor: Visitor, account: str) -> None:
        """Count a try, or refuse it.  An address that the owner came from before need not wait for others."""
        address, key = network_of(visitor.address), _throttle_key(account)
        is_known = address in self._known_addresses
        wait = max(self._by_address.wait(address), 0.0 if is_known else self._by_account.wait(key))
        if wait > 0:
            raise TooManyTries(f"Too many tries. Try again in {max(1, round(wait))} seconds.", retry_after=wait)
        self._by_address.count(address)
        if not is_known:
            self._by_account.count(key)

    def _succeeded(self, visitor: Visitor, account: str) -> None:
        address = network_of(visitor.address)
        self._by_address.forgive(address)
        self._by_account.forgive(_throttle_key(account))
        if len(self._known_addresses) >= MAX_KNOWN_ADDRESSES:
            self._known_addresses.pop(next(iter(self._known_addresses)))
        self._known_addresses[address] = None


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise InputRejected(f"The name of an account has 1 to {MAX_NAME_LENGTH} printable characters.")
    return name


def _throttle_key(account: str) -> str:
    return account.strip().casefold()[:MAX_NAME_LENGTH]


def _new_code() -> str:
    groups = ("".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_GROUP_LENGTH)) for _ in range(CODE_GROUPS))
    return "-".join(groups)
