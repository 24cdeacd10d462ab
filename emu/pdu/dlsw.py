"""Data Link Switching: what two switches say to each other (SSP, RFC 1795 3).

A switch ends LLC type 2 towards its own station and carries what is inside over TCP.  Circuits
are named by a pair of 64-bit identifiers, one for each switch's end; the "origin" is the switch
whose station called first, whoever speaks.  MAC addresses are canonical (Ethernet's) here; the
wire has them in token-ring order.

Read: RFC 1795 3.1 to 3.5, 5.3, 7; facts/netbeui.md 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from emu.pdu.llc2 import SAP_NETBIOS

#: RFC 1795 3: the port a switch reads from; the other one is the port it writes from.
PORT_READ = 2065
PORT_WRITE = 2067

#: RFC 1795 3.4 with the bits of IEEE 802.1D annex C: base 001 (1470 octets) and the control flag,
#: "do not fail the circuit over it".  The annex was not at hand: assumption.
LARGEST_FRAME_ETHERNET = 0x88

#: Any address at all, in messages that concern none (RFC 1795 7: the other fields are zero).
NO_MAC = bytes(6)


class SspType(IntEnum):
    """RFC 1795 3.5.  Left out: the busy messages of RFC 1434 and the test of a circuit."""

    CANUREACH = 0x03
    ICANREACH = 0x04
    REACH_ACK = 0x05
    DGRMFRAME = 0x06
    XIDFRAME = 0x07
    CONTACT = 0x08
    CONTACTED = 0x09
    INFOFRAME = 0x0A
    HALT_DL = 0x0E
    DL_HALTED = 0x0F
    RESTART_DL = 0x10
    DL_RESTARTED = 0x11
    NETBIOS_NQ = 0x12
    NETBIOS_NR = 0x13
    DATAFRAME = 0x14
    HALT_DL_NOACK = 0x19
    NETBIOS_ANQ = 0x1A
    NETBIOS_ANR = 0x1B
    KEEPALIVE = 0x1D
    CAP_EXCHANGE = 0x20
    IFCM = 0x21


#: RFC 1795 3.1: these have the header of 16 octets, all others that of 72.
INFORMATION_TYPES = frozenset({SspType.INFOFRAME, SspType.KEEPALIVE, SspType.IFCM})
CONTROL_TYPES = frozenset(SspType) - INFORMATION_TYPES

#: RFC 1795 3.5: these carry the whole DLC header of a NetBIOS frame in front of their data.
NETBIOS_TYPES = frozenset(
    {
        SspType.NETBIOS_NQ,
        SspType.NETBIOS_NR,
        SspType.NETBIOS_ANQ,
        SspType.NETBIOS_ANR,
        SspType.DATAFRAME,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitId:
    """One switch's end of a circuit: DLC port and data link correlator, 32 bits each."""

    port: int
    correlator: int


#: Binary zero while the other end has not said its own (RFC 1795 3.3).
NO_CIRCUIT = CircuitId(port=0, correlator=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataLinkId:
    """The two stations (RFC 1795 3.2): target is whom the origin's first frame was for."""

    target_mac: bytes
    origin_mac: bytes
    origin_sap: int = SAP_NETBIOS
    target_sap: int = SAP_NETBIOS


NO_LINK = DataLinkId(target_mac=NO_MAC, origin_mac=NO_MAC, origin_sap=0, target_sap=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DlcHeader:
    """The header of a NetBIOS UI frame as on a token ring, 35 octets (RFC 1795 3.1).

    ``access``, ``frame_control``: the ring's own octets (AC, FC).  ``routing``: 18 octets that
    the receiving switch does not use; zeros from an Ethernet.
    """

    destination: bytes
    source: bytes
    dsap: int = SAP_NETBIOS
    ssap: int = SAP_NETBIOS
    control: int = 0x03
    access: int = 0
    frame_control: int = 0
    routing: bytes = bytes(18)


@dataclass(frozen=True, slots=True, kw_only=True)
class SspControl:
    """A message with the header of 72 octets.

    ``from_origin``: the frame direction, 1 for True and 2 for False.  ``explorer``: the flag
    SSPex, which tells CANUREACH_ex from CANUREACH_cs and so on.  ``header``: None where there
    is no DLC header in front of ``data``.  ``flow_control``: RFC 1795 8.2, 0 for nothing said.
    """

    kind: SspType
    from_origin: bool = True
    explorer: bool = False
    link: DataLinkId = NO_LINK
    origin: CircuitId = NO_CIRCUIT
    target: CircuitId = NO_CIRCUIT
    origin_transport: int = 0
    target_transport: int = 0
    largest_frame: int = 0
    priority: int = 0
    flow_control: int = 0
    header: DlcHeader | None = None
    data: bytes = b""

    @property
    def remote(self) -> CircuitId:
        """The receiver's end of the circuit (RFC 1795 3.1, note)."""
        return self.target if self.from_origin else self.origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SspInformation:
    """A message with the header of 16 octets.  ``remote``: the receiver's end of the circuit."""

    kind: SspType = SspType.INFOFRAME
    remote: CircuitId = NO_CIRCUIT
    flow_control: int = 0
    data: bytes = b""


SspMessage = SspControl | SspInformation


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The data of a CAP_EXCHANGE request (RFC 1795 7.3, 7.6).

    ``vendor``: an OUI, 3 octets.  ``pacing_window``: 1..65535.  ``saps``: the even SAPs that
    are supported.  ``tcp_connections``: 1 or 2; None says nothing, which means 2.
    """

    vendor: bytes
    pacing_window: int
    saps: frozenset[int]
    version: int = 1
    release: int = 0
    tcp_connections: int | None = None


@dataclass(frozen=True, slots=True)
class CapabilitiesTaken:
    """The positive response to them (RFC 1795 7.7)."""
