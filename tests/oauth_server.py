"""A small OAuth provider on a port of its own: codes with PKCE, tokens that end, refresh tokens that are used once.

It also is the service that takes the tokens: `/api/...` answers 401 to any but the newest.  What it hands out begins
with `canary-`, so that tests can look for it anywhere.
"""

import asyncio
import hashlib
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.listening import listening

CLIENT_ID = "headrace-test"
CLIENT_SECRET = "canary-client-secret"


class OAuthServer:
    """The provider; its attributes say how it behaves from now on."""

    def __init__(self) -> None:
        self.url = ""
        self.lifetime: int | None = 3600
        self.is_down = False
        self.redirect_uris: set[str] = set()
        self.access = ""
        self.refresh = ""
        self.requests: list[dict[str, str]] = []
        self.headers: list[str] = []
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.answer: web.Response | None = None
        self._codes: dict[str, dict[str, str]] = {}

    @property
    def refreshes(self) -> int:
        """How often a refresh token came."""
        return sum(each["grant_type"] == "refresh_token" for each in self.requests)

    def revoke(self) -> None:
        """Take everything back that was granted."""
        self.access = self.refresh = ""

    async def authorize(self, request: web.Request) -> web.Response:
        """Grant whatever is asked, as a person would who clicks on Allow."""
        query = dict(request.query)
        assert query["client_id"] == CLIENT_ID
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert query["redirect_uri"] in self.redirect_uris
        code = f"canary-code-{secrets.token_hex(8)}"
        self._codes[code] = query
        raise web.HTTPFound(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}")

    async def token(self, request: web.Request) -> web.Response:
        """Answer as RFC 6749 says, or as the test wants it."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append(form)
        self.asked.set()
        await self.go_on.wait()
        if self.answer is not None:
            return self.answer
        if self.is_down:
            return web.Response(status=503, text="down for canary maintenance")
        if not self._knows(request, form):
            return _error("invalid_client", f"the secret {form.get('client_secret')} is wrong", 401)
        grant: dict[str, Any] = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
            "client_credentials": lambda _form: True,
        }
        if not grant[form["grant_type"]](form):
            return _error("invalid_grant", f"no good: {form.get('refresh_token') or form.get('code')}")
        return self._tokens(with_refresh=form["grant_type"] != "client_credentials")

    async def api(self, request: web.Request) -> web.Response:
        """Take the newest token."""
        header = request.headers.get("Authorization", "")
        self.headers.append(header)
        if not self.access or header != f"Bearer {self.access}":
            return web.json_response({"you_sent": header}, status=401)
        return web.json_response({"you_sent": header, "path": request.path})

    def _knows(self, request: web.Request, form: dict[str, str]) -> bool:
        header = request.headers.get("Authorization", "")
        if header.startswith("Basic "):
            return b64decode(header[6:]).decode() == f"{CLIENT_ID}:{CLIENT_SECRET}"
        return form.get("client_id") == CLIENT_ID and form.get("client_secret") == CLIENT_SECRET

    def _by_code(self, form: dict[str, str]) -> bool:
        asked = self._codes.pop(form["code"], None)
        challenge = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        return (
            asked is not None and asked["code_challenge"] == challenge and asked["redirect_uri"] == form["redirect_uri"]
        )

    def _by_refresh(self, form: dict[str, str]) -> bool:
        return bool(self.refresh) and form["refresh_token"] == self.refresh

    def _tokens(self, *, with_refresh: bool) -> web.Response:
        self.access = f"canary-access-{secrets.token_hex(8)}"
        answer: dict[str, Any] = {"access_token": self.access, "token_type": "Bearer"}
        if self.lifetime is not None:
            answer["expires_in"] = self.lifetime
        if with_refresh:
            self.refresh = answer["refresh_token"] = f"canary-refresh-{secrets.token_hex(8)}"
        return web.json_response(answer)


@asynccontextmanager
async def oauth_server() -> AsyncIterator[OAuthServer]:
    """Run a provider."""
    server = OAuthServer()
    application = web.Application()
    application.router.add_get("/authorize", server.authorize)
    application.router.add_post("/token", server.token)
    application.router.add_route("*", "/api/{path:.*}", server.api)
    async with listening(application) as server.url:
        yield server


def _error(code: str, description: str, status: int = 400) -> web.Response:
    return web.json_response({"error": code, "error_description": description}, status=status)
