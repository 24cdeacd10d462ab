"""LAPD, the data link of an ISDN D channel (ITU-T Q.921): LLC type 2's frames, other addresses.

The control field is that of IEEE 802.2 type 2, modulo 128 (Q.921 3.4, table 5), so the frames
are those of ``emu.pdu.llc2``; the address says which service (SAPI) of which terminal (TEI).
"""

from __future__ import annotations

from dataclasses import dataclass

from emu.pdu.llc2 import Llc2Pdu

#: Call control procedures (Q.921 3.3.3, table 2).
SAPI_CALL_CONTROL = 0
#: The first TEI that is assigned automatically (Q.921 3.3.4.2: 64 to 126).
TEI_FIRST_AUTOMATIC = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class LapdFrame:
    """``from_network``: who sent it, without which C/R cannot be told (Q.921 3.3.2).

    ``sapi``: 0..63, ``tei``: 0..127.  ``pdu.response``: command or response, as in LLC.
    """

    sapi: int
    tei: int
    from_network: bool
    pdu: Llc2Pdu
