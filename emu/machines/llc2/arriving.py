"""I and S frames on a link that is up (IEEE 802.2, NORMAL and its conditions).

Left out: the reject timer (a REJ that is lost is made good by the sender's poll), SREJ, and the
busy timer as a timer of its own: T1 polls a busy peer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emu.machines.base import (
    NEVER,
    NOTHING,
    Data,
    Deliver,
    Effect,
    Effects,
    Opened,
    Transmit,
)
from emu.machines.llc2 import sending
from emu.pdu.llc2 import MODULUS, Information, Supervisory, SupervisoryKind, is_final, is_poll

if TYPE_CHECKING:
    from emu.machines.llc2.link import Link


def information(link: Link, pdu: Information, now: int) -> Effects:
    """An I frame: what it acknowledges, then what it carries."""
    effects: list[Effect] = [*_numbers(link, pdu, now)]
    taken = pdu.ns == link.vr and not link.local_busy
    if taken:
        link.vr = (link.vr + 1) % MODULUS
        link.rejecting = False
        # facts/netbeui.md 2.2: a new I frame resets the count; 2.4: not the back-off.
        link.retries = 0
        effects += _acknowledge(link, pdu, now)
    else:
        effects += _refuse(link, pdu)
    effects += sending.push(link, now)
    return [*effects, Deliver(Data(pdu.data))] if taken else effects


def _acknowledge(link: Link, pdu: Information, now: int) -> Effects:
    """P = 1: at once.  Else wait for a frame to ride on, but not for too many (T2, N3)."""
    link.ack_count += 1
    if is_poll(pdu):
        return [sending.acknowledgement(link, final=True)]
    if link.ack_count >= link.params.ack_frames:
        return [sending.acknowledgement(link, final=False)]
    if link.ack_due == NEVER:
        link.ack_due = now + link.params.ack_delay_ns
    return NOTHING


def _refuse(link: Link, pdu: Information) -> Effects:
    """Out of sequence: one REJ, then silence but for polls (IEEE 802.2); busy: RNR."""
    poll = is_poll(pdu)
    if link.local_busy or link.rejecting:
        link.rejecting = True
        return [sending.acknowledgement(link, final=poll)] if poll or link.local_busy else NOTHING
    link.rejecting = True
    return missing(link, final=poll)


def missing(link: Link, *, final: bool = False) -> Effects:
    """REJ: everything from V(R) on, please."""
    sending.acknowledged_all(link)
    kind = SupervisoryKind.REJ
    return [Transmit(Supervisory(kind=kind, nr=link.vr, poll_final=final, response=True))]


def supervisory(link: Link, pdu: Supervisory, now: int) -> Effects:
    """RR, RNR or REJ; a poll is answered before anything else is said."""
    effects: list[Effect] = []
    if is_poll(pdu):
        effects.append(sending.answer(link))
    link.peer_busy = pdu.kind is SupervisoryKind.RNR
    final = is_final(pdu) and link.polling
    effects += _numbers(link, pdu, now)
    if pdu.kind is SupervisoryKind.REJ and not final and not link.polling and link.outstanding:
        effects += sending.again(link, now)
    effects += sending.push(link, now)
    if link.peer_busy and link.unsent and link.reply_due == NEVER:
        link.start_reply(now, for_data=False)
    return effects


def _numbers(link: Link, pdu: Information | Supervisory, now: int) -> Effects:
    """N(R), and F = 1 if it answers our P."""
    final = is_final(pdu) and link.polling
    name = pdu.kind.name if isinstance(pdu, Supervisory) else "I"
    name = f"{name} F=1" if final else name
    if not final:
        return sending.acknowledged(link, pdu.nr, now, by=name)
    opened = link.checkpoint
    link.checkpoint = link.polling = False
    effects = [*sending.answered(link, name), *sending.acknowledged(link, pdu.nr, now, by=name)]
    if not link.outstanding:
        link.stop_reply()
    elif link.peer_busy:
        link.start_reply(now, for_data=True)
    else:
        effects += sending.again(link, now)
    return [*effects, Deliver(Opened())] if opened else effects
