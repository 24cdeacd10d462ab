"""The errors that cross a layer.

Ours (``LocalProtocolError``: a caller broke a machine's rules), theirs
(``PeerProtocolError``: octets that no rule allows), and a user's (``InputError``: a file, a
name, a flag).  Anything else is a bug and stays loud.
"""

from __future__ import annotations


class EmuError(Exception):
    """Base of every error this package raises on purpose."""


class LocalProtocolError(EmuError):
    """A machine was asked for something its state does not allow."""


class PeerProtocolError(EmuError):
    """Octets that are not what the protocol says.  Hosts drop the frame and count it."""


class Livelock(EmuError):
    """An instant that would not end: too many turns without virtual time moving on."""


class InputError(EmuError):
    """Something the user gave us is wrong.  One line: where, expected, found, next step.

    The command line prints it on stderr and ends with exit code 2.
    """

    def __init__(self, where: str, *, expected: str, found: str, hint: str = "") -> None:
        self.where, self.expected, self.found, self.hint = where, expected, found, hint
        line = f"{where}: expected {expected}, found {found}"
        super().__init__(f"{line}; {hint}" if hint else line)
