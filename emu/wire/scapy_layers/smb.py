"""SMB1 as Scapy layers: header and words field by field (facts/redirector.md 4.2, 4.3).

Scapy's own SMB layers cannot serve (facts/redirector.md 4.4).  A chain is one layer behind
another; ``octets`` are what stands behind the words, texts and pads and data as they are.
Simplification: a chain whose blocks do not follow each other directly has its gap as Raw.
"""

# Scapy wants fields_desc as a plain list on the class.
# ruff: noqa: RUF012

from __future__ import annotations

from scapy.fields import (
    AnyField,
    ByteField,
    LEIntField,
    LELongField,
    LEShortField,
    LESignedShortField,
    StrFixedLenField,
    StrLenField,
    XByteField,
    XLEIntField,
    XLEShortField,
)
from scapy.packet import Packet, Raw

_NONE = 0xFF
_REPLY = 0x80


class SmbHeaderLayer(Packet):
    """facts/redirector.md 4.2; facts/ipx.md 1.11 for the eight octets at 14: 32 octets."""

    name = "SMB header"
    fields_desc = [
        StrFixedLenField("protocol", b"\xffSMB", length=4),
        XByteField("smb_command", 0x72),
        XLEIntField("status", 0),
        XByteField("smb_flags", 0x18),
        XLEShortField("smb_flags2", 0xC001),
        LEShortField("pid_high", 0),
        XLEIntField("key", 0),
        XLEShortField("cid", 0),
        LEShortField("sequence", 0),
        LEShortField("reserved", 0),
        XLEShortField("tid", 0xFFFF),
        XLEShortField("pid", 0),
        XLEShortField("uid", 0),
        LEShortField("mid", 0),
    ]

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        return class_of(payload, self.smb_command, reply=bool(self.smb_flags & _REPLY))


