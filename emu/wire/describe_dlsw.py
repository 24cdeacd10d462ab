"""Data link switching in words: what one TCP segment of it holds, message by message.

A message that began in an earlier segment cannot be told from scrap here; it is counted.
"""

from __future__ import annotations

from emu.errors import PeerProtocolError
from emu.pdu.dlsw import NETBIOS_TYPES, SspControl, SspMessage, SspType
from emu.wire.describe_netbios import describe_nbf
from emu.wire.dlsw import SspStream, decode_ssp
from emu.wire.nbf import decode_nbf

#: RFC 1795 3.5: these come as explorers and as the start of a circuit.
_TWO_KINDS = frozenset(
    {SspType.CANUREACH, SspType.ICANREACH, SspType.NETBIOS_NQ, SspType.NETBIOS_NR}
)


def describe_ssp(octets: bytes) -> str | None:
    """``DLSw INFOFRAME to circuit 1/7: NBF Session Alive, ...``; None if no message begins here."""
    stream = SspStream()
    try:
        words = [_words(decode_ssp(each)) for each in stream.feed(octets)]
    except PeerProtocolError:
        return None
    return "; ".join(words) or None


def _words(message: SspMessage) -> str:
    inner = _inner(message)
    return f"DLSw {_title(message)}{f': {inner}' if inner else ''}"


def _title(message: SspMessage) -> str:
    name = message.kind.name
    if message.kind in _TWO_KINDS and isinstance(message, SspControl):
        name += "_ex" if message.explorer else "_cs"
    if message.kind is SspType.INFOFRAME:
        return f"{name} to circuit {message.remote.port}/{message.remote.correlator}"
    if not isinstance(message, SspControl) or message.kind in NETBIOS_TYPES:
        return name
    if message.kind is SspType.CAP_EXCHANGE:
        return f"{name} {'request' if message.from_origin else 'response'}"
    between = (message.link.origin_mac.hex(":"), message.link.target_mac.hex(":"))
    return f"{name} {' -> '.join(between if message.from_origin else between[::-1])}"


def _inner(message: SspMessage) -> str:
    """The NBF frame inside, where there is one."""
    if message.kind not in NETBIOS_TYPES | {SspType.INFOFRAME}:
        return ""
    try:
        return describe_nbf(decode_nbf(message.data))
    except PeerProtocolError:
        return f"{len(message.data)} octets"
