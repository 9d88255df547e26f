"""Answer `/hooks/...`: requests of other servers that start flows.  A raw ASGI application.

path -> method -> token -> body -> signature -> rate -> the run is stored -> 202, or wait for its reply

A stranger learns which paths there are and nothing else.  The only way in is what the flow asks for: a signature, a
token, or nothing at all.  Tokens of Headrace mean nothing here.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import UNSET

from coordinator.access.presented import Scope, folded_headers
from coordinator.account.throttle import network_of
from coordinator.durable.hooks import PREFIX, Hook, HookTable, build_hooks
from coordinator.durable.queue import DurableRun
from coordinator.durable.requests import seen_args
from coordinator.durable.runner import DurableRunner
from coordinator.durable.signatures import NotGenuine, check_signature, check_token
from coordinator.logs import get_logger
from coordinator.mcp.exchange import read_body
from coordinator.mcp.stream import Receive, Send
from flows.connections import Connection, ConnectionSource
from flows.errors import Busy, InputRejected, StepError
from flows.plan import Plan
from flows.runs import Caller, RunResult

MAX_AT_ONCE: Final = 64
"""Requests whose bodies arrive at a time,"""
MAX_OF_ONE_ADDRESS: Final = 16
"""and of those from one address: who sends slowly, or never ends, keeps nobody else out."""
MAX_KEY_CHARACTERS: Final = 512
NOT_READY_SECONDS: Final = 60
QUIET_SECONDS: Final = 60.0
MAX_REMEMBERED: Final = 1000
RUN_HEADER: Final = b"headrace-run"

Header = tuple[bytes, bytes]

log = get_logger(__name__)


class Refused(Exception):
    """The request is answered with a problem."""

    def __init__(self, status: int, code: str, detail: str, *headers: Header) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.headers = headers


class Webhooks:
    """The webhooks that are served."""

    def __init__(
        self,
        runner: DurableRunner,
        connections: ConnectionSource,
        new_run_id: Callable[[float], str],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.table = HookTable()
        self._runner = runner
        self._connections = connections
        self._new_run_id = new_run_id
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        self._arriving: Counter[str] = Counter()
        self._refusals = Reports()

    @staticmethod
    def handles(path: str) -> bool:
        """Whether a path belongs to webhooks."""
        return path.startswith(f"{PREFIX}/")

    def publish(self, plans: Iterable[Plan]) -> None:
        """Serve the webhooks of these flows, and no others."""
        self.table = build_hooks(plans)
        names = {hook.plan.name for hook in self.table.hooks}
        self._buckets = {name: bucket for name, bucket in self._buckets.items() if name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            answer = await self._answer(scope, receive)
        except Refused as refused:
            answer = _problem(refused)
        except Exception:
            # Most likely the database is away.  Nothing was accepted, so the sender is asked to try again.
            log.exception("a request to a webhook could not be stored", path=scope["path"])
            answer = _problem(Refused(503, "not_ready", "The request could not be stored.", (b"retry-after", b"10")))
        if answer is not None:
            await _send(send, *answer)

    async def _answer(self, scope: Scope, receive: Receive) -> "Answer | None":
        hook = self._hook(scope["path"], scope["method"])
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in folded_headers(scope).items()}
        address = _address(scope)
        _refuse_other_pages(hook, headers)
        self._check_token(hook, address, headers)
        body = await self._body(hook, address, headers, receive)
        if body is None:
            return None
        self._check_signature(hook, address, headers, body)
        self._check_rate(hook)
        run = self._run(hook, scope, headers, body)
        try:
            if hook.config.reply == "result":
                return await self._result(hook, run)
            run_id, is_new = await self._runner.accept(run)
        except Busy as busy:
            retry_after = (b"retry-after", b"%d" % max(1, round(busy.retry_after)))
            raise Refused(503, busy.code, busy.message, retry_after) from busy
        except InputRejected as error:
            raise Refused(413, "too_large", error.message) from error
        return _accepted(run_id, is_new=is_new)

    # -- who asks --------------------------------------------------------------------------------------------------

    def _hook(self, path: str, method: str) -> Hook:
        methods = self.table.by_path.get(path)
        if methods is None:
            raise Refused(404, "not_found", "There is no webhook under this path.")
        hook = methods.get(method)
        if hook is None:
            allowed = (b"allow", ", ".join(sorted(methods)).encode())
            raise Refused(405, "method_not_allowed", "This webhook does not take that method.", allowed)
        return hook

    def _check_token(self, hook: Hook, address: str, headers: Mapping[str, str]) -> None:
        token = hook.config.token
        if token is not UNSET:
            self._hold(hook, address, token.connection, lambda connection: check_token(token, connection, headers))

    def _check_signature(self, hook: Hook, address: str, headers: Mapping[str, str], body: bytes) -> None:
        signature = hook.config.signature
        if signature is not UNSET:
            now = self._clock()
            self._hold(
                hook,
                address,
                signature.connection,
                lambda connection: check_signature(signature, connection, headers, body, now),
            )

    def _hold(self, hook: Hook, address: str, connection: str, check: Callable[[Connection], None]) -> None:
        """Hold the request to a secret; who is refused is not told why, the log is."""
        flow = hook.plan.name
        try:
            found = self._connections.get(hook.connection_name(connection))
            if found is None:
                raise StepError(f"There is no connection {hook.connection_name(connection)!r}.")
            check(found)
        except NotGenuine as reason:
            if self._refusals.is_news(address, self._clock()):
                log.warning("a request to a webhook was refused", flow=flow, path=hook.path, reason=str(reason))
            raise Refused(401, "unauthorized", "The request does not prove where it comes from.") from None
        except StepError as error:
            if self._refusals.is_news(address, self._clock()):
                log.warning("a webhook cannot check its requests", flow=flow, path=hook.path, reason=str(error))
            later = (b"retry-after", b"%d" % NOT_READY_SECONDS)
            raise Refused(503, "not_ready", "This webhook is not ready yet.", later) from None

    def _check_rate(self, hook: Hook) -> None:
        bucket = self._buckets.setdefault(hook.plan.name, Bucket(hook.config.rate, self._clock()))
        seconds = bucket.take(hook.config.rate, self._clock())
        if seconds > 0:
            later = (b"retry-after", b"%d" % max(1, round(seconds)))
            raise Refused(429, "busy", "More requests came than this webhook takes in a minute.", later)

    # -- what is sent ----------------------------------------------------------------------------------------------

    async def _body(self, hook: Hook, address: str, headers: Mapping[str, str], receive: Receive) -> bytes | None:
        """Read the body; None when the sender went away."""
        too_large = Refused(413, "too_large", f"The body may have {hook.config.max_body} bytes.")
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > hook.config.max_body:
            raise too_large
        network, arriving = network_of(address), self._arriving
        if arriving.total() >= MAX_AT_ONCE or arriving[network] >= MAX_OF_ONE_ADDRESS:
            later = (b"retry-after", b"1")
            raise Refused(503, "busy", "As many requests arrive as may. Try again in a moment.", later)
        arriving[network] += 1
        try:
            body = await read_body(receive, hook.config.max_body)
        finally:
            arriving[network] -= 1
            if not arriving[network]:
                del arriving[network]
        if body is None or isinstance(body, bytes):
            return body
        raise too_large if body.status == 413 else Refused(408, "too_slow", "The body did not arrive in time.")

    def _run(self, hook: Hook, scope: Scope, headers: Mapping[str, str], body: bytes) -> DurableRun:
        config, now = hook.config, self._clock()
        try:
            args = seen_args(scope["method"], headers, scope.get("query_string", b""), body, config.withheld)
        except InputRejected as error:
            raise Refused(400, "invalid_request", error.message) from error
        return DurableRun(
            id=self._new_run_id(now),
            flow=hook.plan.name,
            source="webhook",
            args=args,
            accepted=int(now * 1000),
            key=_key(config.idempotency_key, headers),
            caller=Caller(name="webhook", address=_address(scope), client=headers.get("user-agent", "")[:200]),
        )

    async def _result(self, hook: Hook, run: DurableRun) -> "Answer":
        """Wait for the run as long as the flow says; a run that takes longer goes on."""
        async with self._runner.watching(run.id) as result:
            run_id, is_new = await self._runner.accept(run)
            if is_new:
                with suppress(TimeoutError):
                    async with asyncio.timeout(hook.config.wait):
                        return _replied(run_id, await result)
        return _accepted(run_id, is_new=is_new)


class Reports:
    """Says what is worth a line of the log: one refusal of an address a minute, or strangers could fill the disk."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def is_news(self, address: str, now: float) -> bool:
        """Whether nothing was said of this address for a minute; then this is."""
        network = network_of(address)
        if now - self._said.get(network, -math.inf) < QUIET_SECONDS:
            return False
        if len(self._said) >= MAX_REMEMBERED:
            self._said = {known: said for known, said in self._said.items() if now - said < QUIET_SECONDS}
        if len(self._said) >= MAX_REMEMBERED:
            return False  # so many addresses within a minute have had their line
        self._said[network] = now
        return True


