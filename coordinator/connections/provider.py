"""Ask an OAuth provider for tokens.  Source: RFC 6749, RFC 7636 (PKCE), and what well-known providers do beside them.

The provider's answers are shown without anything that was sent to it.  Raises GrantRefused, ProviderFailed.
"""

import asyncio
import re
import socket
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

from coordinator.connections.model import AuthorizationCode, ClientCredentials
from coordinator.connections.states import Application
from flows.connections import masked, masks_of
from flows.errors import StepError
from flows.network import AddressRefused
from flows.sdk import NetworkPolicy
from flows.steps._http_body import BodyTooLarge, read_body
from flows.urls import encode_pairs

if TYPE_CHECKING:
    import aiohttp

ANSWER_SECONDS: Final = 20.0
MAX_ANSWER_BYTES: Final = 256 * 1024
MAX_TOKEN_CHARACTERS: Final = 16 * 1024
SHOWN_CHARACTERS: Final = 200
OPEN_POLICY: Final = NetworkPolicy(allow_loopback=True, allow_private=True)

LOST: Final = frozenset(
    {"invalid_grant", "bad_refresh_token", "invalid_refresh_token", "token_revoked", "access_denied"}
)
"""What providers say when a grant is gone for good."""
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_SENDABLE: Final = re.compile(r"[\x21-\x7e]+")


class GrantRefused(StepError):
    """The provider refuses the application or the sign-in; trying again does not help."""

    code = "sign_in_needed"

    def __init__(self, message: str, *, fix: str, is_lost: bool = False) -> None:
        super().__init__(message, fix=fix)
        self.is_lost = is_lost


class ProviderFailed(StepError):
    """The provider cannot be reached, or does not answer as it should."""

    code = "provider_failed"


class Answer(Struct, frozen=True, kw_only=True):
    """Tokens as they came.  `lifetime` is in seconds.  Never shown by `repr`."""

    access: str
    refresh: str = ""
    lifetime: float | None = None

    def __repr__(self) -> str:
        return "Answer()"


