"""The connection between two switches: SSP on one TCP connection, made when it is first needed.

RFC 1795 3 begins with two connections, one for each direction, and lets both ends agree to take
one down (7.6.7).  Here there is one from the start, to port 2065, used both ways, as it is once
they have agreed; RFC 2166 6.2.1 makes one at once as well, but to port 2067.  Nothing is sent
over it while nothing is to be said: no keepalive of TCP's, none of SSP's (3.5, note 4).

It speaks whole IP packets.  Left out: the end in order (nobody here ends it; a FIN is answered
by a RST) and a refusal of the partner's capabilities, which are read and not judged.

Read: RFC 1795 3, 7; RFC 2166 6.2.1.3 for two that open at once.
"""

from __future__ import annotations

from random import Random
from typing import Protocol

from emu.errors import PeerProtocolError
from emu.machines.base import (
    Asked,
    Data,
    Deliver,
    Effects,
    Ended,
    Lost,
    Opened,
    Received,
    Transmit,
)
from emu.machines.dlsw.params import DlswParams
from emu.machines.tcp.arriving import reset_for
from emu.machines.tcp.control import Abort, Connect, Send, State
from emu.machines.tcp.machine import Tcp
from emu.pdu.dlsw import (
    PORT_READ,
    Capabilities,
    CapabilitiesTaken,
    SspControl,
    SspMessage,
    SspType,
)
from emu.pdu.ip_tcp import ACK, RST, SYN, Segment
from emu.pdu.llc2 import SAP_NETBIOS
from emu.stations.base import Timer
from emu.stations.ncp.alarm import Alarm
from emu.wire.dlsw import SspStream, decode_ssp, encode_ssp
from emu.wire.dlsw_capabilities import decode_capabilities, encode_capabilities
from emu.wire.ip_tcp import TcpFlow, decode_tcp_frame

#: First local port of Cisco's DLSw (assumption); each connection takes the next one, so that it
#: is not taken for the one before it.
PORT_FIRST = 11000
_PORTS = 1000

#: Cisco's OUI (IEEE); whose it is matters to nobody here.
_VENDOR = b"\x00\x00\x0c"

#: The frame that ``decode_tcp_frame`` wants around a packet.
_NO_ADDRESSES = bytes(12) + b"\x08\x00"
_FRAME_HEADER_OCTETS = 14

_OPENING = frozenset({State.SYN_SENT, State.SYN_RECEIVED})


class Wan(Protocol):
    """What the connection may ask of the router."""

    def to_wan(self, packet: bytes) -> None: ...

    def arm(self, timer: Timer, due: int) -> None: ...


class TransportUser(Protocol):
    """The switch above it."""

    def from_peer(self, message: SspMessage, now: int) -> None: ...

    def transport_failed(self, now: int) -> None: ...


class _Leg:
    """One TCP connection.  ``heard``: the partner's capabilities; ``taken``: it took ours."""

    def __init__(self, transport: SspTransport, key: bytes, machine: Tcp, *, ours: bool) -> None:
        self.key = key
        self.machine = machine
        self.ours = ours
        self.heard = self.taken = False
        self.stream = SspStream()
        self.flow = transport.flow_to(key)
        self.alarm = Alarm(
            transport.wan, machine, lambda effects, now: transport.pump(self, effects, now)
        )

    @property
    def ready(self) -> bool:
        """RFC 1795 3: nothing else before the capabilities are exchanged."""
        return self.heard and self.taken