class Bucket:
    """Counts requests against a rate: it holds a minute's worth, and fills again evenly."""

    __slots__ = ("_left", "_seen")

    def __init__(self, rate: int, now: float) -> None:
        self._left = float(rate)
        self._seen = now

    def take(self, rate: int, now: float) -> float:
        """Take one; return 0, or how many seconds there is none."""
        self._left = min(float(rate), self._left + max(0.0, now - self._seen) * rate / 60)
        self._seen = now
        if self._left < 1:
            return (1 - self._left) * 60 / rate
        self._left -= 1
        return 0.0


def _refuse_other_pages(hook: Hook, headers: Mapping[str, str]) -> None:
    """Refuse what a page of another site made a browser send.  A GET has no Origin, so the guard does not see it."""
    if hook.config.is_open and headers.get("sec-fetch-site") == "cross-site":
        raise Refused(403, "origin_not_allowed", "Pages of other sites may not start this flow.")


def _address(scope: Scope) -> str:
    peer = scope.get("client")
    return peer[0] if peer else ""


# -- answers -------------------------------------------------------------------------------------------------------

Answer = tuple[int, bytes, bytes, tuple[Header, ...]]
"""Status, type of the content, content, further headers."""

JSON, TEXT, PROBLEM = b"application/json", b"text/plain; charset=utf-8", b"application/problem+json"


