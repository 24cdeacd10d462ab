"""What crosses a dialled line: one packet of a network protocol, by its PPP number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """``protocol``: PPP's number (``emu.pdu.ppp``).  ``payload``: what stands behind it.

    ``to``: the far router it is for, None for all of them (a broadcast that is propagated).
    ``urgent``: it raises the link whatever the dialer list says.
    """

    protocol: int
    payload: bytes
    to: str | None = None
    urgent: bool = False
