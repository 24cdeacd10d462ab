"""The server's watchdog of one connection: whom to poll when, and when to clear the station.

A watchdog hears every NCP packet of its station (requests of any kind, and 'Y' answers) and
says two things: ``Transmit(Watchdog '?')`` and ``Deliver(Lost(...))``.  Clearing puts nothing
on the wire (facts/ipx.md 3.1.3).  It knows the connection's number, for the poll carries its
low octet, and no address.

Two personalities: NetWare polls by a timer of the connection's own, mars_nwe at checks of the
whole server.  Its rule not to poll far networks is in ``NcpParams.at_distance``.  Left out:
mars_nwe's urgent watchdogs when its table is full: more than its table holds is refused by the
session limit.

Read: facts/ipx.md 1.5, 2.1, 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effect,
    Effects,
    Expired,
    Lost,
    Note,
    Received,
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.ncp.params import MarsNweParams, NetWareParams
from emu.pdu.ncp import WATCHDOG_ANSWER, WATCHDOG_POLL, Watchdog


class State(Enum):
    """WAITING: no poll is open.  POLLING: some are.  CLEARED: the station was given up."""

    WAITING = "waiting"
    POLLING = "polling"
    CLEARED = "cleared"


class Event(Enum):
    """What a stimulus is to a watchdog."""

    PACKET = "any other NCP packet of the station"
    ANSWER = "watchdog answer"
    EXPIRED = "expired"
    FOREIGN = "nothing this machine has a row for"


class BaseWatchdog:
    """What both personalities share: the count of open polls and what is said about them.

    ``idle_since_ns``: when the idle clock last started.
    """

    __slots__ = ("_connection_low", "_due_ns", "_of", "idle_since_ns", "state", "unanswered")

    def __init__(self, *, connection: int, polls: int, now: int) -> None:
        self.idle_since_ns = now
        self.state = State.WAITING
        self.unanswered = 0
        self._of = polls
        # facts/ipx.md 1.5: the low octet only, however many connections there are.
        self._connection_low = connection & 0xFF
        self._due_ns = NEVER

    def due(self) -> int | None:
        return None if self._due_ns == NEVER else self._due_ns

    def timers(self) -> Mapping[str, int]:
        return {} if self._due_ns == NEVER else {"watchdog": self._due_ns}

    def _poll(self) -> Effect:
        self.unanswered += 1
        self.state = State.POLLING
        about = Note("probe", {"number": self.unanswered, "of": self._of})
        return Transmit(Watchdog(connection_low=self._connection_low, mark=WATCHDOG_POLL), about)

    def _alive(self, now: int) -> None:
        self.state, self.unanswered, self.idle_since_ns = State.WAITING, 0, now

    def _answered(self) -> Effects:
        """Say which poll was answered; an answer nobody asked for is only a sign of life."""
        if self.state is State.WAITING:
            return NOTHING
        return (Note("probe-answered", {"number": self.unanswered, "of": self._of}),)

    def _clear(self) -> Effect:
        self.state, self._due_ns = State.CLEARED, NEVER
        polls = "poll" if self._of == 1 else "polls"
        return Deliver(Lost(f"{self._of} watchdog {polls} unanswered"))


class NetWareWatchdog(BaseWatchdog):
    """Novell: first poll after D1 of silence, N polls D2 apart, then the station is cleared.

    The idle clock is the time since the last NCP packet from the station, answers included.
    A poll that leaves late (a slow wall clock) moves those behind it: the spacing is kept.
    """

    __slots__ = ("_params",)

    def __init__(self, params: NetWareParams, *, connection: int, now: int) -> None:
        super().__init__(connection=connection, polls=params.polls, now=now)
        self._params = params
        self._due_ns = now + params.delay_before_first_poll_ns

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        row = NETWARE_TABLE.get((self.state, _event(stimulus)))
        if row is None:
            raise _illegal(self.state, stimulus)
        return row.action(self, stimulus, now)

    def on_packet(self, _stimulus: Stimulus, now: int) -> Effects:
        self._alive(now)
        self._due_ns = now + self._params.delay_before_first_poll_ns
        return NOTHING

    def on_answer(self, stimulus: Stimulus, now: int) -> Effects:
        answered = self._answered()
        self.on_packet(stimulus, now)
        return answered

    def on_expired(self, _stimulus: Stimulus, now: int) -> Effects:
        if self.unanswered == self._of:
            return (self._clear(),)
        poll = self._poll()
        self._due_ns = now + self._params.delay_between_polls_ns
        if self.unanswered == self._of and not self._params.wait_after_last_poll:
            return (poll, self._clear())
        return (poll,)


class MarsNweWatchdog(BaseWatchdog):
    """mars_nwe: checks at multiples of an interval since the server's start, strict ">".

    ``due()`` names the first check that will do something, not every check.
    """

    __slots__ = ("_params", "_requested_ns")

    def __init__(self, params: MarsNweParams, *, connection: int, now: int) -> None:
        super().__init__(connection=connection, polls=params.polls, now=now)
        self._params = params
        # The create-connection is the request before the first one.
        self._requested_ns = now
        self._due_ns = self._check_after(now + params.idle_before_first_poll_ns)

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        row = MARS_NWE_TABLE.get((self.state, _event(stimulus)))
        if row is None:
            raise _illegal(self.state, stimulus)
        return row.action(self, stimulus, now)

    def on_packet(self, _stimulus: Stimulus, now: int) -> Effects:
        since_the_one_before_ns = now - self._requested_ns
        self._requested_ns = now
        if since_the_one_before_ns > self._params.activity_spacing_ns:
            self._reset(now)
        return NOTHING

    def on_answer(self, _stimulus: Stimulus, now: int) -> Effects:
        answered = self._answered()
        self._reset(now)
        return answered

    def on_expired(self, _stimulus: Stimulus, now: int) -> Effects:
        if self.unanswered == self._of:
            return (self._clear(),)
        poll = self._poll()
        self._due_ns = self._check_after(now + self._params.delay_between_polls_ns)
        return (poll,)

    def _reset(self, now: int) -> None:
        self._alive(now)
        self._due_ns = self._check_after(now + self._params.idle_before_first_poll_ns)

    def _check_after(self, instant_ns: int) -> int:
        """The first check strictly later: "more than 60 s" leaves out 60 s to the nanosecond."""
        interval_ns = self._params.check_interval_ns
        return instant_ns - instant_ns % interval_ns + interval_ns


AnyWatchdog = NetWareWatchdog | MarsNweWatchdog

_ACTIVE = frozenset({State.WAITING})
_POLLED = frozenset({State.POLLING, State.CLEARED})

# A CLEARED watchdog hears nothing any more: its connection is gone from the slot table, and
# what its station still says is answered there.  So it has no rows.
NETWARE_TABLE: Mapping[tuple[State, Event], Row[NetWareWatchdog, State]] = {
    (State.WAITING, Event.PACKET): Row(NetWareWatchdog.on_packet, _ACTIVE, "ipx.md 2.1, heading"),
    (State.WAITING, Event.ANSWER): Row(NetWareWatchdog.on_answer, _ACTIVE, "ipx.md 2.1, heading"),
    (State.WAITING, Event.EXPIRED): Row(NetWareWatchdog.on_expired, _POLLED, "ipx.md 2.1, D1"),
    (State.POLLING, Event.PACKET): Row(NetWareWatchdog.on_packet, _ACTIVE, "ipx.md 2.1, heading"),
    (State.POLLING, Event.ANSWER): Row(NetWareWatchdog.on_answer, _ACTIVE, "ipx.md 3.1.2"),
    (State.POLLING, Event.EXPIRED): Row(NetWareWatchdog.on_expired, _POLLED, "ipx.md 3.1.3"),
}

_STILL_POLLING = frozenset({State.WAITING, State.POLLING})

MARS_NWE_TABLE: Mapping[tuple[State, Event], Row[MarsNweWatchdog, State]] = {
    (State.WAITING, Event.PACKET): Row(MarsNweWatchdog.on_packet, _ACTIVE, "ipx.md 2.1, activity"),
    (State.WAITING, Event.ANSWER): Row(MarsNweWatchdog.on_answer, _ACTIVE, "ipx.md 2.1, mars_nwe"),
    (State.WAITING, Event.EXPIRED): Row(
        MarsNweWatchdog.on_expired, _POLLED, "ipx.md 2.1, mars_nwe"
    ),
    (State.POLLING, Event.PACKET): Row(
        MarsNweWatchdog.on_packet, _STILL_POLLING, "ipx.md 2.1, activity"
    ),
    (State.POLLING, Event.ANSWER): Row(MarsNweWatchdog.on_answer, _ACTIVE, "ipx.md 2.1, mars_nwe"),
    (State.POLLING, Event.EXPIRED): Row(
        MarsNweWatchdog.on_expired, _POLLED, "ipx.md 2.1, mars_nwe"
    ),
}


def watchdog_for(
    params: NetWareParams | MarsNweParams, *, connection: int, now: int
) -> AnyWatchdog:
    """The personality that the parameters are for; the connection was created ``now``."""
    if isinstance(params, NetWareParams):
        return NetWareWatchdog(params, connection=connection, now=now)
    return MarsNweWatchdog(params, connection=connection, now=now)


def _event(stimulus: Stimulus) -> Event:
    match stimulus:
        case Received(Watchdog(mark=mark)):
            # A '?' from a station is no answer, yet it is a packet from it.
            return Event.ANSWER if mark == WATCHDOG_ANSWER else Event.PACKET
        case Received():
            return Event.PACKET
        case Expired():
            return Event.EXPIRED
        case Asked():
            return Event.FOREIGN


def _illegal(state: State, stimulus: Stimulus) -> LocalProtocolError:
    return LocalProtocolError(f"a watchdog that is {state.value} cannot take {stimulus}")
