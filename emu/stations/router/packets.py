"""What crosses a dialled line: one packet of a network protocol, by its PPP number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """``protocol``: PPP's number (``emu.pdu.ppp``).  ``payload``: what stands behind it.

    ``segment``: the LAN it is for, None for every LAN there is (a broadcast that is propagated).
    """

    protocol: int
    payload: bytes
    segment: int | None
