"""A frame on an Ethernet segment, in the framings that carried IP and IPX.

Source: IEEE 802.3 and 802.2; the four IPX framings of facts/ipx.md 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

BROADCAST = b"\xff" * 6

#: Smallest frame without FCS; shorter ones are padded (IEEE 802.3, 4.2.3.3).
FRAME_MIN_OCTETS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class EthernetII:
    """DIX framing.  ``ethertype``: 0x0600..0xFFFF."""

    ethertype: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw8023:
    """Novell's "raw" 802.3: IPX directly behind the length; FFFF is the only mark."""

    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Llc:
    """802.3 with an 802.2 header.

    ``control``: 1 octet (U frames) or 2 octets (I and S frames), as on the wire.
    """

    dsap: int
    ssap: int
    control: bytes
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snap:
    """802.3 with 802.2 AA/AA/03 and a SNAP header.  ``oui``: 3 octets."""

    oui: bytes
    protocol: int
    length: int | None = None


Framing = EthernetII | Raw8023 | Llc | Snap


@dataclass(frozen=True, slots=True, kw_only=True)
class EthernetFrame:
    """One frame without FCS.

    ``body`` is what the framing's length counts (all of it for Ethernet II); ``trailer`` is
    the padding or trailer behind it.  A ``length`` of None in the framing is filled in when
    the frame is encoded; a decoded frame keeps what it carried.
    """

    destination: bytes
    source: bytes
    framing: Framing
    body: bytes
    trailer: bytes = b""


@lru_cache(maxsize=256)
def without_length(framing: Framing) -> Framing:
    """The framing without the length of the frame it was read from, fit for another one.

    Remembered: a router asks it for every frame, and frames have few lengths.
    """
    if isinstance(framing, EthernetII) or framing.length is None:
        return framing
    return replace(framing, length=None)
