"""The terminal session's messages as lines of text: a stand-in of our own for ICA and RDP.

Readable in any capture: ``LOGON user=ann client=ws1``.  Each line ends in CR LF; values hold
neither line ends nor, but for the last one, blanks.  No document; see ``emu.pdu.terminal``.
"""

from __future__ import annotations

import re

from emu.errors import LocalProtocolError, PeerProtocolError
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Message, Refused, Screen, Welcome

#: Longer than any line we send; a peer that never ends its line must not fill our memory.
LINE_OCTETS_MAX = 4_096

_WORD = re.compile(r"\S+")
_LOG_ON = re.compile(r"LOGON user=(\S+) client=(\S+)")
_WELCOME = re.compile(r"WELCOME session=(\d{1,9}) how=(\S+)")
_TEXT = re.compile(r"(REFUSED|KEY|SCREEN) (.*)")


def encode_message(message: Message) -> bytes:
    """One line; ``LocalProtocolError`` when a value holds what the line cannot carry."""
    line = _line(message)
    octets = line.encode("utf-8")
    if "\r" in line or "\n" in line or len(octets) > LINE_OCTETS_MAX:
        raise LocalProtocolError(f"expected one line of {LINE_OCTETS_MAX} octets, got {line!r}")
    return octets + b"\r\n"


def _line(message: Message) -> str:
    match message:
        case LogOn():
            return f"LOGON user={_word(message.user)} client={_word(message.client)}"
        case Welcome():
            return f"WELCOME session={message.session} how={_word(message.how)}"
        case Refused():
            return f"REFUSED {message.why}"
        case Keystroke():
            return f"KEY {message.text}"
        case Screen():
            return f"SCREEN {message.text}"
        case LogOff():
            return "LOGOFF"


def _word(value: str) -> str:
    if not _WORD.fullmatch(value):
        raise LocalProtocolError(f"expected a word without blanks, got {value!r}")
    return value


def decode_line(octets: bytes) -> Message:
    """The message of one line without its end; ``PeerProtocolError`` when it is none."""
    if len(octets) > LINE_OCTETS_MAX:
        raise PeerProtocolError(f"a line of more than {LINE_OCTETS_MAX} octets")
    line = octets.decode("utf-8", "replace")
    if line == "LOGOFF":
        return LogOff()
    if found := _LOG_ON.fullmatch(line):
        return LogOn(user=found[1], client=found[2])
    if found := _WELCOME.fullmatch(line):
        return Welcome(session=int(found[1]), how=found[2])
    if found := _TEXT.fullmatch(line):
        if found[1] == "REFUSED":
            return Refused(why=found[2])
        return Keystroke(text=found[2]) if found[1] == "KEY" else Screen(text=found[2])
    raise PeerProtocolError(f"no terminal message: {line[:40]!r}")


class Lines:
    """Cuts a byte stream into lines, the same ones wherever the stream is cut.

    Of a line that is too long only so much is kept as shows ``decode_line`` that it is.
    """

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, octets: bytes) -> list[bytes]:
        """The lines completed by these octets, without their ends."""
        *lines, rest = (self._rest + octets).split(b"\r\n")
        if len(rest) > LINE_OCTETS_MAX + 1:
            half_an_end = b"\r" if rest.endswith(b"\r") else b""
            rest = rest[: LINE_OCTETS_MAX + 1] + half_an_end
        self._rest = rest
        return lines
