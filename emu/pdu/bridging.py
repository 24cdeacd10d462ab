"""A LAN frame as a remote bridge sends it over PPP (RFC 1638 4.2, RFC 2878 4.2).

Only MAC type 1, IEEE 802.3 with canonical addresses; the LAN identification that RFC 1638 still
knew and RFC 2878 dropped is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

#: RFC 2878 4.2: IEEE 802.3/Ethernet with canonical addresses.
MAC_TYPE_8023 = 1

#: RFC 2878 4.1.1: flags, MAC type and the MAC header come on top of 1500 octets, so LCP must have
#: agreed on this MRU or more.
MRU_MIN_OCTETS = 2 + 14 + 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgedFrame:
    """``frame``: from the destination address on, without FCS.  ``fcs``: the LAN's, if carried.

    ``zero_filled``: the 802.3 padding was left out and is put back as zeros (tinygram
    compression).  ``pads``: octets behind everything, 15 at most, which mean nothing.
    """

    frame: bytes
    fcs: bytes | None = None
    zero_filled: bool = False
    pads: bytes = b""
