"""Sealing: what opens a value, what does not, and which keys are refused."""

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coordinator.vault.keys import KeyRing, SecretUnreadable, VaultKeyInvalid, key_id, new_key, parse_key, sealed_by

OLD, NEW = new_key(), new_key()


@given(value=st.binary(max_size=500), place=st.text(max_size=40))
def test_what_was_sealed_opens_at_its_place(value: bytes, place: str) -> None:
    ring = KeyRing([OLD])

    assert ring.open(place, ring.seal(place, value)) == value


def test_a_sealed_value_opens_nowhere_else() -> None:
    ring = KeyRing([OLD])
    sealed = ring.seal("connection/shop", b"open sesame")

    with pytest.raises(SecretUnreadable) as caught:
        ring.open("connection/evil", sealed)

    assert str(caught.value) == (
        "The secret of connection/evil was changed in the database, or belongs to another place. Enter it again."
    )


@given(position=st.integers(min_value=0, max_value=200), bit=st.integers(min_value=0, max_value=7))
def test_a_sealed_value_that_was_changed_does_not_open(position: int, bit: int) -> None:
    ring = KeyRing([OLD])
    sealed = ring.seal("place", b"open sesame").encode()
    changed = bytearray(sealed)
    changed[position % len(sealed)] ^= 1 << bit

    try:
        opened = ring.open("place", changed.decode("latin-1"))
    except SecretUnreadable:
        return
    assert opened == b"open sesame"  # the last character of base64 has bits that mean nothing


def test_the_first_key_seals_and_all_keys_open() -> None:
    before = KeyRing([OLD]).seal("place", b"open sesame")
    ring = KeyRing([NEW, OLD])

    assert sealed_by(ring.seal("place", b"x")) == key_id(NEW)
    assert ring.open("place", before) == b"open sesame"


def test_a_value_of_an_unknown_key_says_which_key_is_missing() -> None:
    sealed = KeyRing([OLD]).seal("place", b"open sesame")

    with pytest.raises(SecretUnreadable) as caught:
        KeyRing([NEW]).open("place", sealed)

    assert str(caught.value) == (
        f"The secret of place was encrypted with the key {key_id(OLD)}, which this server does not have. Bring the key "
        "back (HEADRACE_SECRET_KEY, or secret.key in the data directory), or enter the secret again."
    )


def test_no_key_is_shown_by_repr() -> None:
    assert repr(KeyRing([OLD])) == f"KeyRing(ids=('{key_id(OLD)}',))"


def test_a_key_is_read_in_both_kinds_of_base64() -> None:
    assert parse_key(b64encode(OLD).decode(), "X") == OLD
    assert parse_key(f" {urlsafe_b64encode(OLD).decode()}\n", "X") == OLD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "changeme",
        "not base64!",
        b64encode(bytes(range(16))).decode(),
        b64encode(bytes(range(33))).decode(),
        "ä" * 44,
    ],
)
def test_what_is_not_32_bytes_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(VaultKeyInvalid) as caught:
        parse_key(text, "HEADRACE_SECRET_KEY")

    assert caught.value.message == "HEADRACE_SECRET_KEY is not 32 bytes in base64."


@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        b"\xff" * 32,
        b"changeme" * 4,
        b"0123456789abcdef" * 2,
        b"correct horse battery staple 123",
        bytes(range(8)) * 4,
    ],
    ids=["zeros", "ones", "changeme", "digits", "a phrase", "a short cycle"],
)
def test_a_placeholder_is_refused(key: bytes) -> None:
    with pytest.raises(VaultKeyInvalid) as caught:
        parse_key(b64encode(key).decode(), "HEADRACE_SECRET_KEY")

    assert caught.value.message == "HEADRACE_SECRET_KEY is a placeholder or a phrase, which others can guess."
