"""What a reader hands out: records, and what a capture says about itself.

Times here are nanoseconds since 1970, as files carry them; a file of ours starts at
``emu.capture.recording.EPOCH_NS``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from emu.capture.recording import Direction, Interface


class Record(NamedTuple):
    """One captured frame.

    ``number``: from 1, over the whole file.  ``interface``: index over the whole file.
    ``at_ns``: nanoseconds since 1970; a simple packet block carries no time and repeats its
    predecessor's (0 if it has none).  ``octets``: as captured, possibly cut.  ``comment``:
    several are joined by line ends.  ``direction``: None when the file does not tell.
    ``length``: octets of the frame before it was cut.  ``offset``: where its block starts in
    the file.
    """

    number: int
    interface: int
    at_ns: int
    octets: bytes
    comment: str
    direction: Direction | None
    length: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """One interface statistics block; None where it says nothing."""

    interface: int
    started_ns: int | None
    ended_ns: int | None
    received: int | None
    dropped: int | None


@dataclass(slots=True)
class Contents:
    """What the blocks read so far said, besides their frames."""

    application: str = ""
    comment: str = ""
    interfaces: list[Interface] = field(default_factory=list[Interface])
    names: list[tuple[bytes, str]] = field(default_factory=list[tuple[bytes, str]])
    statistics: list[Statistics] = field(default_factory=list[Statistics])