class _Block(Packet):
    """Counts of words and octets around the fields of the words."""

    def post_build(self, pkt: bytes, pay: bytes) -> bytes:
        words = len(pkt) - len(self.octets) - 3
        if self.word_count is None:
            pkt = bytes((words // 2,)) + pkt[1:]
        if self.byte_count is None:
            at = 1 + words
            pkt = pkt[:at] + len(self.octets).to_bytes(2, "little") + pkt[at + 2 :]
        return pkt + pay

    def guess_payload_class(self, payload: bytes) -> type[Packet]:
        """The block the link names; its direction is the header's."""
        header = self.underlayer
        while header is not None and not isinstance(header, SmbHeaderLayer):
            header = header.underlayer
        follower = self.fields.get("andx_command", _NONE)
        if follower == _NONE or header is None:
            return Raw
        return class_of(payload, follower, reply=bool(header.smb_flags & _REPLY))


def _block(*words: AnyField) -> list[AnyField]:
    return [
        ByteField("word_count", None),
        *words,
        LEShortField("byte_count", None),
        StrLenField("octets", b"", length_from=lambda layer: layer.byte_count),
    ]


def _andx(*words: AnyField) -> list[AnyField]:
    """MS-CIFS 2.2.3.4: the link; its offset counts from the header."""
    link = (
        XByteField("andx_command", _NONE),
        ByteField("andx_reserved", 0),
        LEShortField("andx_offset", 0),
    )
    return _block(*link, *words)


def _shorts(*names: str) -> list[AnyField]:
    return [LEShortField(name, 0) for name in names]


def _longs(*names: str) -> list[AnyField]:
    return [XLEIntField(name, 0) for name in names]


def _quads(*names: str) -> list[AnyField]:
    return [LELongField(name, 0) for name in names]


class SmbEmptyLayer(_Block):
    """facts/redirector.md 4.2, 4.3: no words; dialects of a NEGOTIATE, errors, tree disconnect."""

    name = "SMB without words"
    fields_desc = _block()


class SmbLinkLayer(_Block):
    """facts/redirector.md 4.3: the link alone; log-off both ways, locking's reply."""

    name = "SMB link"
    fields_desc = _andx()


class SmbWordLayer(_Block):
    """facts/redirector.md 4.3: one word; echo both ways, a core dialect, find close."""

    name = "SMB word"
    fields_desc = _block(LEShortField("word", 0))


class SmbNegotiateResponseLayer(_Block):
    """facts/redirector.md 4.3, NEGOTIATE's reply: 17 words."""

    name = "SMB negotiate response"
    fields_desc = _block(
        LEShortField("index", 0),
        XByteField("security", 3),
        *_shorts("mpx_max", "vcs_max"),
        *_longs("buffer_max", "raw_max", "session_key", "capabilities"),
        LELongField("system_time", 0),
        LESignedShortField("zone_min", 0),
        ByteField("key_length", 8),
    )


class SmbSessionSetupRequestLayer(_Block):
    """facts/redirector.md 4.3, SESSION_SETUP_ANDX: 13 words."""

    name = "SMB session setup request"
    fields_desc = _andx(
        *_shorts("buffer_max", "mpx_max", "vc_number"),
        XLEIntField("session_key", 0),
        *_shorts("lm_length", "nt_length"),
        *_longs("reserved", "capabilities"),
    )


class SmbSessionSetupResponseLayer(_Block):
    """facts/redirector.md 4.3, SESSION_SETUP_ANDX's reply and TREE_CONNECT_ANDX's: 3 words."""

    name = "SMB session setup response"
    fields_desc = _andx(LEShortField("action", 0))


class SmbTreeConnectRequestLayer(_Block):
    """facts/redirector.md 4.3, TREE_CONNECT_ANDX: 4 words."""

    name = "SMB tree connect request"
    fields_desc = _andx(*_shorts("tree_flags", "password_length"))


class SmbTreeConnectResponseLayer(_Block):
    """facts/redirector.md 4.3, TREE_CONNECT_ANDX's reply: 3 words."""

    name = "SMB tree connect response"
    fields_desc = _andx(LEShortField("optional", 0))


class SmbTreeConnectRightsLayer(_Block):
    """MS-CIFS 2.2.4.55.2 and facts/redirector.md 4.3: the reply with both rights, 7 words."""

    name = "SMB tree connect response with rights"
    fields_desc = _andx(LEShortField("optional", 0), *_longs("access", "guest_access"))


class SmbNtCreateRequestLayer(_Block):
    """facts/redirector.md 4.3, NT_CREATE_ANDX: 24 words."""

    name = "SMB NT create request"
    fields_desc = _andx(
        ByteField("reserved", 0),
        LEShortField("name_length", 0),
        *_longs("create_flags", "root", "access"),
        LELongField("allocation", 0),
        *_longs("attributes", "share", "disposition", "create_options", "impersonation"),
        XByteField("security_flags", 0),
    )


class SmbNtCreateResponseLayer(_Block):
    """facts/redirector.md 4.3, NT_CREATE_ANDX's reply: 34 words."""

    name = "SMB NT create response"
    fields_desc = _andx(
        ByteField("oplock", 0),
        XLEShortField("fid", 0),
        LEIntField("action", 0),
        *_quads("created", "accessed", "written", "changed"),
        XLEIntField("attributes", 0),
        *_quads("allocation", "size"),
        *_shorts("file_type", "state"),
        ByteField("directory", 0),
    )


class SmbOpenRequestLayer(_Block):
    """facts/redirector.md 4.3, OPEN_ANDX: 15 words."""

    name = "SMB open request"
    fields_desc = _andx(
        *_shorts("open_flags", "access", "search", "attributes"),
        LEIntField("created", 0),
        LEShortField("mode", 0),
        *_longs("allocation", "timeout_ms", "reserved"),
    )


class SmbOpenResponseLayer(_Block):
    """facts/redirector.md 4.3, OPEN_ANDX's reply: 15 words."""

    name = "SMB open response"
    fields_desc = _andx(
        *_shorts("fid", "attributes"),
        *_longs("written", "size"),
        *_shorts("access", "file_type", "state", "action"),
        XLEIntField("server_fid", 0),
        LEShortField("reserved", 0),
    )


def _read(*more: AnyField) -> list[AnyField]:
    return _andx(
        XLEShortField("fid", 0),
        XLEIntField("offset", 0),
        *_shorts("octets_max", "octets_min"),
        XLEIntField("timeout_ms", 0),
        LEShortField("remaining", 0),
        *more,
    )


class SmbReadRequestLayer(_Block):
    """facts/redirector.md 4.3, READ_ANDX: 10 words."""

    name = "SMB read request"
    fields_desc = _read()


class SmbReadLargeLayer(_Block):
    """facts/redirector.md 4.3, READ_ANDX with the offset's upper half: 12 words."""

    name = "SMB large read request"
    fields_desc = _read(XLEIntField("offset_high", 0))


class SmbReadResponseLayer(_Block):
    """facts/redirector.md 4.3, READ_ANDX's reply: 12 words."""

    name = "SMB read response"
    fields_desc = _andx(
        *_shorts("remaining", "compaction", "reserved", "data_length", "data_offset"),
        LEIntField("data_length_high", 0),
        StrFixedLenField("reserved_18", bytes(6), length=6),
    )


def _write(*more: AnyField) -> list[AnyField]:
    return _andx(
        XLEShortField("fid", 0),
        *_longs("offset", "timeout_ms"),
        *_shorts("mode", "remaining", "data_length_high", "data_length", "data_offset"),
        *more,
    )


class SmbWriteRequestLayer(_Block):
    """facts/redirector.md 4.3, WRITE_ANDX: 12 words."""

    name = "SMB write request"
    fields_desc = _write()


class SmbWriteLargeLayer(_Block):
    """facts/redirector.md 4.3, WRITE_ANDX with the offset's upper half: 14 words."""

    name = "SMB large write request"
    fields_desc = _write(XLEIntField("offset_high", 0))


class SmbWriteResponseLayer(_Block):
    """facts/redirector.md 4.3, WRITE_ANDX's reply: 6 words."""

    name = "SMB write response"
    fields_desc = _andx(*_shorts("count", "available", "count_high", "reserved"))


class SmbCloseRequestLayer(_Block):
    """facts/redirector.md 4.3, CLOSE: 3 words."""

    name = "SMB close request"
    fields_desc = _block(XLEShortField("fid", 0), XLEIntField("written", 0xFFFFFFFF))


class SmbLockingRequestLayer(_Block):
    """facts/redirector.md 4.3, LOCKING_ANDX and the oplock's break: 8 words."""

    name = "SMB locking request"
    fields_desc = _andx(
        XLEShortField("fid", 0),
        XByteField("kind", 0),
        ByteField("level", 0),
        XLEIntField("timeout_ms", 0),
        *_shorts("unlocks", "locks"),
    )


class SmbTransactionRequestLayer(_Block):
    """facts/redirector.md 4.3, TRANSACTION and TRANSACTION2: 14 words and the setup."""

    name = "SMB transaction request"
    fields_desc = _block(
        *_shorts("parameters_total", "data_total", "parameters_max", "data_max"),
        ByteField("setup_max", 0),
        ByteField("reserved_9", 0),
        XLEShortField("transaction_flags", 0),
        LEIntField("timeout_ms", 0),
        *_shorts("reserved_16", "parameter_count", "parameter_offset", "data_count", "data_offset"),
        ByteField("setup_count", 0),
        ByteField("reserved_27", 0),
        StrLenField("setup", b"", length_from=lambda layer: 2 * layer.setup_count),
    )


class SmbTransactionResponseLayer(_Block):
    """facts/redirector.md 4.3, the replies of both: 10 words and the setup."""

    name = "SMB transaction response"
    fields_desc = _block(
        *_shorts("parameters_total", "data_total", "reserved_4"),
        *_shorts("parameter_count", "parameter_offset", "parameters_at"),
        *_shorts("data_count", "data_offset", "data_at"),
        ByteField("setup_count", 0),
        ByteField("reserved_19", 0),
        StrLenField("setup", b"", length_from=lambda layer: 2 * layer.setup_count),
    )


#: Command, reply, words: the layer.  A transaction has as many words more as its setup.
_LAYERS: dict[tuple[int, bool, int], type[Packet]] = {
    (0x72, False, 0): SmbEmptyLayer,
    (0x72, True, 1): SmbWordLayer,
    (0x72, True, 17): SmbNegotiateResponseLayer,
    (0x73, False, 13): SmbSessionSetupRequestLayer,
    (0x73, True, 3): SmbSessionSetupResponseLayer,
    (0x74, False, 2): SmbLinkLayer,
    (0x74, True, 2): SmbLinkLayer,
    (0x75, False, 4): SmbTreeConnectRequestLayer,
    (0x75, True, 3): SmbTreeConnectResponseLayer,
    (0x75, True, 7): SmbTreeConnectRightsLayer,
    (0x71, False, 0): SmbEmptyLayer,
    (0x2B, False, 1): SmbWordLayer,
    (0x2B, True, 1): SmbWordLayer,
    (0xA2, False, 24): SmbNtCreateRequestLayer,
    (0xA2, True, 34): SmbNtCreateResponseLayer,
    (0x2D, False, 15): SmbOpenRequestLayer,
    (0x2D, True, 15): SmbOpenResponseLayer,
    (0x2E, False, 10): SmbReadRequestLayer,
    (0x2E, False, 12): SmbReadLargeLayer,
    (0x2E, True, 12): SmbReadResponseLayer,
    (0x2F, False, 12): SmbWriteRequestLayer,
    (0x2F, False, 14): SmbWriteLargeLayer,
    (0x2F, True, 6): SmbWriteResponseLayer,
    (0x04, False, 3): SmbCloseRequestLayer,
    (0x24, False, 8): SmbLockingRequestLayer,
    (0x24, True, 2): SmbLinkLayer,
    (0x34, False, 1): SmbWordLayer,
}


def class_of(payload: bytes, command: int, *, reply: bool) -> type[Packet]:
    """By command, direction and count of words; what section 4.3 does not have is Raw."""
    if not payload:
        return Raw
    words = payload[0]
    if reply and words == 0:
        return SmbEmptyLayer
    if command in (0x25, 0x32) and words >= (10 if reply else 14):
        return SmbTransactionResponseLayer if reply else SmbTransactionRequestLayer
    return _LAYERS.get((command, reply, words), Raw)


def header_class_of(payload: bytes) -> type[Packet]:
    """By the four octets that every message begins with."""
    return SmbHeaderLayer if len(payload) >= 32 and payload[:4] == b"\xffSMB" else Raw
