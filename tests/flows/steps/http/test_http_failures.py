"""What the `http` step says when there is no answer."""

import asyncio
import datetime
import socket
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from yarl import URL

from flows.errors import ConnectionLost, RunTimeout
from flows.steps import _http_client as http_client
from flows.steps import _http_errors as http_errors
from tests.flows.steps.http.support import (
    PATIENCE_SECONDS,
    Answer,
    Answers,
    Run,
    Upstream,
    ask,
    failure,
    resolving,
    upstream_server,
)


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return a server's side of TLS with a certificate that was made just now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def closed_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


async def hang(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("never")


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang_up_in_the_middle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b"half")
    assert request.transport is not None
    request.transport.abort()
    return response


async def test_a_port_where_nobody_listens(run: Run) -> None:
    port = closed_port()

    error = await failure(run, f"http://127.0.0.1:{port}/")

    assert isinstance(error, ConnectionLost)
    assert error.retryable
    assert str(error) == (f"Cannot connect to 127.0.0.1:{port}: Connection refused. Check that it is up, and the port.")


@pytest.mark.parametrize(("number", "retryable"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True)])
async def test_a_name_that_does_not_resolve(run: Run, number: int, retryable: bool) -> None:
    class NoAnswer(Answers):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise socket.gaierror(number, "no answer")

    await resolving(run, NoAnswer())

    error = await failure(run, "https://nowhere.example/x")

    assert isinstance(error, ConnectionLost)
    assert error.retryable is retryable
    assert str(error) == "The name of nowhere.example:443 cannot be resolved. Check the host in `url`."


@pytest.mark.parametrize("answer", [hang_up, hang_up_in_the_middle])
async def test_a_connection_that_ends_before_the_answer(run: Run, upstream: Upstream, answer: Answer) -> None:
    upstream.answer = answer

    error = await failure(run, f"{upstream.url}/x")

    assert isinstance(error, ConnectionLost)
    assert error.retryable
    host = f"127.0.0.1:{upstream.port}"
    assert str(error) == f"{host} closed the connection before it had answered GET {host}/x. Try again."


@pytest.mark.parametrize(
    ("config", "retryable"),
    [
        ({"json": 1}, False),
        ({"method": "PATCH", "json": 1}, False),
        ({"method": "PUT", "json": 1}, True),
        ({"method": "DELETE"}, True),
        ({"json": 1, "headers": {"idempotency-key": "k"}}, True),
    ],
)
@pytest.mark.parametrize("answer", [hang_up, hang])
async def test_what_may_have_been_done_is_only_retryable_when_doing_it_twice_is_harmless(
    run: Run, upstream: Upstream, answer: Answer, config: dict[str, Any], retryable: bool
) -> None:
    upstream.answer = answer

    error = await failure(run, f"{upstream.url}/x", **config, read_timeout=0.1)

    assert error.retryable is retryable
    assert ("whether it was carried out is not known" in str(error)) is not retryable


async def test_a_certificate_that_nobody_vouches_for(run: Run, tmp_path: Path) -> None:
    async with upstream_server(tls=self_signed(tmp_path)) as server:
        error = await failure(run, f"{server.url}/x")

    assert error.code == "tls_failed"
    assert not error.retryable
    assert str(error).startswith(f"No secure connection to 127.0.0.1:{server.port}: self")
    assert str(error).endswith("Check scheme and port in `url`, and the certificate of the host.")
    assert server.seen == []


async def test_https_where_http_is_spoken(run: Run, upstream: Upstream) -> None:
    error = await failure(run, f"https://127.0.0.1:{upstream.port}/x")

    assert error.code == "tls_failed"
    assert str(error).startswith(f"No secure connection to 127.0.0.1:{upstream.port}: ")


async def test_an_answer_that_is_not_http(run: Run) -> None:
    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    error = await failure(run, f"http://127.0.0.1:{port}/")
    server.close()
    await server.wait_closed()

    assert error.code == "bad_response"
    assert str(error) == f"The answer to GET 127.0.0.1:{port}/ is not HTTP. Check host and port in `url`."


async def test_a_server_that_stays_silent(run: Run, upstream: Upstream) -> None:
    upstream.answer = hang

    error = await failure(run, f"{upstream.url}/slow", read_timeout=0.05)

    assert isinstance(error, RunTimeout)
    assert error.retryable
    assert str(error) == (
        f"GET 127.0.0.1:{upstream.port}/slow sent nothing for 0.05 s. Try again, or raise `read_timeout`."
    )


async def test_a_server_that_takes_longer_than_the_step_may(run: Run, upstream: Upstream) -> None:
    upstream.answer = hang
    run.remaining = 0.05

    error = await failure(run, f"{upstream.url}/slow")

    assert isinstance(error, RunTimeout)
    assert str(error) == (
        f"GET 127.0.0.1:{upstream.port}/slow did not answer in the time that the step has. "
        "Try again, or raise `timeout`."
    )


async def test_nothing_is_sent_when_the_time_is_over(run: Run, upstream: Upstream) -> None:
    run.remaining = 0.0

    error = await failure(run, f"{upstream.url}/late")

    assert isinstance(error, RunTimeout)
    assert str(error) == f"No time was left to send GET 127.0.0.1:{upstream.port}/late. Raise `timeout`."
    assert upstream.seen == []


def test_a_host_that_accepts_no_connection_is_a_timeout_that_names_it() -> None:
    request = http_client.Request("GET", URL("https://api.example.com/x"), {}, None, 2.5, 60)

    error = http_errors.failed(aiohttp.ConnectionTimeoutError(), request)

    assert isinstance(error, RunTimeout)
    assert error.retryable
    assert str(error) == (
        "api.example.com:443 did not accept a connection within 2.5 s. "
        "Check that the host is up, or raise `connect_timeout`."
    )


@pytest.mark.parametrize("beginning", [b"", b"half"], ids=["before the answer", "while the body comes"])
async def test_cancelling_the_step_closes_its_connection(run: Run, upstream: Upstream, beginning: bytes) -> None:
    entered, left = asyncio.Event(), asyncio.Event()

    async def watched(request: web.Request) -> web.StreamResponse:
        if beginning:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(beginning)
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()
        raise AssertionError("never")

    upstream.answer = watched
    step = asyncio.create_task(ask(run, upstream.url + "/"))
    await asyncio.wait_for(entered.wait(), PATIENCE_SECONDS)

    step.cancel()

    with pytest.raises(asyncio.CancelledError):
        await step
    await asyncio.wait_for(left.wait(), PATIENCE_SECONDS)
