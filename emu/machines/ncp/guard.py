"""A server that takes spoofed watchdog answers for an attack: FPNW of Windows NT.

What is sourced: it treats spoofed packets as an attack, writes event 2025 and closes the
connection, after AllowableBadSequencePkts, 10 by default, 0 for "do not look" (KB Q175754,
facts/ipx.md 2.1, 4.1).  By what it recognises them is not.  A spoofed 'Y' is octet for octet
a real one but for its hop count, and sooner than one (facts/ipx.md 8, trap 10), so our
assumptions are: an answer whose transport control differs from that of the station's latest
request is not the station's own; every such answer of a connection counts, genuine ones between
them or not; and up to the tolerance it is believed, as any other answer.
"""

from __future__ import annotations


class SpoofGuard:
    """One connection's count.  ``tolerance``: answers let pass, 0 for any number.

    ``strange``: answers so far that came another way than the station's requests.
    """

    __slots__ = ("_hops", "_tolerance", "strange")

    def __init__(self, tolerance: int) -> None:
        self._tolerance = tolerance
        self._hops: int | None = None
        self.strange = 0

    @property
    def cause(self) -> str:
        """Why the connection was closed."""
        return f"event 2025: {self.strange} watchdog answers were not the station's own"

    def requested(self, hops: int) -> None:
        """A request came over ``hops`` routers: the station itself said it."""
        self._hops = hops

    def answered(self, hops: int) -> bool:
        """A watchdog answer came; True when it is one too many that is not the station's."""
        if self._hops is not None and hops != self._hops:
            self.strange += 1
        return 0 < self._tolerance < self.strange
