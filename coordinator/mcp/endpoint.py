"""The MCP endpoint: a raw ASGI application that serves every protocol revision on one URL, without sessions.

A request's caller is identified, its message climbs the ladder, and its method is answered.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from msgspec import UNSET, Raw, Struct

from coordinator.access.presented import Scope, TokenSources, presented_token
from coordinator.access.principal import Identify, Principal, Refusal
from coordinator.calls import CallService
from coordinator.mcp.discovery import RecentRefusals
from coordinator.mcp.envelope import Answer, RpcError, encode, find_id
from coordinator.mcp.exchange import (
    Exchange,
    busy_error,
    failure_message,
    internal_error,
    read_body,
    send_error,
    send_message,
)
from coordinator.mcp.ladder import Batch, HttpError, Route, failure, read_message, refuse_early
from coordinator.mcp.methods import CALL_TOOL, LISTEN, Methods, ServerIdentity
from coordinator.mcp.protocol import INVALID_PARAMS, UNAUTHORIZED
from coordinator.mcp.render import call_result
from coordinator.mcp.stream import Receive, ResponseStream, Send, send_body
from coordinator.mcp.subscriptions import SubscriptionLimits, Subscriptions, ToolChanges
from coordinator.mcp.tool_calls import CallLimits, ToolCalls
from coordinator.toolset import Tool, Toolset
from flows.errors import Busy
from flows.runs import RunResult

log = logging.getLogger(__name__)

MAX_REFUSED_BODY_BYTES = 65_536
"""How much is read of a request without a valid token, to find the id that its client waits for."""
REFUSED_BODY_SECONDS = 5.0


class McpOptions(Struct, frozen=True, kw_only=True):
    """How the endpoint behaves.  Sizes are in bytes, times in seconds.

    A call that is silent for `sse_after_seconds` goes on as a stream, which is kept alive by comments.
    """

    max_body_bytes: int = 4 * 1024 * 1024
    max_result_bytes: int = 16 * 1024 * 1024
    call_timeout: float = 300.0
    sse_after_seconds: float = 15.0
    keepalive_seconds: float = 12.0
    max_subscriptions: int = 1024
    max_subscriptions_per_caller: int = 32
    token_sources: TokenSources = TokenSources()
    server: ServerIdentity = ServerIdentity()


class McpEndpoint:
    """Serves one tool set."""

    def __init__(
        self,
        options: McpOptions,
        identify: Identify,
        toolset: Callable[[], Toolset],
        calls: CallService,
        changes: ToolChanges,
        refusals: RecentRefusals | None = None,
    ) -> None:
        self._options = options
        self._identify = identify
        self._refusals = refusals or RecentRefusals()
        self._methods = Methods(options.server, toolset)
        call_limits = CallLimits(
            max_result_bytes=options.max_result_bytes,
            call_timeout=options.call_timeout,
            sse_after_seconds=options.sse_after_seconds,
            keepalive_seconds=options.keepalive_seconds,
        )
        self._tool_calls = ToolCalls(call_limits, calls, self._methods, changes)
        listen_limits = SubscriptionLimits(
            total=options.max_subscriptions,
            per_caller=options.max_subscriptions_per_caller,
            keepalive_seconds=options.keepalive_seconds,
        )
        self._subscriptions = Subscriptions(changes, listen_limits)

    @property
    def open_streams(self) -> int:
        """How many subscriptions are open."""
        return len(self._subscriptions)

    def result_of(self, tool: Tool, result: RunResult) -> Raw:
        """Return what a client of the newest revision gets for a run of the tool."""
        return call_result(tool, result, self._methods.server_meta, self._options.max_result_bytes)

    async def close(self, grace: float = 0.0) -> None:
        """End gracefully: subscriptions at once, calls within `grace` seconds, each with a last message.

        To be called when the server is told to stop, before it waits for its connections to end.
        """
        self._subscriptions.close()
        await self._tool_calls.close(grace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        token = presented_token(scope, self._options.token_sources)
        method = scope["method"]
        if method == "OPTIONS":
            await send_body(send, 204, b"", ((b"allow", b"POST, OPTIONS"),))
            return
        exchange = Exchange(scope, receive, send, token)
        principal = self._identify(token, exchange.address, exchange.client)
        if isinstance(principal, Refusal):
            await self._refuse_caller(exchange, method, principal)
            return
        exchange.principal = principal
        refusal = refuse_early(method, exchange.headers, self._options.max_body_bytes)
        if refusal is None:
            body = await read_body(receive, self._options.max_body_bytes)
            if body is None:
                return
            if isinstance(body, bytes):
                await self._answer_body(exchange, body)
                return
            refusal = body
        await send_error(send, refusal)

    async def _answer_body(self, exchange: Exchange, body: bytes) -> None:
        message = read_message(exchange.headers, body, self._methods.names)
        if isinstance(message, HttpError):
            await send_error(exchange.send, message)
        elif isinstance(message, Batch):
            await self._answer_batch(exchange, message)
        elif message.id is UNSET:
            self._take_notification(message, exchange.principal)
            await send_body(exchange.send, 202, b"")
        else:
            try:
                await self._answer(exchange, message)
            except Exception:
                log.exception("failed to answer %s", message.method)
                await send_error(exchange.send, internal_error(message), message.accept)

    def _answer(self, exchange: Exchange, route: Route) -> Awaitable[None]:
        if route.method == CALL_TOOL:
            return self._tool_calls.answer(exchange, route)
        if route.method == LISTEN:
            return self._listen(exchange, route)
        answer = self._answer_plainly(route, exchange.principal)
        if isinstance(answer, HttpError):
            return send_error(exchange.send, answer, route.accept)
        return send_message(exchange.send, route.accept, answer)

    def _answer_plainly(self, route: Route, principal: Principal) -> bytes | HttpError:
        result = self._methods.answer(route, principal)
        return result if isinstance(result, HttpError) else encode(Answer(id=route.id, result=result))

    async def _answer_batch(self, exchange: Exchange, batch: Batch) -> None:
        answers = await asyncio.gather(*(self._answer_member(exchange, member) for member in batch.members))
        given = [answer for answer in answers if answer]
        if not given:
            await send_body(exchange.send, 202, b"")
        else:
            await send_message(exchange.send, batch.accept, b"[" + b",".join(given) + b"]")

    async def _answer_member(self, exchange: Exchange, member: Route | HttpError) -> bytes | None:
        if isinstance(member, HttpError):
            return failure_message(member)
        if member.id is UNSET:
            self._take_notification(member, exchange.principal)
            return None
        if member.method == CALL_TOOL:
            return await self._tool_calls.answer_member(member, exchange.principal, exchange.headers)
        answer = self._answer_plainly(member, exchange.principal)
        return failure_message(answer) if isinstance(answer, HttpError) else answer

    def _take_notification(self, route: Route, principal: Principal) -> None:
        """Hear what a client tells; only a legacy cancellation has a consequence."""
        if route.method == "notifications/cancelled" and not route.is_modern:
            self._tool_calls.cancel(route, principal)

    async def _listen(self, exchange: Exchange, route: Route) -> None:
        wanted = route.params.get("notifications")
        caller = exchange.principal.key
        if not isinstance(wanted, dict) or route.id is UNSET:
            refusal = failure(route, INVALID_PARAMS, "params.notifications is an object.")
            await send_error(exchange.send, refusal)
        elif not self._subscriptions.has_room(caller):
            refusal = busy_error(route, Busy("No more streams can be opened now.", retry_after=30.0))
            await send_error(exchange.send, refusal)
        else:
            stream = ResponseStream(exchange.send, route.accept)
            await self._subscriptions.serve(
                route.id, wanted, caller, lambda: self._is_still_allowed(exchange), stream, exchange.receive
            )

    def _is_still_allowed(self, exchange: Exchange) -> bool:
        """Whether the token of an open stream still lets its caller in."""
        return isinstance(self._identify(exchange.token, exchange.address, exchange.client), Principal)

    async def _refuse_caller(self, exchange: Exchange, method: str, refusal: Refusal) -> None:
        """Say why the caller is not let in, in a form that clients show to their users."""
        self._refusals.note(exchange.address, refusal.reason)
        challenge = b'Bearer realm="headrace"' + (b', error="invalid_token"' if refusal.had_token else b"")
        request_id = None
        if method == "POST":
            with suppress(TimeoutError):
                async with asyncio.timeout(REFUSED_BODY_SECONDS):
                    body = await read_body(exchange.receive, MAX_REFUSED_BODY_BYTES)
                    request_id = find_id(body) if isinstance(body, bytes) else None
        error = RpcError(UNAUTHORIZED, refusal.reason)
        headers = ((b"www-authenticate", challenge),)
        await send_error(exchange.send, HttpError(status=401, error=error, id=request_id, headers=headers))
