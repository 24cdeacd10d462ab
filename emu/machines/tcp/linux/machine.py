"""One TCP connection as the Linux kernel plays it, sans-IO: RFC 793's table over sub-machines.

Knows no addresses, no clock, no dice; the initial sequence number is an argument, the host's
timer wheel is in the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emu.errors import LocalProtocolError
from emu.machines.base import (
    NEVER,
    NOTHING,
    Asked,
    Deliver,
    Effect,
    Effects,
    Ended,
    Expired,
    Lost,
    Opened,
    Received,
    Row,
    Stimulus,
)
from emu.machines.tcp.arriving import in_closed
from emu.machines.tcp.control import Abort, Close, Connect, Send, State
from emu.machines.tcp.linux import arriving, closing, keepalive, output, transmission
from emu.machines.tcp.linux.block import (
    Held,
    LinuxBlock,
    Pending,
    Reading,
    Route,
    RouteChanged,
    Sent,
    SetOption,
    Shutdown,
    Unreachable,
    microseconds,
)
from emu.machines.tcp.linux.params import LinuxParams, SocketOptions
from emu.machines.tcp.linux.persist import Persist
from emu.machines.tcp.rows import Rows, rows
from emu.pdu.ip_tcp import ACK, RST, SYN, Segment


class LinuxTcp(LinuxBlock):
    """A connection.  ``options``: what the socket, or the listener it came from, has set."""

    __slots__ = ("_rows", "persist")

    def __init__(
        self, params: LinuxParams, *, initial_sequence: int, options: SocketOptions
    ) -> None:
        super().__init__(params, initial_sequence=initial_sequence, options=options)
        self.persist = Persist()
        self._rows: Mapping[type[Any], Row[LinuxTcp, State]] = FRESH

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        if type(stimulus) is Asked:
            kind: type[Any] = stimulus.request.__class__
            argument: Any = stimulus.request
        else:
            kind = stimulus.__class__
            argument = stimulus
        row = self._rows.get(kind)
        if row is None:
            raise LocalProtocolError(f"TCP {self.state.value}: no row for {kind.__name__}")
        before = self.state
        effects = row.action(self, argument, now)
        if self.state is not before:
            assert self.state in row.leads_to, f"{before} -> {self.state} by {kind.__name__}"
            self._rows = TABLE[self.state]
        return effects

    def due(self) -> int | None:
        """The earliest of the timers."""
        due = min(self.pending_due, self.keepalive_due, self.ack_due, self.wait_due)
        return None if due == NEVER else due

    def timers(self) -> Mapping[str, int]:
        """What is armed, by name, in the order in which timers of one instant are served."""
        all_timers = {
            self.pending.value: self.pending_due,
            "keepalive": self.keepalive_due,
            "acknowledgement": self.ack_due,
            "wait": self.wait_due,
        }
        return {name: due for name, due in all_timers.items() if due != NEVER}

    @property
    def unacknowledged_since_ns(self) -> int:
        """When the oldest octet in flight went out first, NEVER for none."""
        return self.sent[0].first_ns if self.sent else NEVER

    # --- asked -------------------------------------------------------------------------------

    def connect(self, _: Connect, now: int) -> Effects:
        """Send the SYN."""
        self.state = State.SYN_SENT
        self.timestamps_ok, self.sack_ok = self.params.timestamps, True
        return self._send_syn(SYN, now)

    def accept(self, stimulus: Received, now: int) -> Effects:
        """A listener made us for this SYN; whatever else comes first has no connection."""
        segment: Segment = stimulus.pdu
        if segment.flags & (SYN | ACK | RST) != SYN:
            return in_closed(segment)
        arriving.learn(self, segment, now)
        self.state = State.SYN_RECEIVED
        return self._send_syn(SYN | ACK, now)

    def _send_syn(self, flags: int, now: int) -> Effects:
        syn = Sent(self.snd_nxt, flags, b"", microseconds(now), first_ns=now)
        return [output.new_data(self, syn, now)]

    def send(self, request: Send, now: int) -> Effects:
        """Queue octets and send what may go."""
        self.unsent += request.octets
        return output.push(self, now)

    def hold(self, request: Send, _now: int) -> Effects:
        """Queue octets until the handshake is over."""
        self.unsent += request.octets
        return NOTHING

    def close(self, _: Close, now: int) -> Effects:
        """close(2): an orphan from here on."""
        return closing.close(self, now)

    def shutdown(self, _: Shutdown, now: int) -> Effects:
        """shutdown(SHUT_WR): the program stays."""
        return closing.shutdown(self, now)

    def give_up_opening(self, _: Close, _now: int) -> Effects:
        """Closed before the peer answered."""
        return self.finish(Ended("closed before it opened"))

    def close_opening(self, _: Close, now: int) -> Effects:
        """RFC 793 p. 60: the peer has a connection by now, so it gets a FIN."""
        self.orphan = self.fin_wanted = True
        self.state = State.FIN_WAIT_1
        return NOTHING if self.unsent else output.push(self, now)

    def abort(self, _: Abort, now: int) -> Effects:
        """RFC 793 p. 62: one RST and no state."""
        return closing.reset(self, now)

    def forget(self, _: Abort, _now: int) -> Effects:
        """RFC 793 p. 62: nothing of ours is unsettled at the peer, so no RST."""
        return self.finish(Ended("aborted"))

    def set_option(self, request: SetOption, now: int) -> Effects:
        """setsockopt; the order of calls matters (facts/tcp.md 3.1)."""
        if request.name == "keepalive":
            keepalive.turned(self, bool(request.value), now)
        setattr(self.options, request.name, request.value)
        if request.name == "idle_s":
            keepalive.idle_changed(self, now)
        return NOTHING

    def read(self, request: Reading, now: int) -> Effects:
        """The program reads again: what waited is gone, and a shut window is opened."""
        self.reading = request.on
        shut = self.rcv_wnd < min(self.mss, self.params.window // 2)
        if request.on:
            self.unread = 0
            if shut and self.state is not State.CLOSED:
                return output.acknowledgement(self, now)
        return NOTHING

    def unreachable(self, error: Unreachable, now: int) -> Effects:
        return transmission.unreachable(self, error, now)

    def hold_back(self, request: Held, _now: int) -> Effects:
        """Felt when one of them is to be sent again."""
        self.held: frozenset[int] = request.sequences
        return NOTHING

    def route_changed(self, request: RouteChanged, _now: int) -> Effects:
        """Felt at the next send."""
        self.route: Route = request.route
        return NOTHING

    # --- expired -----------------------------------------------------------------------------

    def expired(self, _: Expired, now: int) -> Effects:
        """One timer; the next one, if it is due as well, at the next expiry."""
        if self.pending_due <= now:
            return transmission.ON_EXPIRY[self.pending].action(self, now)
        if self.keepalive_due <= now:
            return keepalive.expired(self, now)
        if self.ack_due <= now:
            return arriving.acknowledge_late(self, now)
        if self.wait_due <= now:
            return self.finish(None)
        return NOTHING

    # --- received ----------------------------------------------------------------------------

    def answer_in_syn_sent(self, stimulus: Received, now: int) -> Effects:
        return arriving.in_syn_sent(self, stimulus.pdu, now)

    def arrive(self, stimulus: Received, now: int) -> Effects:
        """RFC 793 3.9, SEGMENT ARRIVES, for every state from SYN-RECEIVED on."""
        probes_out = self.probes_out
        probing = self.pending is not Pending.PERSIST
        effects = arriving.in_order(self, stimulus.pdu, now)
        if not probing:
            return effects
        return [*arriving.answered(self, probes_out, stimulus.pdu), *effects]

    def refuse(self, stimulus: Received, _now: int) -> Effects:
        """The connection is no more."""
        return in_closed(stimulus.pdu)

    def ignore(self, _: Any, _now: int) -> Effects:
        return NOTHING

    # --- shared with the sub-machines --------------------------------------------------------

    def opened(self, now: int) -> list[Effect]:
        """The handshake is over; an accepted socket's keepalive runs from here."""
        if self.state in (State.SYN_SENT, State.SYN_RECEIVED):
            self.state = State.ESTABLISHED
        if self.options.keepalive:
            keepalive.start(self, now)
        return [Deliver(Opened()), *output.push(self, now)]

    def error(self) -> str:
        """What the program is told: the stored error, or that time ran out (tcp_write_err)."""
        return self.soft_error or "ETIMEDOUT"

    def give_up(self, lost: Lost) -> Effects:
        """The peer is held for dead."""
        return self.finish(lost)

    def finish(self, last: Ended | Lost | None) -> Effects:
        """CLOSED, with nothing left behind."""
        self.state = State.CLOSED
        self.clear_transmission_timer()
        self.keepalive_due = self.ack_due = self.wait_due = NEVER
        self.sent.clear()
        self.unsent = b""
        self.fin_wanted = False
        return [] if last is None else [Deliver(last)]


