"""Numbers of the client's end; the server's has none: it never repeats (facts/ipx.md 1.11)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IpxDirectParams:
    """``retry_step_ns``: copies of a request are 1, 1, 2, 3, 4 ... steps apart (capture T3).

    ``retries``: copies after the first.  ``wait_after_last``: one more gap before giving up.
    ``name_queries``, ``name_interval_ns``: how often the server's name is asked for, and what is
    waited behind each query.  ``framing``: of IPX on Ethernet.
    """

    retry_step_ns: int
    retries: int
    wait_after_last: bool
    name_queries: int
    name_interval_ns: int
    framing: str

    def gap_ns(self, copies: int) -> int:
        """From copy number ``copies`` (from 1) to the next one."""
        return self.retry_step_ns * max(1, copies - 1)
