"""The sending half: what goes out, first and again (tcp_write_xmit, tcp_retransmit_skb).

Functions return the effects; a segment that finds no route makes none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.machines.base import NEVER, Effect, Note, Transmit
from emu.machines.tcp.control import MODULUS, State, ahead
from emu.machines.tcp.linux.block import Pending, Route, Sent, microseconds
from emu.pdu.ip_tcp import ACK, FIN, PSH, SYN, Segment

if TYPE_CHECKING:
    from emu.machines.tcp.linux.machine import LinuxTcp

#: A loss probe leaves the peer this long for its acknowledgement (TCP_TIMEOUT_MIN_US).
_LOSS_PROBE_MARGIN_US = 2_000


def push(tcp: LinuxTcp, now: int) -> list[Effect]:
    """Send what window, congestion window and Nagle allow, then the FIN (tcp_push_pending_frames).

    With nothing in flight and something that may not go, the window is probed.
    """
    effects = write(tcp, now)
    waiting = bool(tcp.unsent) or tcp.fin_wanted
    if waiting and not tcp.sent and tcp.pending is Pending.NOTHING:
        tcp.persist.start(tcp, now)
    return effects


def write(tcp: LinuxTcp, now: int, *, one: bool = False) -> list[Effect]:
    """``one``: a single segment, small or not, as a loss probe (push_one 2)."""
    effects: list[Effect] = []
    burst = False  # whether the segment before was a full one: then the cut end may follow it
    while (tcp.unsent or tcp.fin_wanted) and tcp.in_flight() < tcp.cwnd:
        chunk = _next_chunk(tcp, burst=burst, ignore_nagle=one)
        if chunk is None or tcp.route is not Route.UP:
            break
        effects.append(_send_new(tcp, chunk, now))
        burst = len(chunk) == tcp.mss
        if one:
            break
    if effects and not one:
        schedule_loss_probe(tcp, now, advancing=False)
    return effects


def _next_chunk(tcp: LinuxTcp, *, burst: bool, ignore_nagle: bool) -> bytes | None:
    """The octets of the next segment; empty for a bare FIN; None if it has to wait.

    A segment goes only if the window takes all of it (tcp_snd_wnd_test); behind full ones of the
    same burst a piece goes along (tcp_mss_split_point); else the persist timer sends what fits.
    """
    room = ahead(tcp.window_end, tcp.snd_nxt)
    chunk = tcp.unsent[: tcp.mss]
    ends = tcp.fin_wanted and len(chunk) == len(tcp.unsent)
    if len(chunk) + ends > room:
        piece = burst and room > 0 and (ignore_nagle or not _nagle_holds(tcp))
        return chunk[:room] if piece else None
    if len(chunk) < tcp.mss and not ends and not ignore_nagle and _nagle_holds(tcp):
        return None
    return chunk


def _nagle_holds(tcp: LinuxTcp) -> bool:
    """RFC 896 with Minshall's variation: one small segment at a time (tcp_nagle_check)."""
    if tcp.options.nodelay or not tcp.sent:
        return False
    return ahead(tcp.snd_sml, tcp.snd_una) > 0


def _send_new(tcp: LinuxTcp, chunk: bytes, now: int) -> Effect:
    tcp.unsent = tcp.unsent[len(chunk) :]
    flags = ACK
    if tcp.fin_wanted and not tcp.unsent:
        flags |= FIN
        tcp.fin_wanted = False
    if chunk and not tcp.unsent:
        flags |= PSH
    return new_data(tcp, Sent(tcp.snd_nxt, flags, chunk, microseconds(now), first_ns=now), now)


def new_data(tcp: LinuxTcp, sent: Sent, now: int) -> Effect:
    """Something new is on its way (tcp_event_new_data_sent)."""
    first = not tcp.sent
    segment = octets_of(tcp, sent, now)
    tcp.sent.append(sent)
    tcp.snd_nxt = sent.end
    if len(sent.payload) < tcp.mss:
        tcp.snd_sml = sent.end
    if first or tcp.pending is Pending.LOSS_PROBE:
        rearm(tcp, now)
    if sent.payload and tcp.wheel.jiffies(now) - tcp.heard_data < tcp.ack_timeout:
        tcp.pingpong = True  # an answer: acknowledgements may ride on the next ones
    return Transmit(segment)


