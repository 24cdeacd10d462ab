"""The protocols as Scapy layers: the definition, and a toolbox for people.

Start from ``EthernetLayer(octets)``: it tells Ethernet II from the three 802.3 framings,
which Scapy's own layers do not (facts/ipx.md 7).  The layers here are bound to each other
only.  ``register`` binds IPX to Scapy's own Ethernet, LLC, SNAP and UDP, when asked.

Slow by design (hundreds of microseconds a packet, performance.md 3); hosts use the struct
codecs beside this package.
"""

from __future__ import annotations

from functools import cache

from scapy.packet import bind_layers

from emu.wire.scapy_layers.arp import ArpLayer
from emu.wire.scapy_layers.dlsw import DlcHeaderLayer, SspControlLayer, SspInformationLayer
from emu.wire.scapy_layers.ethernet import (
    EthernetIILayer,
    EthernetLayer,
    Ieee8023Layer,
    LlcLayer,
    SnapLayer,
)
from emu.wire.scapy_layers.ip_tcp import Ipv4Layer, TcpLayer
from emu.wire.scapy_layers.ipx import IpxLayer
from emu.wire.scapy_layers.lapd import (
    LapdInformationLayer,
    LapdSupervisoryLayer,
    LapdUnnumberedLayer,
    Q931ElementLayer,
    Q931Layer,
)
from emu.wire.scapy_layers.llc2 import (
    LlcFrameRejectLayer,
    LlcInformationLayer,
    LlcSupervisoryLayer,
    LlcUnnumberedLayer,
)
from emu.wire.scapy_layers.nbf import NbfNameLayer, NbfSessionLayer
from emu.wire.scapy_layers.nbipx import (
    NbipxDatagramLayer,
    NbipxNameLayer,
    NbipxSessionLayer,
    NmpiLayer,
    SerializationLayer,
)
from emu.wire.scapy_layers.nbss import NbssLayer
from emu.wire.scapy_layers.ncp import NcpReplyLayer, NcpRequestLayer, NcpWatchdogLayer
from emu.wire.scapy_layers.ppp import PppControlLayer, PppLayer, PppOptionLayer
from emu.wire.scapy_layers.rip_sap import RipEntryLayer, RipLayer, SapEntryLayer, SapLayer
from emu.wire.scapy_layers.smb import (
    SmbCloseRequestLayer,
    SmbEmptyLayer,
    SmbHeaderLayer,
    SmbLinkLayer,
    SmbLockingRequestLayer,
    SmbNegotiateResponseLayer,
    SmbNtCreateRequestLayer,
    SmbNtCreateResponseLayer,
    SmbOpenRequestLayer,
    SmbOpenResponseLayer,
    SmbReadLargeLayer,
    SmbReadRequestLayer,
    SmbReadResponseLayer,
    SmbSessionSetupRequestLayer,
    SmbSessionSetupResponseLayer,
    SmbTransactionRequestLayer,
    SmbTransactionResponseLayer,
    SmbTreeConnectRequestLayer,
    SmbTreeConnectResponseLayer,
    SmbTreeConnectRightsLayer,
    SmbWordLayer,
    SmbWriteLargeLayer,
    SmbWriteRequestLayer,
    SmbWriteResponseLayer,
)
from emu.wire.scapy_layers.spx import SpxLayer

