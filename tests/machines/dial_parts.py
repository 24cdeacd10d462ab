"""What the tests of dialled links are made of."""

from __future__ import annotations

from emu.machines.base import Asked, Received
from emu.machines.dial import (
    CISCO,
    Carry,
    Connected,
    DialLink,
    DialParams,
    LinkOpened,
)
from emu.units import seconds as s

UNIT = s(90)
IDLE = s(120)


def flat90(connected_ns: int, after_ns: int) -> int:
    """The next start of a unit of 90 s later than ``after_ns``."""
    return connected_ns + (max(after_ns - connected_ns, -1) // UNIT + 1) * UNIT


def packet(octets: bytes = b"x") -> Carry:
    return Carry(octets=octets, interesting=True)


def chatter(octets: bytes = b"rip") -> Carry:
    return Carry(octets=octets, interesting=False)


def up(params: DialParams = CISCO, *, at: int = 0, connected: int | None = None) -> DialLink:
    """A link that ``b"first"`` raised; it is up, and was last needed, at ``at``."""
    link = DialLink(params, next_unit=flat90)
    start = at if connected is None else connected
    link.step(Asked(packet(b"first")), start)
    link.step(Received(Connected()), start)
    link.step(Received(LinkOpened()), at)
    return link
