"""What a connection carries for the layer above: a terminal's lines, or whole messages.

A station gets its ``Service`` with its spec: it asks it for the octets of what is sent, and
gives it the octets that arrive.  It never looks inside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.nbss import PORT_NETBIOS_SESSION
from emu.pdu.terminal import LogOff
from emu.wire.terminal import Lines, decode_line, encode_message

#: ICA, what Terminal Server clients of the time spoke; no dissector claims it (product.md).
PORT_TERMINAL = 1494

#: A NetBIOS message may be so long (NCB_LENGTH has 16 bits; facts/redirector.md 4.1 for NBSS).
MESSAGE_OCTETS_MAX = 0xFFFF


class Reader(Protocol):
    """One connection's arriving octets."""

    #: What could not be read so far.
    dropped: int

    def feed(self, octets: bytes, *, last: bool = True) -> list[Any]:
        """The messages these octets complete.  ``last``: a message of the transport's ends here."""
        ...


class LineReader:
    """Lines of a terminal, wherever the octets are cut."""

    __slots__ = ("_lines", "dropped")

    def __init__(self) -> None:
        self.dropped = 0
        self._lines = Lines()

    def feed(self, octets: bytes, *, last: bool = True) -> list[Any]:  # noqa: ARG002
        messages: list[Any] = []
        for line in self._lines.feed(octets):
            try:
                messages.append(decode_line(line))
            except PeerProtocolError:
                self.dropped += 1
        return messages


class MessageReader:
    """Whole messages, as the transport bounds them.  One that never ends is cut off and lost."""

    __slots__ = ("_parts", "_size", "dropped")

    def __init__(self) -> None:
        self.dropped = 0
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, octets: bytes, *, last: bool = True) -> list[Any]:
        self._size += len(octets)
        if self._size <= MESSAGE_OCTETS_MAX:
            self._parts.append(octets)
        if not last:
            return []
        parts, size = self._parts, self._size
        self._parts, self._size = [], 0
        if size > MESSAGE_OCTETS_MAX:
            self.dropped += 1
            return []
        return [b"".join(parts)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """``tcp_port``: where it listens on TCP.  ``leaves``: after this message the sender closes."""

    name: str
    tcp_port: int
    encode: Callable[[Any], bytes]
    reader: Callable[[], Reader]
    leaves: Callable[[Any], bool]


def _is_log_off(message: object) -> bool:
    return isinstance(message, LogOff)


def _whole(octets: bytes) -> bytes:
    if len(octets) > MESSAGE_OCTETS_MAX:
        raise LocalProtocolError(f"a message has 65535 octets at most, not {len(octets)}")
    return octets


def _stays(_message: object) -> bool:
    return False


TERMINAL = Service(
    name="terminal",
    tcp_port=PORT_TERMINAL,
    encode=encode_message,
    reader=LineReader,
    leaves=_is_log_off,
)
#: Messages of octets, as SMB wants them; over TCP the NetBIOS session service bounds them.
MESSAGES = Service(
    name="messages",
    tcp_port=PORT_NETBIOS_SESSION,
    encode=_whole,
    reader=MessageReader,
    leaves=_stays,
)