class Provider:
    """Sends requests to token endpoints, wherever the network policy lets it."""

    def __init__(self, policy: NetworkPolicy) -> None:
        self._policy = policy

    async def with_code(self, application: Application, code: str, verifier: str, redirect: str) -> Answer:
        """Exchange the code of a sign-in for tokens."""
        grant = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": redirect}
        return await self._ask(application, grant)

    async def with_refresh_token(self, application: Application, refresh: str) -> Answer:
        """Exchange a refresh token for tokens; one that does not come back stays valid."""
        answer = await self._ask(application, {"grant_type": "refresh_token", "refresh_token": refresh})
        return answer if answer.refresh else msgspec.structs.replace(answer, refresh=refresh)

    async def with_own_credentials(self, application: Application) -> Answer:
        """Fetch a token for the application itself."""
        grant = {"grant_type": "client_credentials"}
        if application.oauth.scopes:
            grant["scope"] = " ".join(application.oauth.scopes)
        return await self._ask(application, grant)

    async def _ask(self, application: Application, grant: Mapping[str, str]) -> Answer:
        pairs, headers = _authenticated(application, grant)
        masks = masks_of([*grant.values(), application.client_secret])
        status, body = await self._send(application, pairs, headers)
        return _answer_of(application, status, body, masks)

    async def _send(
        self, application: Application, pairs: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        # Imported with the first sign-in: the HTTP client takes a good part of the time to start.
        import aiohttp

        from flows.steps._http_client import open_client

        as_json = getattr(application.oauth, "token_body", "form") == "json"
        data = msgspec.json.encode(pairs) if as_json else encode_pairs(pairs, "token").encode()
        content_type = "application/json" if as_json else "application/x-www-form-urlencoded"
        sent = {**headers, "Content-Type": content_type, "Accept": "application/json"}
        policy = OPEN_POLICY if application.allow_private else self._policy
        # A pool of its own: it asks seldom, and nothing of it may be left open.
        async with open_client(policy) as client:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    # Not following redirects: the secrets are for this address alone.
                    url = application.oauth.token_url
                    response = await client.post(url, data=data, headers=sent, allow_redirects=False)
                    return response.status, await read_body(response, MAX_ANSWER_BYTES)
            except aiohttp.ClientConnectorError as error:
                raise _unreachable(application, _reason(error)) from None
            except (aiohttp.ClientError, OSError, BodyTooLarge) as error:
                reason = "it did not answer in time" if isinstance(error, TimeoutError) else "it broke off"
                raise _unreachable(application, reason) from None


def _authenticated(application: Application, grant: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what to send, and the headers that prove who we are."""
    oauth = application.oauth
    pairs = {**oauth.token_params, **grant}
    secret = application.client_secret
    if oauth.client_auth == "basic" and secret:
        # Source: RFC 6749, section 2.3.1: both are encoded before they are joined.
        pair = f"{quote(oauth.client_id, safe='')}:{quote(secret, safe='')}"
        return pairs, {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    pairs["client_id"] = oauth.client_id
    if secret:
        pairs["client_secret"] = secret
    return pairs, {}


def _answer_of(application: Application, status: int, body: bytes, masks: tuple[str, ...]) -> Answer:
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        found = None
    if status >= 500 or not isinstance(found, dict):
        raise ProviderFailed(
            f"The provider of connection {application.connection!r} ({_host(application)}) answered {status}"
            f"{'' if status >= 500 else ', and not with JSON'}.",
            fix="Try again later." if status >= 500 else "Check `token_url` of the connection.",
            retryable=status >= 500,
        )
    access = found.get("access_token")
    if status >= 400 or not isinstance(access, str) or not _is_token(access):
        raise _refused(application, status, found, masks)
    refresh = found.get("refresh_token")
    return Answer(
        access=access,
        refresh=refresh if isinstance(refresh, str) and len(refresh) <= MAX_TOKEN_CHARACTERS else "",
        lifetime=_seconds(found.get("expires_in")),
    )


def _is_token(text: str) -> bool:
    return len(text) <= MAX_TOKEN_CHARACTERS and _SENDABLE.fullmatch(text) is not None


def _seconds(value: Any) -> float | None:
    try:
        return max(0.0, min(float(value), 10 * 365 * 86400.0))
    except (TypeError, ValueError):
        return None


def _refused(application: Application, status: int, found: Mapping[str, Any], masks: tuple[str, ...]) -> StepError:
    said = found.get("error")
    code = said if isinstance(said, str) and _CODE.fullmatch(said) else f"status {status}"
    words = found.get("error_description")
    described = f": {_line(masked(words, masks))}" if isinstance(words, str) and words else ""
    name = application.connection
    if isinstance(application.oauth, ClientCredentials) or code not in LOST:
        return GrantRefused(
            f"The provider of connection {name!r} ({_host(application)}) refused to give a token "
            f"({masked(code, masks)}{described}).",
            fix="Check the client id, the secret and the scopes of the connection.",
        )
    return GrantRefused(
        f"The sign-in of connection {name!r} has ended ({code}{described}).", fix=sign_in_again(name), is_lost=True
    )


def sign_in_again(name: str) -> str:
    """Say how to sign in."""
    return f"Sign in again: `headrace connection authorize {name}`."


def _line(text: str) -> str:
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split()).rstrip(".")
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[: SHOWN_CHARACTERS - 3]}..."


def _unreachable(application: Application, reason: str) -> ProviderFailed:
    return ProviderFailed(
        f"The provider of connection {application.connection!r} ({_host(application)}) cannot be reached: {reason}.",
        fix="Check `token_url` of the connection, and that the provider is up.",
        retryable=True,
    )


def _reason(error: "aiohttp.ClientConnectorError") -> str:
    cause = error.os_error
    if isinstance(cause, AddressRefused):
        return f"{cause.kind} is not allowed (set `allow_private` on the connection)"
    return "its name cannot be resolved" if isinstance(cause, socket.gaierror) else "it accepts no connection"


def _host(application: Application) -> str:
    return urlsplit(application.oauth.token_url).netloc


def is_interactive(application: Application) -> bool:
    """Whether a person has to sign in."""
    return isinstance(application.oauth, AuthorizationCode)
