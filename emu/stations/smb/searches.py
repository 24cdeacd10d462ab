"""TRANSACTION2 as far as the server machine knows it: names of files, and nothing about them.

FIND_FIRST2 and FIND_NEXT2 at LEVEL_FIND_BOTH_DIRECTORY; whatever else is asked is refused.  A
name comes without size and times, for the machine tells none.  How many names fit is not known
before they are: so many are asked for as would fit if each had ``NAME_LENGTH`` letters, and an
answer that is too long all the same is refused with an error.  Read MS-CIFS 2.2.6.2, 2.2.6.3.
"""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.machines.smb.calls import FindFirst, FindNext, Found
from emu.pdu.smb.header import Command
from emu.pdu.smb.transaction import (
    LEVEL_FIND_BOTH_DIRECTORY,
    DirectoryEntry,
    FindFirstRequest,
    FindFirstResponse,
    FindNextRequest,
    FindNextResponse,
    Trans2,
    TransactionRequest,
    TransactionResponse,
)
from emu.wire.smb.text import encode_bare
from emu.wire.smb.trans2 import decode_trans2, encode_entries, encode_found

#: Flags of FIND_FIRST2 (MS-CIFS 2.2.6.2.1): close the search with its last name.
FIND_CLOSE_AT_END = 0x0002
#: FILE_ATTRIBUTE_NORMAL.
ATTRIBUTES_NORMAL = 0x80
NAME_LENGTH = 40
#: Fixed octets of an entry, and two for each letter.
_ENTRY_OCTETS = 94 + 2 * NAME_LENGTH
#: Words, parameters and pads before the entries.
_OVERHEAD = 64
#: The number of a search that is over already: 0 is never given (facts/redirector.md 1.1).
NO_SEARCH = 0


def search_of(
    body: TransactionRequest, *, unicode: bool, octets_max: int
) -> FindFirst | FindNext | None:
    """What is asked; None for what is not done here, or comes in several messages."""
    is_whole = body.parameters_total is None and body.data_total is None
    if body.command is not Command.TRANSACTION2 or not is_whole:
        return None
    try:
        asked = decode_trans2(body.setup, body.parameters, unicode=unicode)
    except PeerProtocolError:
        return None
    fitting = max(1, (min(body.data_max, octets_max) - _OVERHEAD) // _ENTRY_OCTETS)
    match asked:
        case FindFirstRequest(level=level) if level == LEVEL_FIND_BOTH_DIRECTORY:
            return FindFirst(
                pattern=asked.pattern,
                count=min(asked.count, fitting),
                close_at_end=bool(asked.flags & FIND_CLOSE_AT_END),
            )
        case FindNextRequest(level=level) if level == LEVEL_FIND_BOTH_DIRECTORY:
            return FindNext(
                sid=asked.sid,
                count=min(asked.count, fitting),
                close_at_end=bool(asked.flags & FIND_CLOSE_AT_END),
            )
        case _:
            return None


def found_reply(body: TransactionRequest, found: Found, *, unicode: bool) -> TransactionResponse:
    """Names as entries."""
    entries = tuple(_entry(name) for name in found.names)
    data = encode_entries(entries, unicode=unicode)
    last_at = len(data) - _last_octets(entries, unicode=unicode)
    count, end = len(entries), int(found.is_end)
    if body.setup == (Trans2.FIND_FIRST2,):
        sid = NO_SEARCH if found.sid is None else found.sid
        told = FindFirstResponse(sid=sid, count=count, end=end, last_name_at=last_at)
    else:
        told = FindNextResponse(count=count, end=end, last_name_at=last_at)
    return TransactionResponse(command=body.command, parameters=encode_found(told), data=data)


def _last_octets(entries: tuple[DirectoryEntry, ...], *, unicode: bool) -> int:
    """The last entry has no pad behind it."""
    return 94 + len(encode_bare(entries[-1].name, unicode=unicode)) if entries else 0


def _entry(name: str) -> DirectoryEntry:
    return DirectoryEntry(
        name=name,
        created=0,
        accessed=0,
        written=0,
        changed=0,
        size=0,
        allocation=0,
        attributes=ATTRIBUTES_NORMAL,
    )
