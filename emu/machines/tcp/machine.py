"""One TCP connection, sans-IO: the state table of RFC 793 with RFC 1122's corrections.

Knows no addresses, no clock, no dice; the initial sequence number is an argument.  Left out,
because nothing here rests on it: congestion control, Nagle, urgent data, out-of-order queues
(a gap is answered and the sender repeats), window probes (they come with the linux stack).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    Row,
    Stimulus,
    Transmit,
)
from emu.machines.tcp import arriving, sending
from emu.machines.tcp.control import Abort, Close, Connect, ControlBlock, Send, State
from emu.machines.tcp.keepalive import Verdict
from emu.machines.tcp.params import TcpParams
from emu.machines.tcp.retransmission import Retransmission
from emu.pdu.ip_tcp import ACK, RST, SYN, Segment

#: Notes without numbers are shared: one per probe answered matters in a farm.
_ANSWERED = Note("probe-answered")


class Tcp(ControlBlock):
    """A connection.  ``probing``: this end uses keepalive, if the policy has it on at all."""

    __slots__ = ("_rows", "probing")

    def __init__(self, params: TcpParams, *, initial_sequence: int, probing: bool) -> None:
        super().__init__(params, initial_sequence=initial_sequence)
        self.probing = probing and params.keepalive
        self._rows = _TABLE[State.CLOSED]

    # --- the contract of machines/base.py ----------------------------------------------------

    def step(self, stimulus: Stimulus, now: int) -> Effects:
        """One stimulus; ``LocalProtocolError`` when this state does not allow it."""
        if stimulus.__class__ is Asked:
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
            self._rows = _TABLE[self.state]
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

    # --- asked -------------------------------------------------------------------------------

    def connect(self, _: Connect, now: int) -> Effects:
        """Send the SYN."""
        self.state = State.SYN_SENT
        return self._send_syn(SYN, now)

    def accept(self, stimulus: Received, now: int) -> Effects:
        """A listener made us for this SYN."""
        segment: Segment = stimulus.pdu
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
        """Closed before the handshake ended."""
        return self._finish(Ended("closed before it opened"))

    def abort(self, _: Abort, _now: int) -> Effects:
        """RFC 793 3.9, ABORT: one RST and no state."""
        return [Transmit(self.segment(RST)), *self._finish(Ended("aborted"))]

    # --- expired -----------------------------------------------------------------------------

    def expired(self, _: Expired, now: int) -> Effects:
        """Serve the first timer that is due, in the order ``timers`` gives."""
        if self.retransmission.due <= now:
            return self._retransmit(now)
        if self.keepalive.due <= now:
            return self._probe(now)
        if self.ack_due <= now:
            self.ack_due = NEVER
            return [Transmit(self.segment(ACK))]
        if self.wait_due <= now:
            return self._finish(None)
        return NOTHING

    def _retransmit(self, now: int) -> Effects:
        timer = self.retransmission
        oldest = self.outstanding[0]
        if timer.expired(now):
            facts = {"number": timer.count, "of": timer.count_max}
            return [Transmit(sending.again(self, oldest), Note("retransmission", facts))]
        if oldest.flags & SYN:
            return self._finish(Lost(f"SYN unanswered {timer.count_max + 1} times"))
        cause = f"{timer.count_max} retransmissions unanswered"
        return self._give_up(cause, reset=self.params.reset_on_data_give_up)

    def _probe(self, now: int) -> Effects:
        keepalive = self.keepalive
        verdict = keepalive.expired(now, outstanding=bool(self.outstanding or self.unsent))
        if verdict is Verdict.WAIT:
            return NOTHING
        if verdict is Verdict.GIVE_UP:
            cause = f"{keepalive.probes_max} keepalive probes unanswered"
            return self._give_up(cause, reset=self.params.reset_on_probe_give_up)
        # SEG.SEQ = SND.NXT-1 lies left of the peer's window and forces an ACK (RFC 9293 3.8.4).
        probe = Segment((self.snd_nxt - 1) % (1 << 32), self.rcv_nxt, ACK, self.params.window)
        facts = {"number": keepalive.unanswered, "of": keepalive.probes_max}
        return [Transmit(probe, Note("probe", facts))]

    def _give_up(self, cause: str, *, reset: bool) -> Effects:
        last_word = [Transmit(self.segment(RST))] if reset else []
        return [*last_word, *self._finish(Lost(cause))]

    # --- received ----------------------------------------------------------------------------

    def answer_in_syn_sent(self, stimulus: Received, now: int) -> Effects:
        return arriving.in_syn_sent(self, stimulus.pdu, now)

    def arrive(self, stimulus: Received, now: int) -> Effects:
        """RFC 793 3.9, SEGMENT ARRIVES, for every state from SYN-RECEIVED on."""
        segment: Segment = stimulus.pdu
        answered = self.keepalive.heard(now)
        effects = arriving.in_order(self, segment, now)
        if answered:
            return [_ANSWERED, *effects]
        return effects

    # --- shared with ``arriving`` ------------------------------------------------------------

    def opened(self, now: int) -> Effects:
        """The handshake is over."""
        self.state = State.ESTABLISHED
        self.retransmission = Retransmission(
            first_rto_ns=self.params.first_rto_ns, count_max=self.params.retransmissions
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
        """LAST-ACK got its acknowledgement."""
        return self._finish(None)

    def _finish(self, last: Ended | Lost | None) -> Effects:
        self.state = State.CLOSED
        self.retransmission.stop()
        self.keepalive.stop()
        self.ack_due = self.wait_due = NEVER
        self.outstanding.clear()
        self.unsent = b""
        return [] if last is None else [Deliver(last)]

    def ignore(self, _: Any, _now: int) -> Effects:
        return NOTHING


def _rows() -> Mapping[State, Mapping[type[Any], Row[Tcp, State]]]:
    """The table.  Every row cites RFC 793 3.9 unless it says otherwise."""
    closed = frozenset({State.CLOSED})
    anywhere = frozenset(State)

    def row(action: Callable[[Tcp, Any, int], Effects], leads_to: frozenset[State], cites: str):  # noqa: ANN202
        return Row[Tcp, State](action, leads_to, cites)

    expired = row(Tcp.expired, closed, "RFC 793 3.9 TIMEOUTS; RFC 1122 4.2.3.6")
    arrive = row(Tcp.arrive, anywhere, "RFC 793 3.9 SEGMENT ARRIVES")
    abort = row(Tcp.abort, closed, "RFC 793 3.9 ABORT")
    ignore = row(Tcp.ignore, frozenset(), "RFC 793 3.9 CLOSED")
    flowing = {
        Received: arrive,
        Expired: expired,
        Send: row(Tcp.send, frozenset(), "RFC 793 3.9 SEND"),
        Close: row(Tcp.close, frozenset({State.FIN_WAIT_1, State.LAST_ACK}), "RFC 793 3.9 CLOSE"),
        Abort: abort,
    }
    opening = {
        Expired: expired,
        Send: row(Tcp.hold, frozenset(), "RFC 793 3.9 SEND, queued"),
        Close: row(Tcp.give_up_opening, closed, "RFC 793 3.9 CLOSE"),
        Abort: abort,
    }
    ending = {Received: arrive, Expired: expired, Abort: abort}
    return {
        State.CLOSED: {
            Connect: row(Tcp.connect, frozenset({State.SYN_SENT}), "RFC 793 3.9 OPEN, active"),
            Received: row(Tcp.accept, frozenset({State.SYN_RECEIVED}), "RFC 793 3.9 LISTEN"),
            Expired: ignore,
            Close: ignore,
            Abort: ignore,
        },
        State.SYN_SENT: {
            **opening,
            Received: row(
                Tcp.answer_in_syn_sent,
                frozenset({State.ESTABLISHED, State.SYN_RECEIVED, State.CLOSED}),
                "RFC 793 3.9 SYN-SENT",
            ),
        },
        State.SYN_RECEIVED: {**opening, Received: arrive},
        State.ESTABLISHED: flowing,
        State.CLOSE_WAIT: flowing,
        State.FIN_WAIT_1: ending,
        State.FIN_WAIT_2: ending,
        State.CLOSING: ending,
        State.LAST_ACK: ending,
        State.TIME_WAIT: ending,
    }


_TABLE = _rows()
