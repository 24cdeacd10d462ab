"""When a router spoofs, when it forwards, and when it drops: four ways of products.

A poll that is forwarded may raise the dialled link; one that is answered or dropped does not.
All windows are half open: at the instant a window ends, the next one has begun.

Read: facts/ipx.md 4.1, 4.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from emu.errors import LocalProtocolError
from emu.units import seconds


class Verdict(Enum):
    """What becomes of a probe."""

    FORWARD = "forward"
    ANSWER = "answer"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Forward:
    """A router that does not spoof."""


@dataclass(frozen=True, slots=True)
class Always:
    """Cisco's ``ipx watchdog-spoof``, Alcatel, Intel: no way out for the server (4.1, 4.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """IOS 12.0(1)T: spoofs for ``on_ns``, forwards for ``off_ns``, and so on; both > 0.

    ``from_ns``: an instant at which spoofing went on; the alternation reaches back before it.
    """

    on_ns: int
    off_ns: int
    from_ns: int = 0

    def __post_init__(self) -> None:
        if self.on_ns <= 0 or self.off_ns <= 0:
            raise LocalProtocolError(f"spoofing windows: expected times above 0, got {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoofThenDrop:
    """Cabletron CyberSWITCH: forwards while the link is up, spoofs for ``spoof_ns`` behind each
    hang-up, then drops without a word."""

    spoof_ns: int

    def __post_init__(self) -> None:
        if self.spoof_ns <= 0:
            raise LocalProtocolError(f"spoofing time: expected one above 0, got {self}")


Mode = Forward | Always | Windows | SpoofThenDrop

#: Cisco feature note (S25); 1 h and 18 min, the least it takes, are remembered (M).
IOS_WINDOWS = Windows(on_ns=seconds(3600), off_ns=seconds(18 * 60))
#: Cabletron guides (S26): 120 min is the default for SPX; the watchdog's own is configurable
#: and its default in no fact sheet, so that it is the same is an assumption.
CYBERSWITCH = SpoofThenDrop(spoof_ns=seconds(120 * 60))


class Spoofing:
    """One mode at one router.  The link is down at first, and ``now`` counts as its hang-up.

    That is an assumption: no source says what a CyberSWITCH does before its first call.
    """

    __slots__ = ("_down_since_ns", "_mode")

    def __init__(self, mode: Mode, *, now: int = 0) -> None:
        self._mode = mode
        self._down_since_ns: int | None = now

    def link_changed(self, *, up: bool, now: int) -> None:
        """The dialled link.  Told "down" twice, the first time counts."""
        if up:
            self._down_since_ns = None
        elif self._down_since_ns is None:
            self._down_since_ns = now

    def verdict(self, now: int) -> Verdict:
        """For a probe that comes ``now``."""
        match self._mode:
            case Forward():
                return Verdict.FORWARD
            case Always():
                return Verdict.ANSWER
            case Windows(on_ns=on_ns, off_ns=off_ns, from_ns=from_ns):
                is_on = (now - from_ns) % (on_ns + off_ns) < on_ns
                return Verdict.ANSWER if is_on else Verdict.FORWARD
            case SpoofThenDrop(spoof_ns=spoof_ns):
                return self._after_hang_up(spoof_ns, now)

    def _after_hang_up(self, spoof_ns: int, now: int) -> Verdict:
        if self._down_since_ns is None:
            return Verdict.FORWARD
        return Verdict.ANSWER if now - self._down_since_ns < spoof_ns else Verdict.DROP
