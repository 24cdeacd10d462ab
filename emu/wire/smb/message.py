"""A whole SMB1 message to octets and back: header, AndX chain (facts/redirector.md 4.2, 4.3).

``decode_smb`` is for hosts: it reads what a peer means, whatever that peer's pads hold.
``dissect_smb`` is for captures: what we would not write octet for octet the same stays an
``SmbBlock``, so that ``encode_smb`` always gives the octets back.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.smb.header import ANDX_COMMANDS, ANDX_NONE, SmbHeader
from emu.pdu.smb.message import Body, EmptyResponse, Smb, SmbBlock
from emu.wire.smb.files import FILE_CODECS
from emu.wire.smb.session import SESSION_CODECS
from emu.wire.smb.text import HEADER_OCTETS, Codec, Encoded, Form, pack
from emu.wire.smb.transaction import TRANSACTION_CODECS

PROTOCOL = b"\xffSMB"
#: Command, status, flags, flags2, PID high, key, CID, sequence, reserved, TID, PID, UID, MID.
_HEADER = struct.Struct("<4sBIBHHIHHHHHHH")
_LINK = struct.Struct("<BBH")
_COUNT = struct.Struct("<H")
WORDS_MAX = 0xFF

_CODECS = (*SESSION_CODECS, *FILE_CODECS, *TRANSACTION_CODECS)
_BY_BODY: dict[tuple[type, int], Codec] = {(each.body, each.command): each for each in _CODECS}
_BY_WORDS: dict[tuple[int, bool, int], Codec] = {
    (each.command, each.reply, words): each for each in _CODECS for words in each.words
}


# --- out -----------------------------------------------------------------------------------


def encode_smb(message: Smb) -> bytes:
    """The message without any transport's length before it."""
    if not message.bodies:
        raise LocalProtocolError("SMB: expected one body or more")
    octets = _header_octets(message.header, message.bodies[0].command)
    last = len(message.bodies) - 1
    for number, body in enumerate(message.bodies):
        follower = None if number == last else message.bodies[number + 1].command
        octets += _block(message.header, body, follower, start=len(octets))
    return octets


def _header_octets(header: SmbHeader, command: int) -> bytes:
    return pack(
        _HEADER,
        PROTOCOL,
        command,
        header.status,
        header.flags,
        header.flags2,
        header.pid_high,
        header.key,
        header.cid,
        header.sequence,
        header.reserved,
        header.tid,
        header.pid,
        header.uid,
        header.mid,
    )


def _block(header: SmbHeader, body: Body, follower: int | None, *, start: int) -> bytes:
    if isinstance(body, SmbBlock):
        return _joined(body.words, body.data) + body.after
    if body.reply is not header.is_reply:
        raise LocalProtocolError(f"SMB: {type(body).__name__} and flags {header.flags:02X}")
    words, data = _encoded(body, Form(start, header.is_unicode))
    if body.command in ANDX_COMMANDS and words:
        end = start + 1 + len(words) + 2 + len(data)
        words = _link(follower, end) + words[_LINK.size :]
    elif follower is not None:
        raise LocalProtocolError(f"SMB: nothing can follow {type(body).__name__}")
    return _joined(words, data)


def _link(follower: int | None, end: int) -> bytes:
    return pack(_LINK, ANDX_NONE, 0, 0) if follower is None else pack(_LINK, follower, 0, end)


def _encoded(body: Body, form: Form) -> Encoded:
    if isinstance(body, EmptyResponse):
        return b"", b""
    return _BY_BODY[type(body), body.command].encode(body, form)


