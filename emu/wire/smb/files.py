"""Codecs of the bodies about open files (facts/redirector.md 4.3).

Data of READ and WRITE begin at a multiple of four from the header: 60 in a plain reply.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.smb.files import (
    LOCKING_LARGE_FILES,
    CloseRequest,
    LockingRequest,
    LockingResponse,
    LockRange,
    NtCreateRequest,
    NtCreateResponse,
    OpenRequest,
    OpenResponse,
    ReadRequest,
    ReadResponse,
    WriteRequest,
    WriteResponse,
)
from emu.wire.smb.text import Encoded, Form, codec, decode_bare, encode_bare, pack, plain

#: Reserved, name length, flags, root, access, allocation, attributes, share, disposition,
#: options, impersonation, security flags.
_CREATE = struct.Struct("<4xBHIIIQIIIIIB")
#: Oplock, FID, action, four times, attributes, allocation, size, type, state, directory.
_CREATED = struct.Struct("<4xBHIQQQQIQQHHB")
_CREATED_FIELDS = (
    "oplock", "fid", "action", "created", "accessed", "written", "changed", "attributes",
    "allocation", "size", "file_type", "state", "directory",
)  # fmt: skip
#: Flags, access, search, attributes, time, mode, allocation, timeout, reserved.
_OPEN = struct.Struct("<4xHHHHIHIII")
#: FID, attributes, time, size, access, type, state, action, server FID, reserved.
_OPENED = struct.Struct("<4xHHIIHHHHI2x")
_OPENED_FIELDS = (
    "fid", "attributes", "written", "size", "access", "file_type", "state", "action", "server_fid",
)  # fmt: skip
#: FID, offset, most, least, timeout, remaining; and the offset's upper half.
_READ = struct.Struct("<4xHIHHIH")
_READ_LARGE = struct.Struct("<4xHIHHIHI")
#: Remaining, two reserved, length, offset of the data, length's upper half, reserved.
_READ_ANSWER = struct.Struct("<4xHHHHHI6x")
#: FID, offset, timeout, mode, remaining, length's halves, offset of the data; offset's half.
_WRITE = struct.Struct("<4xHIIHHHHH")
_WRITE_LARGE = struct.Struct("<4xHIIHHHHHI")
#: Count, available, count's upper half, reserved.
_WRITTEN = struct.Struct("<4xHHHH")
_CLOSE = struct.Struct("<HI")
#: FID, type, level, timeout, unlocks, locks.
_LOCKING = struct.Struct("<4xHBBIHH")
#: PID, offset, length; and with halves, the upper one first (MS-CIFS 2.2.4.32.1).
_RANGE = struct.Struct("<HII")
_RANGE_LARGE = struct.Struct("<H2xIIII")
_LINK = struct.Struct("<4x")
_DATA_ALIGNMENT = 4
_NARROW = 0xFFFFFFFF


def _encode_create(body: NtCreateRequest, form: Form) -> Encoded:
    words = pack(
        _CREATE,
        0,
        len(encode_bare(body.name, unicode=form.unicode)),
        body.flags,
        body.root,
        body.access,
        body.allocation,
        body.attributes,
        body.share,
        body.disposition,
        body.options,
        body.impersonation,
        body.security_flags,
    )
    writer = form.writer(len(words))
    writer.text(body.name)
    return words, writer.done()


def _decode_create(words: bytes, data: bytes, form: Form) -> NtCreateRequest:
    """The name's length rules, with or without the zero: senders count it or do not."""
    (
        _reserved, octets, flags, root, access, allocation, attributes, share, disposition,
        options, impersonation, security_flags,
    ) = _CREATE.unpack(words)  # fmt: skip
    reader = form.reader(words, data)
    if form.unicode:
        reader.align(2)
    name = decode_bare(reader.raw(octets), unicode=form.unicode)
    return NtCreateRequest(
        flags=flags,
        root=root,
        access=access,
        allocation=allocation,
        attributes=attributes,
        share=share,
        disposition=disposition,
        options=options,
        impersonation=impersonation,
        security_flags=security_flags,
        name=name.removesuffix("\0"),
    )


def _encode_open(body: OpenRequest, form: Form) -> Encoded:
    words = pack(
        _OPEN,
        body.flags,
        body.access,
        body.search,
        body.attributes,
        body.created,
        body.mode,
        body.allocation,
        body.timeout_ms,
        0,
    )
    writer = form.writer(len(words))
    writer.text(body.name)
    return words, writer.done()


def _decode_open(words: bytes, data: bytes, form: Form) -> OpenRequest:
    flags, access, search, attributes, created, mode, allocation, timeout, _reserved = _OPEN.unpack(
        words
    )
    return OpenRequest(
        flags=flags,
        access=access,
        search=search,
        attributes=attributes,
        created=created,
        mode=mode,
        allocation=allocation,
        timeout_ms=timeout,
        name=form.reader(words, data).text(),
    )


def _halves(offset: int, *, large: bool) -> tuple[int, int]:
    """Upper and lower half of a file's offset."""
    if not large and offset > _NARROW:
        raise LocalProtocolError(f"SMB: offset {offset} wants the large form")
    return offset >> 32, offset & _NARROW


def _encode_read(body: ReadRequest, _form: Form) -> Encoded:
    high, low = _halves(body.offset, large=body.large)
    fields = (
        body.fid,
        low,
        body.octets_max,
        body.octets_min,
        body.timeout_ms,
        body.remaining,
    )
    return pack(_READ_LARGE, *fields, high) if body.large else pack(_READ, *fields), b""


