"""NetBIOS sessions on a TCP connection, either end (facts/redirector.md 3.7, 4.1).

``session`` is the one machine; ``values`` what is said to it and what it says.
"""

from emu.machines.nbss.session import NbssSession, State
from emu.machines.nbss.values import Active, Begin, HangUp, Leave, Malformed, Send, Settled

__all__ = [
    "Active",
    "Begin",
    "HangUp",
    "Leave",
    "Malformed",
    "NbssSession",
    "Send",
    "Settled",
    "State",
]
