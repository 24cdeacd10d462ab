"""A data link switch in a router: NetBEUI over TCP with local acknowledgement (RFC 1795).

It takes the frames for F0 from its LAN, ends LLC type 2 itself in the far station's name, answers
polls itself, and sends what is inside to its one partner.  So the server next to it sees healthy
answers whatever the WAN does, and hears of its client's death from the client's switch: Ti and
N2 x T1 of *that* switch, plus the WAN (facts/netbeui.md 4).

Simplified: one partner; no test whether a station is there before a circuit to it is begun; no
cache of names (RFC 1795 5.4.2.5 forbids the answer from one); datagrams go as DATAFRAME even on
a circuit; every repetition of a name query crosses.

Read: RFC 1795 3.3, 5.3, 5.4.2; facts/netbeui.md 4.
"""

from __future__ import annotations

from random import Random
from typing import Protocol

from emu.errors import PeerProtocolError
from emu.machines.dlsw.control import TransportFailed
from emu.machines.dlsw.params import DlswParams
from emu.pdu.dlsw import (
    CircuitId,
    DataLinkId,
    DlcHeader,
    SspControl,
    SspInformation,
    SspMessage,
    SspType,
)
from emu.pdu.llc2 import Llc2Pdu, Unnumbered, UnnumberedKind
from emu.pdu.nbf import NbfCommand
from emu.stations.base import Timer
from emu.stations.router.dlsw_link import Attachment
from emu.stations.router.dlsw_transport import SspTransport
from emu.wire.ethernet import decode_ethernet
from emu.wire.llc2 import llc2_frame, llc2_of_frame
from emu.wire.nbf import decode_nbf

#: RFC 1795 5.3; what is not in it goes as DATAFRAME.
_MESSAGES = {
    NbfCommand.NAME_QUERY: SspType.NETBIOS_NQ,
    NbfCommand.NAME_RECOGNIZED: SspType.NETBIOS_NR,
    NbfCommand.ADD_NAME_QUERY: SspType.NETBIOS_ANQ,
    NbfCommand.ADD_NAME_RESPONSE: SspType.NETBIOS_ANR,
}
_EXPLORERS = frozenset({SspType.NETBIOS_NQ, SspType.NETBIOS_NR})
#: These answer: the origin is whom they are for.
_ANSWERS = frozenset({SspType.NETBIOS_NR, SspType.NETBIOS_ANR})
_DATAGRAMS = frozenset(_MESSAGES.values()) | {SspType.DATAFRAME}

#: The DLC port: the LAN the switch stands at (RFC 1795 3.2, an implementation's own choice).
_PORT = 1
_GROUP = 1


class DlswSurroundings(Protocol):
    """What a switch may ask of the router it stands in."""

    def to_lan(self, frame: bytes) -> None:
        """Put a frame on the switch's LAN."""
        ...

    def to_wan(self, packet: bytes) -> None:
        """Send an IP packet to the other router."""
        ...

    def arm(self, timer: Timer, due: int) -> None:
        """Wake ``timer`` at ``due``.  There is no disarming: a stale timer finds nothing due."""
        ...


