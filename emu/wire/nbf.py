"""NetBIOS Frames (facts/netbeui.md 1.3, 1.4): a little-endian header of 44 octets or of 14.

Two senders' oddities are not imitated: one stray octet before the header (tshark accepts it)
and SESSION_ALIVE with a header of 44 octets (one web page's claim; every real one has 14).
"""

from __future__ import annotations

import struct

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.nbf import (
    NAME_COMMANDS,
    SESSION_COMMANDS,
    NameFrame,
    NbfCommand,
    NbfPdu,
    SessionFrame,
)
from emu.pdu.netbios_name import NAME_OCTETS

NAME_HEADER_OCTETS = 0x2C
SESSION_HEADER_OCTETS = 0x0E
DELIMITER = 0xEFFF

#: Length, delimiter, command, DATA1, DATA2, both correlators; then names or session numbers.
_START = struct.Struct("<HHBBHHH")
_NAME = struct.Struct("<HHBBHHH16s16s")
_SESSION = struct.Struct("<HHBBHHHBB")

_NAME_COMMANDS = {int(command): command for command in NAME_COMMANDS}
_SESSION_COMMANDS = {int(command): command for command in SESSION_COMMANDS}


def encode_nbf(pdu: NbfPdu) -> bytes:
    """Header and data: the information field of a UI or an I frame."""
    if isinstance(pdu, SessionFrame):
        return _SESSION.pack(SESSION_HEADER_OCTETS, *_common(pdu)) + pdu.data
    if len(pdu.destination) != NAME_OCTETS or len(pdu.source) != NAME_OCTETS:
        raise LocalProtocolError(f"NBF: expected names of 16 octets, got {pdu}")
    return _NAME.pack(NAME_HEADER_OCTETS, *_common(pdu)) + pdu.data


def _common(pdu: NbfPdu) -> tuple[int | bytes, ...]:
    """What both forms have in common, from the delimiter on."""
    form = SESSION_COMMANDS if isinstance(pdu, SessionFrame) else NAME_COMMANDS
    if pdu.kind not in form:
        raise LocalProtocolError(f"NBF: {pdu.kind.name} has another form than {type(pdu).__name__}")
    return (
        DELIMITER,
        pdu.kind,
        pdu.data1,
        pdu.data2,
        pdu.transmit_correlator,
        pdu.response_correlator,
        pdu.destination,
        pdu.source,
    )


def decode_nbf(octets: bytes) -> NbfPdu:
    """What the information field of a UI or an I frame says; the header's length tells the form."""
    if len(octets) < SESSION_HEADER_OCTETS:
        raise PeerProtocolError(f"NBF: expected 14 octets or more, got {len(octets)}")
    length, delimiter, command, *_ = _START.unpack_from(octets)
    if delimiter != DELIMITER:
        raise PeerProtocolError(f"NBF delimiter: expected EFFF, got {delimiter:04X}")
    if length == SESSION_HEADER_OCTETS:
        return _session(octets, _command(command, _SESSION_COMMANDS))
    if length != NAME_HEADER_OCTETS or len(octets) < NAME_HEADER_OCTETS:
        raise PeerProtocolError(
            f"NBF header: expected 14 or 44 octets, got {length} of {len(octets)}"
        )
    return _name(octets, _command(command, _NAME_COMMANDS))


def _command(command: int, known: dict[int, NbfCommand]) -> NbfCommand:
    kind = known.get(command)
    if kind is None:
        raise PeerProtocolError(f"NBF: no command {command:02X} with a header of this length")
    return kind


def _session(octets: bytes, kind: NbfCommand) -> SessionFrame:
    _, _, _, data1, data2, transmit, response, destination, source = _SESSION.unpack_from(octets)
    return SessionFrame(
        kind=kind,
        destination=destination,
        source=source,
        data1=data1,
        data2=data2,
        transmit_correlator=transmit,
        response_correlator=response,
        data=octets[SESSION_HEADER_OCTETS:],
    )


def _name(octets: bytes, kind: NbfCommand) -> NameFrame:
    _, _, _, data1, data2, transmit, response, destination, source = _NAME.unpack_from(octets)
    return NameFrame(
        kind=kind,
        destination=destination,
        source=source,
        data1=data1,
        data2=data2,
        transmit_correlator=transmit,
        response_correlator=response,
        data=octets[NAME_HEADER_OCTETS:],
    )