def _joined(words: bytes, data: bytes) -> bytes:
    """Both counts in their places."""
    if len(words) % 2 or len(words) > 2 * WORDS_MAX:
        raise LocalProtocolError(f"SMB: expected up to 255 whole words, got {len(words)} octets")
    return bytes((len(words) // 2,)) + words + pack(_COUNT, len(data)) + data


# --- in ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """A block as it stands in the octets.  ``next_at``: where its link points."""

    block: SmbBlock
    start: int
    follower: int | None


def decode_smb(octets: bytes) -> Smb:
    """What a message means.  Bodies that are not known stay ``SmbBlock``.

    Raises ``PeerProtocolError`` when a known body is malformed, or the chain is.
    """
    header, command = decode_header(octets)
    return Smb(
        header=header,
        bodies=tuple(_meaning(header, found) for found in _blocks(octets, command)),
    )


def dissect_smb(octets: bytes) -> Smb:
    """As ``decode_smb``, but so that ``encode_smb`` gives these very octets.

    Raises ``PeerProtocolError`` only for a header or a chain that cannot be followed.
    """
    header, command = decode_header(octets)
    return Smb(
        header=header, bodies=tuple(_exactly(header, found) for found in _blocks(octets, command))
    )


def decode_header(octets: bytes) -> tuple[SmbHeader, int]:
    """The header, and the command that stands in it."""
    if len(octets) < HEADER_OCTETS or not octets.startswith(PROTOCOL):
        raise PeerProtocolError(f"SMB: no header in {octets[:HEADER_OCTETS].hex()}")
    (
        _, command, status, flags, flags2, pid_high, key, cid, sequence, reserved, tid, pid, uid,
        mid,
    ) = _HEADER.unpack_from(octets)  # fmt: skip
    header = SmbHeader(
        status=status,
        flags=flags,
        flags2=flags2,
        pid_high=pid_high,
        key=key,
        cid=cid,
        sequence=sequence,
        reserved=reserved,
        tid=tid,
        pid=pid,
        uid=uid,
        mid=mid,
    )
    return header, command


def _blocks(octets: bytes, command: int) -> Iterator[_Found]:
    """The chain.  Links point forward only, or a hostile one would never end."""
    start, follower = HEADER_OCTETS, command
    while True:
        words, data, end = _split(octets, start)
        current, following = follower, _following(follower, words)
        if following is None:
            block = SmbBlock(command=current, words=words, data=data, after=octets[end:])
            yield _Found(block, start, None)
            return
        follower, next_at = following
        if not end <= next_at < len(octets):
            raise PeerProtocolError(f"SMB: expected the next block from {end} on, got {next_at}")
        block = SmbBlock(command=current, words=words, data=data, after=octets[end:next_at])
        yield _Found(block, start, follower)
        start = next_at


def _split(octets: bytes, start: int) -> tuple[bytes, bytes, int]:
    """Words and octets of the block at ``start``, and where it ends."""
    words_at = start + 1
    data_at = words_at + 2 * (octets[start] if start < len(octets) else 0) + _COUNT.size
    if start >= len(octets) or data_at > len(octets):
        raise PeerProtocolError(f"SMB: expected words and their counts from octet {start} on")
    count_at = data_at - _COUNT.size
    end = data_at + int.from_bytes(octets[count_at:data_at], "little")
    if end > len(octets):
        raise PeerProtocolError(f"SMB: expected {end} octets, got {len(octets)}")
    return octets[words_at:count_at], octets[data_at:end], end


def _following(command: int, words: bytes) -> tuple[int, int] | None:
    """Command and place of the next block."""
    if command not in ANDX_COMMANDS or len(words) < _LINK.size or words[0] == ANDX_NONE:
        return None
    follower, _, next_at = _LINK.unpack_from(words)
    return follower, next_at


def _meaning(header: SmbHeader, found: _Found) -> Body:
    block = found.block
    if header.is_reply and not block.words and not block.data:
        return EmptyResponse(command=block.command)
    known = _BY_WORDS.get((block.command, header.is_reply, len(block.words)))
    if known is None:
        return block
    body: Body = known.decode(block.words, block.data, Form(found.start, header.is_unicode))
    return body


def _exactly(header: SmbHeader, found: _Found) -> Body:
    """The meaning if it would be written as it was, else the octets."""
    block = found.block
    try:
        body = _meaning(header, found)
        again = _block(header, body, found.follower, start=found.start)
    except (PeerProtocolError, LocalProtocolError):
        return block
    return body if again == _joined(block.words, block.data) + block.after else block


def meaning_of(header: SmbHeader, block: SmbBlock) -> Body:
    """A block that ``dissect_smb`` left as octets, read for its words in a story.

    It is read as if it stood first; texts of a block further back in a chain may be shifted.
    """
    return _meaning(header, _Found(block, HEADER_OCTETS, None))
