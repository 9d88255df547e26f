"""Let a person sign in for a connection: authorization code with PKCE, bound to one browser and one try.

    start     an administrator gets a URL of this server with a ticket in it, good once and for ten minutes
    begin     the browser that opens it gets a cookie, and is sent to the provider with a state
    finish    the provider sends it back; state and cookie must belong together, and neither works again

The database has digests only.  The PKCE verifier is made of state and cookie, so that nobody keeps it.
Source: RFC 6749, RFC 7636, RFC 9700.
"""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import urlencode

from msgspec import Meta, Struct
from sqlalchemy import delete, insert, select, update

from coordinator.connections.grants import Grants
from coordinator.connections.model import AuthorizationCode
from coordinator.connections.provider import Provider
from coordinator.connections.service import ConnectionService
from coordinator.connections.states import Application
from coordinator.db.engine import Database
from coordinator.db.tables import oauth_attempts as table
from flows.errors import HeadraceError, InputRejected

SIGN_IN_SECONDS: Final = 600
START_PATH: Final = "/oauth/start"
CALLBACK_PATH: Final = "/oauth/callback"
_RESERVED: Final = frozenset(
    {"response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"}
)


class SignInFailed(HeadraceError):
    """A sign-in at an OAuth provider did not come to its end."""

    code = "sign_in_failed"


class SignInStarted(Struct, frozen=True, kw_only=True):
    """Where to sign in."""

    url: Annotated[str, Meta(description="Open it in a browser; it works once, for ten minutes.")]
    redirect_uri: Annotated[str, Meta(description="What to register at the provider, letter by letter.")]


class Departure(Struct, frozen=True, kw_only=True):
    """Where to send the browser, and the cookie to give it."""

    url: str
    cookie: str


class SignIns:
    """Sign-ins under way."""

    def __init__(
        self,
        database: Database,
        connections: ConnectionService,
        provider: Provider,
        base_url: Callable[[], str],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._connections = connections
        self._grants: Grants = connections.grants
        self._provider = provider
        self._base_url = base_url
        self._clock = clock

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the browser back: to be registered there, letter by letter."""
        return self._base_url() + CALLBACK_PATH

    async def start(self, name: str) -> SignInStarted:
        """Return where a browser begins.  Raises NotFound, InputRejected."""
        self._application(name)
        ticket = secrets.token_urlsafe(32)
        now = int(self._clock() * 1000)
        async with self._database.write() as connection:
            await connection.execute(delete(table).where(table.c.expires <= now))
            await connection.execute(
                insert(table).values(
                    digest=_digest(ticket), connection=name, browser="", expires=now + SIGN_IN_SECONDS * 1000
                )
            )
        return SignInStarted(url=f"{self._base_url()}{START_PATH}?ticket={ticket}", redirect_uri=self.redirect_uri)

    async def begin(self, ticket: str) -> Departure:
        """Take a ticket and send the browser to the provider.  Raises SignInFailed."""
        state, cookie = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        valid = (table.c.digest == _digest(ticket)) & (table.c.browser == "") & (table.c.expires > self._now())
        async with self._database.write() as connection:
            name = await connection.scalar(select(table.c.connection).where(valid))
            change = update(table).where(valid).values(digest=_digest(state), browser=_digest(cookie))
            if not (await connection.execute(change)).rowcount or name is None:
                raise _expired()
        application = self._application(name)
        return Departure(url=self._authorize_url(application, state, _verifier(state, cookie)), cookie=cookie)

    async def finish(self, state: str, cookie: str, code: str, error: str) -> str:
        """Take the provider's answer; return the name of the connection.  Raises SignInFailed, StepError."""
        own = (table.c.digest == _digest(state)) & (table.c.browser == _digest(cookie)) & (table.c.browser != "")
        async with self._database.write() as connection:
            valid = own & (table.c.expires > self._now())
            name = await connection.scalar(select(table.c.connection).where(valid))
            if not (await connection.execute(delete(table).where(valid))).rowcount or name is None:
                raise _expired()
        if error or not code:
            said = error if error.replace("_", "").isalnum() and len(error) <= 60 else "no code came back"
            raise SignInFailed(f"The sign-in for connection {name!r} was not granted ({said}).", fix="Start it again.")
        application = self._application(name)
        answer = await self._provider.with_code(application, code, _verifier(state, cookie), self.redirect_uri)
        await self._grants.keep(application, answer)
        return str(name)

    def _application(self, name: str) -> Application:
        application = self._connections.entry(name).application
        if application is None or not isinstance(application.oauth, AuthorizationCode):
            raise InputRejected(f"The connection {name!r} is not one that a person signs in for.")
        return application

    def _authorize_url(self, application: Application, state: str, verifier: str) -> str:
        oauth = application.oauth
        if not isinstance(oauth, AuthorizationCode):
            raise _expired()
        pairs = {name: value for name, value in oauth.authorize_params.items() if name not in _RESERVED}
        if oauth.scopes:
            pairs["scope"] = oauth.scope_separator.join(oauth.scopes)
        pairs |= {
            "response_type": "code",
            "client_id": oauth.client_id,
            "redirect_uri": self.redirect_uri,
            "state": state,
            "code_challenge": _unpadded(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        return f"{oauth.authorize_url}?{urlencode(pairs)}"

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _verifier(state: str, cookie: str) -> str:
    return _unpadded(hashlib.sha256(f"headrace pkce\0{state}\0{cookie}".encode()).digest())


def _unpadded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _expired() -> SignInFailed:
    return SignInFailed(
        "This sign-in is not under way in this browser: it was used already, is older than ten minutes, or began in "
        "another one.",
        fix="Start it again.",
    )
