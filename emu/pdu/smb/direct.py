"""An SMB directly on IPX: the message, and what its carrier reads of it (facts/ipx.md 1.11)."""

from __future__ import annotations

from dataclasses import dataclass

from emu.pdu.smb.header import SmbHeader, dos_status

#: Class 2 is ERRSRV (facts/redirector.md 3.4); the codes are those of facts/ipx.md 1.11.
_ERRSRV = 2
STATUS_INVALID_CONNECTION = dos_status(_ERRSRV, 0x0010)
STATUS_WORKING = dos_status(_ERRSRV, 0x0011)

#: The highest number of a sequenced request; 1 follows (facts/ipx.md 1.11).
SEQUENCE_LAST = 0xFFFF


def sequence_after(sequence: int) -> int:
    """The number of the request that follows."""
    return sequence % SEQUENCE_LAST + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectSmb:
    """``header``'s CID and sequence go on the wire, whatever ``octets`` say in their place.

    ``octets``: the whole message, header included; empty: a reply that is nothing but ``header``.
    ``command``: of the first block.  ``is_answered``: a request that is answered by a reply.
    """

    header: SmbHeader
    command: int
    octets: bytes
    is_answered: bool = True
