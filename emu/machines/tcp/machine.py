"""One TCP connection, sans-IO: the state table of RFC 793 with RFC 1122's corrections.

Knows no addresses, no clock, no dice; the initial sequence number is an argument.  Left out,
because nothing here rests on it: congestion control, Nagle, urgent data, out-of-order queues
(a gap is answered and the sender repeats), window probes (the linux stack has them).
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
    Effects,
    Ended,
    Expired,
    Lost,
    Note,
    Opened,
    Received,
    Stimulus,
    Transmit,
)
from emu.machines.tcp import arriving, expiring, sending
from emu.machines.tcp.control import Abort, Close, Connect, ControlBlock, Send, State
from emu.machines.tcp.params import TcpParams
from emu.machines.tcp.retransmission import Retransmission
from emu.machines.tcp.rows import rows
from emu.pdu.ip_tcp import ACK, RST, SYN, Segment

#: Shared: one new note per answered probe would show in a farm of ten thousand sessions.
_ANSWERED = Note("probe-answered", {"by": "ACK"})
_ANSWERED_BY_RST = Note("probe-answered", {"by": "RST"})


class Tcp(ControlBlock):
    """A connection.  ``probing``: this end uses keepalive, if the policy has it on at all."""

    __slots__ = ("_rows", "probing")

    def __init__(self, params: TcpParams, *, initial_sequence: int, probing: bool) -> None:
        super().__init__(params, initial_sequence=initial_sequence)
        self.probing = probing and params.keepalive
        self._rows = FRESH

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
        due = self.keepalive.due
        if self.retransmission.due < due:
            due = self.retransmission.due
        if self.ack_due < due:
            due = self.ack_due
        if self.wait_due < due:
            due = self.wait_due
        return None if due == NEVER else due

    def timers(self) -> Mapping[str, int]:
        """What is armed, by name, in the order in which timers of one instant are served."""
        all_timers = {
            "retransmission": self.retransmission.due,
            "keepalive": self.keepalive.due,
            "acknowledgement": self.ack_due,
            "time-wait": self.wait_due,
        }
        return {name: due for name, due in all_timers.items() if due != NEVER}

    @property
    def unacknowledged_since_ns(self) -> int:
        """When the wait for an acknowledgement began, NEVER for none."""
        return self.retransmission.since_ns

    # --- asked -------------------------------------------------------------------------------

    def connect(self, _: Connect, now: int) -> Effects:
        """Send the SYN."""
        self.state = State.SYN_SENT
        return self._send_syn(SYN, now)

    def accept(self, stimulus: Received, now: int) -> Effects:
        """A listener made us for this SYN; whatever else comes first has no connection."""
        segment: Segment = stimulus.pdu
        if segment.flags & (SYN | ACK | RST) != SYN:
            return arriving.in_closed(segment)
        self.rcv_nxt = (segment.sequence + 1) % (1 << 32)
        self.snd_wnd = segment.window
        sending.offer_mss(self, segment)
        self.state = State.SYN_RECEIVED
        return self._send_syn(SYN | ACK, now)

    def _send_syn(self, flags: int, now: int) -> Effects:
        acknowledgement = self.rcv_nxt if flags & ACK else 0
        window, mss = self.params.window, self.params.mss
        segment = Segment(self.snd_nxt, acknowledgement, flags, window, mss=mss)
        return [sending.put_out(self, segment, now)]

    def send(self, request: Send, now: int) -> Effects:
        """Queue octets and send what the window allows."""
        self.unsent += request.octets
        return sending.push(self, now)

    def hold(self, request: Send, _now: int) -> Effects:
        """Queue octets until the handshake is over."""
        self.unsent += request.octets
        return NOTHING

    def close(self, _: Close, now: int) -> Effects:
        """Send a FIN behind the last octet."""
        self.fin_wanted = True
        self.state = State.LAST_ACK if self.state is State.CLOSE_WAIT else State.FIN_WAIT_1
        return sending.push(self, now)

    def give_up_opening(self, _: Close, _now: int) -> Effects:
        """Closed before the peer answered."""
        return self._finish(Ended("closed before it opened"))

    def close_opening(self, _: Close, now: int) -> Effects:
        """RFC 793 p. 60: the peer has a connection by now, so it gets a FIN.

        Behind what is queued, if anything is; until then the SYN's timer goes on.
        """
        self.fin_wanted = True
        self.state = State.FIN_WAIT_1
        return NOTHING if self.unsent else sending.push(self, now)

    def abort(self, _: Abort, _now: int) -> Effects:
        """RFC 793 p. 62: one RST and no state."""
        return [Transmit(self.segment(RST)), *self._finish(Ended("aborted"))]

    def forget(self, _: Abort, _now: int) -> Effects:
        """RFC 793 p. 62: nothing of ours is unsettled at the peer, so no RST."""
        return self._finish(Ended("aborted"))

    # --- expired -----------------------------------------------------------------------------

    def expired(self, _: Expired, now: int) -> Effects:
        """One timer; the next one, if it is due as well, at the next expiry."""
        return expiring.first_due(self, now)

    def give_up(self, lost: Lost, *, reset: bool) -> Effects:
        """The peer is held for dead; ``reset``: with a last word."""
        last_word = [Transmit(self.segment(RST))] if reset else []
        return [*last_word, *self._finish(lost)]

    # --- received ----------------------------------------------------------------------------

    def answer_in_syn_sent(self, stimulus: Received, now: int) -> Effects:
        return arriving.in_syn_sent(self, stimulus.pdu, now)

    def arrive(self, stimulus: Received, now: int) -> Effects:
        """RFC 793 3.9, SEGMENT ARRIVES, for every state from SYN-RECEIVED on."""
        segment: Segment = stimulus.pdu
        keepalive = self.keepalive
        if segment.flags & ACK:
            answered = keepalive.heard(now)
            effects = arriving.in_order(self, segment, now)
            if answered:
                return [_ANSWERED_BY_RST if segment.flags & RST else _ANSWERED, *effects]
            return effects
        # Neither data nor acknowledgement (RFC 9293 3.8.4): silence goes on counting, unless
        # it is the RST of a peer that has no such connection and ends it.
        answered = keepalive.unanswered
        effects = arriving.in_order(self, segment, now)
        if answered and segment.flags & RST and self.state is State.CLOSED:
            return [_ANSWERED_BY_RST, *effects]
        return effects

    # --- shared with ``arriving`` and ``expiring`` -------------------------------------------

    def opened(self, now: int) -> Effects:
        """The handshake is over."""
        self.state = State.ESTABLISHED
        self.retransmission = Retransmission(
            self.params.personality,
            first_rto_ns=self.params.first_rto_ns,
            count_max=self.params.retransmissions,
        )
        if self.probing:
            self.keepalive.start(now)
        return [Deliver(Opened()), *sending.push(self, now)]

    def reset(self, cause: str) -> Effects:
        """The peer, or a rule, resets the connection."""
        return self._finish(Lost(cause))

    def wait_out(self, now: int) -> Effects:
        """Both FINs are acknowledged: TIME-WAIT (2 MSL)."""
        self.retransmission.stop()
        self.keepalive.stop()
        self.ack_due = NEVER
        self.state = State.TIME_WAIT
        self.wait_due = now + self.params.time_wait_ns
        return NOTHING

    def finish_in_order(self) -> Effects:
        """The end that the layer above knows of is complete."""
        return self._finish(None)

    def _finish(self, last: Ended | Lost | None) -> Effects:
        self.state = State.CLOSED
        self.retransmission.stop()
        self.keepalive.stop()
        self.ack_due = self.wait_due = NEVER
        self.outstanding.clear()
        self.unsent = b""
        return [] if last is None else [Deliver(last)]

    def refuse(self, stimulus: Received, _now: int) -> Effects:
        """The connection is no more."""
        return arriving.in_closed(stimulus.pdu)

    def ignore(self, _: Any, _now: int) -> Effects:
        return NOTHING


#: A machine is one connection: ``FRESH`` until something happens, ``TABLE`` from then on.
FRESH, TABLE = rows(Tcp)
