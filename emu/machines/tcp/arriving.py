"""SEGMENT ARRIVES (RFC 793 3.9): the order of the checks is the standard's.

A keepalive probe needs no rule of its own: it lies left of the window, so the first check
answers it with an ACK, and a garbage octet it may carry is never delivered (RFC 1122 4.2.3.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.machines.base import NEVER, NOTHING, Data, Deliver, Effect, Effects, Ended, Transmit
from emu.machines.tcp import sending
from emu.machines.tcp.control import MODULUS, State, ahead
from emu.pdu.ip_tcp import ACK, FIN, RST, SYN, Segment

if TYPE_CHECKING:
    from emu.machines.tcp.machine import Tcp

_TAKES_DATA = frozenset({State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2})

#: Both FINs have been sent: the layer above has been told the end, and is not told another.
_TOLD = frozenset({State.CLOSING, State.LAST_ACK, State.TIME_WAIT})


def reset_for(segment: Segment) -> Segment | None:
    """What a segment draws that belongs to no connection (RFC 793 p. 36); a RST draws nothing."""
    if segment.flags & RST:
        return None
    if segment.flags & ACK:
        return Segment(segment.acknowledgement, 0, RST, 0)
    return Segment(0, (segment.sequence + segment.length) % MODULUS, RST | ACK, 0)


def in_closed(segment: Segment) -> Effects:
    """RFC 793 p. 65: there is no connection."""
    reset = reset_for(segment)
    return NOTHING if reset is None else [Transmit(reset)]


def in_syn_sent(tcp: Tcp, segment: Segment, now: int) -> Effects:
    """RFC 793 p. 66-68.  An ACK that is not for our SYN is a half-open peer: reset it."""
    if segment.flags & ACK and segment.acknowledgement != tcp.snd_nxt:
        return in_closed(segment)
    if segment.flags & RST:
        return tcp.reset("connection refused by RST") if segment.flags & ACK else NOTHING
    if not segment.flags & SYN:
        return NOTHING
    tcp.rcv_nxt = (segment.sequence + 1) % MODULUS
    sending.offer_mss(tcp, segment)
    if segment.flags & ACK:
        sending.acknowledged(tcp, segment, now)
        return [sending.acknowledgement(tcp), *tcp.opened(now)]
    tcp.snd_wnd = segment.window
    tcp.state = State.SYN_RECEIVED
    own = sending.again(tcp, tcp.outstanding[0])
    tcp.outstanding[0] = Segment(own.sequence, tcp.rcv_nxt, SYN | ACK, own.window, mss=own.mss)
    return [Transmit(tcp.outstanding[0])]


def in_order(tcp: Tcp, segment: Segment, now: int) -> Effects:
    """RFC 793 p. 69-76: sequence, RST, SYN, ACK, text, FIN.

    First the one case that all these checks let pass and that changes nothing: a bare ACK to
    an idle connection, such as the answer to a probe (RFC 1144's header prediction).
    """
    flags = segment.flags
    if (
        flags == ACK
        and not segment.payload
        and segment.sequence == tcp.rcv_nxt
        and segment.acknowledgement == tcp.snd_una == tcp.snd_nxt
        and not tcp.unsent
    ):
        tcp.snd_wnd = segment.window
        return NOTHING
    if not tcp.acceptable(segment):
        return _not_acceptable(tcp, segment, now)
    if flags & (RST | SYN):
        return _reset_or_syn(tcp, segment)
    if not flags & ACK:
        return NOTHING
    if ahead(segment.acknowledgement, tcp.snd_nxt) > 0:
        return _ack_of_nothing(tcp, segment)
    effects: list[Effect] = []
    if tcp.state is State.SYN_RECEIVED:
        if not sending.acknowledged(tcp, segment, now):  # RFC 9293 3.10.7.4: SND.UNA < SEG.ACK
            return _ack_of_nothing(tcp, segment)
        effects += tcp.opened(now)
    elif sending.acknowledged(tcp, segment, now) or tcp.unsent:
        effects += sending.push(tcp, now)
    if not tcp.outstanding and not tcp.unsent:
        effects += _all_acknowledged(tcp, now)
    if segment.payload or flags & FIN:
        effects += _take(tcp, segment, now)
    return effects


def _not_acceptable(tcp: Tcp, segment: Segment, now: int) -> Effects:
    """First check: say what is expected.  The peer's FIN again restarts TIME-WAIT (p. 73)."""
    if segment.flags & RST:
        return NOTHING
    if tcp.state is State.TIME_WAIT and segment.flags & FIN:
        tcp.wait_due = now + tcp.params.time_wait_ns
    return [sending.acknowledgement(tcp)]


def _reset_or_syn(tcp: Tcp, segment: Segment) -> Effects:
    """Second and fourth check.  RFC 793 p. 71: a SYN in the window is an error, send a reset.

    Both flags stand at SEG.SEQ, so text that reaches into the window does not bring them in.
    """
    reset = segment.flags & RST
    if ahead(segment.sequence, tcp.rcv_nxt) < 0:
        return NOTHING if reset else [sending.acknowledgement(tcp)]
    reply = in_closed(segment)
    if tcp.state in _TOLD:
        return [*reply, *tcp.finish_in_order()]
    return [*reply, *tcp.reset("RST received" if reset else "SYN in the window")]


def _ack_of_nothing(tcp: Tcp, segment: Segment) -> Effects:
    """It acknowledges what we never sent (p. 72); before the handshake ended, reset (p. 72)."""
    if tcp.state is State.SYN_RECEIVED:
        return in_closed(segment)
    return [sending.acknowledgement(tcp)]


def _all_acknowledged(tcp: Tcp, now: int) -> Effects:
    """Our FIN, if one was out, is acknowledged."""
    if tcp.state is State.FIN_WAIT_1 and not tcp.fin_wanted:
        tcp.state = State.FIN_WAIT_2
    elif tcp.state is State.CLOSING:
        return tcp.wait_out(now)
    elif tcp.state is State.LAST_ACK and not tcp.fin_wanted:
        return tcp.finish_in_order()
    return NOTHING


def _take(tcp: Tcp, segment: Segment, now: int) -> Effects:
    """Seventh and eighth check: text and FIN, trimmed to what is new and inside the window."""
    if tcp.state not in _TAKES_DATA:
        return NOTHING
    skip = ahead(tcp.rcv_nxt, segment.sequence)
    if skip < 0:  # a gap: say what is missing, the peer repeats it
        return [sending.acknowledgement(tcp)]
    payload = segment.payload[skip : skip + tcp.params.window]
    tcp.rcv_nxt = (tcp.rcv_nxt + len(payload)) % MODULUS
    effects: list[Effect] = []
    if payload:
        effects += [*_acknowledge(tcp, now), Deliver(Data(payload))]
    if segment.flags & FIN and segment.length - skip <= tcp.params.window:
        effects += _take_fin(tcp, now)
    return effects


def _acknowledge(tcp: Tcp, now: int) -> Effects:
    """RFC 1122 4.2.3.2: wait for something to ride on, but never for a second segment."""
    if tcp.ack_due != NEVER or tcp.params.ack_delay_ns == 0:
        return [sending.acknowledgement(tcp)]
    tcp.ack_due = now + tcp.params.ack_delay_ns
    return NOTHING


def _take_fin(tcp: Tcp, now: int) -> Effects:
    tcp.rcv_nxt = (tcp.rcv_nxt + 1) % MODULUS
    answer = sending.acknowledgement(tcp)
    told = Deliver(Ended("connection closed by FIN"))
    if tcp.state is State.ESTABLISHED:
        tcp.state = State.CLOSE_WAIT
    elif tcp.state is State.FIN_WAIT_1:
        tcp.state = State.CLOSING
    else:
        return [answer, told, *tcp.wait_out(now)]
    return [answer, told]
