"""Which addresses a flow may connect to."""

import pytest

from flows.network import AddressRefused, check_address, classify
from flows.sdk import NetworkPolicy

CLOSED = NetworkPolicy()
OPEN = NetworkPolicy(allow_loopback=True, allow_private=True)

LOOPBACK = [
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.255",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:808:808::80ff:fffe",  # Teredo: the client's 127.0.0.1, inverted
    "2001:0:7f00:1::f7f7:f7f7",  # Teredo: the server's 127.0.0.1
    "2607:f8b0::5efe:127.0.0.1",  # ISATAP
    "2607:f8b0::200:5efe:127.0.0.1",
]
PRIVATE = [
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "198.18.0.1",
    "fc00::1",
    "fd12:3456:789a::1",
    "2001:2::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:c0a8:101::1",
]
NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "fd00:ec2::254",
    "fd20:ce::254",
    "0.0.0.0",
    "0.1.2.3",
    "::",
    "::127.0.0.1",
    "::8.8.8.8",
    "::2",
    "192.0.0.192",
    "192.0.2.1",
    "198.51.100.7",
    "203.0.113.9",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%1",
    "fec0::1",
    "ff02::1",
    "64:ff9b:1::1",
    "100::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::1",
    "2607:f8b0::5efe:169.254.169.254",
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "192.167.255.255",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450:4001:800::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
NOT_USUAL = [
    "",
    "localhost",
    "2130706433",
    "127.1",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "127.0.0.1 ",
    "127.0.0.1\n",
    "127.0.0.1.",
    "[::1]",
    "１２７.0.0.1",  # noqa: RUF001  full-width digits are the case
    "127.0.0.1%0",
]


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_needs_the_loopback_setting_in_every_disguise(address: str) -> None:
    assert classify(address)[0] == "loopback"
    with pytest.raises(AddressRefused):
        check_address(address, NetworkPolicy(allow_private=True))
    check_address(address, NetworkPolicy(allow_loopback=True))


@pytest.mark.parametrize("address", PRIVATE)
def test_private_networks_need_the_private_setting_in_every_disguise(address: str) -> None:
    assert classify(address)[0] == "private"
    with pytest.raises(AddressRefused):
        check_address(address, NetworkPolicy(allow_loopback=True))
    check_address(address, NetworkPolicy(allow_private=True))


@pytest.mark.parametrize("address", NEVER)
def test_no_setting_opens_what_is_never_a_service_of_ours(address: str) -> None:
    assert classify(address)[0] == "never"
    with pytest.raises(AddressRefused):
        check_address(address, OPEN)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    check_address(address, CLOSED)


@pytest.mark.parametrize("address", NOT_USUAL)
def test_what_is_not_an_address_in_its_usual_spelling_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        check_address(address, OPEN)


@pytest.mark.parametrize(
    ("address", "host", "message"),
    [
        (
            "127.0.0.1",
            "127.0.0.1",
            "127.0.0.1:80 is a loopback address; flows may not connect to it. "
            "Set HEADRACE_ALLOW_LOOPBACK=true on the server if flows may connect there.",
        ),
        (
            "::1",
            "[::1]",
            "[::1]:80 is a loopback address; flows may not connect to it. "
            "Set HEADRACE_ALLOW_LOOPBACK=true on the server if flows may connect there.",
        ),
        (
            "10.1.2.3",
            "db.internal",
            "db.internal:80 (10.1.2.3) is a private address; flows may not connect to it. "
            "Set HEADRACE_ALLOW_PRIVATE_NETWORKS=true on the server if flows may connect there.",
        ),
        (
            "169.254.169.254",
            "metadata.example",
            "metadata.example:80 (169.254.169.254) is the metadata service of a cloud; "
            "flows may not connect to it. No setting allows it. Use a public address.",
        ),
        (
            "64:ff9b::7f00:1",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::7f00:1]:80 is a loopback address (127.0.0.1 inside an IPv6 address); "
            "flows may not connect to it. "
            "Set HEADRACE_ALLOW_LOOPBACK=true on the server if flows may connect there.",
        ),
    ],
)
def test_a_refusal_says_what_where_and_which_setting_allows_it(address: str, host: str, message: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        check_address(address, CLOSED)

    error = refused.value.for_user(host, 80)

    assert str(error) == message
    assert error.code == "address_refused"
    assert not error.retryable
