"""What holds within one section of a pcapng file: byte order, interfaces, how they count time.

Source: draft-ietf-opsawg-pcapng, sections 4.1 and 4.2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from emu.units import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How an interface counts time: ticks times ``scale`` over ``per`` plus ``offset_ns``."""

    scale: int
    per: int
    offset_ns: int

    def instant_ns(self, ticks: int) -> int:
        return ticks * self.scale // self.per + self.offset_ns


def make_clock(*, resolution: int, offset_s: int) -> Clock:
    """if_tsresol of 4.2: 10 to the minus ``resolution``, or 2 with the highest bit set."""
    per = 1 << (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    scale, per = (NS_PER_S // per, 1) if NS_PER_S % per == 0 else (NS_PER_S, per)
    return Clock(scale=scale, per=per, offset_ns=offset_s * NS_PER_S)


class Section:
    """What holds from one section header to the next: byte order and interfaces."""

    def __init__(self, order: str, first_interface: int) -> None:
        self.first_interface = first_interface
        self.clocks: list[Clock] = []
        self.snaplens: list[int] = []
        self.half = struct.Struct(order + "HH")
        self.word = struct.Struct(order + "I")
        self.pair = struct.Struct(order + "II")
        self.quad = struct.Struct(order + "Q")
        self.signed = struct.Struct(order + "q")
        self.interface = struct.Struct(order + "HHI")
        self.plain = struct.Struct(order + "IIIIIII")
        self.enhanced = struct.Struct(order + "IIIII")
        self.packet = struct.Struct(order + "HHIIII")
        self.statistics = struct.Struct(order + "III")
