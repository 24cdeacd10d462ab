"""PPP: frames, and the packets of its control protocols (RFC 1661 5, 6; RFC 1662 3).

LCP, IPCP, IPXCP, NBFCP and BCP share their packet format, so ``protocol`` is part of the packet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

#: Assigned numbers: RFC 1661 2, RFC 1332 2, RFC 1552 2, RFC 2097 2, RFC 2878 4.
PROTOCOL_IP = 0x0021
PROTOCOL_IPX = 0x002B
PROTOCOL_BRIDGED = 0x0031
PROTOCOL_NBF = 0x003F
PROTOCOL_IPCP = 0x8021
PROTOCOL_IPXCP = 0x802B
PROTOCOL_BCP = 0x8031
PROTOCOL_NBFCP = 0x803F
PROTOCOL_LCP = 0xC021
CONTROL_PROTOCOLS = {
    PROTOCOL_LCP: "LCP",
    PROTOCOL_IPCP: "IPCP",
    PROTOCOL_IPXCP: "IPXCP",
    PROTOCOL_BCP: "BCP",
    PROTOCOL_NBFCP: "NBFCP",
}


class PppCode(IntEnum):
    """RFC 1661 5; from 8 on only LCP has them."""

    CONFIGURE_REQUEST = 1
    CONFIGURE_ACK = 2
    CONFIGURE_NAK = 3
    CONFIGURE_REJECT = 4
    TERMINATE_REQUEST = 5
    TERMINATE_ACK = 6
    CODE_REJECT = 7
    PROTOCOL_REJECT = 8
    ECHO_REQUEST = 9
    ECHO_REPLY = 10
    DISCARD_REQUEST = 11


CONFIGURE_CODES = frozenset(
    {
        PppCode.CONFIGURE_REQUEST,
        PppCode.CONFIGURE_ACK,
        PppCode.CONFIGURE_NAK,
        PppCode.CONFIGURE_REJECT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PppFrame:
    """One frame without flags, transparency and FCS, as capture files hold it.

    ``address_control``: whether FF 03 stands in front (RFC 1662 3.1).  ``compressed``: the
    protocol number is in one octet (RFC 1661 6.5).
    """

    protocol: int
    payload: bytes
    address_control: bool = True
    compressed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureOption:
    """Type and data of one option; its meaning depends on the protocol."""

    kind: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """Request, Ack, Nak or Reject (RFC 1661 5.1 to 5.4)."""

    protocol: int
    code: PppCode
    identifier: int
    options: tuple[ConfigureOption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """All the others.  ``data``: behind the length; of an echo it begins with the magic number."""

    protocol: int
    code: PppCode
    identifier: int
    data: bytes = b""


ControlPacket = Configure | Control


def maximum_receive_unit(octets: int) -> ConfigureOption:
    """LCP option 1 (RFC 1661 6.1)."""
    return ConfigureOption(kind=1, data=octets.to_bytes(2, "big"))


def magic_number(number: int) -> ConfigureOption:
    """LCP option 5 (RFC 1661 6.4): two ends with the same one are a loop."""
    return ConfigureOption(kind=5, data=number.to_bytes(4, "big"))


def ip_address(address: bytes) -> ConfigureOption:
    """IPCP option 3 (RFC 1332 3.3)."""
    return ConfigureOption(kind=3, data=address)


def ipx_network(network: int) -> ConfigureOption:
    """IPXCP option 1 (RFC 1552 3.1)."""
    return ConfigureOption(kind=1, data=network.to_bytes(4, "big"))


def ipx_node(node: bytes) -> ConfigureOption:
    """IPXCP option 2 (RFC 1552 3.2)."""
    return ConfigureOption(kind=2, data=node)


def name_projection(names: tuple[tuple[bytes, int], ...]) -> ConfigureOption:
    """NBFCP option 1: names of 16 octets, each with its request (01 unique, 02 group) or, in
    the answer, its result; 14 at most (RFC 2097; facts/netbeui.md 4)."""
    return ConfigureOption(kind=1, data=b"".join(name + bytes((code,)) for name, code in names))


def multicast_filtering(*, period_s: int, priority: int) -> ConfigureOption:
    """NBFCP option 3: 0 to 60 s, FFFF for unknown (RFC 2097; facts/netbeui.md 4)."""
    return ConfigureOption(kind=3, data=period_s.to_bytes(2, "big") + bytes((priority,)))


def mac_address_required() -> ConfigureOption:
    """NBFCP option 4: frames carry 12 octets of addresses (RFC 2097; facts/netbeui.md 4)."""
    return ConfigureOption(kind=4, data=b"")


def mac_support(mac_type: int) -> ConfigureOption:
    """BCP option 3: a kind of LAN frame that is taken, one option for each (RFC 2878 5.3)."""
    return ConfigureOption(kind=3, data=bytes((mac_type,)))


def line_identification(*, segment: int, bridge: int) -> ConfigureOption:
    """BCP option 2, of a source-routing bridge: 12 bits and 4 bits (RFC 2878 5.2)."""
    return ConfigureOption(kind=2, data=(segment << 4 | bridge).to_bytes(2, "big"))
