"""One end of a D channel: the data link, and the calls whose messages it carries.

The same class serves the user and the exchange in front of it.  The data link is set up by
whoever has something to say and let go by the user when no call is left (an assumption: Q.921
allows to keep it; ``machines/isdn/params``).  TEI assignment is left out: the terminal has its
TEI, as after a start that nobody recorded.

Read: Q.921 3, 5; Q.931 4.3, 5.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

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
from emu.machines.isdn import (
    LAPD,
    Q931,
    Answer,
    Answered,
    CallEnd,
    Clear,
    Dial,
    Offered,
    Over,
    Proceed,
)
from emu.machines.llc2.control import Connect, Disconnect, Refused, Restarted, Send, State
from emu.machines.llc2.link import Link
from emu.pdu.lapd import SAPI_CALL_CONTROL, TEI_FIRST_AUTOMATIC, LapdFrame
from emu.pdu.q931 import LOCATION_LOCAL_NETWORK, LOCATION_USER, Cause, Q931Message
from emu.stations.base import Surroundings
from emu.stations.ncp.alarm import Alarm
from emu.wire.lapd import decode_lapd, encode_lapd
from emu.wire.q931 import decode_q931, encode_q931

#: One octet of call reference on a basic access (Q.931 4.3): 1 to 127.
_REFERENCE_MAX = 127


class CallKey(NamedTuple):
    """``reference``: the call's; ``ours``: this end placed it.  Two calls may share a number,
    one placed from each side (Q.931 4.3)."""

    reference: int
    ours: bool


class DChannelUser(Protocol):
    """What stands above one end."""

    def offered(self, key: CallKey, number: str, now: int, /) -> None: ...

    def answered(self, key: CallKey, channel: int, now: int, /) -> None: ...

    def over(self, key: CallKey, cause: Cause, connected: bool, now: int, /) -> None: ...


class DChannelEnd:
    """``network``: the exchange's end.  ``surroundings.transmit`` puts a frame on the D channel."""

    def __init__(self, surroundings: Surroundings, user: DChannelUser, *, network: bool) -> None:
        self._surroundings, self._user, self._network = surroundings, user, network
        self._location = LOCATION_LOCAL_NETWORK if network else LOCATION_USER
        self._link = Link(LAPD, probing=False, listening=True)
        self._link_alarm = Alarm(surroundings, self._link, self._carry_out_link)
        self._calls: dict[CallKey, CallEnd] = {}
        self._alarms: dict[CallKey, Alarm] = {}
        self._unsent: list[bytes] = []
        self._last_reference = 0

    # --- asked -------------------------------------------------------------------------------

    def dial(self, number: str, now: int, *, channel: int = 0) -> CallKey:
        """Place a call; ``channel``: the B channel, 0 for any."""
        key = CallKey(self._free_reference(), ours=True)
        self._make(key)
        self._step(key, Asked(Dial(number=number, channel=channel)), now)
        return key

    def proceed(self, key: CallKey, channel: int, now: int) -> None:
        """The number is whole, and this B channel is taken; if the call is still there."""
        if self.stands(key):
            self._step(key, Asked(Proceed(channel=channel)), now)

    def answer(self, key: CallKey, now: int) -> None:
        """Take the call, if it is still there."""
        if self.stands(key):
            self._step(key, Asked(Answer()), now)

    def clear(self, key: CallKey, value: int, now: int, *, location: int | None = None) -> None:
        """End or refuse the call, if it is still there.  ``value``: Q.850's.

        ``location``: who says so, if not this end.  A call that is being cleared already is
        left alone.
        """
        if self.stands(key):
            where = self._location if location is None else location
            self._step(key, Asked(Clear(cause=Cause(value=value, location=where))), now)

    def has(self, key: CallKey) -> bool:
        """Whether the call is still there."""
        return key in self._calls

    def stands(self, key: CallKey) -> bool:
        """Whether it is there and nobody has begun to clear it."""
        call = self._calls.get(key)
        return call is not None and not call.is_clearing

    def _free_reference(self) -> int:
        """The next one: a reference that was just released is not taken at once."""
        for _ in range(_REFERENCE_MAX):
            self._last_reference = self._last_reference % _REFERENCE_MAX + 1
            if CallKey(self._last_reference, ours=True) not in self._calls:
                return self._last_reference
        raise AssertionError("a basic access has two B channels, not 127 calls")

    # --- heard -------------------------------------------------------------------------------

    def receive(self, octets: bytes, now: int) -> None:
        """A frame from the other end."""
        try:
            frame = decode_lapd(octets, from_network=not self._network)
        except PeerProtocolError:
            return
        self._carry_out_link(self._link.step(Received(frame.pdu), now), now)

    def _hear(self, octets: bytes, now: int) -> None:
        try:
            message = decode_q931(octets)
        except PeerProtocolError:
            return
        key = CallKey(message.reference, ours=message.from_destination)
        if key not in self._calls:
            self._make(key)
        self._step(key, Received(message), now)

    # --- machines ----------------------------------------------------------------------------

    def _make(self, key: CallKey) -> None:
        call = CallEnd(Q931, reference=key.reference, location=self._location,
                       network=self._network)  # fmt: skip
        self._calls[key] = call
        self._alarms[key] = Alarm(
            self._surroundings, call, lambda effects, now: self._carry_out(key, effects, now)
        )

    def _step(self, key: CallKey, stimulus: Asked | Received, now: int) -> None:
        self._carry_out(key, self._calls[key].step(stimulus, now), now)

    def _carry_out(self, key: CallKey, effects: Effects, now: int) -> None:
        call, alarm = self._calls[key], self._alarms[key]
        for effect in effects:
            if isinstance(effect, Transmit):
                self._say(effect.pdu, now)
        if call.is_null:
            del self._calls[key], self._alarms[key]
        else:
            alarm.watch()
        for effect in effects:
            if isinstance(effect, Deliver):
                self._tell(key, call, effect.value, now)
        if call.is_null:
            self._let_go(now)

    def _tell(self, key: CallKey, call: CallEnd, value: object, now: int) -> None:
        match value:
            case Offered(number=number):
                self._user.offered(key, number, now)
            case Answered():
                self._user.answered(key, call.channel, now)
            case Over(cause=cause, connected=connected):
                self._user.over(key, cause, connected, now)
            case other:
                raise AssertionError(f"a call delivered {other}")

    def _say(self, message: Q931Message, now: int) -> None:
        octets = encode_q931(message)
        if self._link.state in (State.UP, State.SETTING_UP):
            self._ask_link(Send(octets), now)
        else:
            self._unsent.append(octets)
            self._set_up(now)

    def _set_up(self, now: int) -> None:
        """Once the old link is quite gone."""
        if self._link.state is State.DOWN and self._unsent:
            self._ask_link(Connect(), now)
            unsent, self._unsent = self._unsent, []
            for octets in unsent:
                self._ask_link(Send(octets), now)

    def _let_go(self, now: int) -> None:
        if not self._network and not self._calls and self._link.state is State.UP:
            self._ask_link(Disconnect(), now)

    def _ask_link(self, request: Connect | Send | Disconnect, now: int) -> None:
        self._carry_out_link(self._link.step(Asked(request), now), now)

    def _carry_out_link(self, effects: Effects, now: int) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                frame = LapdFrame(
                    sapi=SAPI_CALL_CONTROL,
                    tei=TEI_FIRST_AUTOMATIC,
                    from_network=self._network,
                    pdu=effect.pdu,
                )
                self._surroundings.transmit(encode_lapd(frame))
        self._link_alarm.watch()
        for effect in effects:
            match effect:
                case Deliver(Data(octets)):
                    self._hear(octets, now)
                case Deliver(Opened() | Ended() | Lost() | Refused() | Restarted()):
                    self._set_up(now)
                case _:
                    continue
