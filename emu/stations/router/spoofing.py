"""Routers that answer for stations behind them: NetWare's watchdog and SPX keepalives.

Each inspector takes frames apart, asks the rules of ``emu.machines.spoof``, and builds the
answer: from the router's own MAC address, which is where the probe was sent, with the IPX
address of the absent station, in the framing of the probe.

Transport control of an answer is 0.  A real answer has crossed two routers and carries 2; but
whoever makes a datagram writes 0 (facts/ipx.md 1.1), and no source says that a router feigned
more.  So the hop count is what a reader of a capture, or an FPNW server, can tell it by
(facts/ipx.md 8, trap 10).

Only the near server's probes are answered: those of the far side are its own router's affair.

Read: facts/ipx.md 1.1, 1.2, 1.3, 1.5, 4.1.
"""

from __future__ import annotations

from dataclasses import replace

from emu.errors import PeerProtocolError
from emu.machines.spoof import Mode, Spoofing, SpxEnds, SpxKeepalives, Verdict
from emu.machines.spoof.spx import IDLE_NS
from emu.pdu.ethernet import EthernetFrame, without_length
from emu.pdu.ipx import TYPE_NCP, TYPE_SPX, IpxDatagram
from emu.pdu.ncp import WATCHDOG_ANSWER, WATCHDOG_POLL, Watchdog
from emu.pdu.spx import Spx
from emu.stations.router.inspector import PASS, Ruling
from emu.wire.ethernet import decode_ethernet
from emu.wire.ipx import ipx_frame, ipx_of_frame
from emu.wire.ncp import decode_ncp, encode_ncp
from emu.wire.spx import decode_spx, encode_spx


class WatchdogSpoofer:
    """Answers a server's '?' with the 'Y' of the station, or drops it, when the mode says so.

    It answers for every station behind the link, known or not, alive or not.
    """

    def __init__(self, mode: Mode, *, now: int = 0) -> None:
        self._spoofing = Spoofing(mode, now=now)

    def outbound(self, frame: bytes, now: int) -> Ruling:
        """See ``Inspector``."""
        opened = _open(frame, TYPE_NCP)
        if opened is None:
            return PASS
        try:
            pdu = decode_ncp(opened[1].payload)
        except PeerProtocolError:
            return PASS
        if not isinstance(pdu, Watchdog) or pdu.mark != WATCHDOG_POLL:
            return PASS
        # facts/ipx.md 1.5: the two octets again, the second one changed.
        answer = encode_ncp(replace(pdu, mark=WATCHDOG_ANSWER))
        return _ruling(self._spoofing.verdict(now), opened, answer, "NCP watchdog poll")

    def inbound(self, frame: bytes, now: int) -> Ruling:  # noqa: ARG002
        """See ``Inspector``."""
        return PASS

    def link_changed(self, *, up: bool, now: int) -> None:
        """See ``Inspector``."""
        self._spoofing.link_changed(up=up, now=now)


class SpxSpoofer:
    """Answers SPX watchdog requests for the far end of an idle connection that it has seen.

    ``idle_ns``: after that long without data.  ``mode``: Cisco's spoofing is ``Always``,
    CyberSWITCH's ``SpoofThenDrop``.
    """

    def __init__(self, mode: Mode, *, idle_ns: int = IDLE_NS, now: int = 0) -> None:
        self._spoofing = Spoofing(mode, now=now)
        self._keepalives = SpxKeepalives(idle_ns=idle_ns)

    def outbound(self, frame: bytes, now: int) -> Ruling:
        """See ``Inspector``."""
        opened = _open_spx(frame)
        if opened is None:
            return PASS
        ethernet, datagram, packet = opened
        ends = SpxEnds(
            near=datagram.source,
            near_id=packet.source_id,
            far=datagram.destination,
            far_id=packet.destination_id,
        )
        answer = self._keepalives.from_near(ends, packet, now)
        if answer is None:
            return PASS
        verdict = self._spoofing.verdict(now)
        return _ruling(verdict, (ethernet, datagram), encode_spx(answer), "SPX watchdog request")

    def inbound(self, frame: bytes, now: int) -> Ruling:
        """See ``Inspector``."""
        opened = _open_spx(frame)
        if opened is not None:
            _ethernet, datagram, packet = opened
            ends = SpxEnds(
                near=datagram.destination,
                near_id=packet.destination_id,
                far=datagram.source,
                far_id=packet.source_id,
            )
            self._keepalives.from_far(ends, packet, now)
        return PASS

    def link_changed(self, *, up: bool, now: int) -> None:
        """See ``Inspector``."""
        self._spoofing.link_changed(up=up, now=now)


def _open(frame: bytes, packet_type: int) -> tuple[EthernetFrame, IpxDatagram] | None:
    """The IPX datagram of this type in a frame, in any framing; None for anything else."""
    try:
        ethernet = decode_ethernet(frame)
        datagram = ipx_of_frame(ethernet)
    except PeerProtocolError:
        return None
    if datagram is None or datagram.packet_type != packet_type:
        return None
    return ethernet, datagram


def _open_spx(frame: bytes) -> tuple[EthernetFrame, IpxDatagram, Spx] | None:
    opened = _open(frame, TYPE_SPX)
    if opened is None:
        return None
    try:
        return (*opened, decode_spx(opened[1].payload))
    except PeerProtocolError:
        return None


def _ruling(
    verdict: Verdict, probe: tuple[EthernetFrame, IpxDatagram], answer: bytes, what: str
) -> Ruling:
    ethernet, datagram = probe
    match verdict:
        case Verdict.FORWARD:
            return PASS
        case Verdict.DROP:
            return Ruling(forward=False, why=f"{what} for {datagram.destination} dropped")
        case Verdict.ANSWER:
            return Ruling(
                forward=False,
                answers=(_back(ethernet, datagram, answer),),
                why=f"{what} answered for {datagram.destination}",
            )


def _back(ethernet: EthernetFrame, probe: IpxDatagram, payload: bytes) -> bytes:
    """A frame the way the probe came.  Transport control: see the module."""
    datagram = IpxDatagram(
        destination=probe.source,
        source=probe.destination,
        packet_type=probe.packet_type,
        payload=payload,
    )
    return ipx_frame(
        datagram,
        framing=without_length(ethernet.framing),
        destination=ethernet.source,
        source=ethernet.destination,
    )
