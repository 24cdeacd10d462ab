"""Codecs of the bodies that make and end sessions and trees (facts/redirector.md 4.3).

Each words' layout stands beside its table row; four octets of an AndX link come first and are
the chain's.  ``message`` fills them.
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.smb.session import (
    CAP_EXTENDED_SECURITY,
    CAP_UNICODE,
    EchoRequest,
    EchoResponse,
    LogoffRequest,
    LogoffResponse,
    NegotiateCoreResponse,
    NegotiateRequest,
    NegotiateResponse,
    SessionSetupRequest,
    SessionSetupResponse,
    TreeConnectRequest,
    TreeConnectResponse,
    TreeDisconnectRequest,
)
from emu.wire.smb.text import Encoded, Form, codec, encode_text, pack, plain

_WORD = struct.Struct("<H")
#: Index, security, mpx, VCs, buffer, raw, session key, capabilities, time, zone, key length.
_NEGOTIATED = struct.Struct("<HBHHIIIIQhB")
#: Buffer, mpx, VC, session key, LM length, NT length, reserved, capabilities.
_SETUP = struct.Struct("<4xHHHIHHII")
_SET_UP = struct.Struct("<4xH")
#: Flags, password length; optional support; that and both rights.
_TREE = struct.Struct("<4xHH")
_TREE_ANSWER = struct.Struct("<4xH")
_TREE_ANSWER_RIGHTS = struct.Struct("<4xHII")
_LINK = struct.Struct("<4x")
_NO_WORDS = struct.Struct("")
#: Before each dialect (MS-CIFS 2.2.4.52.1).
_DIALECT = 0x02


def _encode_negotiate(body: NegotiateRequest, _form: Form) -> Encoded:
    return b"", b"".join(bytes((_DIALECT,)) + _dialect(each) for each in body.dialects)


def _dialect(text: str) -> bytes:
    return encode_text(text, unicode=False)


def _decode_negotiate(words: bytes, data: bytes, form: Form) -> NegotiateRequest:
    reader = form.reader(words, data)
    dialects: list[str] = []
    while not reader.is_done:
        mark = reader.raw(1)[0]
        if mark != _DIALECT:
            raise PeerProtocolError(f"SMB negotiate: expected 02 before a dialect, got {mark:02X}")
        dialects.append(reader.ascii())
    return NegotiateRequest(dialects=tuple(dialects))


def _encode_negotiated(body: NegotiateResponse, form: Form) -> Encoded:
    if body.capabilities & CAP_EXTENDED_SECURITY:
        raise LocalProtocolError("SMB negotiate: extended security is not written here")
    words = pack(
        _NEGOTIATED,
        body.index,
        body.security,
        body.mpx_max,
        body.vcs_max,
        body.buffer_max,
        body.raw_max,
        body.session_key,
        body.capabilities,
        body.time,
        body.zone_min,
        len(body.challenge),
    )
    # Unaligned, the one place where Unicode is (facts/redirector.md 4.2).
    writer = form.writer(len(words), unicode=bool(body.capabilities & CAP_UNICODE))
    writer.raw(body.challenge)
    writer.unaligned(body.domain)
    if body.server is not None:
        writer.unaligned(body.server)
    return words, writer.done()


def _decode_negotiated(words: bytes, data: bytes, form: Form) -> NegotiateResponse:
    index, security, mpx, vcs, buffer, raw, key, capabilities, time, zone, octets = (
        _NEGOTIATED.unpack(words)
    )
    if capabilities & CAP_EXTENDED_SECURITY:
        raise PeerProtocolError("SMB negotiate: extended security is not read here")
    reader = form.reader(words, data, unicode=bool(capabilities & CAP_UNICODE))
    return NegotiateResponse(
        index=index,
        security=security,
        mpx_max=mpx,
        vcs_max=vcs,
        buffer_max=buffer,
        raw_max=raw,
        session_key=key,
        capabilities=capabilities,
        time=time,
        zone_min=zone,
        challenge=reader.raw(octets),
        domain=reader.unaligned(),
        server=None if reader.is_done else reader.unaligned(),
    )


def _encode_setup(body: SessionSetupRequest, form: Form) -> Encoded:
    words = pack(
        _SETUP,
        body.buffer_max,
        body.mpx_max,
        body.vc_number,
        body.session_key,
        len(body.lm),
        len(body.nt),
        0,
        body.capabilities,
    )
    writer = form.writer(len(words))
    writer.raw(body.lm + body.nt)
    for text in (body.account, body.domain, body.system, body.lan_manager):
        writer.text(text)
    return words, writer.done()


def _decode_setup(words: bytes, data: bytes, form: Form) -> SessionSetupRequest:
    buffer, mpx, vc, key, lm, nt, _reserved, capabilities = _SETUP.unpack(words)
    reader = form.reader(words, data)
    return SessionSetupRequest(
        buffer_max=buffer,
        mpx_max=mpx,
        vc_number=vc,
        session_key=key,
        capabilities=capabilities,
        lm=reader.raw(lm),
        nt=reader.raw(nt),
        account=reader.text(),
        domain=reader.text(),
        system=reader.text(),
        lan_manager=reader.text(),
    )


def _encode_set_up(body: SessionSetupResponse, form: Form) -> Encoded:
    words = pack(_SET_UP, body.action)
    writer = form.writer(len(words))
    for text in (body.system, body.lan_manager, body.domain):
        writer.text(text)
    return words, writer.done()


def _decode_set_up(words: bytes, data: bytes, form: Form) -> SessionSetupResponse:
    reader = form.reader(words, data)
    return SessionSetupResponse(
        action=_SET_UP.unpack(words)[0],
        system=reader.text(),
        lan_manager=reader.text(),
        domain=reader.text(),
    )


def _encode_tree(body: TreeConnectRequest, form: Form) -> Encoded:
    words = pack(_TREE, body.flags, len(body.password))
    writer = form.writer(len(words))
    writer.raw(body.password)
    writer.text(body.path)
    writer.ascii(body.service)
    return words, writer.done()


def _decode_tree(words: bytes, data: bytes, form: Form) -> TreeConnectRequest:
    flags, octets = _TREE.unpack(words)
    reader = form.reader(words, data)
    return TreeConnectRequest(
        flags=flags, password=reader.raw(octets), path=reader.text(), service=reader.ascii()
    )


def _encode_tree_answer(body: TreeConnectResponse, form: Form) -> Encoded:
    if (body.access is None) is not (body.guest_access is None):
        raise LocalProtocolError(f"SMB tree connect: expected both rights or none, got {body}")
    if body.access is None or body.guest_access is None:
        words = pack(_TREE_ANSWER, body.optional)
    else:
        words = pack(_TREE_ANSWER_RIGHTS, body.optional, body.access, body.guest_access)
    writer = form.writer(len(words))
    writer.ascii(body.service)
    writer.text(body.file_system)
    return words, writer.done()


def _decode_tree_answer(words: bytes, data: bytes, form: Form) -> TreeConnectResponse:
    access = guest_access = None
    if len(words) == _TREE_ANSWER.size:
        (optional,) = _TREE_ANSWER.unpack(words)
    else:
        optional, access, guest_access = _TREE_ANSWER_RIGHTS.unpack(words)
    reader = form.reader(words, data)
    return TreeConnectResponse(
        optional=optional,
        access=access,
        guest_access=guest_access,
        service=reader.ascii(),
        file_system=reader.text(),
    )


SESSION_CODECS = (
    codec(NegotiateRequest, (0,), _encode_negotiate, _decode_negotiate),
    plain(NegotiateCoreResponse, _WORD, "index"),
    codec(NegotiateResponse, (_NEGOTIATED.size,), _encode_negotiated, _decode_negotiated),
    codec(SessionSetupRequest, (_SETUP.size,), _encode_setup, _decode_setup),
    codec(SessionSetupResponse, (_SET_UP.size,), _encode_set_up, _decode_set_up),
    plain(LogoffRequest, _LINK),
    plain(LogoffResponse, _LINK),
    codec(TreeConnectRequest, (_TREE.size,), _encode_tree, _decode_tree),
    codec(
        TreeConnectResponse,
        (_TREE_ANSWER.size, _TREE_ANSWER_RIGHTS.size),
        _encode_tree_answer,
        _decode_tree_answer,
    ),
    plain(TreeDisconnectRequest, _NO_WORDS),
    plain(EchoRequest, _WORD, "count", octets="data"),
    plain(EchoResponse, _WORD, "number", octets="data"),
)
