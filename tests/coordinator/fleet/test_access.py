"""Who is let in to a NATS, and what a client takes for one: credentials files and certificates, on real servers."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.bus.access import NatsAccess
from flows.bus.client import NatsUnavailable, connected
from tests.coordinator.fleet.identities import FileAuthority, NatsKey, Operator
from tests.nats import NatsProcess, nats_process

SOON = 15.0


@pytest.fixture
def operator() -> Operator:
    return Operator()


@pytest.fixture
def with_operator(tmp_path: Path, operator: Operator) -> Iterator[NatsProcess]:
    file = tmp_path / "operator.conf"
    file.write_text(operator.configuration)
    with nats_process(tmp_path / "store", "-c", str(file), user="") as server:
        yield server


async def test_who_brings_a_credentials_file_is_let_in(
    tmp_path: Path, operator: Operator, with_operator: NatsProcess
) -> None:
    file = operator.credentials(tmp_path / "headrace.creds")

    async with connected(NatsAccess(url=with_operator.access.url, credentials=str(file)), "test", tries=1) as client:
        await client.jetstream().add_stream(name="runs", subjects=["runs.>"])
        acknowledged = await client.jetstream().publish("runs.one", b"water")

    assert acknowledged.seq == 1


async def test_a_credentials_file_of_another_operator_is_refused(tmp_path: Path, with_operator: NatsProcess) -> None:
    file = Operator().credentials(tmp_path / "headrace.creds")

    with pytest.raises(NatsUnavailable, match=r"does not let us in: .*Authorization"):
        async with connected(NatsAccess(url=with_operator.access.url, credentials=str(file)), "test"):
            pass


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("", "it has no NATS USER JWT"),
        (NatsKey("user").seed, "it has no NATS USER JWT"),
        ("-----BEGIN NATS USER JWT-----\neyJ0\n------END NATS USER JWT------\n", "it has no USER NKEY SEED"),
        (NatsKey("account").seed, "its USER NKEY SEED is not whole, or not that of a user"),
        (NatsKey("user").seed[:-4] + "AAAA", "its USER NKEY SEED is not whole, or not that of a user"),
        ("SU1", "its USER NKEY SEED is not whole, or not that of a user"),
    ],
    ids=["missing", "empty", "a seed alone", "a JWT alone", "seed of an account", "mistyped seed", "short seed"],
)
async def test_a_file_that_is_no_credentials_file_is_named_at_once(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "headrace.creds"
    if text is not None:
        is_seed = said.startswith("its")
        file.write_text(_both_parts(text) if is_seed else text)

    with pytest.raises(NatsUnavailable) as caught:
        async with connected(NatsAccess(url="nats://127.0.0.1:1", credentials=str(file)), "test"):
            pass

    assert str(file) in str(caught.value)
    assert said in str(caught.value)
    assert "nats_" in caught.value.fix


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ca": "missing.pem"}, "No such file or directory: '{folder}/missing.pem'"),
        ({"ca": "words.txt"}, "{folder}/words.txt (nats_ca) holds no certificate in PEM"),
        ({"cert": "authority.pem"}, "{folder}/authority.pem (nats_cert): no certificate in PEM with its key"),
        (
            {"cert": "one.pem", "key": "two.pem"},
            "{folder}/one.pem (nats_cert) and {folder}/two.pem (nats_key): no certificate in PEM with its key",
        ),
        ({"key": "one.pem"}, "{folder}/one.pem (nats_key) is a key, and nats_cert does not say for which certificate"),
        ({"cert": "locked.pem"}, "the key for NATS is encrypted, and there is no setting for its password"),
    ],
    ids=["no file", "no authority", "no key", "key of another", "key alone", "encrypted key"],
)
async def test_files_of_certificates_that_cannot_be_used_are_named_at_once(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    authority = FileAuthority(tmp_path)
    for name in ("one", "two"):
        authority.vouch(name, "127.0.0.1")
    authority.vouch("locked", "127.0.0.1", password=b"secret")
    (tmp_path / "words.txt").write_text("not a certificate")
    paths = {name: str(tmp_path / file) for name, file in settings.items()}

    with pytest.raises(NatsUnavailable) as caught:
        async with connected(NatsAccess(url="tls://127.0.0.1:1", **paths), "test"):
            pass

    assert said.format(folder=tmp_path) in str(caught.value)
    assert "nats_" in caught.value.fix


WRONG_AUTHORITY = ("is not believed: unable to get local issuer certificate.", "HEADRACE_NATS_CA")
WRONG_NAME = ("is not believed: IP address mismatch", "HEADRACE_NATS_URL")
NO_CERTIFICATE = ("does not let us in: it asks for a certificate, and there is none to show.", "HEADRACE_NATS_CERT")
ALIEN_CERTIFICATE = ("does not let us in: [SSL: TLSV1_ALERT_UNKNOWN_CA]", "HEADRACE_NATS_CERT")


@pytest.mark.parametrize(
    ("host", "authority", "certificate", "expected"),
    [
        ("127.0.0.1", "other", "client", WRONG_AUTHORITY),
        ("127.0.0.1", "", "client", WRONG_AUTHORITY),
        ("nats.example.com", "authority", "client", WRONG_NAME),
        ("127.0.0.1", "authority", "", NO_CERTIFICATE),
        ("127.0.0.1", "authority", "alien", ALIEN_CERTIFICATE),
    ],
    ids=["another authority", "no authority", "another name", "no certificate", "certificate of a stranger"],
)
async def test_who_is_not_trusted_is_not_waited_for(
    tmp_path: Path, host: str, authority: str, certificate: str, expected: tuple[str, str]
) -> None:
    ours, other = FileAuthority(tmp_path), FileAuthority(tmp_path, "other")
    server, _, _ = ours.vouch("server", host), ours.vouch("client", "mill"), other.vouch("alien", "mill")
    file = tmp_path / "nats.conf"
    file.write_text(f'tls {{cert_file: "{server}", key_file: "{server}", ca_file: "{ours.file}", verify: true}}\n')
    named = {"ca": authority, "cert": certificate}
    paths = {name: str(tmp_path / f"{value}.pem") for name, value in named.items() if value}

    with nats_process(tmp_path / "store", "-c", str(file)) as running:
        access = NatsAccess(url=running.access.url, user="tester", password="secret", **paths)
        with pytest.raises(NatsUnavailable) as caught:
            async with asyncio.timeout(SOON), connected(access, "test"):
                pass

    said, fix = expected
    assert running.access.places[0] in str(caught.value)
    assert said in str(caught.value)
    assert fix in caught.value.fix


@pytest.mark.parametrize("scheme", ["tls", "nats"], ids=["by its URL", "by its authority"])
async def test_nothing_is_said_in_the_open_to_a_server_that_was_to_encrypt(tmp_path: Path, scheme: str) -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id": "x", "version": "2.15.0", "max_payload": 1048576, "auth_required": true}\r\n')
        heard.extend(await reader.read())
        writer.close()

    ca = "" if scheme == "tls" else str(FileAuthority(tmp_path).file)
    async with await asyncio.start_server(listen, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        access = NatsAccess(url=f"{scheme}://127.0.0.1:{port}", user="tester", password="canary123", ca=ca)
        with pytest.raises(NatsUnavailable, match="is to be reached over TLS") as caught:
            async with asyncio.timeout(SOON), connected(access, "test"):
                pass

    assert heard == b""
    assert "HEADRACE_NATS_CA" in caught.value.fix


def _both_parts(seed: str) -> str:
    jwt = "-----BEGIN NATS USER JWT-----\neyJ0\n------END NATS USER JWT------\n"
    return f"{jwt}-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
