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


def in_syn_sent(tcp: Tcp, segment: Segment, now: int) -> Effects:
    """RFC 793 p. 66-68.  An ACK that is not for our SYN is a half-open peer: reset it."""
    if segment.flags & ACK and segment.acknowledgement != tcp.snd_nxt:
        if segment.flags & RST:
            return NOTHING
        return [Transmit(Segment(segment.acknowledgement, 0, RST, 0))]
    if segment.flags & RST:
        return tcp.reset("connection refused by RST") if segment.flags & ACK else NOTHING
    if not segment.flags & SYN:
        return NOTHING
    tcp.rcv_nxt = (segment.sequence + 1) % MODULUS
    sending.offer_mss(tcp, segment)
    if segment.flags & ACK:
        sending.acknowledged(tcp, segment, now)
        return [Transmit(tcp.segment(ACK)), *tcp.opened(now)]
    tcp.snd_wnd = segment.window
    tcp.state = State.SYN_RECEIVED
    own = sending.again(tcp, tcp.outstanding[0])
    tcp.outstanding[0] = Segment(own.sequence, tcp.rcv_nxt, SYN | ACK, own.window, mss=own.mss)
    return [Transmit(tcp.outstanding[0])]


def in_order(tcp: Tcp, segment: Segment, now: int) -> Effects:
    """RFC 793 p. 69-76: sequence, RST, SYN, ACK, text, FIN."""
    flags = segment.flags
    if not tcp.acceptable(segment):
        return NOTHING if flags & RST else [Transmit(tcp.segment(ACK))]
    if flags & (RST | SYN):
        return _reset_or_syn(tcp, segment)
    if not flags & ACK:
        return NOTHING
    if ahead(segment.acknowledgement, tcp.snd_nxt) > 0:
        return _ack_of_nothing(tcp, segment)
    effects: list[Effect] = []
    if tcp.state is State.SYN_RECEIVED:
        sending.acknowledged(tcp, segment, now)
        effects += tcp.opened(now)
    elif sending.acknowledged(tcp, segment, now) or tcp.unsent:
        effects += sending.push(tcp, now)
    if not tcp.outstanding and not tcp.unsent:
        effects += _all_acknowledged(tcp, now)
    if segment.payload or flags & FIN:
        effects += _take(tcp, segment, now)
    return effects


def _reset_or_syn(tcp: Tcp, segment: Segment) -> Effects:
    """Second and fourth check.  RFC 793 p. 71: a SYN in the window is an error, send a reset."""
    if segment.flags & RST:
        return tcp.reset("RST received")
    reply = Segment(0, (segment.sequence + segment.length) % MODULUS, RST | ACK, 0)
    return [Transmit(reply), *tcp.reset("SYN in the window")]


def _ack_of_nothing(tcp: Tcp, segment: Segment) -> Effects:
    """It acknowledges what we never sent (p. 72); before the handshake ended, reset (p. 72)."""
    if tcp.state is State.SYN_RECEIVED:
        return [Transmit(Segment(segment.acknowledgement, 0, RST, 0))]
    return [Transmit(tcp.segment(ACK))]


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
    """Seventh and eighth check: text and FIN, trimmed to what is new."""
    if tcp.state not in _TAKES_DATA:
        return NOTHING
    skip = ahead(tcp.rcv_nxt, segment.sequence)
    if skip < 0:  # a gap: say what is missing, the peer repeats it
        return [Transmit(tcp.segment(ACK))]
    payload = segment.payload[skip:]
    tcp.rcv_nxt = (tcp.rcv_nxt + len(payload)) % MODULUS
    effects: list[Effect] = []
    if payload:
        effects += [*_acknowledge(tcp, now), Deliver(Data(payload))]
    if segment.flags & FIN:
        effects += _take_fin(tcp, now)
    return effects


def _acknowledge(tcp: Tcp, now: int) -> Effects:
    """RFC 1122 4.2.3.2: wait for something to ride on, but never for a second segment."""
    if tcp.ack_due != NEVER or tcp.params.ack_delay_ns == 0:
        tcp.ack_due = NEVER
        return [Transmit(tcp.segment(ACK))]
    tcp.ack_due = now + tcp.params.ack_delay_ns
    return NOTHING


def _take_fin(tcp: Tcp, now: int) -> Effects:
    tcp.rcv_nxt = (tcp.rcv_nxt + 1) % MODULUS
    tcp.ack_due = NEVER
    answer = Transmit(tcp.segment(ACK))
    told = Deliver(Ended("FIN received"))
    if tcp.state is State.ESTABLISHED:
        tcp.state = State.CLOSE_WAIT
    elif tcp.state is State.FIN_WAIT_1:
        tcp.state = State.CLOSING
    else:
        return [answer, told, *tcp.wait_out(now)]
    return [answer, told]