class SspTransport:
    """``ip``, ``peer_ip``: 4 octets each.  ``held``: messages that wait for the connection.

    ``dropped``: packets and messages that nobody could read.
    """

    def __init__(
        self,
        params: DlswParams,
        *,
        ip: bytes,
        peer_ip: bytes,
        randomness: Random,
        wan: Wan,
        user: TransportUser,
    ) -> None:
        self.params = params
        self.ip, self.peer_ip = ip, peer_ip
        self.wan = wan
        self.held: list[bytes] = []
        self.dropped = 0
        self._user = user
        self._randomness = randomness
        self._leg: _Leg | None = None
        self._count = self._identification = 0

    @property
    def ready(self) -> bool:
        """Whether messages go out at once."""
        return self._leg is not None and self._leg.ready

    # --- from above --------------------------------------------------------------------------

    def send(self, message: SspMessage, now: int) -> None:
        """Send it, or hold it until there is a connection for it."""
        self.held.append(encode_ssp(message))
        if self._leg is None:
            self._open(now)
        elif self._leg.ready:
            self._flush(self._leg, now)

    def _open(self, now: int) -> None:
        port = PORT_FIRST + self._count % _PORTS
        self._count += 1
        ports = PORT_READ.to_bytes(2, "big") + port.to_bytes(2, "big")
        leg = self._new_leg(self.peer_ip + self.ip + ports, ours=True)
        self.pump(leg, leg.machine.step(Asked(Connect()), now), now)

    def _new_leg(self, key: bytes, *, ours: bool) -> _Leg:
        sequence = self._randomness.getrandbits(32)
        machine = Tcp(self.params.tcp, initial_sequence=sequence, probing=self.params.tcp.keepalive)
        self._leg = _Leg(self, key, machine, ours=ours)
        return self._leg

    def _flush(self, leg: _Leg, now: int) -> None:
        octets, self.held = b"".join(self.held), []
        self._write(leg, octets, now)

    def _write(self, leg: _Leg, octets: bytes, now: int) -> None:
        if octets and leg is self._leg:
            self.pump(leg, leg.machine.step(Asked(Send(octets)), now), now)

    # --- packets -----------------------------------------------------------------------------

    def receive(self, packet: bytes, now: int) -> bool:
        """An IP packet from the WAN; False when it is none of this connection's."""
        if packet[12:16] != self.peer_ip or packet[16:20] != self.ip:
            return False
        try:
            key, segment = decode_tcp_frame(_NO_ADDRESSES + packet)
        except PeerProtocolError:
            self.dropped += 1
            return True
        leg = self._leg
        if leg is None or leg.key != key:
            return self._stray(key, segment, now)
        self.pump(leg, leg.machine.step(Received(segment), now), now)
        return True

    def _stray(self, key: bytes, segment: Segment, now: int) -> bool:
        """A new connection, or a segment of one that is no more."""
        to_listener = key[10:12] == PORT_READ.to_bytes(2, "big")
        if not to_listener and key[8:10] != PORT_READ.to_bytes(2, "big"):
            return False
        calls = to_listener and segment.flags & (SYN | ACK | RST) == SYN
        if calls and self._may_accept(now):
            leg = self._new_leg(key, ours=False)
            self.pump(leg, leg.machine.step(Received(segment), now), now)
        elif (reset := reset_for(segment)) is not None:
            self._put_out(self.flow_to(key), reset)
        return True

    def _may_accept(self, now: int) -> bool:
        """RFC 2166 6.2.1.3: of two opened at once that of the higher address stays.

        A partner that opens another one while there is one has lost that one.
        """
        leg = self._leg
        if leg is None:
            return True
        if leg.ours and leg.machine.state in _OPENING:
            if self.ip > self.peer_ip:
                return False
            self._leg = None
            leg.machine.step(Asked(Abort()), now)
            return True
        leg.machine.step(Asked(Abort()), now)
        self._fail(now)
        return self._leg is None

    def flow_to(self, key: bytes) -> TcpFlow:
        """The way back for a segment whose ``key`` is ``key``."""
        return TcpFlow(
            source_mac=bytes(6),
            destination_mac=bytes(6),
            source_ip=key[4:8],
            destination_ip=key[:4],
            source_port=int.from_bytes(key[10:12], "big"),
            destination_port=int.from_bytes(key[8:10], "big"),
            ttl=self.params.tcp.personality.ttl,
        )

    def _put_out(self, flow: TcpFlow, segment: Segment) -> None:
        """Without the Ethernet header, and without the padding an Ethernet would need."""
        self._identification = self._identification + 1 & 0xFFFF
        frame = flow.encode(segment, self._identification)
        total = int.from_bytes(frame[16:18], "big")
        self.wan.to_wan(frame[_FRAME_HEADER_OCTETS : _FRAME_HEADER_OCTETS + total])

    # --- the machine's effects ---------------------------------------------------------------

    def pump(self, leg: _Leg, effects: Effects, now: int) -> None:
        """Segments first; what was delivered may be answered at once."""
        for effect in effects:
            if isinstance(effect, Transmit):
                self._put_out(leg.flow, effect.pdu)
        for effect in effects:
            if isinstance(effect, Deliver) and leg is self._leg:
                self._deliver(leg, effect.value, now)
        if leg is self._leg:
            leg.alarm.watch()

    def _deliver(self, leg: _Leg, value: object, now: int) -> None:
        match value:
            case Opened():
                self._say(leg, self._capabilities(), now, from_origin=True)
            case Data(octets):
                self._read(leg, octets, now)
            case Ended() | Lost():
                self._abort(leg, now)
            case other:
                raise AssertionError(f"TCP delivered {other}")

    def _abort(self, leg: _Leg, now: int) -> None:
        """Nothing of it is any good; ABORT of a connection that is closed says nothing."""
        if leg is not self._leg:
            return
        self._leg = None
        self.pump(leg, leg.machine.step(Asked(Abort()), now), now)
        self._fail(now)

    def _fail(self, now: int) -> None:
        self._leg = None
        self.held = []
        self._user.transport_failed(now)

    # --- messages ----------------------------------------------------------------------------

    def _read(self, leg: _Leg, octets: bytes, now: int) -> None:
        try:
            found = leg.stream.feed(octets)
        except PeerProtocolError:  # no message begins here: where the next one would is unknown
            self.dropped += 1
            self._abort(leg, now)
            return
        for each in found:
            if leg is self._leg:
                self._hear(leg, each, now)

    def _hear(self, leg: _Leg, octets: bytes, now: int) -> None:
        """RFC 1795 3.5: what is not known is dropped, and the connection goes on."""
        try:
            message = decode_ssp(octets)
            if message.kind is SspType.CAP_EXCHANGE:
                self._agree(leg, decode_capabilities(message.data), now)
                return
        except PeerProtocolError:
            self.dropped += 1
            return
        if leg.ready:
            self._user.from_peer(message, now)
        else:
            self.dropped += 1

    def _agree(self, leg: _Leg, value: Capabilities | CapabilitiesTaken, now: int) -> None:
        if isinstance(value, Capabilities):
            leg.heard = True
            self._say(leg, CapabilitiesTaken(), now, from_origin=False)
        else:
            leg.taken = True
        if leg.ready:
            self._flush(leg, now)

    def _say(
        self, leg: _Leg, value: Capabilities | CapabilitiesTaken, now: int, *, from_origin: bool
    ) -> None:
        message = SspControl(
            kind=SspType.CAP_EXCHANGE, from_origin=from_origin, data=encode_capabilities(value)
        )
        self._write(leg, encode_ssp(message), now)

    def _capabilities(self) -> Capabilities:
        return Capabilities(
            vendor=_VENDOR,
            pacing_window=self.params.pacing_window,
            saps=frozenset({SAP_NETBIOS}),
            tcp_connections=1,
        )