def _accepted(run_id: str, *, is_new: bool) -> Answer:
    body = msgspec.json.encode({"run": run_id, "status": "accepted" if is_new else "duplicate"})
    return 202 if is_new else 200, JSON, body, ((RUN_HEADER, run_id.encode()),)


def _replied(run_id: str, result: RunResult) -> Answer:
    """Answer with what the flow replied.  Why it failed is not for strangers: the history has it."""
    header = ((RUN_HEADER, run_id.encode()),)
    reply = result.reply
    if reply is None or reply.is_error:
        return _problem(Refused(500, "run_failed", f"The run {run_id} failed.", *header))
    if isinstance(reply.value, str):
        return 200, TEXT, reply.value.encode(), header
    value: Any = reply.content if reply.value is UNSET else reply.value
    return 200, JSON, msgspec.json.encode(None if value is UNSET else value), header


def _problem(refused: Refused) -> Answer:
    title = refused.code.replace("_", " ").capitalize()
    body = {"code": refused.code, "title": title, "status": refused.status, "detail": str(refused)}
    return refused.status, PROBLEM, msgspec.json.encode(body), refused.headers


async def _send(send: Send, status: int, content_type: bytes, body: bytes, headers: tuple[Header, ...]) -> None:
    fixed = ((b"content-type", content_type), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store"))
    try:
        await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
        await send({"type": "http.response.body", "body": body})
    except OSError:  # the sender has gone
        return


def _key(names: Iterable[str], headers: Mapping[str, str]) -> str:
    """Return what names the delivery, "" for nothing."""
    for name in names:
        if value := headers.get(name.lower(), ""):
            if len(value) > MAX_KEY_CHARACTERS:
                raise Refused(400, "invalid_request", f"{name} has more than {MAX_KEY_CHARACTERS} characters.")
            return f"{name.lower()} {value}"
    return ""
