"""The numbers of PPP, and what one control protocol negotiates.

Read: RFC 1661 4.6.
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.pdu.bridging import MAC_TYPE_8023
from emu.pdu.ppp import PROTOCOL_BCP, ConfigureOption, mac_support
from emu.units import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PppParams:
    """``restart_ns``: between two requests.  ``configure_max``, ``terminate_max``: how often a
    request is sent before the peer counts as absent."""

    restart_ns: int
    configure_max: int
    terminate_max: int


#: RFC 1661 4.6: restart timer 3 s, Max-Configure 10, Max-Terminate 2.
RFC_1661 = PppParams(restart_ns=seconds(3), configure_max=10, terminate_max=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """``wants``: the options of our request.  ``knows``: the peer's options that are taken.

    ``restart_ns``: None for the policy's; NBFCP needs 10 s when it projects names
    (facts/netbeui.md 4, RFC 2097).
    """

    protocol: int
    wants: tuple[ConfigureOption, ...] = ()
    knows: frozenset[int] = frozenset()
    restart_ns: int | None = None


#: A remote bridge's: IEEE 802.3 frames (RFC 2878 5.3).  Numbers of source routing, on which both
#: ends would have to agree (5.1, 5.2), are rejected, and so is tinygram compression.
BCP = Negotiated(protocol=PROTOCOL_BCP, wants=(mac_support(MAC_TYPE_8023),), knows=frozenset({3}))
