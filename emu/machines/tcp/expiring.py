"""TIMEOUTS (RFC 793 3.9) and the keepalive timer (RFC 1122 4.2.3.6): what an expiry does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.machines.base import NOTHING, Effects, Lost, Note, Transmit
from emu.machines.tcp import sending
from emu.machines.tcp.control import MODULUS
from emu.machines.tcp.keepalive import Verdict
from emu.pdu.ip_tcp import ACK, SYN, Segment, new_segment

if TYPE_CHECKING:
    from emu.machines.tcp.machine import Tcp


def first_due(tcp: Tcp, now: int) -> Effects:
    """Serve the first timer that is due, in the order ``Tcp.timers`` gives."""
    if tcp.retransmission.due <= now:
        return _retransmit(tcp, now)
    if tcp.keepalive.due <= now:
        return _probe(tcp, now)
    if tcp.ack_due <= now:
        return [sending.acknowledgement(tcp)]
    if tcp.wait_due <= now:
        return tcp.finish_in_order()
    return NOTHING


def _retransmit(tcp: Tcp, now: int) -> Effects:
    timer = tcp.retransmission
    oldest = tcp.outstanding[0]
    if timer.expired(now):
        facts = {"number": timer.count, "of": timer.count_max}
        return [Transmit(sending.again(tcp, oldest), Note("retransmission", facts))]
    if oldest.flags & SYN:
        return tcp.give_up(Lost(f"SYN unanswered {timer.count_max + 1} times"), reset=False)
    lost = Lost(f"{timer.count} retransmissions unanswered")
    return tcp.give_up(lost, reset=tcp.params.reset_on_data_give_up)


def _probe(tcp: Tcp, now: int) -> Effects:
    keepalive = tcp.keepalive
    verdict = keepalive.expired(now, outstanding=bool(tcp.outstanding or tcp.unsent))
    if verdict is Verdict.WAIT:
        return NOTHING
    if verdict is Verdict.GIVE_UP:
        lost = Lost(f"{keepalive.unanswered} keepalive probes unanswered")
        return tcp.give_up(lost, reset=tcp.params.reset_on_probe_give_up)
    facts = {"number": keepalive.unanswered, "of": keepalive.probes_max}
    return [Transmit(_keepalive_segment(tcp), Note("probe", facts))]


def _keepalive_segment(tcp: Tcp) -> Segment:
    """SEG.SEQ = SND.NXT-1 lies left of the peer's window and forces an ACK (RFC 9293 3.8.4).

    Beside data the window begins at SND.UNA; lwIP keeps to SND.NXT (facts/tcp.md 5).
    """
    its = tcp.params.personality
    behind = tcp.snd_nxt if its.probes_below_next else tcp.snd_una
    sequence = (behind - 1) % MODULUS
    return new_segment(sequence, tcp.rcv_nxt, ACK, tcp.params.window, its.probe_octets)
