"""What the `http` step connects to."""

import aiohttp
import pytest

from flows.sdk import NetworkPolicy
from flows.steps import _http_client as http_client
from tests.flows.steps.http.support import Answers, Run, Upstream, ask, failure, fixed, resolving


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:1/", "127.0.0.1:1 is a loopback address"),
        ("http://[::1]:1/", "[::1]:1 is a loopback address"),
        ("http://[::ffff:127.0.0.1]:1/", "[::ffff:127.0.0.1]:1 is a loopback address"),
        ("http://169.254.169.254/latest/", "169.254.169.254:80 is the metadata service"),
        ("http://0.0.0.0:1/", "0.0.0.0:1 is an unspecified address"),
        ("http://[::]:1/", "[::]:1 is an unspecified address"),
        ("https://192.168.0.1/", "192.168.0.1:443 is a private address"),
        ("http://[64:ff9b::7f00:1]/", "[64:ff9b::7f00:1]:80 is a loopback address"),
    ],
)
async def test_a_literal_address_is_refused_before_a_socket_is_made(url: str, kind: str) -> None:
    run = Run(NetworkPolicy())

    error = await failure(run, url)
    await run.resources.close()

    assert str(error).startswith(kind)
    assert error.code == "address_refused"
    assert not error.retryable


@pytest.mark.parametrize("name", ["0x7f.1", "0x7f000001", "0177.0.0.1", "127.1", "2130706433"])
async def test_an_odd_spelling_that_comes_as_far_as_the_client_is_refused(name: str) -> None:
    run = Run(NetworkPolicy())

    error = await failure(run, f"http://{name}:1/")
    await run.resources.close()

    assert error.code in {"address_refused", "bad_url"}
    assert not error.retryable


async def test_localhost_is_refused_by_what_it_resolves_to() -> None:
    run = Run(NetworkPolicy())

    error = await failure(run, "http://localhost:1/")
    await run.resources.close()

    assert error.code == "address_refused"
    assert "is a loopback address" in str(error)


async def test_a_name_is_refused_when_one_of_its_addresses_is(run: Run) -> None:
    await resolving(run, Answers(["127.0.0.1", "10.0.0.7"]))

    error = await failure(run, "http://mixed.example/")

    assert str(error) == (
        "mixed.example:80 (10.0.0.7) is a private address; flows may not connect to it. "
        "Set HEADRACE_ALLOW_PRIVATE_NETWORKS=true on the server if flows may connect there."
    )


async def test_a_name_whose_answer_flips_is_connected_to_the_address_that_was_checked(
    run: Run, upstream: Upstream
) -> None:
    names = Answers(["127.0.0.1"], ["169.254.169.254"])
    client = await resolving(run, names)
    url = f"http://rebind.example:{upstream.port}/"
    upstream.answer = fixed("{}", Connection="close")

    assert (await ask(run, url))["status"] == 200
    assert names.asked == 1, "resolved once: no second look-up between check and connect"

    assert isinstance(client.connector, aiohttp.TCPConnector)
    client.connector.clear_dns_cache()
    error = await failure(run, url)

    assert names.asked == 2
    assert str(error).startswith("rebind.example:")
    assert "(169.254.169.254) is the metadata service of a cloud" in str(error)
    assert len(upstream.seen) == 1


async def test_a_socket_is_refused_even_when_the_resolver_was_fooled(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    await resolving(run, Answers(["10.0.0.7"]))
    monkeypatch.setattr(http_client._CheckedResolver, "_check", lambda self, answers: None)

    error = await failure(run, "http://fooled.example/")

    assert error.code == "address_refused"


async def test_workers_with_another_policy_have_another_pool() -> None:
    policies = [
        NetworkPolicy(allow_loopback=loopback, allow_private=private)
        for loopback in (False, True)
        for private in (False, True)
    ]

    assert len({http_client.pool_key(policy) for policy in policies}) == 4
