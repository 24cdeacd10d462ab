"""The sending half of a data link: I frames, acknowledgements, polls, and what is sent again.

NT polls before it repeats: what stays unacknowledged draws RR with P = 1, and only the answer
with F = 1 says what is missing (facts/netbeui.md 2.2, KB Q154697).  Every stack here does so.
"""

from __future__ import annotations

from emu.machines.base import NEVER, NOTHING, Effect, Effects, Note, Transmit
from emu.machines.llc2.control import LinkBlock, Send, ahead
from emu.pdu.llc2 import MODULUS, Information, Supervisory, SupervisoryKind


def push(block: LinkBlock, now: int) -> Effects:
    """Send what the window allows; nothing while the peer is busy or an answer is awaited."""
    effects: list[Effect] = []
    while block.unsent and _may_send(block):
        asked = block.unsent.pop(0)
        pdu = _information(block, block.vs, asked)
        block.vs = (block.vs + 1) % MODULUS
        if not block.outstanding:
            block.since_ns, block.data_waits = now, False
        block.data_waits = block.data_waits or not asked.probe
        block.outstanding.append((pdu, asked))
        if block.reply_due == NEVER:
            block.start_reply(now, for_data=True)
        effects.append(Transmit(pdu, _first_probe(block) if asked.probe else None))
    return effects


def _may_send(block: LinkBlock) -> bool:
    held_back = block.polling or block.peer_busy or block.checkpoint
    return not held_back and len(block.outstanding) < block.params.window


def _information(block: LinkBlock, ns: int, asked: Send) -> Information:
    block.polling = asked.poll
    acknowledged_all(block)
    return Information(ns=ns, nr=block.vr, poll=asked.poll, data=asked.octets)


def acknowledged_all(block: LinkBlock) -> None:
    """A frame with N(R) goes out: nothing is left to acknowledge."""
    block.ack_count = 0
    block.ack_due = NEVER


def again(block: LinkBlock, now: int) -> Effects:
    """Everything outstanding once more, with today's N(R): go back N."""
    effects: list[Effect] = []
    old = block.outstanding
    block.outstanding = []
    block.start_reply(now, for_data=True)
    block.since_ns = now
    for frame, asked in old:
        if block.polling:  # only one P may be out: the rest follows its answer
            block.outstanding.append((frame, asked))
            continue
        pdu = _information(block, frame.ns, asked)
        block.outstanding.append((pdu, asked))
        effects.append(Transmit(pdu, Note("retransmission", {"ns": frame.ns})))
    return effects


def acknowledgement(block: LinkBlock, *, final: bool) -> Transmit:
    """RR as a response, or RNR while we can take nothing."""
    acknowledged_all(block)
    return Transmit(_supervisory(block, poll_final=final, response=True))


def answer(block: LinkBlock) -> Transmit:
    """To a poll of the peer's."""
    return Transmit(acknowledgement(block, final=True).pdu, Note("answer"))


def poll(block: LinkBlock) -> Transmit:
    """RR with P = 1.  The first one after set-up is no probe: nothing is in doubt then."""
    acknowledged_all(block)
    block.polling = True
    pdu = _supervisory(block, poll_final=True, response=False)
    if block.checkpoint:
        return Transmit(pdu)
    block.unanswered += 1
    extra = int(block.probes_outstanding)
    facts = {"number": block.retries + extra, "of": block.polls_max + extra}
    return Transmit(pdu, Note("probe", facts))


def _first_probe(block: LinkBlock) -> Note:
    """An I frame that is a probe: the polls behind it go on counting."""
    block.unanswered += 1
    return Note("probe", {"number": 1, "of": block.polls_max + 1})


def _supervisory(block: LinkBlock, *, poll_final: bool, response: bool) -> Supervisory:
    kind = SupervisoryKind.RNR if block.local_busy else SupervisoryKind.RR
    return Supervisory(kind=kind, nr=block.vr, poll_final=poll_final, response=response)


def was_sent(block: LinkBlock, nr: int) -> bool:
    """Whether N(R) lies between V(A) and V(S) (IEEE 802.2)."""
    return ahead(nr, block.va) <= ahead(block.vs, block.va)


def acknowledged(block: LinkBlock, nr: int, now: int, *, by: str) -> Effects:
    """Take an N(R) that ``was_sent``.  ``by``: the name of the frame that carries it.

    An acknowledgement of everything answers an open poll as well: the peer is there and nothing
    is in doubt.  Its F = 1, if it still comes, is not waited for.
    """
    count = ahead(nr, block.va)
    if not count:
        return NOTHING
    probed = any(asked.probe for _, asked in block.outstanding[:count])
    del block.outstanding[:count]
    block.va = nr
    if block.outstanding:
        block.start_reply(now, for_data=True)
        block.since_ns = now
        block.data_waits = not all(asked.probe for _, asked in block.outstanding)
    else:
        block.stop_reply()
        block.polling = block.checkpoint
        block.since_ns = NEVER
    return answered(block, by) if probed or not block.outstanding else NOTHING


def answered(block: LinkBlock, by: str) -> Effects:
    """Say which frame ended the doubt, if there was any."""
    if not block.unanswered:
        return NOTHING
    block.unanswered = 0
    return [Note("probe-answered", {"by": by})]
