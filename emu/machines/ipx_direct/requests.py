"""What either end is asked for by the layer above."""

from __future__ import annotations

from dataclasses import dataclass

from emu.pdu.smb.direct import DirectSmb


@dataclass(frozen=True, slots=True)
class Find:
    """Look for the server by its name (the client's end only)."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send a whole message.  Its CID and sequence are the machine's to write."""

    message: DirectSmb


@dataclass(frozen=True, slots=True)
class Close:
    """Forget the connection.  ``cause``: for people."""

    cause: str = "forgotten"
