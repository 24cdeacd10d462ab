"""What TRANSACTION2 carries: parameters and information (facts/redirector.md 4.3, 6.3).

Layouts from MS-CIFS 2.2.6 and 2.2.8; the facts name the levels real clients ask for.  Parameters
begin at a multiple of four, so texts in them need no pad.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.smb.transaction import (
    DirectoryEntry,
    FileAll,
    FindFirstRequest,
    FindFirstResponse,
    FindNextRequest,
    FindNextResponse,
    FsFullSize,
    QueryFileRequest,
    QueryFsRequest,
    QueryPathRequest,
    ReferralRequest,
    Trans2,
    Trans2Request,
)
from emu.wire.smb.text import Reader, decode_bare, encode_bare, encode_text, pack

#: Attributes, count, flags, level, storage; pattern.
_FIND_FIRST = struct.Struct("<HHHHI")
#: SID, count, level, resume key, flags; name.
_FIND_NEXT = struct.Struct("<HHHIH")
_WORD = struct.Struct("<H")
_TWO_WORDS = struct.Struct("<HH")
#: Level, reserved; name.
_PATH = struct.Struct("<H4x")
#: SID, count, end, offset of an EA error, offset of the last name; and without the SID.
_FOUND_FIRST = struct.Struct("<HHHHH")
_FOUND_NEXT = struct.Struct("<HHHH")
#: Next entry, index, four times, size, allocation, attributes, name length, EA octets, length of
#: the short name, reserved, short name; name.
_ENTRY = struct.Struct("<IIQQQQQQIIIBx24s")
#: Four times, attributes, allocation, size, links, pending, directory, EA octets, name length.
_FILE_ALL = struct.Struct("<QQQQI4xQQIBB2xII")
_FS_FULL_SIZE = struct.Struct("<QQQII")
#: Entries begin at multiples of eight (MS-CIFS 2.2.8.1.7 as NT writes it).
_ENTRY_ALIGNMENT = 8
_SHORT_NAME_OCTETS = 24

Found = FindFirstResponse | FindNextResponse


def encode_trans2(request: Trans2Request, *, unicode: bool) -> tuple[Trans2, bytes]:
    """The setup word and the parameters."""
    match request:
        case FindFirstRequest():
            words = pack(_FIND_FIRST, request.attributes, request.count, request.flags,
                         request.level, request.storage)  # fmt: skip
            return Trans2.FIND_FIRST2, words + encode_text(request.pattern, unicode=unicode)
        case FindNextRequest():
            words = pack(_FIND_NEXT, request.sid, request.count, request.level,
                         request.resume_key, request.flags)  # fmt: skip
            return Trans2.FIND_NEXT2, words + encode_text(request.name, unicode=unicode)
        case QueryFsRequest():
            return Trans2.QUERY_FS_INFORMATION, pack(_WORD, request.level)
        case QueryPathRequest():
            words = pack(_PATH, request.level)
            name = encode_text(request.name, unicode=unicode)
            return Trans2.QUERY_PATH_INFORMATION, words + name
        case QueryFileRequest():
            return Trans2.QUERY_FILE_INFORMATION, pack(_TWO_WORDS, request.fid, request.level)
        case ReferralRequest():
            path = encode_text(request.path, unicode=unicode)
            return Trans2.GET_DFS_REFERRAL, pack(_WORD, request.level_max) + path


def decode_trans2(setup: tuple[int, ...], parameters: bytes, *, unicode: bool) -> Trans2Request:
    """What a request's setup and parameters ask; ``PeerProtocolError`` for what is not known."""
    reader = Reader(parameters, 0, unicode=unicode)
    match setup:
        case (Trans2.FIND_FIRST2,):
            attributes, count, flags, level, storage = _read(_FIND_FIRST, reader)
            return FindFirstRequest(
                attributes=attributes, count=count, flags=flags, level=level, storage=storage,
                pattern=reader.unaligned(),
            )  # fmt: skip
        case (Trans2.FIND_NEXT2,):
            sid, count, level, key, flags = _read(_FIND_NEXT, reader)
            return FindNextRequest(
                sid=sid, count=count, level=level, resume_key=key, flags=flags,
                name=reader.unaligned(),
            )  # fmt: skip
        case (Trans2.QUERY_FS_INFORMATION,):
            return QueryFsRequest(level=_read(_WORD, reader)[0])
        case (Trans2.QUERY_PATH_INFORMATION,):
            (level,) = _read(_PATH, reader)
            return QueryPathRequest(level=level, name=reader.unaligned())
        case (Trans2.QUERY_FILE_INFORMATION,):
            fid, level = _read(_TWO_WORDS, reader)
            return QueryFileRequest(fid=fid, level=level)
        case (Trans2.GET_DFS_REFERRAL,):
            (level,) = _read(_WORD, reader)
            return ReferralRequest(level_max=level, path=reader.unaligned())
        case _:
            raise PeerProtocolError(f"SMB TRANSACTION2: setup {setup} is not known")


def _read(layout: struct.Struct, reader: Reader) -> tuple[int, ...]:
    return layout.unpack(reader.raw(layout.size))


def encode_found(found: Found) -> bytes:
    """Parameters of the answer to FIND_FIRST2 or FIND_NEXT2."""
    rest = (found.count, found.end, found.ea_error_at, found.last_name_at)
    if isinstance(found, FindFirstResponse):
        return pack(_FOUND_FIRST, found.sid, *rest)
    return pack(_FOUND_NEXT, *rest)


def decode_found_first(parameters: bytes) -> FindFirstResponse:
    """Of FIND_FIRST2."""
    sid, count, end, error_at, last_at = _whole(_FOUND_FIRST, parameters)
    return FindFirstResponse(
        sid=sid, count=count, end=end, ea_error_at=error_at, last_name_at=last_at
    )


