"""Established data: loss probe, retransmission, and the budget of time (facts/tcp.md 3.2).

The table ``ON_EXPIRY`` says what the transmission timer does, by what it stands for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emu.machines.base import NOTHING, Effect, Effects, Lost, Note
from emu.machines.tcp.control import State, ahead
from emu.machines.tcp.linux import output
from emu.machines.tcp.linux.block import Pending, Route, Unreachable, microseconds, milliseconds
from emu.machines.tcp.linux.round_trip import INITIAL_US
from emu.pdu.ip_tcp import SYN

if TYPE_CHECKING:
    from emu.machines.tcp.linux.machine import LinuxTcp

#: The base of the budget, whatever the real time-out is (TCP_RTO_MIN in tcp_model_timeout).
_MODEL_BASE_MS = 200
#: Share of the congestion window kept at a loss: CUBIC's 717/1024 (RFC 9438 4.6: 0.7).
_CUBIC_BETA = (717, 1024)
#: What "0 retries" of an orphan means while the peer may still be there (tcp_orphan_retries).
_ORPHAN_RETRIES = 8
#: When the own queue drops a segment: again after half a second (TCP_RESOURCE_PROBE_INTERVAL).
CONGESTED_MS = 500
#: SYN time-outs that do not double (tcp_syn_linear_timeouts).
_SYN_LINEAR = 4


@dataclass(frozen=True, slots=True)
class Expiry:
    """A row: what to do, and who says so."""

    action: Callable[[LinuxTcp, int], Effects]
    citation: str


def loss_probe(tcp: LinuxTcp, now: int) -> Effects:
    """RFC 8985 7.3: new data if there is any, else the last segment again.  One an episode."""
    effects: list[Effect] = []
    if tcp.tlp_high_seq == tcp.snd_una:
        effects = output.write(tcp, now, one=True)
        if not effects:
            effects = output.again(tcp, tcp.sent[-1], now, _note(tcp, "loss probe"))
        if effects:
            tcp.tlp_high_seq = tcp.snd_nxt
            tcp.pending = Pending.NOTHING  # the time-out starts anew
    output.rearm(tcp, now)
    return effects


def retransmit(tcp: LinuxTcp, now: int) -> Effects:
    """tcp_retransmit_timer: give up, or send the oldest again and wait twice as long."""
    if not tcp.snd_wnd and not tcp.orphan and tcp.state not in _OPENING:
        return _probe_shut_window(tcp, now)
    if _spent(tcp, now):
        return _give_up(tcp)
    _enter_loss(tcp)
    tcp.retransmits += 1
    effects = output.retransmit(tcp, tcp.sent[0], now, _note(tcp, "time-out"))
    if tcp.route is Route.CONGESTED:
        delay = tcp.wheel.from_ms(CONGESTED_MS)
    else:
        _back_off(tcp)
        delay = _clamped(tcp, now)
    tcp.set_transmission_timer(Pending.RETRANSMISSION, delay, now)
    return effects


_OPENING = frozenset({State.SYN_SENT, State.SYN_RECEIVED})


def _back_off(tcp: LinuxTcp) -> None:
    if tcp.state is State.SYN_SENT and tcp.retransmits <= _SYN_LINEAR:
        return
    tcp.backoff += 1
    tcp.rto = min(tcp.rto << 1, tcp.rto_max)


def _probe_shut_window(tcp: LinuxTcp, now: int) -> Effects:
    """The peer took its window back under data in flight: each repeat is a probe.

    Stays while it answers; twice rto_max without a word of it end it.
    """
    if _shut_for_too_long(tcp, now):
        return _give_up(tcp)
    _enter_loss(tcp)
    effects = output.retransmit(tcp, tcp.sent[0], now, _note(tcp, "time-out"))
    _back_off(tcp)
    tcp.set_transmission_timer(Pending.RETRANSMISSION, _clamped(tcp, now), now)
    return effects


def _shut_for_too_long(tcp: LinuxTcp, now: int) -> bool:
    """tcp_rtx_probe0_timed_out: TCP_USER_TIMEOUT since the first repeat, answered or not."""
    since_ms = tcp.retrans_stamp_ms or tcp.sent[0].at_us // 1_000
    repeated_ms = milliseconds(now) - since_ms
    limit_ms, user_ms = 2 * tcp.params.rto_max_ms, tcp.options.user_timeout_ms
    if user_ms:
        if repeated_ms > user_ms:
            return True
        limit_ms = min(limit_ms, user_ms)
    limit = tcp.wheel.from_ms(limit_ms)
    silent = tcp.wheel.jiffies(now) - tcp.heard_ack
    return silent > limit and tcp.wheel.from_ms(repeated_ms) > limit


def _enter_loss(tcp: LinuxTcp) -> None:
    """RFC 5681 3.1: one segment at a time from here; all that is out is held for lost."""
    if not tcp.loss:
        numerator, denominator = _CUBIC_BETA
        tcp.ssthresh = max(2, tcp.cwnd * numerator // denominator)
        tcp.high_seq = tcp.snd_nxt
    tcp.loss = True
    tcp.cwnd = 1
    for each in tcp.sent:
        each.lost, each.resent = True, False


# --- the budget ------------------------------------------------------------------------------


def _spent(tcp: LinuxTcp, now: int) -> bool:
    """tcp_write_timeout.  Opening: a count; else time since the first repeat."""
    if tcp.state is State.SYN_SENT:
        return tcp.retransmits >= tcp.params.syn_retries + _SYN_LINEAR
    if tcp.state is State.SYN_RECEIVED:
        return tcp.retransmits >= tcp.params.synack_retries
    retries = tcp.params.retries2
    if tcp.orphan:
        retries = orphan_retries(tcp, alive=tcp.rto < tcp.rto_max)
    return _timed_out(tcp, retries, now)


def orphan_retries(tcp: LinuxTcp, *, alive: bool) -> int:
    """tcp_orphan_retries: none after an ICMP error, 8 where the sysctl says 0."""
    retries = tcp.params.orphan_retries
    if tcp.soft_error is not None and not alive:
        retries = 0
    return _ORPHAN_RETRIES if retries == 0 and alive else retries


def _timed_out(tcp: LinuxTcp, retries: int, now: int) -> bool:
    """retransmits_timed_out: only from the second expiry on, and counted from the first."""
    if not tcp.retransmits or tcp.retrans_stamp_ms is None:
        return False
    limit = tcp.options.user_timeout_ms or budget_ms(retries, tcp.params.rto_max_ms)
    return milliseconds(now) - tcp.retrans_stamp_ms >= limit


def budget_ms(retries: int, rto_max_ms: int) -> int:
    """tcp_model_timeout: so many doublings of 0.2 s, up to the ceiling, then the ceiling each.

    924.6 s for 15, 12.6 s for 5 (facts/tcp.md 3.2).
    """
    doublings = (rto_max_ms // _MODEL_BASE_MS).bit_length() - 1
    if retries <= doublings:
        return ((2 << retries) - 1) * _MODEL_BASE_MS
    return ((2 << doublings) - 1) * _MODEL_BASE_MS + (retries - doublings) * rto_max_ms


def _clamped(tcp: LinuxTcp, now: int) -> int:
    """The time-out, or what is left of TCP_USER_TIMEOUT (tcp_clamp_rto_to_user_timeout)."""
    if not tcp.options.user_timeout_ms or tcp.retrans_stamp_ms is None:
        return tcp.rto
    left_ms = tcp.options.user_timeout_ms - (milliseconds(now) - tcp.retrans_stamp_ms)
    return 1 if left_ms <= 0 else min(tcp.rto, tcp.wheel.from_ms(left_ms))


def _give_up(tcp: LinuxTcp) -> Effects:
    """No RST (facts/tcp.md 11.5); the error is the stored one or ETIMEDOUT (tcp_write_err)."""
    if tcp.sent and tcp.sent[0].flags & SYN:
        return tcp.give_up(Lost(f"SYN unanswered {tcp.retransmits + 1} times", tcp.error()))
    count = tcp.retransmits
    return tcp.give_up(Lost(f"{count} retransmission{'s'[: count != 1]} unanswered", tcp.error()))


def _note(tcp: LinuxTcp, why: str) -> Note:
    number = tcp.retransmits + (tcp.tlp_high_seq != tcp.snd_una) + (why == "loss probe")
    return Note("retransmission", {"number": max(1, number), "of": 0, "why": why})


# --- acknowledgements and errors -------------------------------------------------------------


def acknowledged(tcp: LinuxTcp, now: int) -> None:
    """Something new is acknowledged: timers, and the end of a loss (tcp_ack)."""
    if ahead(tcp.snd_una, tcp.tlp_high_seq) >= 0:
        tcp.tlp_high_seq = tcp.snd_una
    if tcp.loss and ahead(tcp.snd_una, tcp.high_seq) >= 0:
        tcp.loss = False
    if not tcp.loss:
        tcp.retrans_stamp_ms = None
    if not output.schedule_loss_probe(tcp, now, advancing=True):
        output.rearm(tcp, now)


def resend_lost(tcp: LinuxTcp, now: int) -> list[Effect]:
    """Behind a partial acknowledgement in loss: what is still lost, as the window grows."""
    effects: list[Effect] = []
    for each in list(tcp.sent):
        if tcp.in_flight() >= tcp.cwnd:
            break
        if each in tcp.sent and each.lost and not each.resent:
            effects += output.retransmit(tcp, each, now, None)
    return effects


def unreachable(tcp: LinuxTcp, error: Unreachable, now: int) -> Effects:
    """ICMP about data in flight (tcp_v4_err): remembered, and one doubling undone (RFC 6069).

    About anything else, a probe for one, it is dropped: its sequence is not in flight
    (facts/tcp.md 3.5).
    """
    if ahead(error.sequence, tcp.snd_una) < 0 or ahead(error.sequence, tcp.snd_nxt) > 0:
        return NOTHING
    undone = error.undoes_backoff and _undo_backoff(tcp, error.sequence)
    effects: Effects = NOTHING
    if undone:
        waited_us = microseconds(now) - tcp.sent[0].at_us
        left = tcp.rto - tcp.wheel.from_us(waited_us)
        if left > 0:
            tcp.set_transmission_timer(Pending.RETRANSMISSION, left, now)
        else:
            effects = retransmit(tcp, now)
    if tcp.state is not State.CLOSED:
        tcp.soft_error = error.error
    return effects


def _undo_backoff(tcp: LinuxTcp, sequence: int) -> bool:
    """tcp_ld_RTO_revert."""
    if not (tcp.sent and tcp.retransmits and tcp.backoff) or sequence != tcp.snd_una:
        return False
    tcp.backoff -= 1
    base = tcp.wheel.from_us(tcp.round_trip.rto_us if tcp.round_trip.srtt_us else INITIAL_US)
    tcp.rto = min(base << tcp.backoff, tcp.rto_max)
    return True


def _persist(tcp: LinuxTcp, now: int) -> Effects:
    return tcp.persist.expired(tcp, now)


ON_EXPIRY: Mapping[Pending, Expiry] = {
    Pending.LOSS_PROBE: Expiry(loss_probe, "RFC 8985 7.3; tcp_send_loss_probe"),
    Pending.RETRANSMISSION: Expiry(retransmit, "RFC 6298 5; tcp_retransmit_timer"),
    Pending.PERSIST: Expiry(_persist, "RFC 9293 3.8.6.1; tcp_probe_timer"),
}
