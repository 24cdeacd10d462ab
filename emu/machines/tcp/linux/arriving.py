"""The receiving half: which segments count, by RFC 793 with RFC 5961 (tcp_validate_incoming).

``CHECKS`` is the table: asked from the top, the first that applies has the word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.machines.base import NEVER, NOTHING, Data, Deliver, Effect, Effects, Lost, Note
from emu.machines.tcp.arriving import in_closed
from emu.machines.tcp.control import MODULUS, MSS_DEFAULT, State, ahead
from emu.machines.tcp.linux import closing, output, transmission
from emu.machines.tcp.linux.block import (
    ATO_MIN_SHARE,
    QUICK_ACKS,
    Pending,
    microseconds,
    milliseconds,
)
from emu.pdu.ip_tcp import ACK, FIN, RST, SYN, Segment

if TYPE_CHECKING:
    from emu.machines.tcp.linux.machine import LinuxTcp

#: A timestamp's echo counts whole milliseconds, and at least one (tcp_rtt_tsopt_us).
_ECHO_MIN_MS = 1
_TIMESTAMP_HALF = 1 << 31
#: Jiffies to the next SYN behind a challenge ACK (TCP_TIMEOUT_MIN).
SYN_AGAIN = 2


@dataclass(frozen=True, slots=True)
class Check:
    """A row of ``CHECKS``: when it applies, what follows, and who says so."""

    applies: Callable[[LinuxTcp, Segment], bool]
    action: Callable[[LinuxTcp, Segment, int], Effects]
    citation: str


def in_order(tcp: LinuxTcp, segment: Segment, now: int) -> Effects:
    """A segment in SYN-RECEIVED or later."""
    for check in CHECKS:
        if check.applies(tcp, segment):
            return check.action(tcp, segment, now)
    stamps = None if segment.extensions is None else segment.extensions.timestamps
    if tcp.timestamps_ok and stamps and ahead(segment.sequence, tcp.rcv_wup) <= 0:
        tcp.ts_recent = stamps[0]  # RFC 7323 4.3
    return _acknowledge_and_take(tcp, segment, now)


# --- the checks ------------------------------------------------------------------------------


def _outside(tcp: LinuxTcp, segment: Segment) -> bool:
    """tcp_sequence: wholly left of what was acknowledged last, or right of the window."""
    end = segment.sequence + segment.length
    window = max(0, tcp.rcv_wnd - ahead(tcp.rcv_nxt, tcp.rcv_wup))
    left = ahead(end, tcp.rcv_wup) < 0
    return left or ahead(segment.sequence, tcp.rcv_nxt + window) > 0


def _say_what_is_expected(tcp: LinuxTcp, segment: Segment, now: int) -> Effects:
    """An ACK, for empty segments one per 500 ms (facts/tcp.md 11.9); nothing for a RST."""
    if segment.flags & RST:
        return NOTHING
    if tcp.state is State.TIME_WAIT and segment.flags & FIN:
        tcp.wait_due = now + tcp.params.time_wait_ns
    limited = not segment.payload or segment.flags & SYN
    if limited and not _may_answer(tcp, now):
        return NOTHING
    return output.acknowledgement(tcp, now)


def _may_answer(tcp: LinuxTcp, now: int) -> bool:
    """__tcp_oow_rate_limited: one clock for stray segments and challenges of a connection."""
    jiffies = tcp.wheel.jiffies(now)
    limit = tcp.wheel.from_ms(tcp.params.invalid_ratelimit_ms)
    if tcp.oow_at is not None and jiffies - tcp.oow_at < limit:
        return False
    tcp.oow_at = jiffies
    return True


def _exact_reset(tcp: LinuxTcp, segment: Segment) -> bool:
    return bool(segment.flags & RST) and segment.sequence == tcp.rcv_nxt


def _obey(tcp: LinuxTcp, _segment: Segment, _now: int) -> Effects:
    if tcp.state in (State.CLOSING, State.LAST_ACK, State.TIME_WAIT):
        return tcp.finish(None)
    error = "EPIPE" if tcp.state is State.CLOSE_WAIT else "ECONNRESET"
    return tcp.finish(Lost("RST received", error))


def _reset_or_syn(_tcp: LinuxTcp, segment: Segment) -> bool:
    return bool(segment.flags & (RST | SYN))


def _challenge(tcp: LinuxTcp, _segment: Segment, now: int) -> Effects:
    """RFC 5961 3.2 and 4.2: who sent it proves that it sees our answers."""
    return output.acknowledgement(tcp, now) if _may_answer(tcp, now) else NOTHING


def _without_ack(_tcp: LinuxTcp, segment: Segment) -> bool:
    return not segment.flags & ACK


def _of_nothing(tcp: LinuxTcp, segment: Segment) -> bool:
    """Acknowledges what was never sent."""
    return ahead(segment.acknowledgement, tcp.snd_nxt) > 0


def _refuse_ack(tcp: LinuxTcp, segment: Segment, _now: int) -> Effects:
    """Before the handshake ended it belongs to somebody else (RFC 793 p. 72)."""
    return in_closed(segment) if tcp.state is State.SYN_RECEIVED else NOTHING


def _old_handshake(tcp: LinuxTcp, segment: Segment) -> bool:
    """The ACK of a handshake must cover the SYN (RFC 9293 3.10.7.4)."""
    behind = ahead(segment.acknowledgement, tcp.snd_una) <= 0
    return tcp.state is State.SYN_RECEIVED and behind


def _nothing(_tcp: LinuxTcp, _segment: Segment, _now: int) -> Effects:
    return NOTHING


CHECKS: Sequence[Check] = (
    Check(_outside, _say_what_is_expected, "RFC 793 p. 69; facts/tcp.md 4.1"),
    Check(_exact_reset, _obey, "RFC 5961 3.2: SEQ = RCV.NXT exactly"),
    Check(_reset_or_syn, _challenge, "RFC 5961 3.2, 4.2: challenge ACK"),
    Check(_without_ack, _nothing, "RFC 793 p. 72"),
    Check(_of_nothing, _refuse_ack, "RFC 793 p. 72; RFC 5961 5.2: dropped"),
    Check(_old_handshake, _refuse_ack, "RFC 9293 3.10.7.4"),
)


# --- acknowledgement and data ----------------------------------------------------------------


def _acknowledge_and_take(tcp: LinuxTcp, segment: Segment, now: int) -> Effects:
    effects: list[Effect] = []
    opening = tcp.state is State.SYN_RECEIVED
    acknowledgement(tcp, segment, now)
    if opening:
        effects += tcp.opened(now)
    effects += transmission.resend_lost(tcp, now)
    effects += output.push(tcp, now)
    own_fin_out = tcp.state in (State.FIN_WAIT_1, State.CLOSING, State.LAST_ACK)
    if own_fin_out and not (tcp.sent or tcp.unsent or tcp.fin_wanted):
        effects += closing.own_fin_acknowledged(tcp, now)
    if segment.payload or segment.flags & FIN:
        effects += _take(tcp, segment, now)
    return effects


def acknowledgement(tcp: LinuxTcp, segment: Segment, now: int) -> None:
    """tcp_ack, for an acknowledgement that is not beyond SND.NXT."""
    news = ahead(segment.acknowledgement, tcp.snd_una)
    if news < 0:
        return  # an old one says nothing of today
    in_flight = bool(tcp.sent)
    tcp.probes_out = 0
    tcp.heard_ack = tcp.wheel.jiffies(now)
    _update_window(tcp, segment, news)
    if news > 0:
        tcp.retransmits = 0
        tcp.snd_una = segment.acknowledgement
        _clean_queue(tcp, segment, now)
        transmission.acknowledged(tcp, now)
    if not in_flight:
        tcp.persist.answered(tcp, now)


def _update_window(tcp: LinuxTcp, segment: Segment, news: int) -> None:
    """RFC 793 p. 72 (tcp_may_update_window): newer, or the same and larger."""
    newer = ahead(segment.sequence, tcp.snd_wl1)
    if news > 0 or newer > 0 or (newer == 0 and segment.window > tcp.snd_wnd):
        tcp.snd_wl1 = segment.sequence
        tcp.snd_wnd = segment.window


def _clean_queue(tcp: LinuxTcp, segment: Segment, now: int) -> None:
    """Take what is acknowledged off the queue, and the round trip with it (tcp_clean_rtx_queue).

    By the clock for what went out once (Karn, RFC 6298 3); else by the echo of our timestamp.
    """
    limited = tcp.in_flight() >= tcp.cwnd
    covered = [s for s in tcp.sent if ahead(tcp.snd_una, s.end) >= 0]
    del tcp.sent[: len(covered)]
    _trim_head(tcp)
    if not covered:
        return
    if not any(each.retransmitted for each in covered):
        _measure(tcp, microseconds(now) - covered[-1].at_us)
    elif segment.extensions and segment.extensions.timestamps and tcp.timestamps_ok:
        echoed = (milliseconds(now) - segment.extensions.timestamps[1]) % MODULUS
        if echoed < _TIMESTAMP_HALF:
            _measure(tcp, max(echoed, _ECHO_MIN_MS) * 1_000)
    if limited and tcp.cwnd < tcp.ssthresh:
        tcp.cwnd += len(covered)  # slow start (RFC 5681 3.1)


def _trim_head(tcp: LinuxTcp) -> None:
    """Part of the oldest segment may be acknowledged (tcp_tso_acked)."""
    if tcp.sent:
        head = tcp.sent[0]
        taken = ahead(tcp.snd_una, head.sequence)
        if taken > 0:
            head.payload = head.payload[taken:]
            head.sequence = tcp.snd_una


def _measure(tcp: LinuxTcp, rtt_us: int) -> None:
    tcp.round_trip.sample(rtt_us, tcp.snd_una, tcp.snd_nxt)
    tcp.rto = min(tcp.wheel.from_us(tcp.round_trip.rto_us), tcp.rto_max)
    tcp.backoff = 0


def _take(tcp: LinuxTcp, segment: Segment, now: int) -> Effects:
    """Text and FIN: what is new and in order; a gap is told the peer, who repeats it."""
    skip = ahead(tcp.rcv_nxt, segment.sequence)
    if skip < 0:
        return output.acknowledgement(tcp, now)
    if skip >= segment.length:  # all of it known (tcp_data_queue: out of window)
        tcp.quick = max(tcp.quick, QUICK_ACKS)
        tcp.pingpong = False
        return output.acknowledgement(tcp, now)
    payload = segment.payload[skip:]
    if payload and tcp.orphan:
        return closing.data_for_nobody(tcp, segment)
    effects = _take_data(tcp, payload, now) if payload else []
    if segment.flags & FIN:
        effects += closing.peer_fin(tcp, now)
    return effects


def _take_data(tcp: LinuxTcp, payload: bytes, now: int) -> list[Effect]:
    room = max(0, tcp.rcv_wnd - ahead(tcp.rcv_nxt, tcp.rcv_wup))
    payload = payload[:room]
    if not payload:  # the window is shut: say so again
        return output.acknowledgement(tcp, now)
    tcp.rcv_nxt = (tcp.rcv_nxt + len(payload)) % MODULUS
    if not tcp.reading:
        tcp.unread += len(payload)
    _estimate_ack_timeout(tcp, now)
    effects: list[Effect] = []
    full = ahead(tcp.rcv_nxt, tcp.rcv_wup) > tcp.mss
    if full or (tcp.quick and not tcp.pingpong):
        effects += output.acknowledgement(tcp, now)
    elif tcp.ack_due == NEVER:
        tcp.ack_due = tcp.wheel.fires(now, tcp.ack_timeout)
    return [*effects, Deliver(Data(payload))]


def _estimate_ack_timeout(tcp: LinuxTcp, now: int) -> None:
    """How soon data follows data (tcp_event_data_recv): 40 ms at least; quick after a pause."""
    shortest = tcp.wheel.hz // ATO_MIN_SHARE
    jiffies = tcp.wheel.jiffies(now)
    pause = jiffies - tcp.heard_data
    if not tcp.ack_timeout:
        tcp.quick, tcp.ack_timeout = QUICK_ACKS, shortest
    elif pause <= shortest // 2:
        tcp.ack_timeout = tcp.ack_timeout // 2 + shortest // 2
    elif pause < tcp.ack_timeout:
        tcp.ack_timeout = min(tcp.ack_timeout // 2 + pause, tcp.rto)
    elif pause > tcp.rto:
        tcp.quick = QUICK_ACKS
    tcp.heard_data = jiffies


def acknowledge_late(tcp: LinuxTcp, now: int) -> Effects:
    """The wait for something to ride on is over (tcp_delack_timer_handler)."""
    if tcp.pingpong:
        tcp.pingpong = False
        tcp.ack_timeout = tcp.wheel.hz // ATO_MIN_SHARE
    else:
        tcp.ack_timeout = min(tcp.ack_timeout << 1, tcp.rto)
    return output.acknowledgement(tcp, now)


def in_syn_sent(tcp: LinuxTcp, segment: Segment, now: int) -> Effects:
    """RFC 793 p. 66-68 (tcp_rcv_synsent_state_process)."""
    if segment.flags & ACK and segment.acknowledgement != tcp.snd_nxt:
        if not tcp.retransmits:  # what the peer remembers of us is gone with this RST: once more
            tcp.set_transmission_timer(Pending.RETRANSMISSION, SYN_AGAIN, now)
        return in_closed(segment)
    if segment.flags & RST:
        refused = Lost("connection refused by RST", "ECONNREFUSED")
        return tcp.finish(refused) if segment.flags & ACK else NOTHING
    if not segment.flags & SYN:
        return NOTHING
    learn(tcp, segment, now)
    if not segment.flags & ACK:  # both ends opened at once (RFC 793 figure 8)
        tcp.state = State.SYN_RECEIVED
        tcp.sent[0].flags |= ACK
        return output.again(tcp, tcp.sent[0], now, None)
    acknowledgement(tcp, segment, now)
    return [*output.acknowledgement(tcp, now), *tcp.opened(now)]


def learn(tcp: LinuxTcp, syn: Segment, now: int) -> None:
    """What the peer's SYN says of it."""
    tcp.rcv_nxt = tcp.rcv_wup = (syn.sequence + 1) % MODULUS
    tcp.snd_wl1 = syn.sequence
    tcp.snd_wnd = syn.window
    tcp.mss = max(1, min(tcp.params.mss, MSS_DEFAULT if syn.mss is None else syn.mss))
    theirs = syn.extensions
    tcp.sack_ok = theirs is not None and theirs.sack_permitted
    stamps = None if theirs is None else theirs.timestamps
    tcp.timestamps_ok = tcp.params.timestamps and stamps is not None
    if tcp.timestamps_ok and stamps is not None:
        tcp.ts_recent = stamps[0]
        tcp.mss = max(1, tcp.mss - 12)  # the option and its padding (RFC 7323 appendix A)
    tcp.heard_data = tcp.heard_ack = tcp.wheel.jiffies(now)


def answered(tcp: LinuxTcp, before: int, segment: Segment) -> Effects:
    """What the ledger is told when probes were out and the peer spoke."""
    if not before or tcp.probes_out:
        closed_by_reset = tcp.state is State.CLOSED and segment.flags & RST
        return [Note("probe-answered", {"by": "RST"})] if before and closed_by_reset else NOTHING
    by = "RST" if segment.flags & RST else "ACK"
    return [Note("probe-answered", {"by": by})]