__all__ = (
    "ArpLayer",
    "DlcHeaderLayer",
    "EthernetIILayer",
    "EthernetLayer",
    "Ieee8023Layer",
    "Ipv4Layer",
    "IpxLayer",
    "LapdInformationLayer",
    "LapdSupervisoryLayer",
    "LapdUnnumberedLayer",
    "LlcFrameRejectLayer",
    "LlcInformationLayer",
    "LlcLayer",
    "LlcSupervisoryLayer",
    "LlcUnnumberedLayer",
    "NbfNameLayer",
    "NbfSessionLayer",
    "NbipxDatagramLayer",
    "NbipxNameLayer",
    "NbipxSessionLayer",
    "NbssLayer",
    "NcpReplyLayer",
    "NcpRequestLayer",
    "NcpWatchdogLayer",
    "NmpiLayer",
    "PppControlLayer",
    "PppLayer",
    "PppOptionLayer",
    "Q931ElementLayer",
    "Q931Layer",
    "RipEntryLayer",
    "RipLayer",
    "SapEntryLayer",
    "SapLayer",
    "SerializationLayer",
    "SmbCloseRequestLayer",
    "SmbEmptyLayer",
    "SmbHeaderLayer",
    "SmbLinkLayer",
    "SmbLockingRequestLayer",
    "SmbNegotiateResponseLayer",
    "SmbNtCreateRequestLayer",
    "SmbNtCreateResponseLayer",
    "SmbOpenRequestLayer",
    "SmbOpenResponseLayer",
    "SmbReadLargeLayer",
    "SmbReadRequestLayer",
    "SmbReadResponseLayer",
    "SmbSessionSetupRequestLayer",
    "SmbSessionSetupResponseLayer",
    "SmbTransactionRequestLayer",
    "SmbTransactionResponseLayer",
    "SmbTreeConnectRequestLayer",
    "SmbTreeConnectResponseLayer",
    "SmbTreeConnectRightsLayer",
    "SmbWordLayer",
    "SmbWriteLargeLayer",
    "SmbWriteRequestLayer",
    "SmbWriteResponseLayer",
    "SnapLayer",
    "SpxLayer",
    "SspControlLayer",
    "SspInformationLayer",
    "TcpLayer",
    "register",
)

#: UDP port of IPX tunnelled through IP (RFC 1234).
_IPX_TUNNEL_PORT = 213

for _lower in (EthernetIILayer, SnapLayer):
    _key = "ethertype" if _lower is EthernetIILayer else "protocol"
    bind_layers(_lower, Ipv4Layer, {_key: 0x0800})
    bind_layers(_lower, ArpLayer, {_key: 0x0806})
    bind_layers(_lower, IpxLayer, {_key: 0x8137})
bind_layers(Ieee8023Layer, LlcLayer)
bind_layers(LlcLayer, SnapLayer, dsap=0xAA, ssap=0xAA, control=3)
bind_layers(LlcLayer, IpxLayer, dsap=0xE0, ssap=0xE0, control=3)
bind_layers(Ipv4Layer, TcpLayer, protocol=6)
bind_layers(IpxLayer, SapLayer, destination_socket=0x0452, source_socket=0x0452, packet_type=4)
bind_layers(IpxLayer, RipLayer, destination_socket=0x0453, source_socket=0x0453, packet_type=1)
for _ncp in (NcpRequestLayer, NcpReplyLayer, NcpWatchdogLayer):
    bind_layers(IpxLayer, _ncp, packet_type=17)
bind_layers(IpxLayer, SpxLayer, packet_type=5)
for _nbipx, _type in ((NbipxNameLayer, 20), (NbipxDatagramLayer, 4), (NbipxSessionLayer, 4)):
    bind_layers(
        IpxLayer, _nbipx, destination_socket=0x0455, source_socket=0x0455, packet_type=_type
    )
bind_layers(IpxLayer, NmpiLayer, destination_socket=0x0551, packet_type=20)
bind_layers(IpxLayer, SerializationLayer, destination_socket=0x0457, source_socket=0x0457)
bind_layers(
    IpxLayer, SmbHeaderLayer, destination_socket=0x0550, source_socket=0x0552, packet_type=4
)
bind_layers(LlcUnnumberedLayer, NbfNameLayer, control=3)
bind_layers(LlcUnnumberedLayer, LlcFrameRejectLayer, control=0x97, ssap=0xF1)


@cache
def register() -> None:
    """Bind IPX to Scapy's own layers.  Raw 802.3 cannot be bound: use ``EthernetLayer``."""
    from scapy.layers.inet import UDP
    from scapy.layers.l2 import LLC, SNAP, Ether

    bind_layers(Ether, IpxLayer, type=0x8137)
    bind_layers(LLC, IpxLayer, dsap=0xE0, ssap=0xE0, ctrl=3)
    bind_layers(SNAP, IpxLayer, OUI=0, code=0x8137)
    bind_layers(UDP, IpxLayer, sport=_IPX_TUNNEL_PORT, dport=_IPX_TUNNEL_PORT)
