"""Half of a remote bridge: NetBEUI frames of one LAN, over PPP, to the other half.

A transparent bridge (IEEE 802.1D) with two ports, its LAN and the line, for NetBEUI alone: group
frames always cross, unicast ones unless the station is known to stand on this side.  LLC type 2
stays end to end: polls and their answers cross, and a line that must be dialled first is as good
as a power cut to a link whose T1 x N2 is shorter (facts/netbeui.md 4).

Simplified: no spanning tree (there is one line); no source routing; the padding of short frames
crosses with them, as it does without tinygram compression (RFC 2878 3.3).
"""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.pdu.bridging import BridgedFrame
from emu.pdu.ethernet import FRAME_MIN_OCTETS, EthernetFrame
from emu.units import seconds
from emu.wire.bridging import decode_bridged, encode_bridged
from emu.wire.ethernet import decode_ethernet
from emu.wire.llc2 import carries_netbios

#: IEEE 802.1D, ageing time: recommended default 300 s (the standard was not at hand: assumption).
AGEING_NS = seconds(300)

_GROUP = 1


class RemoteBridge:
    """``ageing_ns``: how long a station's side is remembered, None for ever.

    ``floods_unknown``: frames for stations nobody has heard cross (IEEE 802.1D); False keeps
    them, which spares a dialled line and loses a station that was silent for too long.
    ``dropped``: payloads from the line that were no frames of NetBEUI.
    """

    def __init__(self, *, ageing_ns: int | None = AGEING_NS, floods_unknown: bool = True) -> None:
        self.dropped = 0
        self._ageing_ns = ageing_ns
        self._floods_unknown = floods_unknown
        self._sides: dict[bytes, tuple[bool, int]] = {}

    def outbound(self, frame: bytes, now: int) -> bytes | None:
        """A frame heard on the LAN: the payload of PPP protocol 0031, or None if it stays."""
        ethernet = self._netbeui(frame)
        if ethernet is None:
            return None
        self._learn(ethernet.source, now, far=False)
        far = self._is_far(ethernet.destination, now)
        crosses = self._floods_unknown if far is None else far
        return encode_bridged(BridgedFrame(frame=frame)) if crosses else None

    def inbound(self, payload: bytes, now: int) -> bytes | None:
        """A payload of PPP protocol 0031: the frame for the LAN, or None if it is none of ours."""
        try:
            frame = decode_bridged(payload).frame
        except PeerProtocolError:
            self.dropped += 1
            return None
        ethernet = self._netbeui(frame)
        if ethernet is None:
            self.dropped += 1
            return None
        self._learn(ethernet.source, now, far=True)
        return frame.ljust(FRAME_MIN_OCTETS, b"\0")

    def is_far(self, mac: bytes, now: int) -> bool | None:
        """Which side a station stands on; None when that is not known (any more)."""
        side, heard_ns = self._sides.get(mac, (None, now))
        aged = self._ageing_ns is not None and now - heard_ns >= self._ageing_ns
        return None if aged else side

    def _is_far(self, destination: bytes, now: int) -> bool | None:
        return True if destination[0] & _GROUP else self.is_far(destination, now)

    def _learn(self, source: bytes, now: int, *, far: bool) -> None:
        self._sides[source] = (far, now)

    @staticmethod
    def _netbeui(frame: bytes) -> EthernetFrame | None:
        """A frame between NetBIOS SAPs; one with a routing indicator is none (KB Q105282)."""
        try:
            ethernet = decode_ethernet(frame)
        except PeerProtocolError:
            return None
        taken = carries_netbios(ethernet.framing) and not ethernet.source[0] & _GROUP
        return ethernet if taken else None
