"""Decide whether a flow may connect to an address.  Touches no I/O: the `http` step asks for every connect.

What is checked is the address that the socket connects to, never the name, so a name whose answer changes between a
check and the connect gains nothing.

Source: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), read in 2026.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal, TypeVar

from flows.errors import StepError
from flows.sdk import NetworkPolicy

Reach = Literal["public", "loopback", "private", "never"]
"""`never` stays refused whatever the settings say."""

SETTINGS: dict[Reach, str] = {
    "loopback": "HEADRACE_ALLOW_LOOPBACK",
    "private": "HEADRACE_ALLOW_PRIVATE_NETWORKS",
}


class AddressRefused(OSError):
    """The policy does not allow this address.  An OSError, because it is raised where sockets are made."""

    def __init__(self, address: str, reach: Reach, kind: str) -> None:
        super().__init__(f"{address} is {kind}")
        self.address = address
        self.reach = reach
        self.kind = kind

    def for_user(self, host: str, port: int) -> StepError:
        """Return the error that a user reads, about the host that the flow names."""
        literal = host.strip("[]") == self.address
        where = f"{host}:{port}" if literal else f"{host}:{port} ({self.address})"
        setting = SETTINGS.get(self.reach)
        if setting is None:
            fix = "No setting allows it. Use a public address."
        else:
            fix = f"Set {setting}=true on the server if flows may connect there."
        return StepError(f"{where} is {self.kind}; flows may not connect to it.", code="address_refused", fix=fix)


def check_address(address: str, policy: NetworkPolicy) -> None:
    """Return when the policy allows the address (text as a socket takes it).  Raises AddressRefused."""
    reach, kind = classify(address)
    if reach == "public":
        return
    if (reach == "loopback" and policy.allow_loopback) or (reach == "private" and policy.allow_private):
        return
    raise AddressRefused(address, reach, kind)


@lru_cache(maxsize=4096)
def classify(address: str) -> tuple[Reach, str]:
    """Return how far an address reaches, and what it is called in a sentence ("a private address")."""
    if not address.isascii() or "%" in address:
        return "never", "an address with a scope"
    try:
        parsed = ip_address(address)
    except ValueError:
        # Only canonical spellings get here from a resolver; `127.1` or `0x7f000001` are not.
        return "never", "not an address in its usual spelling"
    if isinstance(parsed, IPv4Address):
        return _classify_v4(parsed)
    return _classify_v6(parsed)


def _classify_v4(address: IPv4Address) -> tuple[Reach, str]:
    for network, reach, kind in _SPECIAL_V4:
        if address in network:
            return reach, kind
    return "public", "a public address"


def _classify_v6(address: IPv6Address) -> tuple[Reach, str]:
    """An address that carries an IPv4 address reaches as far as that one, if it may be used at all."""
    for network, reach, kind in _SPECIAL_V6:
        if address in network:
            return reach, kind
    carried = _carried_v4(address)
    for inner in carried:
        reach, kind = _classify_v4(inner)
        if reach != "public":
            return reach, f"{kind} ({inner} inside an IPv6 address)"
    if not carried and address not in _GLOBAL_UNICAST:
        return "never", "a reserved address"
    return "public", "a public address"


def _carried_v4(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that a gateway or the kernel would take out of this address."""
    bits = int(address)
    low = IPv4Address(bits & 0xFFFFFFFF)
    if any(address in network for network in _CARRY_IN_LOW_BITS):
        return (low,)
    if address in _SIX_TO_FOUR:
        return (IPv4Address(bits >> 80 & 0xFFFFFFFF),)
    if address in _TEREDO:
        return IPv4Address(bits >> 64 & 0xFFFFFFFF), IPv4Address(int(low) ^ 0xFFFFFFFF)
    if bits >> 32 & 0xFDFFFFFF == _ISATAP_MARK:
        return (low,)
    return ()


_GLOBAL_UNICAST = IPv6Network("2000::/3")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_ISATAP_MARK = 0x00005EFE  # RFC 5214, section 6.1; the bit masked out says "globally unique"
_CARRY_IN_LOW_BITS = (
    IPv6Network("::ffff:0:0/96"),  # IPv4-mapped: the kernel connects over IPv4
    IPv6Network("::ffff:0:0:0/96"),  # IPv4-translated, RFC 2765
    IPv6Network("64:ff9b::/96"),  # NAT64, RFC 6052
)

NetworkT = TypeVar("NetworkT")


def _networks(
    kind_of_network: Callable[[str], NetworkT], rows: Iterable[tuple[str, Reach, str]]
) -> tuple[tuple[NetworkT, Reach, str], ...]:
    return tuple((kind_of_network(network), reach, kind) for network, reach, kind in rows)


_METADATA = "the metadata service of a cloud"
_SPECIAL_V4 = _networks(
    IPv4Network,
    (
        ("169.254.169.254/32", "never", _METADATA),
        ("100.100.100.200/32", "never", _METADATA),  # Alibaba Cloud
        ("168.63.129.16/32", "never", _METADATA),  # Azure, inside public space
        ("0.0.0.0/8", "never", "an unspecified address"),
        ("127.0.0.0/8", "loopback", "a loopback address"),
        ("10.0.0.0/8", "private", "a private address"),
        ("172.16.0.0/12", "private", "a private address"),
        ("192.168.0.0/16", "private", "a private address"),
        ("100.64.0.0/10", "private", "a private address (carrier-grade NAT)"),
        ("198.18.0.0/15", "private", "a private address (benchmarking)"),
        ("169.254.0.0/16", "never", "a link-local address"),
        ("192.0.0.0/24", "never", "a reserved address"),
        ("192.0.2.0/24", "never", "an address for documentation"),
        ("198.51.100.0/24", "never", "an address for documentation"),
        ("203.0.113.0/24", "never", "an address for documentation"),
        ("192.88.99.0/24", "never", "a reserved address"),
        ("224.0.0.0/4", "never", "a multicast address"),
        ("240.0.0.0/4", "never", "a reserved address"),
    ),
)
_SPECIAL_V6 = _networks(
    IPv6Network,
    (
        ("fd00:ec2::254/128", "never", _METADATA),  # AWS
        ("fd20:ce::254/128", "never", _METADATA),  # Google Cloud
        ("::/128", "never", "an unspecified address"),
        ("::1/128", "loopback", "a loopback address"),
        ("::/96", "never", "a reserved address"),  # IPv4-compatible, deprecated by RFC 4291
        ("fc00::/7", "private", "a private address"),
        ("fe80::/10", "never", "a link-local address"),
        ("fec0::/10", "never", "a reserved address"),
        ("ff00::/8", "never", "a multicast address"),
        ("64:ff9b:1::/48", "never", "a reserved address"),
        ("100::/64", "never", "a reserved address"),
        ("2001:2::/48", "private", "a private address (benchmarking)"),
        ("2001:10::/28", "never", "a reserved address"),
        ("2001:20::/28", "never", "a reserved address"),
        ("2001:db8::/32", "never", "an address for documentation"),
        ("3fff::/20", "never", "an address for documentation"),
    ),
)
