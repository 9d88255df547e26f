"""Keep tokens: make them, revoke them, and say in memory who is behind one.

A token is `hr_` and 32 random bytes.  It is shown once; what is kept is its SHA-256.  Its first characters are its id:
they find the record, the digest decides.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Row, bindparam, insert, or_, select, update

from coordinator.access.principal import Principal, Refusal
from coordinator.db.engine import Database, bump
from coordinator.db.tables import tokens as table
from coordinator.logs import get_logger
from flows.errors import InputRejected, NotFound
from flows.runs import Caller

PREFIX: Final = "hr_"
ID_LENGTH: Final = 8
TOKEN_LENGTH: Final = len(PREFIX) + 43
MAX_RAW_LENGTH: Final = 256
MAX_LABEL_LENGTH: Final = 100
MAX_TOOL_GLOBS: Final = 100
LATEST: Final = 253_402_300_799_999
"""The last millisecond of the year 9999: later times cannot be shown."""
MAX_SEEN_LENGTH: Final = 200
LOCAL_ID: Final = "local"
"""The id of the key in the data directory; all others have eight characters."""
MAX_PRINCIPALS: Final = 16
"""Callers of one token that are remembered: a token is used from few addresses by few clients."""

NO_TOKEN: Final = Refusal(
    reason="This server asks for a token. Make one with `headrace token create` and send it as "
    "`Authorization: Bearer hr_...`.",
    had_token=False,
)
# Unknown, revoked and expired look alike, so that nobody learns which tokens once existed.
NOT_VALID: Final = Refusal(
    reason="This token is not valid: it is unknown, revoked or expired. Make a new one with `headrace token create`.",
    had_token=True,
)

Scope = Literal["tools", "admin"]

_NOBODY: Final = hashlib.sha256(b"nobody").digest()
_ID: Final = re.compile(rf"[A-Za-z0-9]{{{ID_LENGTH}}}")
log = get_logger(__name__)


class TokenInfo(Struct, frozen=True, kw_only=True):
    """What may be shown of a token.  Times are in milliseconds since the epoch; no `tools` means every tool."""

    id: str
    label: str
    tools: tuple[str, ...]
    scopes: tuple[Scope, ...]
    author: str
    created: int
    expires: int | None = None
    revoked: int | None = None
    last_used: int | None = None
    last_address: str | None = None
    last_client: str | None = None


class NewToken(Struct, frozen=True, kw_only=True):
    """A token that was just made: the only time that it is shown.  Not shown by `repr`."""

    token: str
    info: TokenInfo

    def __repr__(self) -> str:
        return f"NewToken(info={self.info!r})"


class _Record:
    """A usable token in memory, with the principals that it stood for lately."""

    __slots__ = ("digest", "expires", "id", "is_kept", "label", "principals", "scopes", "tools")

    def __init__(self, info: TokenInfo, digest: bytes, *, is_kept: bool = True) -> None:
        self.id = info.id
        self.digest = digest
        self.expires = info.expires
        self.label = info.label
        self.tools = info.tools
        self.scopes = info.scopes
        self.is_kept = is_kept
        self.principals: dict[tuple[str, str], Principal] = {}

    def principal(self, address: str, client: str) -> Principal:
        principal = self.principals.get((address, client))
        if principal is None:
            if len(self.principals) >= MAX_PRINCIPALS:
                self.principals.clear()
            caller = Caller(name=self.label, token_id=self.id, scopes=self.scopes, address=address, client=client)
            principal = Principal(caller=caller, tools=self.tools, is_admin="admin" in self.scopes)
            self.principals[address, client] = principal
        return principal


class Tokens:
    """All tokens of the installation.  `load` comes first; afterwards `identify` works without a query."""

    def __init__(
        self,
        database: Database,
        *,
        requires_token: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._requires_token = requires_token
        self._clock = clock
        self._records: dict[str, _Record] = {}
        self._local: dict[str, _Record] = {}
        self._uses: dict[str, tuple[float, str, str]] = {}
        self._generation = -1
        self._changing = asyncio.Lock()

    def identify(self, raw: str | None, address: str = "", client: str = "") -> Principal | Refusal:
        """Say who calls.  Works in memory; notes the use of the token."""
        if raw is None:
            if self._requires_token():
                return NO_TOKEN
            return Principal(caller=Caller(name="anonymous", address=address, client=client))
        if len(raw) > MAX_RAW_LENGTH:
            return NOT_VALID
        record = self._records.get(raw[3:11])
        digest = hashlib.sha256(raw.encode("utf-8", "surrogatepass")).digest()
        if not hmac.compare_digest(digest, _NOBODY if record is None else record.digest) or record is None:
            return NOT_VALID
        now = self._clock()
        if record.expires is not None and now * 1000 >= record.expires:
            return NOT_VALID
        if record.is_kept:
            self._uses[record.id] = now, address, client
        return record.principal(address, client)

    def add_local(self, raw: str, label: str) -> None:
        """Let in a token that lives as long as this process, with every right."""
        info = TokenInfo(id=LOCAL_ID, label=label, tools=(), scopes=("tools", "admin"), author="", created=self._now())
        self._local[token_id(raw)] = _Record(info, _digest(raw), is_kept=False)
        self._records = {**self._records, **self._local}

    async def create(
        self,
        label: str,
        *,
        tools: Sequence[str] = (),
        scopes: Sequence[Scope] = ("tools",),
        expires: float | None = None,
        author: str = "",
    ) -> NewToken:
        """Make a token that works at once.  `expires` is in seconds since the epoch.  Raises InputRejected."""
        now = self._now()
        _check(label, tools, scopes)
        expires_ms = None if expires is None else int(expires * 1000)
        if expires_ms is not None and expires_ms <= now:
            raise InputRejected("The token would have expired already.", fix="Choose a time that is still to come.")
        if expires_ms is not None and expires_ms > LATEST:
            raise InputRejected("A token ends before the year 10000, or never.", fix="Leave the end out.")
        raw = new_token()
        info = TokenInfo(
            id=token_id(raw),
            label=label.strip(),
            tools=tuple(tools),
            scopes=tuple(scopes),
            author=author,
            created=now,
            expires=expires_ms,
        )
        async with self._changing:
            async with self._database.write() as connection:
                await connection.execute(insert(table).values(_row_of(info, _digest(raw).hex())))
                generation = await bump(connection, "tokens")
            self._records = {**self._records, info.id: _Record(info, _digest(raw))}
            self._saw(generation)
        log.info("token created", token_id=info.id, label=info.label, author=author)
        return NewToken(token=raw, info=info)

    async def revoke(self, token: str, author: str = "") -> TokenInfo:
        """End a token, by its id, for good: when this returns, no call with it is let in.  Raises NotFound."""
        async with self._changing:
            async with self._database.write() as connection:
                end = update(table).where(table.c.id == token, table.c.revoked.is_(None)).values(revoked=self._now())
                changed = (await connection.execute(end)).rowcount
                row = (await connection.execute(select(table).where(table.c.id == token))).one_or_none()
                generation = await bump(connection, "tokens") if changed else self._generation
            if row is None:
                raise NotFound(f"There is no token {token!r}.", fix="`headrace token list` shows the ids.")
            self._records = {known: record for known, record in self._records.items() if known != token}
            self._saw(generation)
        if changed:
            log.info("token revoked", token_id=token, author=author)
        return _info_of(row)

    @property
    def usable(self) -> int:
        """How many tokens were made and not revoked."""
        return len(self._records) - len(self._local)

    async def list(self) -> list[TokenInfo]:
        """Return all tokens, the newest first, revoked ones too, with uses that are not written yet."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(table).order_by(table.c.created.desc(), table.c.id))
            return [self._with_use(_info_of(row)) for row in rows]

    async def load(self) -> None:
        """Read all tokens that are not revoked."""
        async with self._changing, self._database.read() as connection:
            rows = (await connection.execute(select(table).where(table.c.revoked.is_(None)))).all()
            self._records = {row.id: _Record(_info_of(row), bytes.fromhex(row.digest)) for row in rows} | self._local

    async def refresh(self, generation: int) -> None:
        """Read the tokens again if somebody else changed them: `generation` is the counter's value now."""
        if generation != self._generation:
            await self.load()
            self._generation = generation

    async def flush(self) -> None:
        """Write when, from where and by which client tokens were last used."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        newer = update(table).where(
            table.c.id == bindparam("token"),
            or_(table.c.last_used.is_(None), table.c.last_used < bindparam("at")),
        )
        statement = newer.values(
            last_used=bindparam("at"), last_address=bindparam("address"), last_client=bindparam("client")
        )
        rows = [
            {"token": token, "at": int(at * 1000), "address": _seen(address), "client": _seen(client)}
            for token, (at, address, client) in uses.items()
        ]
        try:
            async with self._database.write() as connection:
                await connection.execute(statement, rows)
        except BaseException:
            self._uses = uses | self._uses
            raise

    def _with_use(self, info: TokenInfo) -> TokenInfo:
        use = self._uses.get(info.id)
        if use is None:
            return info
        at, address, client = use
        return msgspec.structs.replace(info, last_used=int(at * 1000), last_address=address, last_client=client)

    def _saw(self, generation: int) -> None:
        # A larger step means that somebody else changed something too: leave it for the next refresh.
        if generation == self._generation + 1:
            self._generation = generation

    def _now(self) -> int:
        return int(self._clock() * 1000)


def new_token() -> str:
    """Make a token: `hr_` and 32 random bytes, drawn again until the id at its start is plain letters and digits."""
    while True:
        body = urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
        if _ID.match(body):
            return PREFIX + body


def token_id(raw: str) -> str:
    """Return the part of a token that may be shown and that names it."""
    return raw[len(PREFIX) : len(PREFIX) + ID_LENGTH]


def _digest(raw: str) -> bytes:
    return hashlib.sha256(raw.encode()).digest()


def _check(label: str, tools: Sequence[str], scopes: Sequence[str]) -> None:
    if not label.strip() or len(label) > MAX_LABEL_LENGTH or not label.isprintable():
        raise InputRejected(f"A token needs a label of 1 to {MAX_LABEL_LENGTH} printable characters.")
    if len(tools) > MAX_TOOL_GLOBS or not all(0 < len(glob) <= 128 and glob.isprintable() for glob in tools):
        raise InputRejected(f"Allowed tools are at most {MAX_TOOL_GLOBS} names or patterns such as `weather_*`.")
    if not scopes or not set(scopes) <= {"tools", "admin"}:
        raise InputRejected("The scopes of a token are `tools`, `admin` or both.")


def _seen(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:MAX_SEEN_LENGTH]


def _row_of(info: TokenInfo, digest: str) -> dict[str, Any]:
    row = msgspec.structs.asdict(info)
    return row | {
        "digest": digest,
        "tools": msgspec.json.encode(info.tools).decode(),
        "scopes": msgspec.json.encode(info.scopes).decode(),
    }


def _info_of(row: Row[Any]) -> TokenInfo:
    return TokenInfo(
        id=row.id,
        label=row.label,
        tools=msgspec.json.decode(row.tools, type=tuple[str, ...]),
        scopes=msgspec.json.decode(row.scopes, type=tuple[Scope, ...]),
        author=row.author,
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        last_used=row.last_used,
        last_address=row.last_address,
        last_client=row.last_client,
    )
