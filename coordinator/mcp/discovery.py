"""Answer the clients that look for OAuth where there is none, so that their users read what is really wrong.

After a 401 a client asks for well-known documents, which must be missing quickly and without a token.  Then some
register themselves all the same; the answer to that is the only text their user gets to see.
Source: RFC 6749 (5.2), RFC 7591, RFC 9728; behaviour of mcp-remote.
"""

import time
from collections import OrderedDict

import msgspec

from coordinator.access.presented import Scope
from coordinator.mcp.stream import Receive, Send, send_body

REMEMBERED = 256
REMEMBER_SECONDS = 120.0
NO_SIGN_IN = (
    "This server has no OAuth sign-in; it wants one of its own tokens. Make one with `headrace token create` and send "
    "it as `Authorization: Bearer`."
)


class RecentRefusals:
    """Why callers were refused lately, by address: the request that asks again carries no token."""

    def __init__(self) -> None:
        self._reasons: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def note(self, address: str, reason: str) -> None:
        """Remember why a caller was refused."""
        self._reasons[address] = (time.monotonic(), reason)
        self._reasons.move_to_end(address)
        if len(self._reasons) > REMEMBERED:
            self._reasons.popitem(last=False)

    def reason(self, address: str) -> str:
        """Return the last reason, or a general one."""
        noted, reason = self._reasons.get(address, (0.0, NO_SIGN_IN))
        return reason if time.monotonic() - noted < REMEMBER_SECONDS else NO_SIGN_IN


class Discovery:
    """The ASGI application for these paths."""

    def __init__(self, refusals: RecentRefusals) -> None:
        self._refusals = refusals

    @staticmethod
    def handles(path: str) -> bool:
        """Whether a path is one of those where clients look for OAuth."""
        return path == "/register" or path.startswith(("/.well-known/", "/mcp/.well-known/"))

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request, without looking for a token."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["path"] != "/register" or scope["method"] != "POST":
            body = msgspec.json.encode({"error": "not_found", "error_description": NO_SIGN_IN})
            await send_body(send, 404, body)
        else:
            peer = scope.get("client")
            reason = self._refusals.reason(peer[0] if peer else "")
            body = msgspec.json.encode({"error": "access_denied", "error_description": reason})
            await send_body(send, 400, body)