class DlswSwitch:
    """``ip``, ``peer_ip``: of the two routers, 4 octets each.

    ``attachments``: by the local and the far station's address.  ``dropped``: frames and
    messages that nobody could use.
    """

    def __init__(
        self,
        params: DlswParams,
        surroundings: DlswSurroundings,
        *,
        ip: bytes,
        peer_ip: bytes,
        randomness: Random,
    ) -> None:
        self.params = params
        self.surroundings = surroundings
        self.attachments: dict[tuple[bytes, bytes], Attachment] = {}
        self.dropped = 0
        self.transport = SspTransport(
            params, ip=ip, peer_ip=peer_ip, randomness=randomness, wan=surroundings, user=self
        )
        self._here: set[bytes] = set()
        self._far: set[bytes] = set()
        self._circuits: dict[int, Attachment] = {}
        self._correlator = 0

    # --- the LAN -----------------------------------------------------------------------------

    def from_lan(self, frame: bytes, now: int) -> bool:
        """A frame that was heard on the LAN; False when it is no NetBEUI."""
        try:
            ethernet = decode_ethernet(frame)
            pdu = llc2_of_frame(ethernet)
        except PeerProtocolError:
            self.dropped += 1
            return False
        if pdu is None or ethernet.source[0] & _GROUP:
            return False
        self._here.add(ethernet.source)
        self._far.discard(ethernet.source)
        if ethernet.destination not in self._here:
            self._take(pdu, ethernet.destination, ethernet.source, now)
        return True

    def _take(self, pdu: Llc2Pdu, destination: bytes, source: bytes, now: int) -> None:
        if isinstance(pdu, Unnumbered) and pdu.kind is UnnumberedKind.UI:
            self._carry_datagram(pdu.info, destination, source, now)
        elif not destination[0] & _GROUP:
            self._attachment(source, destination).hear(pdu, now)

    def may_be_here(self, mac: bytes) -> bool:
        """Whether a station may stand on this LAN; one that has not been heard yet may."""
        return mac not in self._far

    def _attachment(self, local: bytes, remote: bytes) -> Attachment:
        """One that stays down is forgotten again."""
        found = self.attachments.get((local, remote))
        if found is None:
            found = self.attachments[local, remote] = Attachment(self, local, remote)
        return found

    def forget_if_idle(self, attachment: Attachment) -> None:
        """The link is down and has no circuit."""
        key = (attachment.local, attachment.remote)
        if attachment.idle and self.attachments.get(key) is attachment:
            del self.attachments[key]

    # --- datagrams (RFC 1795 5.3) ------------------------------------------------------------

    def _carry_datagram(self, octets: bytes, destination: bytes, source: bytes, now: int) -> None:
        try:
            command = decode_nbf(octets).kind
        except PeerProtocolError:
            self.dropped += 1
            return
        kind = _MESSAGES.get(command, SspType.DATAFRAME)
        answers = kind in _ANSWERS
        target, origin = (source, destination) if answers else (destination, source)
        message = SspControl(
            kind=kind,
            from_origin=not answers,
            explorer=kind in _EXPLORERS,
            link=DataLinkId(target_mac=target, origin_mac=origin),
            header=DlcHeader(destination=destination, source=source),
            data=octets,
        )
        self.to_peer(message, now)

    def _put_datagram(self, message: SspControl) -> None:
        if message.header is None:
            self.dropped += 1
            return
        self._is_far(message.header.source)
        ui = Unnumbered(kind=UnnumberedKind.UI, poll_final=False, response=False, info=message.data)
        header = message.header
        frame = llc2_frame(ui, destination=header.destination, source=header.source)
        self.surroundings.to_lan(frame)

    def _is_far(self, mac: bytes) -> None:
        self._far.add(mac)
        self._here.discard(mac)

    # --- the partner -------------------------------------------------------------------------

    def from_wan(self, packet: bytes, now: int) -> bool:
        """An IP packet from the WAN; False when it is not for the switch."""
        return self.transport.receive(packet, now)

    def to_peer(self, message: SspMessage, now: int) -> None:
        """Send a message; the connection is made for the first one."""
        self.transport.send(message, now)

    def from_peer(self, message: SspMessage, now: int) -> None:
        """A message, in the order in which they were sent."""
        if isinstance(message, SspInformation):
            self._about_a_circuit(message, now)
        elif message.kind in _DATAGRAMS:
            self._put_datagram(message)
        elif message.explorer:
            self.dropped += 1  # where a station is nobody here asks without wanting a circuit
        elif message.kind is SspType.CANUREACH:
            self._is_far(message.link.origin_mac)
            self._attachment(message.link.target_mac, message.link.origin_mac).called(message, now)
        else:
            self._about_a_circuit(message, now)

    def _about_a_circuit(self, message: SspMessage, now: int) -> None:
        """RFC 1795 3.3: about one that there is not, HALT_DL_NOACK; an I frame has no sender to
        tell, and a KEEPALIVE is about none."""
        attachment = self._circuits.get(message.remote.correlator)
        if attachment is not None:
            attachment.heard(message, now)
        elif isinstance(message, SspControl) and message.kind is not SspType.HALT_DL_NOACK:
            halt = SspControl(
                kind=SspType.HALT_DL_NOACK,
                from_origin=not message.from_origin,
                link=message.link,
                origin=message.origin,
                target=message.target,
            )
            self.to_peer(halt, now)

    def transport_failed(self, now: int) -> None:
        """XPORT_FAILURE: every station hears DISC (facts/netbeui.md 4)."""
        for attachment in list(self.attachments.values()):
            attachment.failed(TransportFailed(), now)

    # --- circuit identifiers -----------------------------------------------------------------

    def new_circuit_id(self, attachment: Attachment) -> CircuitId:
        """Never the same one twice."""
        self._correlator += 1
        self._circuits[self._correlator] = attachment
        return CircuitId(port=_PORT, correlator=self._correlator)

    def release_circuit_id(self, own: CircuitId) -> None:
        """The circuit is no more."""
        del self._circuits[own.correlator]
