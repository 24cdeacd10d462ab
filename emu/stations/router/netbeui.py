"""How NetBEUI crosses a line: bridged, over PPP's own protocol for it, or by DLSw.

It has no networks to route by (facts/netbeui.md 4).  ``Bridged`` is a remote bridge (RFC 2878);
``OverNbfcp`` carries the same frames as RFC 2097 does, MAC addresses included; both leave LLC end
to end.  ``Switched`` is DLSw: each side's LLC is answered by its own router, and what crosses is
TCP between the two.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple, Protocol

from emu.machines.dlsw import CISCO, DlswParams
from emu.pdu.ethernet import FRAME_MIN_OCTETS
from emu.pdu.ppp import PROTOCOL_BRIDGED, PROTOCOL_IP, PROTOCOL_NBF
from emu.stations.base import Timer
from emu.stations.router.bridge import RemoteBridge
from emu.stations.router.dlsw import DlswSwitch
from emu.stations.router.packets import Packet
from emu.wire.ethernet import decode_ethernet
from emu.wire.forwarding import bridged, unbridged

Carry = Callable[[Packet, int], None]
PutFrame = Callable[[bytes, int], None]
Arm = Callable[[Timer, int], None]


class Partner(NamedTuple):
    """The far router of a data link switch.  ``ip``: our own address, ``peer_ip``: its."""

    name: str
    ip: bytes
    peer_ip: bytes


class Crossing(Protocol):
    """One router's part of it."""

    def from_lan(self, frame: bytes, now: int, /) -> None:
        """A NetBEUI frame at the LAN port."""
        ...

    def from_line(self, router: str, packet: Packet, now: int, /) -> bool:
        """What came across from a far router; False when it is no business of NetBEUI's."""
        ...


class Bridged:
    """Half of a remote bridge."""

    def __init__(self, carry: Carry, put: PutFrame) -> None:
        self._carry, self._put = carry, put
        self._bridge = RemoteBridge()
        self._behind: dict[bytes, str] = {}

    def from_lan(self, frame: bytes, now: int, /) -> None:
        payload = self._bridge.outbound(frame, now)
        if payload is not None:
            router = self._behind.get(frame[:6])
            self._carry(Packet(protocol=PROTOCOL_BRIDGED, payload=payload, to=router), now)

    def from_line(self, router: str, packet: Packet, now: int, /) -> bool:
        if packet.protocol != PROTOCOL_BRIDGED:
            return False
        frame = self._bridge.inbound(packet.payload, now)
        if frame is not None:
            self._behind[frame[6:12]] = router
            self._put(frame, now)
        return True


class OverNbfcp:
    """The same frames behind RFC 2097's twelve octets of addresses."""

    def __init__(self, carry: Carry, put: PutFrame) -> None:
        self._carry, self._put = carry, put
        self._behind: dict[bytes, str] = {}

    def from_lan(self, frame: bytes, now: int, /) -> None:
        """A switch brings only group frames and those for stations that are not here.

        Behind which line one is, is learnt (IEEE 802.1D 7.8), so that a frame for one far LAN
        does not raise the lines to the others.
        """
        if frame[6:12] not in self._behind:
            payload = bridged(decode_ethernet(frame))
            router = self._behind.get(frame[:6])
            self._carry(Packet(protocol=PROTOCOL_NBF, payload=payload, to=router), now)

    def from_line(self, router: str, packet: Packet, now: int, /) -> bool:
        if packet.protocol != PROTOCOL_NBF:
            return False
        destination, source, llc = unbridged(packet.payload)
        self._behind[source] = router
        frame = destination + source + len(llc).to_bytes(2, "big") + llc
        self._put(frame.ljust(FRAME_MIN_OCTETS, b"\0"), now)
        return True


class Switched:
    """A data link switch, and its partner at the far router.

    ``ip``, ``peer_ip``: the routers' own.  ``arm``: as ``Surroundings`` has it.
    """

    def __init__(
        self,
        carry: Carry,
        put: PutFrame,
        arm: Arm,
        *,
        partner: Partner,
        randomness: Random,
        params: DlswParams = CISCO,
    ) -> None:
        self._carry, self._put, self._arm, self._partner = carry, put, arm, partner
        self._now = 0
        self._switch = DlswSwitch(
            params, self, ip=partner.ip, peer_ip=partner.peer_ip, randomness=randomness
        )

    def to_lan(self, frame: bytes) -> None:
        """The switch speaks on its LAN, under the far station's address."""
        self._put(frame, self._now)

    def to_wan(self, packet: bytes) -> None:
        """And with its partner."""
        carried = Packet(protocol=PROTOCOL_IP, payload=packet, to=self._partner.name)
        self._carry(carried, self._now)

    def arm(self, timer: Timer, due: int) -> None:
        """What the switch does when it is woken happens then."""
        self._arm(_Woken(self, timer), due)

    def wake(self, timer: Timer, now: int) -> None:
        """Its timer has come up."""
        self._now = now
        timer.fire(now)

    def from_lan(self, frame: bytes, now: int, /) -> None:
        self._now = now
        self._switch.from_lan(frame, now)

    def from_line(self, router: str, packet: Packet, now: int, /) -> bool:
        del router  # there is one
        self._now = now
        return packet.protocol == PROTOCOL_IP and self._switch.from_wan(packet.payload, now)


class _Woken:
    """A timer that tells the switch what time it is first."""

    __slots__ = ("_switched", "_timer")

    def __init__(self, switched: Switched, timer: Timer) -> None:
        self._switched, self._timer = switched, timer

    def fire(self, now: int) -> None:
        self._switched.wake(self._timer, now)
