"""One switch's end of one circuit, sans-IO: RFC 1795 5.2, without what NetBEUI does not need.

It knows the two stations by name and speaks SSP; the data link to its own station is whoever's
that steps it.  Left out: XID and DGRMFRAME (datagrams go as DATAFRAME in every state), a second
partner with the same circuit, both stations calling each other at one instant (both calls then
end by the timer), and pacing (RFC 1795 8): TCP's window is the only brake.

Read: RFC 1795 5.1, 5.2; facts/netbeui.md 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Deliver,
    Effect,
    Effects,
    Stimulus,
    Transmit,
)
from emu.machines.dlsw.control import (
    ContactStation,
    EnterBusy,
    ExitBusy,
    HaltLink,
    SendInfo,
    StartLink,
    State,
    event_of,
)
from emu.machines.dlsw.rows import rows
from emu.pdu.dlsw import (
    LARGEST_FRAME_ETHERNET,
    NO_CIRCUIT,
    CircuitId,
    DataLinkId,
    SspControl,
    SspInformation,
    SspType,
)

_FIRST = frozenset({SspType.CANUREACH, SspType.ICANREACH})


class Circuit:
    """``own``, ``peer``: the two ends' identifiers, the peer's once it is known.

    ``is_origin``: our station calls.  ``contacted``: it has called, and waits for the far one.
    ``start_ns``: the timer CIRCUIT_START.
    """

    __slots__ = ("contacted", "due_ns", "is_origin", "link", "own", "peer", "start_ns", "state")

    def __init__(self, *, link: DataLinkId, own: CircuitId, is_origin: bool, start_ns: int) -> None:
        self.link = link
        self.own = own
        self.is_origin = is_origin
        self.start_ns = start_ns
        self.peer = NO_CIRCUIT
        self.contacted = False
        self.state = State.DISCONNECTED
        self.due_ns: int = NEVER

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus.  One that has no row does nothing: RFC 1795 5.2 says so of all of them.

        ``LocalProtocolError`` for what is no stimulus of a circuit.
        """
        event = event_of(stimulus)
        if event is None:
            raise LocalProtocolError(f"a circuit cannot take {stimulus}")
        row = TABLE[self.state].get(event)
        if row is None:
            return NOTHING
        before = self.state
        effects = row.action(self, stimulus, now)
        assert self.state is before or self.state in row.leads_to, f"{before} -> {self.state}"
        return effects

    def due(self) -> int | None:
        return None if self.due_ns == NEVER else self.due_ns

    def timers(self) -> Mapping[str, int]:
        return {} if self.due_ns == NEVER else {"CIRCUIT_START": self.due_ns}

    # --- set-up ------------------------------------------------------------------------------

    def start_link(self, stimulus: Any, _now: int) -> Effects:
        self.peer = stimulus.pdu.origin
        return self._go(State.RESOLVE_PENDING, Deliver(StartLink()))

    def started(self, _: Any, _now: int) -> Effects:
        return self._go(State.CIRCUIT_PENDING, self.say(SspType.ICANREACH))

    def call(self, _: Any, now: int) -> Effects:
        """RFC 1795 5.1 has the station told to wait later, and its UA may wait as well; here it
        is said at once, so that a WAN that must be dialled first does not lose the call."""
        self.contacted = True
        self.due_ns = now + self.start_ns
        said = self.say(SspType.CANUREACH)
        return self._go(State.CIRCUIT_START, Deliver(EnterBusy()), said)

    def reached(self, stimulus: Any, _now: int) -> Effects:
        """Its end of the circuit is fixed from here on (RFC 1795 3.3)."""
        self.peer = stimulus.pdu.target
        self.due_ns = NEVER
        acknowledged, contact = self.say(SspType.REACH_ACK), self.say(SspType.CONTACT)
        return self._go(State.CONNECT_PENDING, acknowledged, contact)

    def not_reached(self, _: Any, _now: int) -> Effects:
        """RFC 1795 5.2.3 has no action, as there may have been no UA.  We sent one: DISC."""
        return self._go(State.DISCONNECTED, Deliver(HaltLink()))

    def acknowledged(self, stimulus: Any, _now: int) -> Effects:
        self.peer = stimulus.pdu.origin
        return self._on(self.contacted)

    def _on(self, contacted: bool) -> Effects:
        if contacted:
            return self._go(State.CONNECT_PENDING, self.say(SspType.CONTACT))
        return self._go(State.CIRCUIT_ESTABLISHED)

    def contact(self, _: Any, _now: int) -> Effects:
        return self._go(State.CONTACT_PENDING, Deliver(ContactStation()))

    def answered(self, _: Any, _now: int) -> Effects:
        return self._go(State.CONNECTED, self.say(SspType.CONTACTED))

    def called(self, _: Any, _now: int) -> Effects:
        """The station calls while the circuit is not ready for it."""
        self.contacted = True
        return [Deliver(EnterBusy())]

    def called_and_ready(self, stimulus: Any, now: int) -> Effects:
        return [*self.called(stimulus, now), *self._on(True)]

    def contacted_there(self, _: Any, _now: int) -> Effects:
        return self._go(State.CONNECTED, Deliver(ExitBusy()))

    # --- data --------------------------------------------------------------------------------

    def carry(self, stimulus: Any, _now: int) -> Effects:
        """An I frame of our station's: what is in it, by the other end's identifier."""
        octets: bytes = stimulus.request.octets
        return [Transmit(SspInformation(remote=self.peer, data=octets))]

    def arrive(self, stimulus: Any, _now: int) -> Effects:
        return [Deliver(SendInfo(stimulus.pdu.data))]

    # --- restart -----------------------------------------------------------------------------

    def restart(self, _: Any, _now: int) -> Effects:
        self.contacted = False
        return self._go(State.CIRCUIT_RESTART, self.say(SspType.RESTART_DL))

    def reset_again(self, _: Any, _now: int) -> Effects:
        self.contacted = False
        return NOTHING

    def be_restarted(self, _: Any, _now: int) -> Effects:
        self.contacted = False
        return self._go(State.RESTART_PENDING, Deliver(HaltLink()))

    def say_restarted(self, _: Any, _now: int) -> Effects:
        return [self.say(SspType.DL_RESTARTED)]

    def restarted_here(self, _: Any, _now: int) -> Effects:
        return self._go(State.CIRCUIT_ESTABLISHED, self.say(SspType.DL_RESTARTED))

    def restarted_there(self, _: Any, _now: int) -> Effects:
        return self._on(self.contacted)

    # --- the end -----------------------------------------------------------------------------

    def error(self, _: Any, _now: int) -> Effects:
        """facts/netbeui.md 4: this is how the far station hears of the death of ours."""
        return self._go(State.DISCONNECT_PENDING, self.say(SspType.HALT_DL))

    def halt(self, _: Any, _now: int) -> Effects:
        return self._go(State.HALT_PENDING, Deliver(HaltLink()))

    def halt_silently(self, _: Any, _now: int) -> Effects:
        return self._go(State.HALT_PENDING_NOACK, Deliver(HaltLink()))

    def halting(self, _: Any, _now: int) -> Effects:
        """HALT_DL while DISC is out already."""
        return self._go(State.HALT_PENDING)

    def halting_silently(self, _: Any, _now: int) -> Effects:
        return self._go(State.HALT_PENDING_NOACK)

    def halted(self, _: Any, _now: int) -> Effects:
        return self._go(State.DISCONNECTED, self.say(SspType.DL_HALTED))

    def say_halted(self, _: Any, _now: int) -> Effects:
        return [self.say(SspType.DL_HALTED)]

    def gone(self, _: Any, _now: int) -> Effects:
        return self._go(State.DISCONNECTED)

    # --- shared ------------------------------------------------------------------------------

    def say(self, kind: SspType) -> Transmit:
        """A message about this circuit; the peer's identifier is zero until it is known."""
        ends = (self.own, self.peer) if self.is_origin else (self.peer, self.own)
        message = SspControl(
            kind=kind,
            from_origin=self.is_origin,
            link=self.link,
            origin=ends[0],
            target=ends[1],
            largest_frame=LARGEST_FRAME_ETHERNET if kind in _FIRST else 0,
        )
        return Transmit(message)

    def _go(self, state: State, *effects: Effect) -> Effects:
        self.state = state
        if state is State.DISCONNECTED:
            self.due_ns = NEVER
            self.contacted = False
        return effects


#: What each state heeds, and who says so.
TABLE = rows(Circuit)