def _decode_read(words: bytes, _data: bytes, _form: Form) -> ReadRequest:
    large = len(words) == _READ_LARGE.size
    fid, low, most, least, timeout, remaining, *high = (
        _READ_LARGE.unpack(words) if large else _READ.unpack(words)
    )
    return ReadRequest(
        fid=fid,
        offset=(high[0] << 32 if large else 0) | low,
        octets_max=most,
        octets_min=least,
        timeout_ms=timeout,
        remaining=remaining,
        large=large,
    )


def _encode_read_answer(body: ReadResponse, form: Form) -> Encoded:
    writer = form.writer(_READ_ANSWER.size)
    writer.align(_DATA_ALIGNMENT)
    high, low = divmod(len(body.data), 0x10000)
    words = pack(_READ_ANSWER, body.remaining, 0, 0, low, writer.at, high)
    writer.raw(body.data)
    return words, writer.done()


def _decode_read_answer(words: bytes, data: bytes, form: Form) -> ReadResponse:
    remaining, _mode, _reserved, low, offset, high = _READ_ANSWER.unpack(words)
    found = form.part(words, data, offset=offset, count=high << 16 | low)
    return ReadResponse(data=found, remaining=remaining)


def _encode_write(body: WriteRequest, form: Form) -> Encoded:
    layout = _WRITE_LARGE if body.large else _WRITE
    writer = form.writer(layout.size)
    writer.align(_DATA_ALIGNMENT)
    offset_high, offset = _halves(body.offset, large=body.large)
    high, low = divmod(len(body.data), 0x10000)
    tail = (offset_high,) if body.large else ()
    words = pack(
        layout,
        body.fid,
        offset,
        body.timeout_ms,
        body.mode,
        body.remaining,
        high,
        low,
        writer.at,
        *tail,
    )
    writer.raw(body.data)
    return words, writer.done()


def _decode_write(words: bytes, data: bytes, form: Form) -> WriteRequest:
    large = len(words) == _WRITE_LARGE.size
    fid, low, timeout, mode, remaining, length_high, length, at, *high = (
        _WRITE_LARGE.unpack(words) if large else _WRITE.unpack(words)
    )
    return WriteRequest(
        fid=fid,
        offset=(high[0] << 32 if large else 0) | low,
        data=form.part(words, data, offset=at, count=length_high << 16 | length),
        timeout_ms=timeout,
        mode=mode,
        remaining=remaining,
        large=large,
    )


def _encode_written(body: WriteResponse, _form: Form) -> Encoded:
    high, low = divmod(body.octets, 0x10000)
    return pack(_WRITTEN, low, body.available, high, 0), b""


def _decode_written(words: bytes, _data: bytes, _form: Form) -> WriteResponse:
    low, available, high, _reserved = _WRITTEN.unpack(words)
    return WriteResponse(octets=high << 16 | low, available=available)


def _encode_locking(body: LockingRequest, _form: Form) -> Encoded:
    words = pack(
        _LOCKING,
        body.fid,
        body.kind,
        body.level,
        body.timeout_ms,
        len(body.unlocks),
        len(body.locks),
    )
    large = bool(body.kind & LOCKING_LARGE_FILES)
    return words, b"".join(_range(each, large=large) for each in body.unlocks + body.locks)


def _range(lock: LockRange, *, large: bool) -> bytes:
    if not large:
        return pack(_RANGE, lock.pid, lock.offset, lock.length)
    offset, length = divmod(lock.offset, 1 << 32), divmod(lock.length, 1 << 32)
    return pack(_RANGE_LARGE, lock.pid, *offset, *length)


def _decode_locking(words: bytes, data: bytes, _form: Form) -> LockingRequest:
    fid, kind, level, timeout, unlocks, locks = _LOCKING.unpack(words)
    ranges = _ranges(data, unlocks + locks, large=bool(kind & LOCKING_LARGE_FILES))
    return LockingRequest(
        fid=fid,
        kind=kind,
        level=level,
        timeout_ms=timeout,
        unlocks=ranges[:unlocks],
        locks=ranges[unlocks:],
    )


def _ranges(data: bytes, count: int, *, large: bool) -> tuple[LockRange, ...]:
    layout = _RANGE_LARGE if large else _RANGE
    if len(data) < count * layout.size:
        raise PeerProtocolError(f"SMB locking: expected {count} ranges, got {len(data)} octets")
    found = (layout.unpack_from(data, at * layout.size) for at in range(count))
    if large:
        return tuple(
            LockRange(pid=pid, offset=high << 32 | low, length=long_high << 32 | long_low)
            for pid, high, low, long_high, long_low in found
        )
    return tuple(LockRange(pid=pid, offset=low, length=octets) for pid, low, octets in found)


FILE_CODECS = (
    codec(NtCreateRequest, (_CREATE.size,), _encode_create, _decode_create),
    plain(NtCreateResponse, _CREATED, *_CREATED_FIELDS),
    codec(OpenRequest, (_OPEN.size,), _encode_open, _decode_open),
    plain(OpenResponse, _OPENED, *_OPENED_FIELDS),
    codec(ReadRequest, (_READ.size, _READ_LARGE.size), _encode_read, _decode_read),
    codec(ReadResponse, (_READ_ANSWER.size,), _encode_read_answer, _decode_read_answer),
    codec(WriteRequest, (_WRITE.size, _WRITE_LARGE.size), _encode_write, _decode_write),
    codec(WriteResponse, (_WRITTEN.size,), _encode_written, _decode_written),
    plain(CloseRequest, _CLOSE, "fid", "written"),
    codec(LockingRequest, (_LOCKING.size,), _encode_locking, _decode_locking),
    plain(LockingResponse, _LINK),
)
