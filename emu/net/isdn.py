"""ISDN calls: every router has a basic access, and the exchange between them is one box.

A D channel runs at 16 kbit/s (ITU-T I.430 5).  The exchange passes a SETUP on after the line's
set-up time, takes the B channel, and charges from the CONNECT that it sends to the caller until
the first side has cleared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emu.capture.recording import LINKTYPE_LAPD, Direction, Interface, Recording
from emu.net.calls import Call, CallUser
from emu.net.timeline import FRAME, TIMER
from emu.pdu.q931 import (
    CAUSE_BUSY,
    CAUSE_NORMAL,
    CAUSE_OUT_OF_ORDER,
    LOCATION_REMOTE_NETWORK,
    Cause,
)
from emu.stations.base import Timer
from emu.stations.isdn import CallKey, DChannelEnd
from emu.units import NS_PER_S

if TYPE_CHECKING:
    from emu.machines.base import Note
    from emu.net.timeline import Timeline

#: ITU-T I.430 5.1: the D channel of a basic access.
D_CHANNEL_BIT_S = 16_000
#: Flag and frame check sequence around each frame (Q.921 2.2, 2.7).
_AROUND_OCTETS = 4
#: A basic access has two B channels (ITU-T I.430).
B_CHANNELS = (1, 2)

#: What stands in the way of the next call: "", "busy", "out-of-order" or "no-answer".
Obstacle = Callable[[], str]
_CAUSES = {"busy": CAUSE_BUSY, "out-of-order": CAUSE_OUT_OF_ORDER}


class _Side:
    """One end of a D channel as its ``DChannelEnd`` sees the world: a pipe and a clock."""

    mac = b""

    def __init__(self, timeline: Timeline, tap: Callable[[bytes, bool], None]) -> None:
        self._timeline, self._tap = timeline, tap
        self._free_at = 0
        self.end: DChannelEnd | None = None
        self.far: _Side | None = None

    def transmit(self, octets: bytes) -> int:
        """Frames go out one behind the other."""
        now = self._timeline.now
        self._tap(octets, True)
        bits = (len(octets) + _AROUND_OCTETS) * 8
        self._free_at = max(self._free_at, now) + bits * NS_PER_S // D_CHANNEL_BIT_S
        assert self.far is not None
        self._timeline.at(self._free_at, FRAME, self.far.arrive, octets)
        return 0

    def arrive(self, octets: bytes, now: int) -> None:
        """A whole frame is here."""
        self._tap(octets, False)
        assert self.end is not None
        self.end.receive(octets, now)

    def arm(self, timer: Timer, due: int) -> None:
        self._timeline.at(due, TIMER, _fire, timer)

    def note(self, note: Note, connection: int, frame: int | None) -> None:
        """Calls have no ledger lines of their own: the D channel is in the capture."""

    def arriving(self) -> int:
        return 0


def _fire(timer: Timer, now: int) -> None:
    timer.fire(now)


class _Access:
    """A router's basic access: its own end of the D channel, and the exchange's."""

    def __init__(
        self, name: str, number: str, control: IsdnControl, tap: Callable[[bytes, bool], None]
    ) -> None:
        self.name, self.number = name, number
        here, there = _Side(control.timeline, tap), _Side(control.timeline, _no_tap)
        here.far, there.far = there, here
        self.user = here.end = DChannelEnd(here, _Subscriber(self, control), network=False)
        self.network = there.end = DChannelEnd(there, _Switch(self, control), network=True)


def _no_tap(_octets: bytes, _sent: bool, /) -> None:
    """The other end of a D channel sees the same frames."""


class _Subscriber:
    """The router's end tells the router."""

    def __init__(self, access: _Access, control: IsdnControl) -> None:
        self._access, self._control = access, control

    def offered(self, key: CallKey, _number: str, now: int, /) -> None:
        call = self._control.call_of(self._access, key)
        if call is not None:
            call.reached = True
            self._control.user.arrived(self._access.name, call.caller, now)

    def answered(self, key: CallKey, _channel: int, now: int, /) -> None:
        call = self._control.call_of(self._access, key)
        if call is not None:
            self._control.ready(call, self._access.name, now)

    def over(self, key: CallKey, cause: Cause, _connected: bool, now: int, /) -> None:
        self._control.left(self._access, key, str(cause), now)


