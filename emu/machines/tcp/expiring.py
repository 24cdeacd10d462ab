"""TIMEOUTS (RFC 793 3.9) and the keepalive timer (RFC 1122 4.2.3.6): what an expiry does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.machines.base import NOTHING, Effects, Lost, Note, Transmit
from emu.machines.tcp import sending
from emu.machines.tcp.control import MODULUS
from emu.machines.tcp.keepalive import Verdict
from emu.pdu.ip_tcp import ACK, SYN, new_segment

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
    lost = Lost(f"{timer.count_max} retransmissions unanswered")
    return tcp.give_up(lost, reset=tcp.params.reset_on_data_give_up)


def _probe(tcp: Tcp, now: int) -> Effects:
    keepalive = tcp.keepalive
    verdict = keepalive.expired(now, outstanding=bool(tcp.outstanding or tcp.unsent))
    if verdict is Verdict.WAIT:
        return NOTHING
    if verdict is Verdict.GIVE_UP:
        lost = Lost(f"{keepalive.probes_max} keepalive probes unanswered")
        return tcp.give_up(lost, reset=tcp.params.reset_on_probe_give_up)
    # SEG.SEQ = SND.NXT-1 lies left of the peer's window and forces an ACK (RFC 9293 3.8.4).
    probe = new_segment((tcp.snd_nxt - 1) % MODULUS, tcp.rcv_nxt, ACK, tcp.params.window)
    facts = {"number": keepalive.unanswered, "of": keepalive.probes_max}
    return [Transmit(probe, Note("probe", facts))]
