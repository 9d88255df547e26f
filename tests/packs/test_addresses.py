"""Addresses with places for what an account has of its own: no value leads a request to somebody else."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from packs.addresses import address_problem, fill_address, placeholders

ADDRESSES = (
    "https://{a}.example.com",
    "https://{a}.example.com:8443/admin/api/2025-10",
    "https://api.example.com/{a}/v{b}",
    "https://{a}.eu.example.com/x/{b}.json",
    "https://us-{a}.example.com/{b}/",
)
ODD = ("..", ".", "a/b", "a?b", "a#b", "@evil.example", "evil.example/", "evil.example:1", "%2e%2e", "a\\b", "a\nb", "")


@given(
    st.sampled_from(ADDRESSES),
    st.text(max_size=30) | st.sampled_from(ODD),
    st.text(max_size=30) | st.sampled_from(ODD),
)
@example(ADDRESSES[0], "evil.example/", "x")
@example(ADDRESSES[2], "..", "..")
def test_no_value_changes_the_scheme_the_fixed_host_or_the_number_of_segments(address: str, a: str, b: str) -> None:
    try:
        filled = fill_address(address, {"a": a, "b": b})
    except ValueError:
        return

    expected, found = urlsplit(address.rstrip("/")), urlsplit(filled)
    before, _, after = expected.netloc.rpartition("{a}")
    assert found.scheme == "https"
    assert found.netloc.startswith(before)
    assert found.netloc.endswith(after)
    assert found.netloc.count(".") == expected.netloc.count(".")
    assert found.path.count("/") == expected.path.count("/")
    assert not {".", ".."} & set(found.path.split("/"))
    assert (found.query, found.fragment, found.username) == ("", "", None)


@given(st.text(max_size=30) | st.sampled_from(ODD))
@example("git.example.org:8443")
def test_a_whole_host_that_is_asked_for_is_a_host_and_nothing_else(value: str) -> None:
    try:
        filled = fill_address("https://{host}/api", {"host": value})
    except ValueError:
        return

    assert urlsplit(filled).netloc == value.lower()
    assert (urlsplit(filled).scheme, urlsplit(filled).path) == ("https", "/api")


@pytest.mark.parametrize("address", [*ADDRESSES, "https://{host}", "http://{host}/api", "https://example.com"])
def test_an_address_has_its_places_in_the_host_or_the_path(address: str) -> None:
    assert address_problem(address) == ""


@pytest.mark.parametrize(
    "address",
    [
        "{scheme}://example.com",
        "https://{a}{b}.example.com",
        "https://api.{a}",
        "https://{a}.example.com@{b}/",
        "https://example.com:{port}",
        "https://example.com/?key={a}",
        "ftp://{a}.example.com",
    ],
)
def test_a_place_that_could_lead_elsewhere_is_refused(address: str) -> None:
    assert address_problem(address)


def test_placeholders_are_named_once() -> None:
    assert placeholders("https://{a}.example.com/{b}/{a}") == ["a", "b"]
