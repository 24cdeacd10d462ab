"""The octets behind the words: texts, alignment, and data that words point at.

Unicode begins at an even offset from the header (facts/redirector.md 4.2).  Text that is not
Unicode is in the OEM code page; 437 is assumed, the one of an NT or DOS in English.  Readers are
lenient as real peers need it: the last text may lack its zero, and pads may hold anything.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emu.errors import LocalProtocolError, PeerProtocolError

HEADER_OCTETS = 32
_OEM = "cp437"
#: Lone surrogates go through unharmed: file names of NT are any 16-bit units.
_UNICODE = ("utf-16-le", "surrogatepass")


def encode_text(text: str, *, unicode: bool) -> bytes:
    """The text and its zero; ``LocalProtocolError`` for what cannot be written so."""
    if "\0" in text:
        raise LocalProtocolError(f"SMB: expected text without zeros, got {text!r}")
    return encode_bare(text, unicode=unicode) + (b"\0\0" if unicode else b"\0")


def encode_bare(text: str, *, unicode: bool) -> bytes:
    """The text alone."""
    if unicode:
        return text.encode(*_UNICODE)
    try:
        return text.encode(_OEM)
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"SMB: code page 437 cannot write {text!r}") from error


def decode_bare(octets: bytes, *, unicode: bool) -> str:
    """Text of known length; an odd octet at the end of Unicode is passed over."""
    if unicode:
        return octets[: len(octets) & ~1].decode(*_UNICODE)
    return octets.decode(_OEM)


class Writer:
    """The octets of one block, which begin at ``at`` from the header."""

    __slots__ = ("_at", "_octets", "_unicode")

    def __init__(self, at: int, *, unicode: bool) -> None:
        self._at = at
        self._unicode = unicode
        self._octets = bytearray()

    @property
    def at(self) -> int:
        """Where the next octet goes, from the header."""
        return self._at + len(self._octets)

    def raw(self, octets: bytes) -> None:
        self._octets += octets

    def align(self, octets: int) -> None:
        """Zeros up to a multiple of ``octets`` from the header."""
        self._octets += bytes(-self.at % octets)

    def text(self, text: str) -> None:
        """Unicode or not as the message is, aligned."""
        if self._unicode:
            self.align(2)
        self.unaligned(text)

    def unaligned(self, text: str) -> None:
        self._octets += encode_text(text, unicode=self._unicode)

    def ascii(self, text: str) -> None:
        """One octet a character, whatever the message is."""
        self._octets += encode_text(text, unicode=False)

    def done(self) -> bytes:
        return bytes(self._octets)


class Reader:
    """``Writer`` the other way."""

    __slots__ = ("_at", "_next", "_octets", "_unicode")

    def __init__(self, octets: bytes, at: int, *, unicode: bool) -> None:
        self._octets = octets
        self._at = at
        self._unicode = unicode
        self._next = 0

    @property
    def is_done(self) -> bool:
        return self._next >= len(self._octets)

    def raw(self, octets: int) -> bytes:
        """So many octets; ``PeerProtocolError`` when there are fewer."""
        start, self._next = self._next, self._next + octets
        if self._next > len(self._octets):
            raise PeerProtocolError(f"SMB: expected {octets} octets more, got {self._octets.hex()}")
        return self._octets[start : self._next]

    def rest(self) -> bytes:
        start, self._next = self._next, len(self._octets)
        return self._octets[start:]

    def align(self, octets: int) -> None:
        self._next += -(self._at + self._next) % octets

    def text(self) -> str:
        if self._unicode:
            self.align(2)
        return self.unaligned()

    def unaligned(self) -> str:
        return self._until_zero(unicode=self._unicode)

    def ascii(self) -> str:
        return self._until_zero(unicode=False)

    def _until_zero(self, *, unicode: bool) -> str:
        """Up to the zero, or to the end where a sender left it out."""
        width = 2 if unicode else 1
        end = self._next
        while end < len(self._octets) and any(self._octets[end : end + width]):
            end += width
        octets, self._next = self._octets[self._next : end], end + width
        return decode_bare(octets, unicode=unicode)


@dataclass(frozen=True, slots=True)
class Form:
    """Where a block begins, in octets from the header, and how the message writes text."""

    start: int
    unicode: bool

    def octets_at(self, words: int) -> int:
        """Where the octets behind so many octets of words begin: two counts stand between."""
        return self.start + 1 + words + 2

    def writer(self, words: int, *, unicode: bool | None = None) -> Writer:
        return Writer(self.octets_at(words), unicode=self.unicode if unicode is None else unicode)

    def reader(self, words: bytes, data: bytes, *, unicode: bool | None = None) -> Reader:
        unicode = self.unicode if unicode is None else unicode
        return Reader(data, self.octets_at(len(words)), unicode=unicode)

    def part(self, words: bytes, data: bytes, *, offset: int, count: int) -> bytes:
        """``count`` octets at ``offset`` from the header; none are anywhere."""
        if count == 0:
            return b""
        start = offset - self.octets_at(len(words))
        if start < 0 or start + count > len(data):
            raise PeerProtocolError(f"SMB: {count} octets at {offset} are not in the message")
        return data[start : start + count]


Encoded = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One body: its class, its command and direction, its possible octets of words, its code."""

    body: type
    command: int
    reply: bool
    words: frozenset[int]
    encode: Callable[[Any, Form], Encoded]
    decode: Callable[[bytes, bytes, Form], Any]


def codec(
    body: Any,
    words: tuple[int, ...],
    encode: Callable[[Any, Form], Encoded],
    decode: Callable[[bytes, bytes, Form], Any],
) -> Codec:
    """``words``: in octets."""
    return Codec(
        body=body,
        command=body.command,
        reply=body.reply,
        words=frozenset(words),
        encode=encode,
        decode=decode,
    )


def pack(form: struct.Struct, *values: int | bytes) -> bytes:
    """``struct`` with our error for a number that does not fit its field."""
    try:
        return form.pack(*values)
    except struct.error as error:
        raise LocalProtocolError(f"SMB: {error} in {values}") from error


def plain(body: Any, layout: struct.Struct, *fields: str, octets: str | None = None) -> Codec:
    """A body whose words are ``fields`` in order, and whose octets are ``octets`` or none."""

    def encode(value: Any, _form: Form) -> Encoded:
        words = pack(layout, *(getattr(value, name) for name in fields))
        return words, b"" if octets is None else getattr(value, octets)

    def decode(words: bytes, data: bytes, _form: Form) -> Any:
        values: dict[str, int | bytes] = dict(zip(fields, layout.unpack(words), strict=True))
        return body(**values) if octets is None else body(**values, **{octets: data})

    return codec(body, (layout.size,), encode, decode)