def octets_of(tcp: LinuxTcp, sent: Sent, now: int) -> Segment:
    """The segment of something on the queue, with today's acknowledgement and window."""
    if not sent.flags & SYN:
        tcp.ack_due = NEVER
        return tcp.segment(sent.flags, now, sent.sequence, sent.payload)
    acknowledgement = tcp.rcv_nxt if sent.flags & ACK else 0
    return Segment(
        sent.sequence,
        acknowledgement,
        sent.flags,
        tcp.rcv_wnd,
        mss=tcp.params.mss,
        extensions=tcp.extensions(now, syn=True),
    )


def again(tcp: LinuxTcp, sent: Sent, now: int, note: Note | None) -> list[Effect]:
    """Send it again, unless the last one has not left yet (skb_still_in_host_queue).

    Its clock starts anew even if it finds no way out (tcp_retransmit_skb).
    """
    if sent.sequence in tcp.held:
        return []
    sent.at_us = microseconds(now)
    sent.retransmitted = sent.resent = True
    if tcp.route is not Route.UP:
        return []
    return [Transmit(octets_of(tcp, sent, now), note)]


def retransmit(tcp: LinuxTcp, sent: Sent, now: int, note: Note | None) -> list[Effect]:
    """``again`` with what stands behind it, as far as a segment goes; starts the budget's clock.

    tcp_retransmit_skb, tcp_retrans_try_collapse: the FIN of a closed socket joins its data.  The
    budget's clock is the segment's own: one that still waits for ARP has it from its first time.
    """
    if sent.sequence not in tcp.held:
        _collapse(tcp, sent)
    effects = again(tcp, sent, now, note)
    if tcp.retrans_stamp_ms is None:
        tcp.retrans_stamp_ms = sent.at_us // 1_000
    return effects


def _collapse(tcp: LinuxTcp, sent: Sent) -> None:
    index = tcp.sent.index(sent)
    while not sent.flags & SYN and index + 1 < len(tcp.sent):
        following = tcp.sent[index + 1]
        if len(sent.payload) + len(following.payload) > tcp.mss:
            return
        if ahead(following.end, tcp.window_end) > 0 and following.payload:
            return
        sent.flags |= following.flags
        sent.payload += following.payload
        del tcp.sent[index + 1]


def rearm(tcp: LinuxTcp, now: int) -> None:
    """The time-out from now, or what is left of it while a loss probe waits (tcp_rearm_rto)."""
    if not tcp.sent:
        tcp.clear_transmission_timer()
        return
    delay = tcp.rto
    if tcp.pending is Pending.LOSS_PROBE:
        delay = max(1, tcp.wheel.from_us(max(1, _left_us(tcp, now))))
    tcp.set_transmission_timer(Pending.RETRANSMISSION, delay, now)


def _left_us(tcp: LinuxTcp, now: int) -> int:
    """Until the oldest segment's time-out, from when it last went out (tcp_rto_delta_us)."""
    rto_us = tcp.rto * 1_000_000 // tcp.wheel.hz
    return tcp.sent[0].at_us + rto_us - microseconds(now)


def schedule_loss_probe(tcp: LinuxTcp, now: int, *, advancing: bool) -> bool:
    """Tail loss probe (RFC 8985 7.2): 2*SRTT, and 200 ms more for a single segment in flight,
    whose acknowledgement may be delayed (tcp_schedule_loss_probe)."""
    if not (tcp.params.early_retrans and tcp.sack_ok and tcp.sent) or tcp.loss:
        return False
    if tcp.state in (State.SYN_SENT, State.SYN_RECEIVED):
        return False
    margin = tcp.rto_min_us if len(tcp.sent) == 1 else _LOSS_PROBE_MARGIN_US
    delay = tcp.wheel.from_us((tcp.round_trip.srtt_us >> 2) + margin)
    left_us = tcp.rto * 1_000_000 // tcp.wheel.hz if advancing else _left_us(tcp, now)
    if left_us > 0:
        delay = min(delay, tcp.wheel.from_us(left_us))
    tcp.set_transmission_timer(Pending.LOSS_PROBE, delay, now)
    return True


def acknowledgement(tcp: LinuxTcp, now: int) -> list[Effect]:
    """A bare ACK."""
    tcp.ack_due = NEVER
    tcp.quick = max(0, tcp.quick - 1)
    return bare(tcp, ACK, tcp.snd_nxt, now)


def bare(
    tcp: LinuxTcp, flags: int, sequence: int, now: int, note: Note | None = None
) -> list[Effect]:
    """A segment without data; nothing, if there is no way out."""
    if tcp.route is not Route.UP:
        return []
    return [Transmit(tcp.segment(flags, now, sequence % MODULUS), note)]
