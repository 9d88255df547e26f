"""How much of an answer the `http` step takes in."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest
from aiohttp import web

from tests.bounded import bounded
from tests.flows.steps.http.support import PATIENCE_SECONDS, Answer, Run, Upstream, ask, failure, fixed


def chunks_of(head: bytes, piece: bytes, count: int, tail: bytes, encoding: str) -> tuple[Answer, asyncio.Event]:
    """Return an answer that streams, and an event that is set when the other side hangs up before the end."""
    hung_up = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain", "Content-Encoding": encoding})
        try:
            await response.prepare(request)
            await response.write(head)
            for _ in range(count):
                await response.write(piece)
            await response.write(tail)
        except (ConnectionError, asyncio.CancelledError):
            hung_up.set()
            raise
        return response

    return answer, hung_up


def bomb(encoding: str, megabytes: int) -> tuple[Answer, asyncio.Event]:
    """Return an answer of so many MB of zeros.  A full flush makes blocks that can be repeated."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = compressor.compress(bytes(1024 * 1024)) + compressor.flush(zlib.Z_FULL_FLUSH)
    head = {"gzip": gzip.compress(b"")[:10], "deflate": b"\x78\x9c"}[encoding]
    return chunks_of(head, piece, megabytes, b"\x03\x00" + bytes(8), encoding)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_bomb_is_stopped_while_it_is_read(run: Run, upstream: Upstream, encoding: str) -> None:
    upstream.answer, _ = bomb(encoding, 1024)

    tracemalloc.start()
    try:
        error = await failure(run, f"{upstream.url}/big")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert str(error) == (
        f"The answer to GET 127.0.0.1:{upstream.port}/big is larger than 5,242,880 bytes. "
        "Ask for less, or raise `max_bytes`."
    )
    assert error.code == "response_too_large"
    assert peak < 12 * 1024 * 1024


async def test_a_bomb_in_an_error_body_is_stopped_too(run: Run, upstream: Upstream) -> None:
    upstream.answer, _ = bomb("gzip", 1024)

    tracemalloc.start()
    try:
        error = await failure(run, f"{upstream.url}/big", ok=204)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert str(error) == f"GET 127.0.0.1:{upstream.port}/big answered 200 OK. If that is fine, add 200 to `ok`."
    assert peak < 12 * 1024 * 1024


async def test_an_endless_body_is_hung_up_on(run: Run, upstream: Upstream) -> None:
    upstream.answer, hung_up = chunks_of(b"", bytes(64 * 1024), 100_000, b"", "identity")

    error = await failure(run, upstream.url + "/", max_bytes=1000)

    assert error.code == "response_too_large"
    await asyncio.wait_for(hung_up.wait(), PATIENCE_SECONDS)


@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
async def test_max_bytes_counts_the_decompressed_body(run: Run, upstream: Upstream, size: int, fits: bool) -> None:
    body = gzip.compress(bytes(size))
    upstream.answer = fixed(body, content_type="text/plain", Content_Encoding="gzip")

    if fits:
        assert (await ask(run, upstream.url + "/", max_bytes=1000))["body"] == "\x00" * size
    else:
        assert (await failure(run, upstream.url + "/", max_bytes=1000)).code == "response_too_large"


async def test_a_length_beyond_the_limit_is_refused_before_reading(run: Run, upstream: Upstream) -> None:
    entered = asyncio.Event()

    async def announce(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "999999999"})
        await response.prepare(request)
        entered.set()
        await asyncio.Event().wait()
        return response

    upstream.answer = announce

    assert (await failure(run, upstream.url + "/")).code == "response_too_large"
    assert entered.is_set()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
async def test_a_compression_that_cannot_be_read_is_an_error(run: Run, upstream: Upstream, encoding: str) -> None:
    upstream.answer = fixed(b"not compressed", content_type="text/plain", Content_Encoding=encoding)

    error = await failure(run, upstream.url + "/")

    assert str(error) == (
        f"The answer to GET 127.0.0.1:{upstream.port}/ is compressed in a way that cannot be read. "
        "Set the header `Accept-Encoding: identity`."
    )
    assert error.code == "bad_response"


async def test_an_encoding_that_takes_long_to_read_is_not_used(run: Run, upstream: Upstream) -> None:
    upstream.answer = fixed(b"a-" + b"9a" * 500_000, content_type="text/plain; charset=punycode")

    with bounded():  # Python's own reading of it would take minutes
        answer = await ask(run, upstream.url)

    assert answer["body"].startswith("a-9a")
