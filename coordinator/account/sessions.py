"""Keep the sessions that signing in begins: in memory to be looked up, in the database to last.

A session is a random key that only the browser has, in a cookie that no script can read.  What is kept is its digest.
Scripts of our own pages get a second value, made from the key, and send it back in a header with whatever changes
something: a page of another site cannot know it.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from coordinator.db.engine import Database
from coordinator.db.tables import sessions as table

KEY_BYTES: Final = 32
IDLE_SECONDS: Final = 14 * 86_400
"""A session ends when it was not used for so long,"""
LONGEST_SECONDS: Final = 90 * 86_400
"""and in any case after this time."""
MAX_SESSIONS: Final = 100
MAX_SEEN_LENGTH: Final = 200


class Visitor(Struct, frozen=True, kw_only=True):
    """Who is at the other end, as far as it can be seen."""

    address: str
    client: str


class Session(Struct, frozen=True, kw_only=True):
    """A session.  Times are in milliseconds since the epoch."""

    id: Annotated[str, Meta(description="What tells it from others; opens nothing.")]
    account: Annotated[str, Meta(description="Whose it is.")]
    created: Annotated[int, Meta(description="When it began, in milliseconds since the epoch.")]
    last_used: Annotated[int, Meta(description="When it was last used, in milliseconds since the epoch.")]
    expires: Annotated[int, Meta(description="When it ends at the latest, in milliseconds since the epoch.")]
    address: Annotated[str, Meta(description="From where it began.")]
    client: Annotated[str, Meta(description="The browser, as it calls itself.")]


class Sessions:
    """All sessions.  `load` comes first; afterwards `find` works without a query."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._uses: dict[str, int] = {}

    def find(self, key: str) -> Session | None:
        """Return the session of a key, and note its use."""
        digest = _digest(key)
        if not self._is_alive(digest):
            return None
        self._uses[digest] = self._now()
        return self._sessions[digest]

    def is_alive(self, key: str) -> bool:
        """Whether there is a session of this key; that somebody looks is no use of it."""
        return self._is_alive(_digest(key))

    def list(self) -> list[Session]:
        """Return the sessions that have not ended, the one that was used last first."""
        alive = [
            msgspec.structs.replace(session, last_used=self._last_use(digest, session))
            for digest, session in self._sessions.items()
            if self._is_alive(digest)
        ]
        return sorted(alive, key=lambda each: each.last_used, reverse=True)

    async def begin(self, connection: AsyncConnection, account: str, visitor: Visitor) -> tuple[str, Session]:
        """Begin a session inside a transaction; return its key, which is never seen again, and the session."""
        key = secrets.token_urlsafe(KEY_BYTES)
        now = self._now()
        session = Session(
            id=secrets.token_hex(6),
            account=account,
            created=now,
            last_used=now,
            expires=now + LONGEST_SECONDS * 1000,
            address=_seen(visitor.address),
            client=_seen(visitor.client),
        )
        await self._make_room(connection)
        await connection.execute(insert(table).values(digest=_digest(key), **msgspec.structs.asdict(session)))
        return key, session

    async def end(self, connection: AsyncConnection, key: str) -> None:
        """End the session of a key inside a transaction."""
        await connection.execute(delete(table).where(table.c.digest == _digest(key)))

    async def end_all(self, connection: AsyncConnection, *, but: str = "") -> None:
        """End all sessions inside a transaction, but for that of the key."""
        await connection.execute(delete(table).where(table.c.digest != (_digest(but) if but else "")))

    async def load(self, connection: AsyncConnection) -> None:
        """Read all sessions."""
        rows = (await connection.execute(select(table))).all()
        self._sessions = {
            row.digest: Session(**{name: getattr(row, name) for name in Session.__struct_fields__}) for row in rows
        }

    async def flush(self) -> None:
        """Write when sessions were last used."""
        uses, self._uses = self._uses, {}
        rows = [{"key": digest, "at": at} for digest, at in uses.items()]
        if not rows:
            return
        newer = update(table).where(table.c.digest == bindparam("key"), table.c.last_used < bindparam("at"))
        try:
            async with self._database.write() as connection:
                await connection.execute(newer.values(last_used=bindparam("at")), rows)
        except BaseException:
            self._uses = uses | self._uses
            raise
        known = self._sessions.items()
        self._sessions = {
            digest: msgspec.structs.replace(each, last_used=max(each.last_used, uses.get(digest, 0)))
            for digest, each in known
        }

    async def _make_room(self, connection: AsyncConnection) -> None:
        """Delete the sessions that have ended, and the oldest when there are too many."""
        now = self._now()
        over = (table.c.expires <= now) | (table.c.last_used <= now - IDLE_SECONDS * 1000)
        await connection.execute(delete(table).where(over))
        newest = select(table.c.digest).order_by(table.c.last_used.desc(), table.c.digest).limit(MAX_SESSIONS - 1)
        kept = list(await connection.scalars(newest))
        await connection.execute(delete(table).where(table.c.digest.not_in(kept)))

    def _is_alive(self, digest: str) -> bool:
        # Finding by digest tells nobody anything: who could choose a digest's first characters would have the key.
        session = self._sessions.get(digest)
        if session is None:
            return False
        return self._now() < min(session.expires, self._last_use(digest, session) + IDLE_SECONDS * 1000)

    def _last_use(self, digest: str, session: Session) -> int:
        return self._uses.get(digest, session.last_used)

    def _now(self) -> int:
        return int(self._clock() * 1000)


def csrf_token(key: str) -> str:
    """Return what scripts of our own pages show besides the cookie; the key cannot be learnt from it."""
    return hmac.new(key.encode(), b"headrace csrf", hashlib.sha256).hexdigest()


def is_csrf_token(given: str, key: str) -> bool:
    """Whether the value belongs to the session of the key."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), csrf_token(key).encode())


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _seen(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:MAX_SEEN_LENGTH]
