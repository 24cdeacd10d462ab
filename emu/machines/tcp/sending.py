"""The sending half: what goes out, what is outstanding, what is sent again (RFC 793 3.7)."""

from __future__ import annotations

from emu.machines.base import NEVER, Effects, Transmit
from emu.machines.tcp.control import MODULUS, MSS_DEFAULT, ControlBlock, ahead
from emu.pdu.ip_tcp import ACK, FIN, PSH, Segment


def offer_mss(block: ControlBlock, syn: Segment) -> None:
    """The peer's SYN says what it takes; the smaller side wins (RFC 9293 3.7.1).

    A peer that offers 0 gets single octets: nothing could be sent to it otherwise.
    """
    block.mss = max(1, min(block.params.mss, MSS_DEFAULT if syn.mss is None else syn.mss))


def acknowledgement(block: ControlBlock) -> Transmit:
    """A bare ACK; it says all that a delayed one would have said."""
    block.ack_due = NEVER
    return Transmit(block.segment(ACK))


def put_out(block: ControlBlock, segment: Segment, now: int) -> Transmit:
    """Send something that takes sequence numbers; it is outstanding from now on."""
    block.snd_nxt = (segment.sequence + segment.length) % MODULUS
    block.outstanding.append(segment)
    block.retransmission.sent(now)
    if segment.flags & ACK:
        block.ack_due = NEVER  # the acknowledgement rode along
    return Transmit(segment)


def push(block: ControlBlock, now: int) -> Effects:
    """Send what the peer's window allows, then the FIN if one is wanted."""
    effects: list[Transmit] = []
    while block.unsent:
        in_flight = ahead(block.snd_nxt, block.snd_una)
        room = min(block.mss, block.snd_wnd - in_flight)
        if room <= 0:
            return effects
        payload, block.unsent = block.unsent[:room], block.unsent[room:]
        flags = ACK if block.unsent else ACK | PSH
        effects.append(put_out(block, block.segment(flags, payload), now))
    if block.fin_wanted:
        effects.append(put_out(block, block.segment(FIN), now))
        block.fin_wanted = False
    return effects


def again(block: ControlBlock, segment: Segment) -> Segment:
    """The same octets, with today's acknowledgement and window (RFC 793 3.7)."""
    acknowledges = segment.flags & ACK
    if acknowledges:
        block.ack_due = NEVER
    return Segment(
        segment.sequence,
        block.rcv_nxt if acknowledges else 0,
        segment.flags,
        segment.window,
        segment.payload,
        segment.mss,
    )


def acknowledged(block: ControlBlock, segment: Segment, now: int) -> bool:
    """Take an acknowledgement up to SND.NXT.  True if it was news.

    An old one leaves the window alone.  RFC 793 p. 72 tells old from new by SND.WL1 and WL2 as
    well; no stack here changes its window, so that what they would add is left out.
    """
    news = ahead(segment.acknowledgement, block.snd_una)
    if news < 0:
        return False
    block.snd_wnd = segment.window
    if news == 0:
        return False
    block.snd_una = segment.acknowledgement
    while block.outstanding and _covered(block.outstanding[0], block.snd_una):
        del block.outstanding[0]
    block.retransmission.acknowledged(now, outstanding=bool(block.outstanding))
    return True


def _covered(segment: Segment, una: int) -> bool:
    return ahead(una, segment.sequence) >= segment.length