def decode_found_next(parameters: bytes) -> FindNextResponse:
    """Of FIND_NEXT2."""
    count, end, error_at, last_at = _whole(_FOUND_NEXT, parameters)
    return FindNextResponse(count=count, end=end, ea_error_at=error_at, last_name_at=last_at)


def _whole(layout: struct.Struct, octets: bytes) -> tuple[int, ...]:
    if len(octets) < layout.size:
        raise PeerProtocolError(f"SMB: expected {layout.size} octets, got {octets.hex()}")
    return layout.unpack_from(octets)


def encode_entries(entries: tuple[DirectoryEntry, ...], *, unicode: bool) -> bytes:
    """Data of LEVEL_FIND_BOTH_DIRECTORY; the last entry's link is 0."""
    octets = b""
    last = len(entries) - 1
    for number, entry in enumerate(entries):
        name = encode_bare(entry.name, unicode=unicode)
        size = _ENTRY.size + len(name)
        pad = 0 if number == last else -size % _ENTRY_ALIGNMENT
        next_at = 0 if number == last else size + pad
        octets += _entry(entry, next_at, len(name)) + name + bytes(pad)
    return octets


def _entry(entry: DirectoryEntry, next_at: int, name_octets: int) -> bytes:
    # The short name is Unicode whatever the message is (MS-CIFS 2.2.8.1.7).
    short = encode_bare(entry.short_name, unicode=True)
    if len(short) > _SHORT_NAME_OCTETS:
        raise LocalProtocolError(f"SMB: expected a short name of 12, got {entry.short_name!r}")
    return pack(
        _ENTRY,
        next_at,
        entry.index,
        entry.created,
        entry.accessed,
        entry.written,
        entry.changed,
        entry.size,
        entry.allocation,
        entry.attributes,
        name_octets,
        entry.ea_octets,
        len(short),
        short,
    )


def decode_entries(data: bytes, *, unicode: bool) -> tuple[DirectoryEntry, ...]:
    """Links point forward only; a hostile one would never end."""
    entries: list[DirectoryEntry] = []
    at = 0
    while at < len(data):
        entry, next_at = _decode_entry(data[at:], unicode=unicode)
        entries.append(entry)
        if not next_at:
            return tuple(entries)
        if next_at < _ENTRY.size:
            raise PeerProtocolError(f"SMB: expected an entry's link past it, got {next_at}")
        at += next_at
    if entries:
        raise PeerProtocolError("SMB: an entry's link points past the data")
    return ()


def _decode_entry(octets: bytes, *, unicode: bool) -> tuple[DirectoryEntry, int]:
    if len(octets) < _ENTRY.size:
        raise PeerProtocolError(f"SMB entry: expected {_ENTRY.size} octets, got {len(octets)}")
    (
        next_at, index, created, accessed, written, changed, size, allocation, attributes, named,
        ea_octets, short_octets, short,
    ) = _ENTRY.unpack_from(octets)  # fmt: skip
    if named > len(octets) - _ENTRY.size or short_octets > _SHORT_NAME_OCTETS:
        raise PeerProtocolError(f"SMB entry: names of {named} and {short_octets} do not fit")
    entry = DirectoryEntry(
        name=decode_bare(octets[_ENTRY.size : _ENTRY.size + named], unicode=unicode),
        created=created,
        accessed=accessed,
        written=written,
        changed=changed,
        size=size,
        allocation=allocation,
        attributes=attributes,
        short_name=decode_bare(short[:short_octets], unicode=True),
        ea_octets=ea_octets,
        index=index,
    )
    return entry, next_at


def encode_file_all(info: FileAll, *, unicode: bool) -> bytes:
    """Data of LEVEL_FILE_ALL."""
    name = encode_bare(info.name, unicode=unicode)
    words = pack(
        _FILE_ALL,
        info.created,
        info.accessed,
        info.written,
        info.changed,
        info.attributes,
        info.allocation,
        info.size,
        info.links,
        info.delete_pending,
        info.directory,
        info.ea_octets,
        len(name),
    )
    return words + name


def decode_file_all(data: bytes, *, unicode: bool) -> FileAll:
    """Data of LEVEL_FILE_ALL; octets behind the name are passed over."""
    (
        created, accessed, written, changed, attributes, allocation, size, links, pending,
        directory, ea_octets, named,
    ) = _whole(_FILE_ALL, data)  # fmt: skip
    if named > len(data) - _FILE_ALL.size:
        raise PeerProtocolError(f"SMB: a name of {named} octets does not fit {len(data)}")
    return FileAll(
        name=decode_bare(data[_FILE_ALL.size : _FILE_ALL.size + named], unicode=unicode),
        created=created,
        accessed=accessed,
        written=written,
        changed=changed,
        attributes=attributes,
        allocation=allocation,
        size=size,
        links=links,
        delete_pending=bool(pending),
        directory=bool(directory),
        ea_octets=ea_octets,
    )


def encode_fs_full_size(info: FsFullSize) -> bytes:
    """Data of LEVEL_FS_FULL_SIZE."""
    return pack(
        _FS_FULL_SIZE,
        info.total,
        info.available_to_caller,
        info.available,
        info.sectors,
        info.sector_octets,
    )


def decode_fs_full_size(data: bytes) -> FsFullSize:
    """Data of LEVEL_FS_FULL_SIZE."""
    total, to_caller, available, sectors, octets = _whole(_FS_FULL_SIZE, data)
    return FsFullSize(
        total=total,
        available_to_caller=to_caller,
        available=available,
        sectors=sectors,
        sector_octets=octets,
    )
