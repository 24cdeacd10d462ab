"""What the link's tests are made of: the documents' numbers, frames, one maker per state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from emu.machines.base import Asked, Note, Received
from emu.machines.llc2.back_off import Doubling, Fixed, Ticked
from emu.machines.llc2.control import Connect, Disconnect, State
from emu.machines.llc2.link import Link
from emu.machines.llc2.params import LinkParams
from emu.pdu.llc2 import Information, Supervisory, SupervisoryKind, Unnumbered, UnnumberedKind
from emu.units import milliseconds as ms
from emu.units import seconds as s

#: policies/nbf-nt4.toml; facts/netbeui.md 2.3, 2.4.
NT_LAW = Ticked(first_ns=ms(400), cap_ns=s(10), tick_ns=ms(50))
NT4 = LinkParams(
    reply=NT_LAW,
    set_up=NT_LAW,
    n2=8,
    first_poll_counts=True,
    data_wait_counts=False,
    inactivity_ns=s(30),
    ack_delay_ns=ms(150),
    ack_frames=2,
    window=10,
    resets=False,
    live_sabme="dm-then-accept",
)
#: policies/nbf-lan-manager.toml: KB Q98849.
LM_LAW = Doubling(first_ns=ms(500), cap_ns=s(8))
LAN_MANAGER = replace(
    NT4,
    reply=LM_LAW,
    set_up=LM_LAW,
    n2=5,
    inactivity_ns=None,
    ack_delay_ns=ms(200),
    live_sabme="ua-reset",
)
#: policies/nbf-ibm.toml: IBM SC30-3681-08.
IBM_LAW = Fixed(first_ns=s(1), then_ns=s(1))
IBM = replace(NT4, reply=IBM_LAW, set_up=IBM_LAW, ack_frames=1, live_sabme="ua-reset")
#: policies/nbf-802.2.toml: Linux.
IEEE = replace(IBM, reply=Fixed(first_ns=s(1), then_ns=s(2)), n2=2, inactivity_ns=None, resets=True)

#: KB Q177654 and the model of facts/netbeui.md 2.4: waits behind poll 1, 2, ... 8.
NT_WAITS = [ms(w) for w in (450, 650, 950, 1400, 2050, 3050, 4550, 6800)]


def u(kind: str, *, final: bool = True) -> Unnumbered:
    """A U frame, command or response as its kind demands, P/F = 1."""
    response = kind in ("UA", "DM", "FRMR")
    return Unnumbered(kind=UnnumberedKind[kind], poll_final=final, response=response)


def rr(nr: int, *, kind: str = "RR") -> Supervisory:
    """An acknowledgement: a response with F = 0."""
    return Supervisory(kind=SupervisoryKind[kind], nr=nr, poll_final=False, response=True)


def final(nr: int, *, kind: str = "RR") -> Supervisory:
    return Supervisory(kind=SupervisoryKind[kind], nr=nr, poll_final=True, response=True)


def polled(nr: int, *, kind: str = "RR") -> Supervisory:
    """A command with P = 1."""
    return Supervisory(kind=SupervisoryKind[kind], nr=nr, poll_final=True, response=False)


def i(ns: int, nr: int, data: bytes = b"x", *, poll: bool = False) -> Information:
    return Information(ns=ns, nr=nr, poll=poll, data=data)


def probe(number: int, of: int = 8) -> Note:
    return Note("probe", {"number": number, "of": of})


def again(ns: int) -> Note:
    return Note("retransmission", {"ns": ns})


def down(params: LinkParams = NT4, *, probing: bool = True, listening: bool = True) -> Link:
    return Link(params, probing=probing, listening=listening)


def called(params: LinkParams = NT4, *, probing: bool = True) -> Link:
    """Up at 0: the peer sent SABME.  Ti runs from there."""
    link = down(params, probing=probing)
    link.step(Received(u("SABME")), 0)
    return link


def setting_up(params: LinkParams = NT4) -> Link:
    link = down(params)
    link.step(Asked(Connect()), 0)
    return link


def calling(params: LinkParams = NT4) -> Link:
    """Up at 0: we sent SABME, got UA, polled once and were answered."""
    link = setting_up(params)
    link.step(Received(u("UA")), 0)
    link.step(Received(final(0)), 0)
    return link


def disconnecting(params: LinkParams = NT4) -> Link:
    link = called(params)
    link.step(Asked(Disconnect()), 0)
    return link


def rejecting(params: LinkParams = NT4) -> Link:
    """It was told that a frame arrived which it never sent."""
    link = called(params)
    link.step(Received(rr(9)), 0)
    return link


def resetting(params: LinkParams = IEEE) -> Link:
    link = called(params)
    link.step(Received(u("FRMR")), 0)
    return link


MAKERS: dict[State, Callable[[], Link]] = {
    State.DOWN: down,
    State.SETTING_UP: setting_up,
    State.UP: called,
    State.RESETTING: resetting,
    State.REJECTING: rejecting,
    State.DISCONNECTING: disconnecting,
}
