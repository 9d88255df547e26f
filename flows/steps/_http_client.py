"""The HTTP client of a worker: one pool for all flows, in which every connect passes the network policy.

Names are resolved once and every answer is checked; then each socket is checked again for the very address that it
connects to.  Literal addresses never meet the resolver, so only the second check sees them.
"""

import asyncio
import io
import socket
from importlib.metadata import PackageNotFoundError, version

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Struct
from yarl import URL

from flows.network import check_address
from flows.sdk import NetworkPolicy, StepContext

CONNECTIONS = 1000
CONNECTIONS_PER_HOST = 100
KEEP_ALIVE_SECONDS = 15
RESOLVE_SECONDS = 10
RESOLVED_FOR_SECONDS = 10
LONGEST_SECONDS = 86400.0
LARGE_BODY_BYTES = 1024 * 1024  # from here on the body is sent in pieces

AddressInfo = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]]


class Request(Struct, frozen=True):
    """One request as it goes over the wire.  Timeouts are in seconds."""

    method: str
    url: URL
    headers: dict[str, str]
    body: bytes | None
    connect_timeout: float
    read_timeout: float


async def send(client: aiohttp.ClientSession, request: Request, seconds: float) -> aiohttp.ClientResponse:
    """Send the request; return when the head of the answer is there.  All of it may take so many seconds."""
    body = request.body
    return await client.request(
        request.method,
        request.url,
        headers=request.headers,
        data=io.BytesIO(body) if body is not None and len(body) > LARGE_BODY_BYTES else body,
        allow_redirects=False,
        timeout=aiohttp.ClientTimeout(
            total=min(seconds, LONGEST_SECONDS),
            sock_connect=request.connect_timeout,
            sock_read=request.read_timeout if request.read_timeout < seconds else None,
        ),
    )


async def client_of(context: StepContext, network: NetworkPolicy) -> aiohttp.ClientSession:
    """Return the pool of this worker for a policy; the first step opens it."""
    key = pool_key(network)
    client: aiohttp.ClientSession | None = context.resources.peek(key)
    if client is not None:
        return client

    async def open_for_policy() -> aiohttp.ClientSession:
        return open_client(network)

    return await context.resources.get(key, open_for_policy, close_client)


def pool_key(policy: NetworkPolicy) -> tuple[str, ...]:
    """Return the key of the pool: what one policy opened, another one must not use."""
    return _POOL_KEYS[policy.allow_loopback, policy.allow_private]


_POOL_KEYS = {
    (loopback, private): ("http", f"loopback={loopback}", f"private={private}")
    for loopback in (False, True)
    for private in (False, True)
}


def open_client(policy: NetworkPolicy, resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """Return a pool without cookies and without proxies from the environment."""
    connector = aiohttp.TCPConnector(
        limit=CONNECTIONS,
        limit_per_host=CONNECTIONS_PER_HOST,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        ttl_dns_cache=RESOLVED_FOR_SECONDS,
        resolver=_CheckedResolver(policy, resolver or aiohttp.ThreadedResolver()),
        socket_factory=_CheckedSockets(policy),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"Headrace/{_version()}"},
        trust_env=False,
        requote_redirect_url=False,
    )


async def close_client(client: aiohttp.ClientSession) -> None:
    await client.close()


class _CheckedResolver(AbstractResolver):
    """Refuses a name as soon as one of its addresses is refused, so that the outcome does not depend on order."""

    def __init__(self, policy: NetworkPolicy, resolver: AbstractResolver) -> None:
        self._policy = policy
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        async with asyncio.timeout(RESOLVE_SECONDS):
            answers = await self._resolver.resolve(host, port, family)
        self._check(answers)
        return answers

    def _check(self, answers: list[ResolveResult]) -> None:
        for answer in answers:
            check_address(answer["host"], self._policy)

    async def close(self) -> None:
        await self._resolver.close()


class _CheckedSockets:
    """Makes the sockets of the pool; the address in hand is the one that will be connected to."""

    def __init__(self, policy: NetworkPolicy) -> None:
        self._policy = policy

    def __call__(self, address: AddressInfo) -> socket.socket:
        family, kind, protocol, _, where = address
        check_address(str(where[0]), self._policy)
        return socket.socket(family, kind, protocol)


def _version() -> str:
    try:
        return version("headrace")
    except PackageNotFoundError:
        return "dev"
