"""The sending half: what goes out, what is outstanding, what is sent again (RFC 793 3.7)."""

from __future__ import annotations

from emu.machines.base import NEVER, Effects, Transmit
from emu.machines.tcp.control import MODULUS, MSS_DEFAULT, ControlBlock, ahead
from emu.pdu.ip_tcp import ACK, FIN, PSH, Segment


def offer_mss(block: ControlBlock, syn: Segment) -> None:
    """The peer's SYN says what it takes; the smaller side wins (RFC 9293 3.7.1)."""
    block.mss = min(block.params.mss, MSS_DEFAULT if syn.mss is None else syn.mss)


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
    acknowledgement = block.rcv_nxt if segment.flags & ACK else 0
    return Segment(
        segment.sequence,
        acknowledgement,
        segment.flags,
        segment.window,
        segment.payload,
        segment.mss,
    )


def acknowledged(block: ControlBlock, segment: Segment, now: int) -> bool:
    """Take an acknowledgement in (SND.UNA, SND.NXT].  True if it was news."""
    block.snd_wnd = segment.window
    if ahead(segment.acknowledgement, block.snd_una) <= 0:
        return False
    block.snd_una = segment.acknowledgement
    while block.outstanding and _covered(block.outstanding[0], block.snd_una):
        del block.outstanding[0]
    block.retransmission.acknowledged(now, outstanding=bool(block.outstanding))
    return True


def _covered(segment: Segment, una: int) -> bool:
    return ahead(una, segment.sequence) >= segment.length
