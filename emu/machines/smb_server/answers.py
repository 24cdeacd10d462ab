"""How an answer is addressed: to the request it answers."""

from __future__ import annotations

from emu.machines.base import Effect, Note, Transmit
from emu.machines.smb.calls import Answer, Call, Refused
from emu.machines.smb.faults import Fault
from emu.machines.smb_server.limits import Refusal


def answer(call: Call, result: object, *, uid: int | None = None, tid: int | None = None) -> Effect:
    """``uid``, ``tid``: the number just given, None for the request's own."""
    return Transmit(
        Answer(
            connection=call.connection,
            tag=call.tag,
            uid=call.uid if uid is None else uid,
            tid=call.tid if tid is None else tid,
            result=result,
        )
    )


def refused(call: Call, fault: Fault) -> Effect:
    return answer(call, Refused(fault=fault))


def limited(call: Call, refusal: Refusal) -> list[Effect]:
    """A limit was met: a line for the ledger, with the event if there is one, and the answer."""
    facts = {"connection": call.connection, "rule": refusal.rule, **refusal.facts}
    return [Note("limit", facts), refused(call, refusal.fault)]
