"""How a stack's reply timer (T1) backs off: its own law, as a component of the link.

Read facts/netbeui.md 2.3, 2.4.  NT's law was computed from two published traces: it counts in
ticks of 50 ms, and a wait of n ticks lasts n + 1 on the wire.  The phase of those ticks is left
out: NT's first wait is up to one tick shorter, ours never is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """Windows NT: times 1.5, rounded down to whole ticks, up to a cap; one tick on top of each.

    ``first_ns``, ``cap_ns``: rounded down to whole ticks, one at least.
    """

    first_ns: int
    cap_ns: int
    tick_ns: int

    def wait_ns(self, step: int) -> int:
        """``step``: 0 for the first wait."""
        cap = max(1, self.cap_ns // self.tick_ns)
        count = min(cap, max(1, self.first_ns // self.tick_ns))
        for _ in range(step):
            count = min(cap, count * 3 // 2)
        return (count + 1) * self.tick_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubling:
    """LAN Manager: times 2, up to a cap (KB Q98849)."""

    first_ns: int
    cap_ns: int

    def wait_ns(self, step: int) -> int:
        wait = min(self.first_ns, self.cap_ns)
        for _ in range(step):
            wait = min(self.cap_ns, wait * 2)
        return wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """No back-off: ``first_ns``, and ``then_ns`` ever after (802.2's own timer for polls)."""

    first_ns: int
    then_ns: int

    def wait_ns(self, step: int) -> int:
        return self.then_ns if step else self.first_ns


BackOff = Ticked | Doubling | Fixed