class _Switch:
    """The exchange's end tells the exchange.  Its keys are the router's, turned round."""

    def __init__(self, access: _Access, control: IsdnControl) -> None:
        self._access, self._control = access, control

    def offered(self, key: CallKey, _number: str, now: int, /) -> None:
        self._control.wanted(self._access, _turned(key), now)

    def answered(self, key: CallKey, _channel: int, now: int, /) -> None:
        self._control.taken(self._access, _turned(key), now)

    def over(self, key: CallKey, cause: Cause, _connected: bool, now: int, /) -> None:
        self._control.cleared(self._access, _turned(key), cause, now)


def _turned(key: CallKey) -> CallKey:
    return CallKey(key.reference, ours=not key.ours)


class IsdnControl:
    """``calls``: the line's, appended to.  ``channels``: 1 or 2 that each access has; more are
    no basic access, and not used.  ``obstacle``: asked for every call."""

    def __init__(
        self,
        timeline: Timeline,
        user: CallUser,
        calls: list[Call],
        *,
        set_up_ns: int,
        channels: int,
        obstacle: Obstacle,
    ) -> None:
        self.timeline, self.user = timeline, user
        self._channels = B_CHANNELS[:channels]
        self._calls, self._set_up_ns, self._obstacle = calls, set_up_ns, obstacle
        self._accesses: dict[str, _Access] = {}
        #: By access and the router's key on it.
        self._by_key: dict[tuple[str, CallKey], Call] = {}
        #: Where one end of the D channel has the call behind it and the other not yet.
        self._half_over: set[tuple[str, CallKey]] = set()

    def join(self, name: str, tap: Callable[[bytes, bool], None] | None = None) -> None:
        """A router's access.  ``tap(octets, sent)``: sees its D channel, if anybody does."""
        number = f"{555_0100 + len(self._accesses)}"
        self._accesses[name] = _Access(name, number, self, tap or _no_tap)

    def call_of(self, access: _Access, key: CallKey) -> Call | None:
        """The call that a key on an access stands for."""
        return self._by_key.get((access.name, key))

    # --- asked by the routers ----------------------------------------------------------------

    def place(self, caller: str, called: str, now: int, /) -> None:
        access = self._accesses[caller]
        call = Call(caller=caller, called=called, channel=0, asked_ns=now)
        self._calls.append(call)
        key = access.user.dial(self._accesses[called].number, now)
        self._by_key[caller, key] = call

    def answer(self, router: str, caller: str, now: int, /) -> None:
        for key in self._offered_by(router, caller):
            self._accesses[router].user.answer(key, now)

    def refuse(self, router: str, caller: str, now: int, /) -> None:
        """There may be a call of our own to the same place: it is the other's that is refused."""
        for key in self._offered_by(router, caller):
            self._by_key[router, key].reached = False
            self._accesses[router].user.clear(key, CAUSE_BUSY, now)

    def end(self, router: str, other: str, why: str, now: int, /) -> None:
        found = self._find(router, other)
        if found is None:
            self.timeline.at(now, TIMER, lambda _, at: self.user.over(router, other, why, at), 0)
        else:
            self._accesses[router].user.clear(found, CAUSE_NORMAL, now)

    def cut(self, now: int, /) -> None:
        """The exchange clears every call there is."""
        for (name, key), call in [*self._by_key.items()]:
            if call.ended_ns is None:
                self._accesses[name].network.clear(_turned(key), CAUSE_OUT_OF_ORDER, now)

    def _find(self, router: str, other: str) -> CallKey | None:
        """The call that this router's end still has."""
        has = self._accesses[router].user.has
        for (name, key), call in self._by_key.items():
            if name == router and call.concerns(router, other) and has(key):
                return key
        return None

    def _offered_by(self, router: str, caller: str) -> list[CallKey]:
        """The calls from there that this router's end still has, one at most."""
        has = self._accesses[router].user.has
        return [
            key
            for (name, key), call in self._by_key.items()
            if name == router and not key.ours and call.caller == caller and has(key)
        ]

    # --- the exchange ------------------------------------------------------------------------

    def wanted(self, access: _Access, key: CallKey, now: int) -> None:
        """SETUP from a router."""
        call = self._by_key.get((access.name, key))
        if call is None:
            return
        obstacle = self._obstacle()
        channel = self._free_channel(call)
        cause = _CAUSES.get(obstacle, None if channel else CAUSE_BUSY)
        if cause is not None:
            access.network.clear(_turned(key), cause, now, location=LOCATION_REMOTE_NETWORK)
            return
        call.channel = channel
        access.network.proceed(_turned(key), channel, now)
        if obstacle != "no-answer":
            self.timeline.at(now + self._set_up_ns, TIMER, self._ring, call)

    def _free_channel(self, call: Call) -> int:
        """The same number at both ends; 0 when there is none left."""
        ends = {call.caller, call.called}
        used = {
            each.channel
            for each in self._by_key.values()
            if each is not call and each.ended_ns is None and ends & {each.caller, each.called}
        }
        return next((number for number in self._channels if number not in used), 0)

    def _ring(self, call: Call, now: int) -> None:
        if call.ended_ns is None:
            access = self._accesses[call.called]
            key = access.network.dial(access.number, now, channel=call.channel)
            self._by_key[call.called, _turned(key)] = call

    def taken(self, access: _Access, key: CallKey, now: int) -> None:
        """CONNECT from the called router: passed on, and the charge begins; but not when the
        caller is clearing just then."""
        call = self._by_key.get((access.name, key))
        if call is None or access.name != call.called or call.ended_ns is not None:
            return
        for name, other in self._keys_of(call):
            network, theirs = self._accesses[name].network, _turned(other)
            if (name, other) != (access.name, key) and network.stands(theirs):
                call.connected_ns = now
                network.answer(theirs, now)

    def ready(self, call: Call, router: str, now: int) -> None:
        """One end has the call.  The B channel is through when both have: what one of them sent
        before that would be lost."""
        call.ready.add(router)
        if len(call.ready) == len((call.caller, call.called)) and call.ended_ns is None:
            self.user.connected(call.caller, call.called, now)
            self.user.connected(call.called, call.caller, now)

    def cleared(self, access: _Access, key: CallKey, cause: Cause, now: int) -> None:
        """The exchange's end is gone: the other side is cleared with the same cause."""
        call = self._by_key.get((access.name, key))
        if call is None:
            return
        self._over(call, access, key, str(cause), now)
        for name, other in self._keys_of(call):
            if (name, other) != (access.name, key):
                network = self._accesses[name].network
                network.clear(_turned(other), cause.value, now, location=LOCATION_REMOTE_NETWORK)

    def left(self, access: _Access, key: CallKey, cause: str, now: int) -> None:
        """The router's own end of the call is gone."""
        call = self._by_key.get((access.name, key))
        if call is not None:
            self._over(call, access, key, cause, now)
            if access.name == call.caller or call.reached:
                self.user.over(access.name, call.other(access.name), cause, now)

    def _over(self, call: Call, access: _Access, key: CallKey, cause: str, now: int) -> None:
        """The first end that is gone ends the charge; the last one frees the key."""
        if call.ended_ns is None:
            call.ended_ns, call.cause = now, cause
        place = access.name, key
        if place in self._half_over:
            self._half_over.remove(place)
            del self._by_key[place]
        else:
            self._half_over.add(place)

    def _keys_of(self, call: Call) -> list[tuple[str, CallKey]]:
        return [place for place, each in self._by_key.items() if each is call]


def tap_into(recording: Recording, name: str) -> Callable[[bytes, bool, int], None]:
    """Records a D channel as an interface of its own."""
    interface = recording.add_interface(
        Interface(
            name=name,
            link_type=LINKTYPE_LAPD,
            description="the D channel of the router beside the server",
            bits_per_second=D_CHANNEL_BIT_S,
        )
    )

    def tap(octets: bytes, sent: bool, now: int) -> None:
        number = recording.frame(interface, now, octets)
        recording.direction(number, Direction.OUTBOUND if sent else Direction.INBOUND)

    return tap
