"""How far a comparison is and how long it will take, in words; the caller has the clock."""

from __future__ import annotations

from dataclasses import dataclass

from emu.units import format_duration, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """``started_s``: when it began, by any clock that runs in seconds."""

    what: str
    started_s: float

    def line(self, done: int, total: int, now_s: float) -> str:
        """``office-lan: 12 of 50 runs, about 8s left``, as if the rest took what these took."""
        left_s = (now_s - self.started_s) * (total - done) / max(1, done)
        left = format_duration(seconds(max(1, round(left_s)))) if done < total else "0s"
        return f"{self.what}: {done} of {total} runs, about {left} left"
