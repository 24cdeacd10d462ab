"""What both ends of NetBEUI on a host share: frames in, names, links by the peer's address.

No source-routing: a frame whose source is a group address is dropped, as a stack that took one
for more than that once answered with a storm of SABMEs (KB Q105282).
"""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.machines.llc2.control import Connect, State
from emu.machines.nbf.params import NbfParams
from emu.pdu.llc2 import Unnumbered, UnnumberedKind
from emu.pdu.nbf import (
    MULTICAST,
    NAME_UNIQUE,
    NameFrame,
    NbfCommand,
    SessionFrame,
)
from emu.pdu.netbios_name import TYPE_SERVER, netbios_name
from emu.stations.base import StationSpec
from emu.stations.nbf.connection import NbfConnection
from emu.stations.nbf.port import Port
from emu.wire.ethernet import decode_ethernet
from emu.wire.llc2 import llc2_frame, llc2_of_frame
from emu.wire.nbf import decode_nbf, encode_nbf

#: What clients call.
SERVER_NAME = netbios_name("SERVER", TYPE_SERVER)

#: DSAP and SSAP of a command, and of a response (facts/netbeui.md 1.1).
CLAIMS: tuple[bytes, ...] = (b"\xf0\xf0", b"\xf0\xf1")

#: The low bit of an address's first octet: a group's, or as a source a routing indicator.
_GROUP = 1


class NbfStation:
    """``names``: those of ours that we defend.  ``dropped``: frames and messages nobody could read.

    ``probing``: this end asks an idle peer whether it is there; ``listening``: it takes calls.
    """

    claims: tuple[bytes, ...] = CLAIMS
    probing = False
    listening = False

    def __init__(self, spec: StationSpec) -> None:
        self.spec = spec
        self.surroundings = spec.surroundings
        self.user = spec.user
        self.params: NbfParams = spec.params
        self.serial = spec.serial_first
        self.ports: dict[bytes, Port] = {}
        self.names: set[bytes] = set()
        self.dropped = 0

    # --- frames ------------------------------------------------------------------------------

    def receive(self, frame: bytes, now: int) -> None:
        """One frame.  What is malformed is dropped and counted; padding may be anything."""
        try:
            ethernet = decode_ethernet(frame)
            pdu = llc2_of_frame(ethernet)
            if pdu is None or ethernet.source[0] & _GROUP:
                raise PeerProtocolError("not NetBEUI, or source-routed")
            if isinstance(pdu, Unnumbered) and pdu.kind is UnnumberedKind.UI:
                self._hear_name(decode_nbf(pdu.info), ethernet.source, now)
            elif ethernet.destination == self.surroundings.mac:
                self._port(ethernet.source).hear(pdu, now)
        except PeerProtocolError:
            self.dropped += 1

    def send_name(self, frame: NameFrame, destination: bytes = MULTICAST) -> int:
        """A frame with names: UI, and a command even when it answers (facts 1.4)."""
        pdu = Unnumbered(
            kind=UnnumberedKind.UI, poll_final=False, response=False, info=encode_nbf(frame)
        )
        source = self.surroundings.mac
        return self.surroundings.transmit(llc2_frame(pdu, destination=destination, source=source))

    def _hear_name(self, frame: NameFrame | SessionFrame, mac: bytes, now: int) -> None:
        if not isinstance(frame, NameFrame):
            raise PeerProtocolError("a session's frame outside a link")
        if frame.kind in _CLAIMS_A_NAME and frame.source in self.names:
            self._object(frame, mac)
        else:
            self.heard_name(frame, mac, now)

    def _object(self, query: NameFrame, mac: bytes) -> None:
        """facts/netbeui.md 3, and real-captures 21: unicast, both names the one in question."""
        objection = NameFrame(
            kind=NbfCommand.ADD_NAME_RESPONSE,
            destination=query.source,
            source=query.source,
            data2=NAME_UNIQUE,
            transmit_correlator=query.response_correlator,
        )
        self.send_name(objection, mac)

    # --- links -------------------------------------------------------------------------------

    def _port(self, mac: bytes) -> Port:
        """The link to a peer; one that is not up is made, and forgotten if it stays down."""
        port = self.ports.get(mac)
        if port is None:
            port = self.ports[mac] = Port(self, mac)
        return port

    def forget(self, port: Port) -> None:
        """The link is down."""
        if self.ports.get(port.mac) is port:
            del self.ports[port.mac]

    def link_up_for(self, connection: NbfConnection, mac: bytes, now: int) -> None:
        """One link to a peer carries all sessions (KB Q102942): it may be up already.

        One that is about to be taken down is waited for, and begun anew behind its end.
        """
        port = self._port(mac)
        state = port.link.state
        if state is State.UP and not port.link.checkpoint and not port.link.leaving:
            self.linked(port, connection, now)
            return
        port.waiting.append(connection)
        if state is State.DOWN:
            port.ask(Connect(), now)

    def leave(self, connection: NbfConnection, now: int) -> None:
        """A session has ended or is being ended by us."""
        port = connection.port
        if port is not None:
            ours = port.connections.pop(connection.session.number, None) is not None
            if ours and connection.session.ended_here:
                port.disconnect_if_idle(now)

    # --- what each end does with it ----------------------------------------------------------

    def heard_name(self, frame: NameFrame, mac: bytes, now: int, /) -> None:
        """A frame with names that nothing above concerns."""

    def initialized(self, port: Port, frame: SessionFrame, now: int) -> NbfConnection | None:
        """A session's frame for a number that is not in use."""

    def linked(self, port: Port, connection: NbfConnection, now: int) -> None:
        """The link a connection waits for is up."""

    def refused(self, connection: NbfConnection, now: int) -> None:
        """The peer does not want a link now."""


_CLAIMS_A_NAME = frozenset({NbfCommand.ADD_NAME_QUERY, NbfCommand.ADD_GROUP_NAME_QUERY})
