"""The terminal session's messages as lines of text: a stand-in of our own for ICA and RDP.

Readable in any capture: ``LOGON user=ann client=ws1``.  Each line ends in CR LF; values hold
neither line ends nor, but for the last one, blanks.  No document; see ``emu.pdu.terminal``.
"""

from __future__ import annotations

import re

from emu.errors import PeerProtocolError
from emu.pdu.terminal import Keystroke, LogOff, LogOn, Message, Refused, Screen, Welcome

#: Longer than any line we send; a peer that never ends its line must not fill our memory.
LINE_OCTETS_MAX = 4_096

_LOG_ON = re.compile(r"LOGON user=(\S+) client=(\S+)")
_WELCOME = re.compile(r"WELCOME session=(\d{1,9}) how=(\S+)")
_TEXT = re.compile(r"(REFUSED|KEY|SCREEN) (.*)")


def encode_message(message: Message) -> bytes:
    """One line."""
    match message:
        case LogOn():
            line = f"LOGON user={message.user} client={message.client}"
        case Welcome():
            line = f"WELCOME session={message.session} how={message.how}"
        case Refused():
            line = f"REFUSED {message.why}"
        case Keystroke():
            line = f"KEY {message.text}"
        case Screen():
            line = f"SCREEN {message.text}"
        case LogOff():
            line = "LOGOFF"
    return line.encode("utf-8") + b"\r\n"


def decode_line(octets: bytes) -> Message:
    """The message of one line without its end; ``PeerProtocolError`` when it is none."""
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
    """Cuts a byte stream into lines."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, octets: bytes) -> list[bytes]:
        """The lines completed by these octets, without their ends."""
        *lines, self._rest = (self._rest + octets).split(b"\r\n")
        if len(self._rest) > LINE_OCTETS_MAX:
            self._rest = b""
            raise PeerProtocolError(f"a line of more than {LINE_OCTETS_MAX} octets")
        return lines