def _table() -> tuple[Rows[LinuxTcp], Mapping[State, Rows[LinuxTcp]]]:
    """RFC 793's rows, and those of what only this stack may be asked."""
    fresh, plain = rows(LinuxTcp)
    nowhere: frozenset[State] = frozenset()
    closed = frozenset({State.CLOSED})
    everywhere: dict[type[Any], Row[LinuxTcp, State]] = {
        SetOption: Row(LinuxTcp.set_option, nowhere, "setsockopt(2); facts/tcp.md 3.1"),
        Reading: Row(LinuxTcp.read, nowhere, "RFC 9293 3.8.6.2.2: window update"),
        Unreachable: Row(LinuxTcp.unreachable, closed, "RFC 1122 4.2.3.9; RFC 6069"),
        Held: Row(LinuxTcp.hold_back, nowhere, "net/core/neighbour.c arp_queue"),
        RouteChanged: Row(LinuxTcp.route_changed, nowhere, "facts/tcp.md 3.5"),
    }
    leads = frozenset({State.FIN_WAIT_1, State.LAST_ACK, State.CLOSED})
    shut = Row(LinuxTcp.shutdown, leads, "RFC 793 3.9 CLOSE, p. 60: half-closed")
    close = Row(LinuxTcp.close, leads, "RFC 793 3.9 CLOSE, p. 60; RFC 1122 4.2.2.13")
    table = {state: {**of_state, **everywhere} for state, of_state in plain.items()}
    for state in (State.ESTABLISHED, State.CLOSE_WAIT):
        table[state] = {**table[state], Shutdown: shut, Close: close}
    for state in (State.FIN_WAIT_1, State.FIN_WAIT_2):
        table[state] = {**table[state], Close: close}
    return {**fresh, **everywhere}, table


#: A machine is one connection: ``FRESH`` until something happens, ``TABLE`` from then on.
FRESH, TABLE = _table()
