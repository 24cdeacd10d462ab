"""Codecs of TRANSACTION, TRANSACTION2 and FIND_CLOSE2 (facts/redirector.md 4.3).

Parameters and data begin at multiples of four from the header.  TRANSACTION2 has no name; one
zero octet stands for it.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from functools import partial

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.smb.header import Command
from emu.pdu.smb.transaction import FindCloseRequest, TransactionRequest, TransactionResponse
from emu.wire.smb.text import Codec, Encoded, Form, Writer, pack, plain

#: Totals of parameters and data, most of both and of setup, reserved, flags, timeout, reserved,
#: count and offset of parameters and of data, setup count, reserved.
_REQUEST = struct.Struct("<HHHHBBHIHHHHHBB")
#: Totals, reserved, count and offset and displacement of both, setup count, reserved.
_RESPONSE = struct.Struct("<HHHHHHHHHBB")
_WORD = struct.Struct("<H")
_ALIGNMENT = 4


def _encode_request(body: TransactionRequest, form: Form) -> Encoded:
    setup = _setup(body.setup)
    writer = form.writer(_REQUEST.size + len(setup))
    if body.command == Command.TRANSACTION:
        writer.text(body.name)
    elif body.name:
        raise LocalProtocolError(f"SMB: {body.command.name} has no name")
    else:
        writer.raw(b"\0")
    parameters_at, data_at = _place(writer, body.parameters, body.data)
    words = pack(
        _REQUEST,
        _total(body.parameters_total, body.parameters),
        _total(body.data_total, body.data),
        body.parameters_max,
        body.data_max,
        body.setup_max,
        0,
        body.flags,
        body.timeout_ms,
        0,
        len(body.parameters),
        parameters_at,
        len(body.data),
        data_at,
        len(body.setup),
        0,
    )
    return words + setup, writer.done()


def _setup(words: tuple[int, ...]) -> bytes:
    return b"".join(pack(_WORD, word) for word in words)


def _total(total: int | None, part: bytes) -> int:
    return len(part) if total is None else total


def _place(writer: Writer, parameters: bytes, data: bytes) -> tuple[int, int]:
    """Writes both and says where they begin."""
    writer.align(_ALIGNMENT)
    parameters_at = writer.at
    writer.raw(parameters)
    writer.align(_ALIGNMENT)
    data_at = writer.at
    writer.raw(data)
    return parameters_at, data_at


def _decode_request(command: Command, words: bytes, data: bytes, form: Form) -> TransactionRequest:
    (
        parameters_total, data_total, parameters_max, data_max, setup_max, _r, flags, timeout, _r2,
        parameters, parameters_at, octets, data_at, setup, _r3,
    ) = _REQUEST.unpack_from(words)  # fmt: skip
    named = command is Command.TRANSACTION
    return TransactionRequest(
        command=command,
        setup=_setup_of(words, _REQUEST.size, setup),
        name=form.reader(words, data).text() if named else "",
        parameters=form.part(words, data, offset=parameters_at, count=parameters),
        data=form.part(words, data, offset=data_at, count=octets),
        parameters_max=parameters_max,
        data_max=data_max,
        setup_max=setup_max,
        flags=flags,
        timeout_ms=timeout,
        parameters_total=_total_of(parameters_total, parameters),
        data_total=_total_of(data_total, octets),
    )


def _setup_of(words: bytes, start: int, count: int) -> tuple[int, ...]:
    if len(words) != start + 2 * count:
        raise PeerProtocolError(f"SMB transaction: {count} words of setup in {words.hex()}")
    return tuple(_WORD.unpack_from(words, at)[0] for at in range(start, len(words), 2))


def _total_of(total: int, part: int) -> int | None:
    return None if total == part else total


def _encode_response(body: TransactionResponse, form: Form) -> Encoded:
    setup = _setup(body.setup)
    writer = form.writer(_RESPONSE.size + len(setup))
    parameters_at, data_at = _place(writer, body.parameters, body.data)
    words = pack(
        _RESPONSE,
        _total(body.parameters_total, body.parameters),
        _total(body.data_total, body.data),
        0,
        len(body.parameters),
        parameters_at,
        body.parameters_at,
        len(body.data),
        data_at,
        body.data_at,
        len(body.setup),
        0,
    )
    return words + setup, writer.done()


def _decode_response(
    command: Command, words: bytes, data: bytes, form: Form
) -> TransactionResponse:
    (
        parameters_total, data_total, _r, parameters, parameters_at, parameters_from, octets,
        data_at, data_from, setup, _r2,
    ) = _RESPONSE.unpack_from(words)  # fmt: skip
    return TransactionResponse(
        command=command,
        setup=_setup_of(words, _RESPONSE.size, setup),
        parameters=form.part(words, data, offset=parameters_at, count=parameters),
        data=form.part(words, data, offset=data_at, count=octets),
        parameters_at=parameters_from,
        data_at=data_from,
        parameters_total=_total_of(parameters_total, parameters),
        data_total=_total_of(data_total, octets),
    )


def _codecs(command: Command) -> tuple[Codec, Codec]:
    """One octet counts the words, so the setup has what the fixed words leave."""
    request = Codec(
        body=TransactionRequest,
        command=command,
        reply=False,
        words=frozenset(range(_REQUEST.size, 2 * 256, 2)),
        encode=_encode_request,
        decode=partial(_decode_request, command),
    )
    response = replace(
        request,
        body=TransactionResponse,
        reply=True,
        words=frozenset(range(_RESPONSE.size, 2 * 256, 2)),
        encode=_encode_response,
        decode=partial(_decode_response, command),
    )
    return request, response


TRANSACTION_CODECS = (
    *_codecs(Command.TRANSACTION),
    *_codecs(Command.TRANSACTION2),
    plain(FindCloseRequest, _WORD, "sid"),
)
