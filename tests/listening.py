"""A web application of the test, on a loopback port of its own.

async with listening(application) as url:
    httpx.get(f"{url}/things")
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


@asynccontextmanager
async def listening(application: web.Application, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Serve it; yield the URL, without a slash at the end."""
    runner, url = await listen(application, tls)
    try:
        yield url
    finally:
        await runner.cleanup()


async def listen(application: web.Application, tls: ssl.SSLContext | None = None) -> tuple[web.AppRunner, str]:
    """Serve it until the runner is told to clean up; return the URL too."""
    runner = web.AppRunner(application, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    return runner, f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
