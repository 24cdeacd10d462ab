"""What two routers ask of each other when a call's PPP opens: LCP, and the networks above it."""

from __future__ import annotations

from emu.machines.ppp import Negotiated
from emu.pdu.bridging import MRU_MIN_OCTETS
from emu.pdu.ppp import (
    PROTOCOL_IPCP,
    PROTOCOL_IPXCP,
    PROTOCOL_LCP,
    PROTOCOL_NBFCP,
    ip_address,
    ipx_network,
    ipx_node,
    mac_address_required,
    magic_number,
    maximum_receive_unit,
)

#: Options that are taken as they come: LCP's receive unit and magic number (RFC 1661 6), IPCP's
#: address (RFC 1332 3.3), IPXCP's network and node (RFC 1552 3.1, 3.2), NBFCP's peer
#: information, multicast filtering and MAC addresses (RFC 2097 5).
_LCP_KNOWS = frozenset({1, 5})
_IPCP_KNOWS = frozenset({3})
_IPXCP_KNOWS = frozenset({1, 2})
_NBFCP_KNOWS = frozenset({2, 3, 4})
#: No network number: the line is unnumbered (RFC 1552 3.1).
_UNNUMBERED = 0


def lcp(magic: int, *, bridging: bool = False) -> Negotiated:
    """``magic``: 32 bits, another one at each end.

    ``bridging``: whole Ethernet frames cross, so the receive unit must be larger than PPP's own
    1500 (RFC 2878 4.1.1).
    """
    unit = (maximum_receive_unit(MRU_MIN_OCTETS),) if bridging else ()
    wants = (*unit, magic_number(magic))
    return Negotiated(protocol=PROTOCOL_LCP, wants=wants, knows=_LCP_KNOWS)


def ipcp(address: bytes) -> Negotiated:
    """``address``: the router's on its LAN; the line has none of its own."""
    return Negotiated(protocol=PROTOCOL_IPCP, wants=(ip_address(address),), knows=_IPCP_KNOWS)


def ipxcp(node: bytes) -> Negotiated:
    """``node``: the router's on its LAN."""
    wants = (ipx_network(_UNNUMBERED), ipx_node(node))
    return Negotiated(protocol=PROTOCOL_IPXCP, wants=wants, knows=_IPXCP_KNOWS)


def nbfcp() -> Negotiated:
    """A bridge at both ends, so frames bring their MAC addresses (facts/netbeui.md 4)."""
    return Negotiated(
        protocol=PROTOCOL_NBFCP,
        wants=(mac_address_required(),),
        knows=_NBFCP_KNOWS,
    )
