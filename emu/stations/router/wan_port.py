"""The dialled side of a router: who is called when, PPP over the call, and what that carries.

Sans-IO.  ``machines/dial`` decides when to call and when to hang up, ``machines/ppp`` opens the
link over the call, ``machines/interesting`` says which packets count.  Call control itself (a D
channel, a modem) is somebody else's: this port asks it to place, take and end calls by
destination and is told what became of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from emu.errors import PeerProtocolError
from emu.machines.base import (
    EXPIRED,
    NEVER,
    Asked,
    Deliver,
    Effect,
    Effects,
    Ended,
    Lost,
    Note,
    Opened,
    Received,
    Stimulus,
    Transmit,
)
from emu.machines.dial import (
    AnswerCall,
    Arrived,
    Cleared,
    Connected,
    DialGroup,
    DialParams,
    Failed,
    HangUp,
    HangUpNow,
    Heard,
    LinkOpened,
    On,
    PlaceCall,
    Raise,
    RefuseCall,
    Route,
    State,
)
from emu.machines.dial.block import NextUnit
from emu.machines.interesting import DialerList
from emu.machines.ppp import RFC_1661, Close, Negotiated, Open, PppEnd
from emu.pdu.ppp import CONTROL_PROTOCOLS, PppFrame
from emu.stations.router.packets import Packet
from emu.wire.ppp import control_frame, decode_control, decode_ppp, encode_ppp
from emu.wire.traffic import Classifier


class WanUser(Protocol):
    """What a dialled port asks of whoever holds it.  ``destination``: the far router's name."""

    def place_call(self, destination: str, channel: int, now: int, /) -> None: ...

    def answer_call(self, destination: str, now: int, /) -> None: ...

    def refuse_call(self, destination: str, now: int, /) -> None: ...

    def end_call(self, destination: str, why: str, now: int, /) -> None: ...

    def send(self, destination: str, octets: bytes, now: int, /) -> None: ...

    def deliver(self, destination: str, packet: Packet, now: int, /) -> None: ...

    def link_changed(self, destination: str, *, up: bool, now: int) -> None: ...

    def call_failed(self, destination: str, now: int, /) -> None: ...

    def tell(self, note: Note, now: int, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WanSpec:
    """``destinations``: the far routers' names.

    ``networks``: PPP's protocols above LCP, in the order they are opened.  ``opening_ns``: from
    CONNECT to the first octet of PPP.
    """

    params: DialParams
    channels: int
    destinations: Sequence[str]
    dialer_list: DialerList
    lcp: Negotiated
    networks: Sequence[Negotiated]
    opening_ns: int
    next_unit: NextUnit | None


@dataclass(slots=True)
class _Peer:
    """One far router.  ``open_ns``: when PPP starts; ``ending``: our hang-up waits for PPP."""

    name: str
    ppp: PppEnd
    open_ns: int = NEVER
    ending: bool = False
    has_call: bool = False
    up: bool = False
    why: str = ""
    dropped: int = 0


class WanPort:
    """See the module."""

    def __init__(self, spec: WanSpec, user: WanUser) -> None:
        self._spec, self._user = spec, user
        self.group = DialGroup(spec.params, channels=spec.channels, next_unit=spec.next_unit)
        self._peers = {
            name: _Peer(name, PppEnd(RFC_1661, lcp=spec.lcp, networks=spec.networks))
            for name in spec.destinations
        }
        self._classifier = Classifier()

    # --- packets -----------------------------------------------------------------------------

    def carry(self, packet: Packet, now: int) -> None:
        """A packet for the far side: over the link, into the queue, or nowhere."""
        octets = encode_ppp(PppFrame(protocol=packet.protocol, payload=packet.payload))
        listed = self._spec.dialer_list.interesting(self._classifier.ppp(octets))
        interesting = packet.urgent or listed
        for destination in self._peers if packet.to is None else [packet.to]:
            route = Route(destination=destination, octets=octets, interesting=interesting)
            self._group(Asked(route), now)

    def heard(self, destination: str, octets: bytes, now: int) -> None:
        """A PPP frame came over the call."""
        peer = self._peers[destination]
        try:
            frame = decode_ppp(octets)
            if frame.protocol in CONTROL_PROTOCOLS:
                packet = decode_control(frame.payload, protocol=frame.protocol)
                self._start(peer, now)
                self._ppp(peer, peer.ppp.step(Received(packet), now), now)
                return
        except PeerProtocolError:
            peer.dropped += 1
            return
        if peer.up:
            interesting = self._spec.dialer_list.interesting(self._classifier.ppp(octets))
            self._told(peer, Heard(interesting=interesting), now)
            arrived = Packet(protocol=frame.protocol, payload=frame.payload)
            self._user.deliver(destination, arrived, now)

    # --- what call control says --------------------------------------------------------------

    def arrived(self, destination: str, now: int) -> None:
        """Somebody calls."""
        self._told(self._peers[destination], Arrived(), now)

    def connected(self, destination: str, now: int) -> None:
        """CONNECT, or carrier."""
        peer = self._peers[destination]
        peer.has_call, peer.open_ns = True, now + self._spec.opening_ns
        self._told(peer, Connected(), now)

    def over(self, destination: str, cause: str, now: int) -> None:
        """There is no call, or no more."""
        peer = self._peers[destination]
        connected, peer.has_call = peer.has_call, False
        peer.open_ns, peer.ending = NEVER, False
        self._down(peer, now)
        peer.ppp = PppEnd(RFC_1661, lcp=self._spec.lcp, networks=self._spec.networks)
        if destination in self.group.taken:
            value = Cleared(cause=cause) if connected else Failed(cause=cause)
            self._told(peer, value, now)
        if not connected:
            self._user.call_failed(destination, now)

    def raise_lines(self, now: int) -> None:
        """The operator wants every destination reached."""
        for name in self._peers:
            self._group(Asked(Raise(destination=name)), now)

    def hang_up(self, why: str, now: int) -> None:
        """The operator ends every call there is."""
        for name in [*self.group.taken]:
            if self.group.links[name].state is not State.DOWN:
                self._group(Asked(On(destination=name, channel=0, value=HangUpNow(why=why))), now)

    # --- timers ------------------------------------------------------------------------------

    def due(self) -> int | None:
        """When something is to be done next."""
        soonest = self.group.due()
        for peer in self._peers.values():  # asked after every frame: no lists
            ppp = peer.ppp.due()
            if ppp is not None and (soonest is None or ppp < soonest):
                soonest = ppp
            if peer.open_ns != NEVER and (soonest is None or peer.open_ns < soonest):
                soonest = peer.open_ns
        return soonest

    def expire(self, now: int) -> None:
        """Whatever is due: PPP first, so that a link that opens now is not given up."""
        for peer in self._peers.values():
            if peer.open_ns <= now:
                self._start(peer, now)
            due = peer.ppp.due()
            if due is not None and due <= now:
                self._ppp(peer, peer.ppp.step(EXPIRED, now), now)
        due = self.group.due()
        if due is not None and due <= now:
            self._group(EXPIRED, now)

    def _start(self, peer: _Peer, now: int) -> None:
        """PPP begins when this end is ready or, at the latest, when the far end has begun
        (RFC 1661 4.1: a request in Stopped is answered and followed by our own)."""
        if peer.open_ns != NEVER:
            peer.open_ns = NEVER
            self._ppp(peer, peer.ppp.step(Asked(Open()), now), now)

    # --- effects -----------------------------------------------------------------------------

    def _told(self, peer: _Peer, value: object, now: int) -> None:
        channel = self.group.taken.get(peer.name, 0)
        self._group(Received(On(destination=peer.name, channel=channel, value=value)), now)

    def _group(self, stimulus: Stimulus, now: int) -> None:
        for effect in self.group.step(stimulus, now):
            self._heed(effect, now)

    def _heed(self, effect: Effect, now: int) -> None:
        match effect:
            case Transmit(pdu=On(destination=name, value=octets)):
                self._user.send(name, octets, now)
            case Deliver(value=On() as on):
                self._do(on, now)
            case Note():
                self._user.tell(effect, now)
            case _:
                raise AssertionError(f"a dial group said {effect}")

    def _do(self, on: On, now: int) -> None:
        match on.value:
            case PlaceCall():
                self._user.place_call(on.destination, on.channel, now)
            case AnswerCall():
                self._user.answer_call(on.destination, now)
            case RefuseCall():
                self._user.refuse_call(on.destination, now)
            case HangUp(why=why):
                self._end(self._peers[on.destination], why, now)
            case other:
                raise AssertionError(f"a dialled link delivered {other}")

    def _end(self, peer: _Peer, why: str, now: int) -> None:
        """PPP first, then the call."""
        peer.open_ns = NEVER
        self._down(peer, now)
        if peer.has_call and peer.ppp.is_started:
            peer.ending, peer.why = True, why
            self._ppp(peer, peer.ppp.step(Asked(Close()), now), now)
        else:
            self._user.end_call(peer.name, why, now)

    def _ppp(self, peer: _Peer, effects: Effects, now: int) -> None:
        for effect in effects:
            match effect:
                case Transmit(pdu=packet):
                    self._user.send(peer.name, control_frame(packet), now)
                case Deliver(Opened()):
                    self._opened(peer, now)
                case Deliver(Ended(cause) | Lost(cause)):
                    self._ppp_over(peer, cause, now)
                case other:
                    raise AssertionError(f"a PPP link said {other}")

    def _opened(self, peer: _Peer, now: int) -> None:
        if self.group.links[peer.name].state is State.OPENING:
            peer.up = True
            self._user.link_changed(peer.name, up=True, now=now)
            self._told(peer, LinkOpened(), now)

    def _ppp_over(self, peer: _Peer, cause: str, now: int) -> None:
        """Our own end of it, the far side's, or no answer at all."""
        if peer.ending:
            peer.ending = False
            self._user.end_call(peer.name, peer.why, now)
            return
        link = self.group.links[peer.name]
        if link.state is State.OPENING:
            self._told(peer, Failed(cause=cause), now)
        elif link.state is State.UP:
            value = HangUpNow(why=f"PPP: {cause}")
            self._group(Asked(On(destination=peer.name, channel=0, value=value)), now)

    def _down(self, peer: _Peer, now: int) -> None:
        if peer.up:
            peer.up = False
            self._user.link_changed(peer.name, up=False, now=now)
